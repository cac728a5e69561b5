#include "addon/engine.h"

#include <dlfcn.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

namespace holdfast {
namespace {

constexpr const char* kHeldVariable = "HOLDFAST_MAX_HELD_BYTES";
constexpr uint64_t kHeldBytesDefault = uint64_t{1} << 30;
constexpr uint64_t kHeldBytesMost = uint64_t{1} << 40;
constexpr uint64_t kReadBytesMax = uint64_t{512} << 20;
constexpr uint64_t kWriteBytesBesideHeld = uint64_t{512} << 20;

Result<uint64_t> held_bytes_max_of_environment() {
  const char* text = std::getenv(kHeldVariable);
  if (text == nullptr || *text == '\0') return kHeldBytesDefault;
  const char* end = text + std::strlen(text);
  uint64_t bytes = 0;
  const std::from_chars_result parsed = std::from_chars(text, end, bytes);
  if (parsed.ec == std::errc() && parsed.ptr == end && bytes >= 1 && bytes <= kHeldBytesMost) return bytes;
  return Status(Code::invalid_argument, std::string(kHeldVariable) + " is \"" + text +
                                            "\"; it may be a number of bytes from 1 to " +
                                            std::to_string(kHeldBytesMost) + ", or absent");
}

void pin_library() {
  Dl_info self;
  if (::dladdr(reinterpret_cast<const void*>(&pin_library), &self) == 0) return;
  // The handle is not kept: RTLD_NODELETE is what counts, and it stays.
  (void)::dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

struct Process {
  std::mutex mutex;
  Engine* engine = nullptr;  // guarded by mutex
};

}  // namespace

Result<Engine*> Engine::get() {
  static Process* const process = new Process();
  const std::lock_guard<std::mutex> lock(process->mutex);
  if (process->engine == nullptr) {
    const Result<uint64_t> held_bytes_max = held_bytes_max_of_environment();
    if (!held_bytes_max.ok()) return held_bytes_max.status();
    const Result<IoThread*> thread = IoThread::process();
    if (!thread.ok()) return thread.status();
    pin_library();
    process->engine = new Engine(*thread.value(), held_bytes_max.value());
  }
  return process->engine;
}

ByteBudget& Engine::read_budget() {
  static ByteBudget* const budget = new ByteBudget(kReadBytesMax);
  return *budget;
}

ByteBudget& Engine::write_budget() {
  static ByteBudget* const budget = [] {
    const Result<uint64_t> held_bytes_max = held_bytes_max_of_environment();
    return new ByteBudget((held_bytes_max.ok() ? held_bytes_max.value() : kHeldBytesDefault) + kWriteBytesBesideHeld);
  }();
  return *budget;
}

}  // namespace holdfast
