// Turns, timers, tasks and events, over the simulator.

#include "io/loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/simulator.h"
#include "io/task.h"

namespace holdfast {
namespace {

class LoopTest : public ::testing::Test {
 protected:
  void TearDown() override {
    io_.drop_all();
    loop_.reset();
  }
  void run_until_idle() {
    while (loop_->turn(0)) {
    }
  }

  std::shared_ptr<SimulatedDisk> disk_ = std::make_shared<SimulatedDisk>();
  SimulatorIo io_{disk_, 3};
  std::unique_ptr<Loop> loop_ = std::make_unique<Loop>(io_);
  std::string log_;
};

struct Step : Work {
  Step(std::string& log_, char letter_) : log(log_), letter(letter_) {
    run = [](Work* work) {
      auto* self = static_cast<Step*>(work);
      self->log += self->letter;
      if (self->again != nullptr) self->again->defer(*self);
    };
  }
  std::string& log;
  char letter;
  Loop* again = nullptr;
};

struct Alarm : Timer {
  Alarm(std::string& log_, char letter_) : log(log_), letter(letter_) {
    fire = [](Timer* timer) {
      auto* self = static_cast<Alarm*>(timer);
      self->log += self->letter;
      if (self->then) self->then();
    };
  }
  std::string& log;
  char letter;
  std::function<void()> then;
};

// Says when the frame that holds it is destroyed.
struct Mark {
  explicit Mark(std::string& log_, char letter_) : log(log_), letter(letter_) {}
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;
  ~Mark() { log += letter; }
  std::string& log;
  char letter;
};

TEST_F(LoopTest, DeferredWorkRunsInOrderAndWhatDefersItselfWaitsForTheNextTurn) {
  Step a(log_, 'a');
  Step b(log_, 'b');
  a.again = loop_.get();
  loop_->defer(a);
  loop_->defer(b);
  EXPECT_TRUE(loop_->turn(kNever));
  EXPECT_EQ(log_, "ab");
  a.again = nullptr;
  EXPECT_TRUE(loop_->turn(kNever));
  EXPECT_EQ(log_, "aba");
  EXPECT_FALSE(loop_->turn(0));
}

TEST_F(LoopTest, ATurnTakesAtMostSixteenCompletions) {
  struct Count : IoRequest {
    int* completed;
  };
  int completed = 0;
  std::vector<std::unique_ptr<Count>> requests;
  for (int i = 0; i < 100; i++) {
    requests.push_back(std::make_unique<Count>());
    requests.back()->op = IoOp::sync;
    requests.back()->completed = &completed;
    requests.back()->done = [](IoRequest* request) { ++*static_cast<Count*>(request)->completed; };
    io_.submit(*requests.back());
  }
  for (int before = 0; completed < 100; before = completed) {
    EXPECT_TRUE(loop_->turn(0));
    EXPECT_GT(completed, before);
    EXPECT_LE(completed - before, Loop::kCompletionsPerTurn);
  }
}

TEST_F(LoopTest, TimersFireInOrderOfTheirDeadlinesAndTheWaitEndsAtTheFirst) {
  Alarm late(log_, 'l');
  Alarm early(log_, 'e');
  const Instant start = loop_->now();
  loop_->start(late, start + 2 * kSecond);
  loop_->start(early, start + kSecond);
  loop_->turn(kNever);
  EXPECT_EQ(loop_->now(), start + kSecond);
  loop_->turn(kNever);
  EXPECT_EQ(log_, "e");
  EXPECT_FALSE(early.active);
  EXPECT_TRUE(late.active);
  loop_->turn(kNever);
  loop_->turn(0);
  EXPECT_EQ(log_, "el");
}

TEST_F(LoopTest, ATimerRestartedIsMovedAndACancelledOneNeverFires) {
  Alarm moved(log_, 'm');
  Alarm cancelled(log_, 'c');
  const Instant start = loop_->now();
  loop_->start(moved, start + kSecond);
  loop_->start(moved, start + 3 * kSecond);
  loop_->start(cancelled, start + 2 * kSecond);
  loop_->cancel(cancelled);
  loop_->cancel(cancelled);
  loop_->turn(kNever);
  loop_->turn(0);
  EXPECT_EQ(log_, "m");
  EXPECT_EQ(loop_->now(), start + 3 * kSecond);
}

TEST_F(LoopTest, ATimerMayRestartItselfAndCancelAnotherThatIsDueInTheSameTurn) {
  Alarm first(log_, 'f');
  Alarm second(log_, 's');
  const Instant due = loop_->now() + kSecond;
  int fired = 0;
  first.then = [&] {
    loop_->cancel(second);
    if (++fired < 3) loop_->start(first, due + fired * kSecond);
  };
  loop_->start(first, due);
  loop_->start(second, due + 1);
  io_.poll(due + 1, 1);
  for (int i = 0; i < 10; i++) loop_->turn(due + 10 * kSecond);
  EXPECT_EQ(log_, "fff");
}

TEST_F(LoopTest, ATimerStartedByATimerForAnEarlierInstantFiresInTheSameTurn) {
  Alarm outer(log_, 'o');
  Alarm inner(log_, 'i');
  outer.then = [&] { loop_->start(inner, 0); };
  loop_->start(outer, loop_->now());
  EXPECT_TRUE(loop_->turn(0));
  EXPECT_EQ(log_, "oi");
}

Task<int> add(Event& event, bool& open, int a, int b) {
  while (!open) co_await event.wait();
  co_return a + b;
}

Task<void> nest(Event& event, bool& open, std::string& log) {
  const int three = co_await add(event, open, 1, 2);
  const int seven = co_await add(event, open, three, 4);
  log += std::to_string(seven);
}

TEST_F(LoopTest, TasksAwaitTasksAndEventsAndStartInTheNextTurn) {
  Event event(*loop_);
  bool open = false;
  loop_->spawn(nest(event, open, log_));
  loop_->spawn(nest(event, open, log_));
  EXPECT_EQ(log_, "");
  run_until_idle();
  EXPECT_EQ(log_, "");
  event.notify_all();
  run_until_idle();
  EXPECT_EQ(log_, "");
  open = true;
  event.notify_all();
  run_until_idle();
  EXPECT_EQ(log_, "77");
}

TEST_F(LoopTest, AnEventResumesOnlyThoseWhoWaitWhenItIsNotified) {
  Event event(*loop_);
  const auto waiter = [](Event& waited, std::string& log) -> Task<void> {
    co_await waited.wait();
    log += '1';
    co_await waited.wait();
    log += '2';
  };
  loop_->spawn(waiter(event, log_));
  event.notify_all();
  run_until_idle();
  EXPECT_EQ(log_, "");
  event.notify_all();
  run_until_idle();
  EXPECT_EQ(log_, "1");
  event.notify_all();
  run_until_idle();
  EXPECT_EQ(log_, "12");
}

TEST_F(LoopTest, ATaskReadsWhatItWroteThroughFileCallsAndRequests) {
  const auto task = [](Loop& loop, std::string& log) -> Task<void> {
    const int64_t file =
        co_await file_call(loop, [](FileSystem& files) { return files.open("/file", O_RDWR | O_CREAT, 0600); });
    std::string bytes = "forty-two";
    EXPECT_EQ(co_await IoAwait(loop, IoOp::write, static_cast<int>(file), 100, bytes.data(), bytes.size()), 9);
    EXPECT_EQ(co_await IoAwait(loop, IoOp::sync, static_cast<int>(file), 0, nullptr, 0), 0);
    std::string back(20, 'x');
    const int64_t count = co_await IoAwait(loop, IoOp::read, static_cast<int>(file), 100, back.data(), back.size());
    log = back.substr(0, static_cast<size_t>(count));
  };
  loop_->spawn(task(*loop_, log_));
  run_until_idle();
  EXPECT_EQ(log_, "forty-two");
}

TEST_F(LoopTest, DestroyingTheLoopDestroysUnfinishedTasksInnermostFrameIncluded) {
  Event event(*loop_);
  const auto inner = [](Event& waited, std::string& log) -> Task<int> {
    const Mark mark(log, 'i');
    co_await waited.wait();
    co_return 1;
  };
  const auto outer = [inner](Event& waited, std::string& log) -> Task<void> {
    const Mark mark(log, 'o');
    co_await inner(waited, log);
  };
  const auto writing = [](Loop& loop, std::string& log) -> Task<void> {
    const Mark mark(log, 'w');
    char byte = 'x';
    co_await IoAwait(loop, IoOp::write, 99, 0, &byte, 1);
    log += "never";
  };
  const auto calling = [](Loop& loop, std::string& log) -> Task<void> {
    const Mark mark(log, 'c');
    co_await file_call(loop, [](FileSystem&) { return 0; });
    log += "never";
  };
  const auto unstarted = [](std::string& log) -> Task<void> {
    log += "never";
    co_return;
  };
  loop_->spawn(outer(event, log_));
  loop_->spawn(writing(*loop_, log_));
  loop_->spawn(calling(*loop_, log_));
  io_.set_stop_after(0);
  loop_->turn(0);
  loop_->spawn(unstarted(log_));
  io_.drop_all();
  loop_.reset();
  EXPECT_EQ(log_, "iowc");
}

TEST_F(LoopTest, ATaskThatEndsIsDestroyedAtOnce) {
  const auto task = [](std::string& log) -> Task<void> {
    const Mark mark(log, 'm');
    co_return;
  };
  loop_->spawn(task(log_));
  EXPECT_TRUE(loop_->turn(0));
  EXPECT_EQ(log_, "m");
}

}  // namespace
}  // namespace holdfast
