#include "io/inbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace holdfast {
namespace {

struct Note : Message {
  int sender = 0;
  int number = 0;
};

TEST(InboxTest, OnlyThePushOntoAnEmptyInboxAsksForAWake) {
  Inbox inbox;
  Note notes[4];
  EXPECT_TRUE(inbox.push(notes[0]));
  EXPECT_FALSE(inbox.push(notes[1]));
  EXPECT_FALSE(inbox.push(notes[2]));
  EXPECT_EQ(inbox.take_all(), &notes[0]);
  EXPECT_EQ(inbox.take_all(), nullptr);
  EXPECT_TRUE(inbox.push(notes[3]));
  EXPECT_EQ(inbox.take_all(), &notes[3]);
}

TEST(InboxTest, MessagesAreTakenInOrderOfTheirPushes) {
  Inbox inbox;
  std::vector<Note> notes(100);
  for (int i = 0; i < 100; i++) {
    notes[i].number = i;
    (void)inbox.push(notes[i]);
  }
  int expected = 0;
  for (Message* message = inbox.take_all(); message != nullptr; message = message->next) {
    EXPECT_EQ(static_cast<Note*>(message)->number, expected++);
  }
  EXPECT_EQ(expected, 100);
}

TEST(InboxTest, NothingIsLostOrReorderedPerSenderUnderContention) {
  constexpr int kSenders = 4;
  constexpr int kNotes = 20000;
  Inbox inbox;
  std::vector<std::vector<Note>> notes(kSenders);
  for (auto& of_sender : notes) of_sender = std::vector<Note>(kNotes);
  std::atomic<int> wakes{0};
  std::vector<std::thread> senders;
  for (int sender = 0; sender < kSenders; sender++) {
    senders.emplace_back([&, sender] {
      for (int number = 0; number < kNotes; number++) {
        notes[sender][number].sender = sender;
        notes[sender][number].number = number;
        if (inbox.push(notes[sender][number])) wakes.fetch_add(1);
      }
    });
  }
  std::vector<int> next(kSenders, 0);
  int received = 0;
  int batches = 0;
  while (received < kSenders * kNotes) {
    Message* message = inbox.take_all();
    if (message == nullptr) {
      std::this_thread::yield();
      continue;
    }
    batches++;
    for (; message != nullptr; message = message->next) {
      auto* note = static_cast<Note*>(message);
      EXPECT_EQ(note->number, next[note->sender]++);
      received++;
    }
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(wakes.load(), batches);
}

}  // namespace
}  // namespace holdfast
