#include "addon/engine.h"

#include <dlfcn.h>

#include <mutex>

namespace holdfast {
namespace {

constexpr uint64_t kReadBytesMax = uint64_t{512} << 20;
constexpr uint64_t kWriteBytesMax = uint64_t{1536} << 20;

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
    const Result<IoThread*> thread = IoThread::process();
    if (!thread.ok()) return thread.status();
    pin_library();
    process->engine = new Engine(*thread.value());
  }
  return process->engine;
}

ByteBudget& Engine::read_budget() {
  static ByteBudget* const budget = new ByteBudget(kReadBytesMax);
  return *budget;
}

ByteBudget& Engine::write_budget() {
  static ByteBudget* const budget = new ByteBudget(kWriteBytesMax);
  return *budget;
}

}  // namespace holdfast
