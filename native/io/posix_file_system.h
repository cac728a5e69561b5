// native/io/posix_file_system.h
//
// The FileSystem of the real engines: Linux system calls.
//
// Thread: stateless, so any; used on the helper thread only, because every call may block.
#pragma once

#include <array>
#include <atomic>

#include "io/io.h"

namespace holdfast {

class PosixFileSystem final : public FileSystem {
 public:
  int open(const std::string& path, int flags, int mode) override;
  int close(int file) override;
  int stat(const std::string& path, FileStat* out) override;
  int stat(int file, FileStat* out) override;
  int truncate(int file, uint64_t size_bytes) override;
  int rename(const std::string& from, const std::string& to) override;
  int unlink(const std::string& path) override;
  int make_directory(const std::string& path, int mode) override;
  int list(const std::string& path, std::vector<std::string>* names) override;
  int sync_directory(const std::string& path) override;
  int lock(int file) override;
  int read_small(const std::string& path, std::string* contents) override;
  int find_data(int file, uint64_t from_bytes, uint64_t* begin_bytes, uint64_t* end_bytes) override;
  int clone_range(int from_file, int to_file, uint64_t offset_bytes, uint64_t length_bytes) override;
  uint64_t free_bytes(const std::string& path) override;

  /// Whether an open file lies on a file system in memory, where reading and writing copies bytes and waits for
  /// nothing. Any thread.
  bool in_memory(int file) const {
    return file >= 0 && file < static_cast<int>(in_memory_.size()) &&
           in_memory_[static_cast<size_t>(file)].load(std::memory_order_relaxed);
  }

 private:
  // By descriptor; set while it is open. Descriptors above are simply not known to be in memory.
  std::array<std::atomic<bool>, 4096> in_memory_{};
};

}  // namespace holdfast
