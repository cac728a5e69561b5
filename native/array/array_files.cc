#include "array/array_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "array/aligned.h"
#include "array/records.h"

namespace holdfast {
namespace {

constexpr int kDirectoryMode = 0700;
constexpr int kFileMode = 0600;

Status failed(int64_t result, const std::string& what) {
  const int error_number = static_cast<int>(-result);
  if (error_number == EROFS || error_number == EACCES || error_number == EPERM) {
    Status plain = Status::from_errno(error_number, what);
    return Status(Code::array_read_only, plain.message() + "; the array needs a directory it may write to",
                  error_number);
  }
  return Status::from_errno(error_number, what);
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// The value of a key in the flat object that manifest_text writes; empty if it is not there.
std::string json_value(const std::string& text, const std::string& key) {
  const size_t at = text.find("\"" + key + "\"");
  if (at == std::string::npos) return {};
  size_t start = text.find(':', at);
  if (start == std::string::npos) return {};
  start = text.find_first_not_of(" \t\r\n\"", start + 1);
  if (start == std::string::npos) return {};
  const size_t end = text.find_first_of("\",}\r\n", start);
  return end == std::string::npos ? std::string() : text.substr(start, end - start);
}

// Who holds a lock, as far as its file says so.
std::string pid_text(const std::string& lock) {
  const size_t digits = std::min(lock.find_first_not_of("0123456789"), lock.size());
  const bool is_pid = digits > 0 && digits <= 10 && (digits == lock.size() || lock[digits] == '\n');
  return is_pid ? lock.substr(0, digits) : "?";
}

}  // namespace

const char* io_mode_text(IoMode mode) {
  return mode == IoMode::direct ? "direct" : mode == IoMode::writeback ? "writeback" : "automatic";
}

std::string manifest_text(const Manifest& manifest) {
  return "{\n  \"id\": \"" + manifest.id.to_string() + "\",\n  \"format\": " + std::to_string(manifest.format) +
         ",\n  \"mode\": \"" + io_mode_text(manifest.mode) + "\"\n}\n";
}

Result<Manifest> parse_manifest(const std::string& text) {
  Manifest manifest;
  const std::string format = json_value(text, "format");
  if (format.empty() || format.find_first_not_of("0123456789") != std::string::npos || format.size() > 9) {
    return Status(Code::array_damaged, "holdfast.json names no format");
  }
  manifest.format = static_cast<uint32_t>(std::strtoul(format.c_str(), nullptr, 10));
  if (manifest.format != kFormat) {
    return Status(Code::array_format, "the array has format " + format + ", this version reads format " +
                                          std::to_string(kFormat) + "; use the version that wrote it");
  }
  if (!Guid::parse(json_value(text, "id"), &manifest.id)) {
    return Status(Code::array_damaged, "holdfast.json names no array id");
  }
  const std::string mode = json_value(text, "mode");
  if (mode != "direct" && mode != "writeback") return Status(Code::array_damaged, "holdfast.json names no I/O mode");
  manifest.mode = mode == "direct" ? IoMode::direct : IoMode::writeback;
  return manifest;
}

Task<Result<int>> ArrayFiles::open(std::string name, int flags, IoMode mode) {
  if (mode == IoMode::direct) flags |= O_DIRECT;
  const int64_t file = co_await file_call(loop_, [&](FileSystem& fs) { return fs.open(name, flags, kFileMode); });
  if (file < 0) co_return failed(file, "opening " + name);
  co_return static_cast<int>(file);
}

Task<void> ArrayFiles::close(int file) {
  if (file >= 0) co_await file_call(loop_, [&](FileSystem& fs) { return fs.close(file); });
}

Task<Status> ArrayFiles::sync_directory(std::string name) {
  const int64_t result = co_await file_call(loop_, [&](FileSystem& fs) { return fs.sync_directory(name); });
  if (result < 0) co_return failed(result, "syncing the directory " + name);
  co_return Status();
}

Task<Status> ArrayFiles::unlink(std::string name) {
  const int64_t result = co_await file_call(loop_, [&](FileSystem& fs) { return fs.unlink(name); });
  if (result < 0 && result != -ENOENT) co_return failed(result, "removing " + name);
  co_return Status();
}

Task<Status> ArrayFiles::rename(std::string from, std::string to) {
  const int64_t result = co_await file_call(loop_, [&](FileSystem& fs) { return fs.rename(from, to); });
  if (result < 0) co_return failed(result, "renaming " + from);
  co_return Status();
}

Task<Status> ArrayFiles::truncate(int file, uint64_t size_bytes, std::string name) {
  const int64_t result = co_await file_call(loop_, [&](FileSystem& fs) { return fs.truncate(file, size_bytes); });
  if (result < 0) {
    co_return Status::from_errno(static_cast<int>(-result),
                                 "giving " + name + " a size of " + std::to_string(size_bytes) + " bytes");
  }
  co_return Status();
}

Task<Status> ArrayFiles::make_directories() {
  FileStat stat;
  const int64_t there = co_await file_call(loop_, [&](FileSystem& fs) { return fs.stat(manifest(), &stat); });
  if (there == 0) co_return Status(Code::array_exists, path_ + " holds an array already");
  const std::vector<std::string> names = {path_, base_directory(), area_directory()};
  for (const std::string& name : names) {
    const int64_t made =
        co_await file_call(loop_, [&](FileSystem& fs) { return fs.make_directory(name, kDirectoryMode); });
    if (made < 0 && made != -EEXIST) co_return failed(made, "making the directory " + name);
  }
  Status synced = co_await sync_directory(path_);
  if (!synced.ok()) co_return synced;
  const std::string parent = parent_of(path_);
  co_return co_await sync_directory(parent);
}

Task<bool> ArrayFiles::probe_direct() {
  const std::string name = path_ + "/probe.tmp";
  Result<int> file = co_await open(name, O_RDWR | O_CREAT | O_TRUNC, IoMode::direct);
  bool direct = false;
  if (file.ok()) {
    AlignedBuffer unit = make_aligned(kUnitBytes);
    const int64_t whole = co_await IoAwait(loop_, IoOp::write, file.value(), 0, unit.get(), kUnitBytes);
    const int64_t sector =
        co_await IoAwait(loop_, IoOp::write, file.value(), kSectorBytes, unit.get() + kSectorBytes, kSectorBytes);
    direct = whole >= 0 && sector >= 0;
    co_await close(file.value());
  }
  (void)co_await unlink(name);
  co_return direct;
}

Task<Status> ArrayFiles::write_manifest(const Manifest& manifest_value) {
  const std::string temporary = manifest() + ".tmp";
  Result<int> file = co_await open(temporary, O_WRONLY | O_CREAT | O_TRUNC, IoMode::writeback);
  if (!file.ok()) co_return file.status();
  std::string text = manifest_text(manifest_value);
  int64_t result = co_await IoAwait(loop_, IoOp::write, file.value(), 0, text.data(), text.size());
  if (result >= 0) result = co_await IoAwait(loop_, IoOp::sync, file.value(), 0, nullptr, 0);
  co_await close(file.value());
  if (result >= 0) {
    result = co_await file_call(loop_, [&](FileSystem& fs) { return fs.rename(temporary, manifest()); });
  }
  if (result < 0) co_return failed(result, "writing " + manifest());
  co_return co_await sync_directory(path_);
}

Task<Result<Manifest>> ArrayFiles::read_manifest() {
  std::string text;
  const int64_t result = co_await file_call(loop_, [&](FileSystem& fs) { return fs.read_small(manifest(), &text); });
  if (result == -ENOENT || result == -ENOTDIR) {
    co_return Status(Code::array_not_found, path_ + " holds no array; `holdfast array create` makes one");
  }
  if (result < 0) co_return failed(result, "reading " + manifest());
  co_return parse_manifest(text);
}

Task<Result<int>> ArrayFiles::take_lock() {
  Result<int> file = co_await open(lock(), O_RDWR | O_CREAT, IoMode::writeback);
  if (!file.ok()) co_return file;
  const int64_t locked = co_await file_call(loop_, [&](FileSystem& fs) { return fs.lock(file.value()); });
  if (locked < 0) {
    co_await close(file.value());
    std::string contents;
    (void)co_await file_call(loop_, [&](FileSystem& fs) { return fs.read_small(lock(), &contents); });
    co_return Status(Code::array_locked,
                     path_ + " is in use by process " + pid_text(contents) + "; close it there first");
  }
  std::string pid = std::to_string(::getpid()) + "\n";
  int64_t result = co_await file_call(loop_, [&](FileSystem& fs) { return fs.truncate(file.value(), 0); });
  if (result >= 0) result = co_await IoAwait(loop_, IoOp::write, file.value(), 0, pid.data(), pid.size());
  if (result < 0) {
    co_await close(file.value());
    co_return failed(result, "writing " + lock());
  }
  co_return file;
}

}  // namespace holdfast
