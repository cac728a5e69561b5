#include "interrupted_calls.h"

#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>

namespace holdfast {
namespace {

constexpr size_t kTransferBytesMax = 512;

std::atomic<bool> active{false};
std::atomic<uint64_t> calls{0};
std::atomic<uint64_t> interrupted_count{0};
std::atomic<uint64_t> short_count{0};

bool is_interrupted() {
  if (!active.load() || calls.fetch_add(1) % 2 != 0) return false;
  interrupted_count.fetch_add(1);
  errno = EINTR;
  return true;
}

size_t shortened(size_t length_bytes) {
  if (!active.load() || length_bytes <= kTransferBytesMax) return length_bytes;
  short_count.fetch_add(1);
  return kTransferBytesMax;
}

template <typename Function>
Function* real(const char* name) {
  void* found = ::dlsym(RTLD_NEXT, name);
  if (found == nullptr) std::abort();
  return reinterpret_cast<Function*>(found);
}

}  // namespace

InterruptedCalls::InterruptedCalls() {
  calls = interrupted_count = short_count = 0;
  active = true;
}
InterruptedCalls::~InterruptedCalls() { active = false; }
uint64_t InterruptedCalls::interruptions() { return interrupted_count; }
uint64_t InterruptedCalls::short_transfers() { return short_count; }

}  // namespace holdfast

extern "C" {

ssize_t pread(int file, void* data, size_t length, off_t offset) {
  static auto* const next = holdfast::real<ssize_t(int, void*, size_t, off_t)>("pread");
  return holdfast::is_interrupted() ? -1 : next(file, data, holdfast::shortened(length), offset);
}

ssize_t pwrite(int file, const void* data, size_t length, off_t offset) {
  static auto* const next = holdfast::real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return holdfast::is_interrupted() ? -1 : next(file, data, holdfast::shortened(length), offset);
}

int fdatasync(int file) {
  static auto* const next = holdfast::real<int(int)>("fdatasync");
  return holdfast::is_interrupted() ? -1 : next(file);
}

int fsync(int file) {
  static auto* const next = holdfast::real<int(int)>("fsync");
  return holdfast::is_interrupted() ? -1 : next(file);
}

int fallocate(int file, int mode, off_t offset, off_t length) {
  static auto* const next = holdfast::real<int(int, int, off_t, off_t)>("fallocate");
  return holdfast::is_interrupted() ? -1 : next(file, mode, offset, length);
}

int ftruncate(int file, off_t length) noexcept {
  static auto* const next = holdfast::real<int(int, off_t)>("ftruncate");
  return holdfast::is_interrupted() ? -1 : next(file, length);
}

long syscall(long number, ...) noexcept {
  static auto* const next = holdfast::real<long(long, ...)>("syscall");
  va_list list;
  va_start(list, number);
  long arguments[6];
  for (long& argument : arguments) argument = va_arg(list, long);
  va_end(list);
  if (number == __NR_io_uring_enter && holdfast::is_interrupted()) return -1;
  return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

}  // extern "C"
