#include "io/loop.h"

namespace holdfast {

// The frame of a spawned task, known to the loop from its spawning to its end.
struct Loop::RootPromise : Work {
  explicit RootPromise(Loop& loop, Task<void>&) : link(this) {
    run = [](Work* work) {
      auto* self = static_cast<RootPromise*>(work);
      std::coroutine_handle<RootPromise>::from_promise(*self).resume();
    };
    loop.roots_.push_back(&link);
  }
  Root get_return_object();
  std::suspend_always initial_suspend() const noexcept { return {}; }
  std::suspend_never final_suspend() const noexcept { return {}; }
  void return_void() const noexcept {}
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }

  RootLink link;
};

struct Loop::Root {
  using promise_type = RootPromise;
  RootPromise* promise;
};

Loop::Root Loop::RootPromise::get_return_object() { return Root{this}; }

Loop::Root Loop::run_root(Loop&, Task<void> task) { co_await task; }

Loop::Loop(Io& io) : io_(io) {}

Loop::~Loop() {
  // Destroying a frame unlinks whatever it waits in. The engine must have let go of its requests before.
  while (RootLink* link = roots_.front()) {
    std::coroutine_handle<RootPromise>::from_promise(*link->promise).destroy();
  }
  while (deferred_.pop_front() != nullptr) {
  }
}

void Loop::start(Timer& timer, Instant deadline) {
  if (timer.active) timers_.erase({timer.deadline, &timer});
  timer.deadline = deadline;
  timer.active = true;
  timers_.insert({deadline, &timer});
}

void Loop::cancel(Timer& timer) {
  if (!timer.active) return;
  timers_.erase({timer.deadline, &timer});
  timer.active = false;
}

void Loop::spawn(Task<void> task) {
  Root root = run_root(*this, std::move(task));
  defer(*root.promise);
}

bool Loop::run_deferred() {
  bool ran = false;
  // Only what is there now: work that defers itself again waits for the next turn.
  List<Work> batch;
  batch.splice_back(deferred_);
  while (Work* work = batch.pop_front()) {
    work->run(work);
    ran = true;
  }
  return ran;
}

bool Loop::run_timers() {
  if (timers_.empty()) return false;
  const Instant now_at_start = now();
  bool ran = false;
  while (!timers_.empty() && timers_.begin()->first <= now_at_start) {
    Timer* timer = timers_.begin()->second;
    timers_.erase(timers_.begin());
    timer->active = false;
    timer->fire(timer);
    ran = true;
  }
  return ran;
}

bool Loop::turn(Instant deadline) {
  bool ran = run_deferred();
  ran = run_timers() || ran;
  if (ran || !deferred_.empty()) deadline = 0;
  if (!timers_.empty() && timers_.begin()->first < deadline) deadline = timers_.begin()->first;
  return io_.poll(deadline, kCompletionsPerTurn) > 0 || ran;
}

}  // namespace holdfast
