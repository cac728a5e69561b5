// What io.h promises of waits and of wakes from other threads, of every engine.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "engine_fixture.h"
#include "io/inbox.h"

namespace holdfast {
namespace {

template <typename Engine>
class EngineWaitTest : public EngineTest<Engine> {};

TYPED_TEST_SUITE(EngineWaitTest, Engines, EngineNames);

TYPED_TEST(EngineWaitTest, AWaitEndsAtItsDeadlineAndNotBefore) {
  // What is left over from starting the engine may end one wait.
  this->io_->poll(0, 16);
  for (const Instant span : {200 * kMicrosecond, 3 * kMillisecond, 20 * kMillisecond}) {
    const Instant before = this->io_->now();
    EXPECT_EQ(this->io_->poll(before + span, 16), 0);
    const Instant waited = this->io_->now() - before;
    EXPECT_GE(waited, span);
    EXPECT_LT(waited, span + kSecond);
  }
  const Instant before = this->io_->now();
  EXPECT_EQ(this->io_->poll(before - kSecond, 16), 0);
  EXPECT_LT(this->io_->now() - before, kSecond / 2);
}

TYPED_TEST(EngineWaitTest, AWakeBeforeTheWaitEndsIt) {
  this->io_->poll(0, 16);
  this->io_->wake();
  const Instant before = this->io_->now();
  EXPECT_EQ(this->io_->poll(before + 20 * kSecond, 16), 0);
  EXPECT_LT(this->io_->now() - before, 10 * kSecond);
}

TYPED_TEST(EngineWaitTest, AWakeFromAnotherThreadEndsAWait) {
  for (int round = 0; round < 20; round++) {
    std::atomic<bool> woken{false};
    std::thread waker([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(round % 4));
      woken.store(true);
      this->io_->wake();
    });
    const Instant before = this->io_->now();
    // The simulator's waits take no time: it only has to survive the wake.
    while (!woken.load()) this->io_->poll(before + 20 * kSecond, 16);
    if (TypeParam::kRealTime) {
      EXPECT_LT(this->io_->now() - before, 10 * kSecond);
    }
    waker.join();
  }
}

TYPED_TEST(EngineWaitTest, NoWakeUpIsLostWhileManyThreadsSendMessages) {
  struct Note : Message {
    int sender;
    int number;
  };
  constexpr int kSenders = 3;
  constexpr int kNotes = 4000;
  Inbox inbox;
  std::vector<std::vector<Note>> notes(kSenders);
  for (auto& of_sender : notes) of_sender = std::vector<Note>(kNotes);
  std::vector<std::thread> senders;
  for (int sender = 0; sender < kSenders; sender++) {
    senders.emplace_back([&, sender] {
      for (int number = 0; number < kNotes; number++) {
        Note& note = notes[sender][number];
        note.sender = sender;
        note.number = number;
        if (inbox.push(note)) this->io_->wake();
        // Now and then let the loop fall asleep.
        if (number % 64 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    });
  }
  std::vector<int> next(kSenders, 0);
  int received = 0;
  // A lost wake-up would leave the loop in an endless wait; the deadline turns that into a failure.
  const Instant limit = this->io_->now() + 60 * kSecond;
  while (received < kSenders * kNotes) {
    for (Message* message = inbox.take_all(); message != nullptr; message = message->next) {
      auto* note = static_cast<Note*>(message);
      EXPECT_EQ(note->number, next[note->sender]++);
      received++;
    }
    if (received == kSenders * kNotes) break;
    this->io_->poll(TypeParam::kRealTime ? limit : kNever, 16);
    if (this->io_->now() >= limit) break;
  }
  EXPECT_EQ(received, kSenders * kNotes);
  for (std::thread& sender : senders) sender.join();
}

TYPED_TEST(EngineWaitTest, RequestsCompleteWhileMessagesKeepComing) {
  const int file = this->open_file();
  std::string data = pattern(4096, 9);
  std::atomic<bool> ending{false};
  std::thread waker([&] {
    while (!ending.load()) {
      this->io_->wake();
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  });
  for (uint64_t i = 0; i < 300; i++) {
    EXPECT_EQ(this->run(IoOp::write, file, 4096 * i, data.data(), data.size()), 4096);
  }
  ending.store(true);
  waker.join();
  EXPECT_EQ(this->size_of(file), 300u * 4096u);
  this->close_file(file);
}

}  // namespace
}  // namespace holdfast
