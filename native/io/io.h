// native/io/io.h
//
// How the array meets the world. Three engines implement Io: io_uring, a thread pool, and a simulator
// in memory that knows what has been synced. Nothing above this folder knows which one it runs on.
//
// Guarantees of every engine
//   - submit() and call() return at once; `done` is called later, from poll(), never from submit().
//   - A completed write or allocate was done in full or carries an error: engines finish short
//     transfers and retry EINTR themselves. A read may be short only at the end of the file.
//   - A completed sync covers every write to that file whose `done` was called before the sync was
//     submitted. Nothing is promised about writes in flight meanwhile.
//   - Requests may complete in any order.
//
// Thread: the loop's thread only, except wake(), which any thread may call.
// Ownership: a request belongs to the caller, who keeps it and its buffer alive until `done`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/list.h"
#include "base/units.h"

namespace holdfast {

enum class IoOp : uint8_t {
  read,
  write,
  sync,      // fdatasync
  allocate,  // fallocate: reserves offset .. offset + length, grows the file
  punch,     // gives the range back to the file system and leaves zeroes
};

struct IoRequest : ListNode {
  IoOp op = IoOp::read;
  int file = -1;
  uint64_t offset_bytes = 0;
  uint64_t length_bytes = 0;
  void* data = nullptr;  // read and write only; for files opened with O_DIRECT aligned to 512
  void (*done)(IoRequest* request) = nullptr;
  // Valid in `done`: bytes transferred (0 for sync, allocate, punch) or -errno.
  int64_t result = 0;
  // Engine's own: progress of a transfer that came back short.
  uint64_t engine_progress_bytes = 0;
};

struct FileStat {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size_bytes = 0;
  uint64_t allocated_bytes = 0;
  int64_t modified_nanos = 0;
  int64_t changed_nanos = 0;
  bool is_regular = false;
  bool is_directory = false;
};

/// The blocking operations on names and descriptors. Only ever used inside Io::call, so never on the loop's thread.
/// Every function gives 0 (open: a descriptor) or -errno.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// `flags` and `mode` as open(2); O_CLOEXEC is added.
  virtual int open(const std::string& path, int flags, int mode) = 0;
  virtual int close(int file) = 0;
  virtual int stat(const std::string& path, FileStat* out) = 0;
  virtual int stat(int file, FileStat* out) = 0;
  virtual int truncate(int file, uint64_t size_bytes) = 0;
  virtual int rename(const std::string& from, const std::string& to) = 0;
  virtual int unlink(const std::string& path) = 0;
  virtual int make_directory(const std::string& path, int mode) = 0;
  /// Names in a directory without "." and "..", sorted.
  virtual int list(const std::string& path, std::vector<std::string>* names) = 0;
  /// Makes creations, renames and removals in the directory durable.
  virtual int sync_directory(const std::string& path) = 0;
  /// Takes the exclusive advisory lock of an open file without waiting; -EWOULDBLOCK if another open file has it.
  virtual int lock(int file) = 0;
  /// The whole of a small file (at most 1 MiB).
  virtual int read_small(const std::string& path, std::string* contents) = 0;
  /// The first range at or behind `from_bytes` that may hold something other than zeroes; both 0 if there is none.
  virtual int find_data(int file, uint64_t from_bytes, uint64_t* begin_bytes, uint64_t* end_bytes) = 0;
  /// Makes a range of one file share the blocks of the same range of another; -EOPNOTSUPP where the file system cannot.
  virtual int clone_range(int from_file, int to_file, uint64_t offset_bytes, uint64_t length_bytes) = 0;
  /// Bytes free to this process on the file system of `path`, 0 where it cannot be told.
  virtual uint64_t free_bytes(const std::string& path) = 0;
};

/// A blocking call, run away from the loop's thread; `done` is called on the loop's thread.
struct FileCall : ListNode {
  void (*run)(FileCall* call, FileSystem& files) = nullptr;
  void (*done)(FileCall* call) = nullptr;
};

class Io {
 public:
  virtual ~Io() = default;
  /// "io_uring", "threads" or "simulator".
  virtual const char* name() const = 0;
  virtual Instant now() const = 0;

  virtual void submit(IoRequest& request) = 0;
  virtual void call(FileCall& call) = 0;

  /// Calls `done` of completed requests and calls, at most `completions_max` of them. If none is ready, waits for the
  /// first one, for wake(), or until `deadline` (at once if it has passed). Returns how many it called.
  virtual int poll(Instant deadline, int completions_max) = 0;

  /// Ends the present or the next wait of poll(). Any thread.
  virtual void wake() = 0;
};

}  // namespace holdfast
