// native/array/array_files.h
//
// The names in an array's directory, its manifest and its lock.
//
// Thread: paths anywhere; tasks on the loop. Crash: the manifest is written once, through a temporary name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/guid.h"
#include "base/status.h"
#include "io/loop.h"

namespace holdfast {

/// direct: O_DIRECT, past the page cache. writeback: through it. automatic: direct where the file system allows it.
enum class IoMode : uint8_t { automatic, direct, writeback };

const char* io_mode_text(IoMode mode);

struct Manifest {
  Guid id;
  uint32_t format = 0;
  IoMode mode = IoMode::writeback;
};

std::string manifest_text(const Manifest& manifest);
Result<Manifest> parse_manifest(const std::string& text);

class ArrayFiles {
 public:
  ArrayFiles(Loop& loop, std::string path) : loop_(loop), path_(std::move(path)) {
    while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  }

  const std::string& path() const { return path_; }
  std::string manifest() const { return path_ + "/holdfast.json"; }
  std::string lock() const { return path_ + "/lock"; }
  std::string base_directory() const { return path_ + "/base"; }
  std::string area_directory() const { return path_ + "/area"; }
  std::string base(const Guid& lun) const { return base_directory() + "/" + lun.to_string(); }
  std::string area(const Guid& lun) const { return area_directory() + "/" + lun.to_string(); }
  std::string journal(uint64_t number) const { return path_ + "/journal." + std::to_string(number); }
  std::string checkpoint(uint64_t number) const { return path_ + "/checkpoint." + std::to_string(number); }

  std::string reserve() const { return path_ + "/reserve"; }

  /// Makes the directories (0700), refusing a path that holds an array.
  Task<Status> make_directories();
  /// Whether files here can be opened with O_DIRECT and written in sectors of 512 bytes.
  Task<bool> probe_direct();
  Task<Status> write_manifest(const Manifest& manifest);
  Task<Result<Manifest>> read_manifest();
  /// Takes the lock of the array and writes the pid into it; array_locked names the pid that has it.
  Task<Result<int>> take_lock();

  /// Opens with O_CLOEXEC and, in direct mode, O_DIRECT; a Status instead of an errno.
  Task<Result<int>> open(std::string name, int flags, IoMode mode);
  Task<void> close(int file);
  Task<Status> sync_directory(std::string name);
  Task<Status> unlink(std::string name);
  Task<Status> rename(std::string from, std::string to);
  Task<Status> truncate(int file, uint64_t size_bytes, std::string name);

 private:
  Loop& loop_;
  std::string path_;
};

}  // namespace holdfast
