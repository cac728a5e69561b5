#include "io/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace holdfast {
namespace {

static_assert(sizeof(off_t) == 8, "files are larger than 2 GiB");

constexpr size_t kSmallFileBytesMax = size_t{1} << 20;

template <typename Call>
int retry(Call call) {
  int result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : result;
}

int64_t nanos(const timespec& time) { return int64_t{time.tv_sec} * kSecond + time.tv_nsec; }

void convert(const struct stat& from, FileStat* out) {
  out->device = from.st_dev;
  out->inode = from.st_ino;
  out->size_bytes = static_cast<uint64_t>(from.st_size);
  out->allocated_bytes = static_cast<uint64_t>(from.st_blocks) * 512;
  out->modified_nanos = nanos(from.st_mtim);
  out->changed_nanos = nanos(from.st_ctim);
  out->is_regular = S_ISREG(from.st_mode);
  out->is_directory = S_ISDIR(from.st_mode);
}

class OpenFile {
 public:
  OpenFile(const std::string& path, int flags)
      : file_(retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC); })) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (file_ >= 0) ::close(file_);
  }
  /// The descriptor or -errno.
  int file() const { return file_; }

 private:
  int file_;
};

}  // namespace

int PosixFileSystem::open(const std::string& path, int flags, int mode) {
  const int file = retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, static_cast<mode_t>(mode)); });
  struct statfs system;
  if (file >= 0 && file < static_cast<int>(in_memory_.size()) && ::fstatfs(file, &system) == 0) {
    in_memory_[static_cast<size_t>(file)] = system.f_type == TMPFS_MAGIC;
  }
  return file;
}

int PosixFileSystem::close(int file) {
  if (file >= 0 && file < static_cast<int>(in_memory_.size())) in_memory_[static_cast<size_t>(file)] = false;
  // A child between fork and exec has a copy of the descriptor, and with it a lock that close() alone would leave
  // there.
  (void)::flock(file, LOCK_UN);
  // Linux has given the descriptor back even when it answers EINTR; a second close could hit someone else's file.
  return ::close(file) < 0 && errno != EINTR ? -errno : 0;
}

int PosixFileSystem::stat(const std::string& path, FileStat* out) {
  struct stat status;
  const int result = retry([&] { return ::stat(path.c_str(), &status); });
  if (result == 0) convert(status, out);
  return result;
}

int PosixFileSystem::stat(int file, FileStat* out) {
  struct stat status;
  const int result = retry([&] { return ::fstat(file, &status); });
  if (result == 0) convert(status, out);
  return result;
}

int PosixFileSystem::truncate(int file, uint64_t size_bytes) {
  if (size_bytes > uint64_t{INT64_MAX}) return -EFBIG;
  return retry([&] { return ::ftruncate(file, static_cast<off_t>(size_bytes)); });
}

int PosixFileSystem::rename(const std::string& from, const std::string& to) {
  return retry([&] { return ::rename(from.c_str(), to.c_str()); });
}

int PosixFileSystem::unlink(const std::string& path) {
  return retry([&] { return ::unlink(path.c_str()); });
}

int PosixFileSystem::make_directory(const std::string& path, int mode) {
  return retry([&] { return ::mkdir(path.c_str(), static_cast<mode_t>(mode)); });
}

int PosixFileSystem::list(const std::string& path, std::vector<std::string>* names) {
  names->clear();
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return -errno;
  int result = 0;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory);
    if (entry == nullptr) {
      result = -errno;
      break;
    }
    std::string name = entry->d_name;
    if (name != "." && name != "..") names->push_back(std::move(name));
  }
  ::closedir(directory);
  std::sort(names->begin(), names->end());
  return result;
}

int PosixFileSystem::sync_directory(const std::string& path) {
  const OpenFile directory(path, O_RDONLY | O_DIRECTORY);
  if (directory.file() < 0) return directory.file();
  return retry([&] { return ::fsync(directory.file()); });
}

int PosixFileSystem::lock(int file) {
  // flock and not fcntl: the lock belongs to this open file, so closing another descriptor of the same file,
  // as any library in the process may do, does not drop it.
  return retry([&] { return ::flock(file, LOCK_EX | LOCK_NB); });
}

int PosixFileSystem::read_small(const std::string& path, std::string* contents) {
  contents->clear();
  const OpenFile opened(path, O_RDONLY);
  if (opened.file() < 0) return opened.file();
  char chunk[16 * 1024];
  for (;;) {
    const int count = retry([&] { return static_cast<int>(::read(opened.file(), chunk, sizeof(chunk))); });
    if (count < 0) return count;
    if (count == 0) return 0;
    if (contents->size() + static_cast<size_t>(count) > kSmallFileBytesMax) return -EFBIG;
    contents->append(chunk, static_cast<size_t>(count));
  }
}

int PosixFileSystem::find_data(int file, uint64_t from_bytes, uint64_t* begin_bytes, uint64_t* end_bytes) {
  *begin_bytes = *end_bytes = 0;
  const off_t begin = ::lseek(file, static_cast<off_t>(from_bytes), SEEK_DATA);
  if (begin < 0 && errno == ENXIO) return 0;
  if (begin < 0) return -errno;
  const off_t end = ::lseek(file, begin, SEEK_HOLE);
  if (end < 0) return -errno;
  *begin_bytes = static_cast<uint64_t>(begin);
  *end_bytes = static_cast<uint64_t>(end);
  return 0;
}

int PosixFileSystem::clone_range(int from_file, int to_file, uint64_t offset_bytes, uint64_t length_bytes) {
  file_clone_range range{};
  range.src_fd = from_file;
  range.src_offset = offset_bytes;
  range.src_length = length_bytes;
  range.dest_offset = offset_bytes;
  return retry([&] { return ::ioctl(to_file, FICLONERANGE, &range); });
}

uint64_t PosixFileSystem::free_bytes(const std::string& path) {
  struct statvfs status;
  if (retry([&] { return ::statvfs(path.c_str(), &status); }) != 0) return 0;
  return uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace holdfast
