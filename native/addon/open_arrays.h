// native/addon/open_arrays.h
//
// The arrays open in this process. Whoever opens an array that is open already shares it: it is known by device and
// inode of its directory, whatever path led there. Each handle counts; with the last one the array is closed.
//
//   opening ──▶ open ──last handle──▶ closing ──▶ gone
//
// Who asks for an array that is being opened waits for that attempt; who asks for one that is being closed waits, and
// opens it afresh.
//
// Thread: the I/O thread. Crash: nothing here is durable.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "array/storage_array.h"
#include "base/status.h"
#include "hold/lease.h"
#include "io/loop.h"

namespace holdfast {

struct OpenArray {
  enum class State : uint8_t { opening, open, closing };

  State state = State::opening;
  std::pair<uint64_t, uint64_t> device_and_inode;
  std::shared_ptr<StorageArray> array;  // from `open` on
  uint32_t handle_count = 0;
};

class OpenArrays {
 public:
  OpenArrays(Loop& loop, LeaseTable& leases) : loop_(loop), leases_(leases), changed_(loop) {}

  // Both give the array with one more handle counted.
  Task<Result<std::shared_ptr<OpenArray>>> create(std::string path, IoMode mode);
  Task<Result<std::shared_ptr<OpenArray>>> open(std::string path, OpenOptions options);

  void add_handle(OpenArray& array) { ++array.handle_count; }
  /// Gives up one handle. With the last one, returns when the array has been closed, and how that went.
  Task<Status> release(std::shared_ptr<OpenArray> array);
  /// The same, for nobody who waits.
  void release_later(std::shared_ptr<OpenArray> array);

  void owner_died(OwnerId owner);

 private:
  Task<Result<std::pair<uint64_t, uint64_t>>> find_directory(std::string path);
  Task<Result<std::shared_ptr<OpenArray>>> enter(std::shared_ptr<OpenArray> entry,
                                                 Task<Result<std::shared_ptr<StorageArray>>> opening);
  Task<void> run_release(std::shared_ptr<OpenArray> array);

  Loop& loop_;
  LeaseTable& leases_;
  Event changed_;
  std::map<std::pair<uint64_t, uint64_t>, std::shared_ptr<OpenArray>> arrays_;
};

}  // namespace holdfast
