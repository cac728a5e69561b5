#include "io/io_thread.h"

#include <sys/utsname.h>

#include <cstdlib>
#include <utility>

#include "io/thread_pool.h"
#include "io/uring.h"

namespace holdfast {
namespace {

constexpr const char* kEngineVariable = "HOLDFAST_IO";

Result<EngineChoice> choice_of_environment() {
  const char* text = std::getenv(kEngineVariable);
  const std::string value = text == nullptr ? "" : text;
  if (value.empty()) return EngineChoice::automatic;
  if (value == "uring") return EngineChoice::uring;
  if (value == "threads") return EngineChoice::threads;
  return Status(Code::invalid_argument,
                std::string(kEngineVariable) + " is \"" + value + "\"; it may be uring, threads or absent");
}

std::string kernel_release() {
  utsname names;
  return ::uname(&names) == 0 ? names.release : "";
}

struct Process {
  std::mutex mutex;
  IoThread* thread = nullptr;  // guarded by mutex
};

}  // namespace

Result<IoThread*> IoThread::process() {
  // Leaked on purpose: see the head of io_thread.h.
  static Process* const process = new Process();
  const std::lock_guard<std::mutex> lock(process->mutex);
  if (process->thread == nullptr) {
    const Result<EngineChoice> choice = choice_of_environment();
    if (!choice.ok()) return choice.status();
    Result<std::unique_ptr<IoThread>> started = start(choice.value());
    if (!started.ok()) return started.status();
    process->thread = started.take().release();
  }
  return process->thread;
}

Result<std::unique_ptr<IoThread>> IoThread::start(EngineChoice choice) {
  std::unique_ptr<IoThread> thread(new IoThread());
  thread->choice_ = choice;
  const auto run = [](void* self) { static_cast<IoThread*>(self)->run(); };
  if (const int error_number = thread->thread_.start("holdfast-io", run, thread.get())) {
    return Status::from_errno(error_number, "starting the I/O thread");
  }
  std::unique_lock<std::mutex> lock(thread->mutex_);
  thread->start_ended_.wait(lock, [&] { return thread->started_; });
  Status status = std::move(thread->start_status_);
  lock.unlock();
  if (!status.ok()) return status;
  return thread;
}

IoThread::~IoThread() {
  if (loop_ == nullptr) return;  // no engine: run() has returned
  struct End : Message {
    IoThread* thread;
  } end;
  end.thread = this;
  end.run = [](Message* message, Loop&) { static_cast<End*>(message)->thread->ending_ = true; };
  {
    // The thread may serve the message while post() is still about to wake it: keep the engine until it has.
    const std::lock_guard<std::mutex> lock(mutex_);
    post(end);
  }
  thread_.join();
}

Status IoThread::start_engine(EngineChoice choice) {
  info_.kernel = kernel_release();
  info_.why = choice == EngineChoice::automatic ? "the default" : "asked for";
  if (choice != EngineChoice::threads) {
    Result<std::unique_ptr<UringIo>> uring = UringIo::create();
    if (uring.ok()) {
      io_ = uring.take();
    } else if (choice == EngineChoice::uring) {
      return uring.status();
    } else {
      info_.why = uring.status().message();
    }
  }
  if (io_ == nullptr) {
    Result<std::unique_ptr<ThreadPoolIo>> threads = ThreadPoolIo::create();
    if (!threads.ok()) return threads.status();
    io_ = threads.take();
  }
  info_.engine = io_->name();
  loop_ = std::make_unique<Loop>(*io_);
  return Status();
}

void IoThread::run() {
  // The ring accepts only the thread that made it, so the engine is made, used and destroyed here.
  Status status = start_engine(choice_);
  const bool ok = status.ok();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    start_status_ = std::move(status);
    started_ = true;
    // Under the lock: once start() sees started_, a failed thread object is joined and freed.
    start_ended_.notify_one();
  }
  if (!ok) return;
  while (!ending_) {
    Message* message = inbox_.take_all();
    while (message != nullptr) {
      Message* next = message->next;
      message->run(message, *loop_);
      message = next;
    }
    if (!ending_) loop_->turn(kNever);
  }
  { const std::lock_guard<std::mutex> posted(mutex_); }
  // The engine first: it awaits what the kernel still does with memory that the tasks of the loop own.
  io_.reset();
  loop_.reset();
}

}  // namespace holdfast
