// native/io/loop.h
//
// The one thread of execution that owns all block state: completions, timers, deferred work and tasks,
// taken in turn. In a process it runs on the I/O thread; in tests it runs wherever the test runs, over
// the simulator, and is deterministic.
//
// Order of a turn: what was deferred, then timers that are due, then at most kCompletionsPerTurn
// completions. The owner hands in its messages between turns, so they wait for 16 completions at most.
//
// Thread: the loop's own. Ownership: the loop owns spawned tasks; whoever defers work or starts a timer
// keeps it alive until it ran or was cancelled. Crash: nothing here is durable.
#pragma once

#include <coroutine>
#include <cstdint>
#include <set>
#include <utility>

#include "base/list.h"
#include "io/io.h"
#include "io/task.h"

namespace holdfast {

/// Something to be run soon, on the loop, after the present call chain has returned.
struct Work : ListNode {
  void (*run)(Work* work) = nullptr;
};

/// A one-shot timer. Starting it again moves it.
struct Timer {
  void (*fire)(Timer* timer) = nullptr;
  Instant deadline = kNever;
  bool active = false;
};

class Loop {
 public:
  static constexpr int kCompletionsPerTurn = 16;

  explicit Loop(Io& io);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Io& io() { return io_; }
  Instant now() const { return io_.now(); }

  void defer(Work& work) { deferred_.push_back(&work); }
  void start(Timer& timer, Instant deadline);
  void cancel(Timer& timer);

  /// Runs a task to its end, starting in the next turn. The loop owns it; destroying the loop destroys it unfinished.
  void spawn(Task<void> task);

  /// One turn; waits for something to do until `deadline` at most. False if nothing happened.
  bool turn(Instant deadline);

 private:
  struct Root;
  struct RootPromise;
  struct RootLink : ListNode {
    explicit RootLink(RootPromise* promise_) : promise(promise_) {}
    RootPromise* promise;
  };

  bool run_deferred();
  bool run_timers();
  static Root run_root(Loop& loop, Task<void> task);

  Io& io_;
  List<Work> deferred_;
  std::set<std::pair<Instant, Timer*>> timers_;
  // Tasks that have not ended, in the order they were spawned.
  List<RootLink> roots_;
};

/// `co_await IoAwait(loop, IoOp::read, file, offset, data, length)` gives the result of the request.
class IoAwait : private IoRequest {
 public:
  IoAwait(Loop& loop, IoOp op_, int file_, uint64_t offset_bytes_, void* data_, uint64_t length_bytes_) : loop_(loop) {
    op = op_;
    file = file_;
    offset_bytes = offset_bytes_;
    data = data_;
    length_bytes = length_bytes_;
    done = [](IoRequest* request) { static_cast<IoAwait*>(request)->handle_.resume(); };
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    loop_.io().submit(*this);
  }
  int64_t await_resume() const noexcept { return result; }

 private:
  Loop& loop_;
  std::coroutine_handle<> handle_;
};

/// `co_await file_call(loop, [&](FileSystem& files) { return files.open(…); })` runs the function away from the loop.
template <typename Function>
class FileCallAwait : private FileCall {
 public:
  FileCallAwait(Loop& loop, Function function) : loop_(loop), function_(std::move(function)) {
    run = [](FileCall* call, FileSystem& files) {
      auto* self = static_cast<FileCallAwait*>(call);
      self->result_ = self->function_(files);
    };
    done = [](FileCall* call) { static_cast<FileCallAwait*>(call)->handle_.resume(); };
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    loop_.io().call(*this);
  }
  int64_t await_resume() const noexcept { return result_; }

 private:
  Loop& loop_;
  Function function_;
  std::coroutine_handle<> handle_;
  int64_t result_ = 0;
};

template <typename Function>
FileCallAwait<Function> file_call(Loop& loop, Function function) {
  return FileCallAwait<Function>(loop, std::move(function));
}

/// Something tasks can wait for. notify_all() resumes everyone who waits now, one by one, in later steps of the loop.
class Event {
 public:
  explicit Event(Loop& loop) : loop_(loop) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void notify_all() {
    while (Waiter* waiter = waiters_.pop_front()) loop_.defer(*waiter);
  }

  struct Waiter : Work {
    explicit Waiter(Event& event) : event_(event) {
      run = [](Work* work) { static_cast<Waiter*>(work)->handle_.resume(); };
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
      handle_ = handle;
      event_.waiters_.push_back(this);
    }
    void await_resume() const noexcept {}

   private:
    Event& event_;
    std::coroutine_handle<> handle_;
  };

  /// Waits for the next notify_all(). Check the condition in a loop around it.
  Waiter wait() { return Waiter(*this); }

 private:
  Loop& loop_;
  List<Waiter> waiters_;
};

/// `co_await Yield(loop)` goes on in the next turn, after whatever else is to be done.
class Yield : Work {
 public:
  explicit Yield(Loop& loop) : loop_(loop) {
    run = [](Work* work) { static_cast<Yield*>(work)->handle_.resume(); };
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    loop_.defer(*this);
  }
  void await_resume() const noexcept {}

 private:
  Loop& loop_;
  std::coroutine_handle<> handle_;
};

}  // namespace holdfast
