#include "addon/open_arrays.h"

#include <cerrno>

namespace holdfast {
namespace {

constexpr int kDirectoryMode = 0700;

}  // namespace

Task<Result<std::pair<uint64_t, uint64_t>>> OpenArrays::find_directory(std::string path) {
  FileStat stat;
  const int64_t result = co_await file_call(loop_, [&](FileSystem& files) { return files.stat(path, &stat); });
  if (result == -ENOENT || result == -ENOTDIR || (result == 0 && !stat.is_directory)) {
    co_return Status(Code::array_not_found, "there is no directory " + path);
  }
  if (result < 0) co_return Status::from_errno(static_cast<int>(-result), "looking at " + path);
  co_return std::pair(stat.device, stat.inode);
}

Task<Result<std::shared_ptr<OpenArray>>> OpenArrays::enter(std::shared_ptr<OpenArray> entry,
                                                           Task<Result<std::shared_ptr<StorageArray>>> opening) {
  arrays_[entry->device_and_inode] = entry;
  Result<std::shared_ptr<StorageArray>> opened = co_await opening;
  if (!opened.ok()) {
    arrays_.erase(entry->device_and_inode);
    changed_.notify_all();
    co_return opened.status();
  }
  entry->array = opened.take();
  entry->state = OpenArray::State::open;
  entry->handle_count = 1;
  changed_.notify_all();
  co_return entry;
}

Task<Result<std::shared_ptr<OpenArray>>> OpenArrays::create(std::string path, IoMode mode) {
  // Made here first, so that the directory can be known by its inode while the array in it is being created.
  const int64_t made =
      co_await file_call(loop_, [&](FileSystem& files) { return files.make_directory(path, kDirectoryMode); });
  if (made < 0 && made != -EEXIST) {
    const int error_number = static_cast<int>(-made);
    Status status = Status::from_errno(error_number, "making the directory " + path);
    if (error_number == EACCES || error_number == EPERM || error_number == EROFS) {
      co_return Status(Code::array_read_only, status.message(), error_number);
    }
    co_return status;
  }
  Result<std::pair<uint64_t, uint64_t>> found = co_await find_directory(path);
  if (!found.ok()) co_return found.status();
  if (arrays_.count(found.value()) != 0) co_return Status(Code::array_exists, path + " holds an array already");
  auto entry = std::make_shared<OpenArray>();
  entry->device_and_inode = found.value();
  co_return co_await enter(std::move(entry), StorageArray::create(loop_, leases_, path, mode));
}

Task<Result<std::shared_ptr<OpenArray>>> OpenArrays::open(std::string path, OpenOptions options) {
  Result<std::pair<uint64_t, uint64_t>> found = co_await find_directory(path);
  if (!found.ok()) co_return found.status();
  for (;;) {
    auto known = arrays_.find(found.value());
    if (known == arrays_.end()) break;
    if (known->second->state == OpenArray::State::open) {
      ++known->second->handle_count;
      co_return known->second;
    }
    co_await changed_.wait();
  }
  auto entry = std::make_shared<OpenArray>();
  entry->device_and_inode = found.value();
  co_return co_await enter(std::move(entry), StorageArray::open(loop_, leases_, path, options));
}

Task<Status> OpenArrays::release(std::shared_ptr<OpenArray> array) {
  if (--array->handle_count > 0) co_return Status();
  array->state = OpenArray::State::closing;
  Status closed = co_await array->array->close();
  arrays_.erase(array->device_and_inode);
  changed_.notify_all();
  co_return closed;
}

void OpenArrays::release_later(std::shared_ptr<OpenArray> array) { loop_.spawn(run_release(std::move(array))); }

Task<void> OpenArrays::run_release(std::shared_ptr<OpenArray> array) {
  // Nobody asked, so nobody can be told; what a failed close leaves, the next opening recovers.
  (void)co_await release(std::move(array));
}

void OpenArrays::owner_died(OwnerId owner) {
  for (const auto& [directory, array] : arrays_) {
    if (array->state == OpenArray::State::open) array->array->owner_died(owner);
  }
}

}  // namespace holdfast
