// native/io/inbox.h
//
// Messages to the loop, from any thread, without a lock and without memory of their own.
//
// A stack that pushers grow with one compare-and-swap and the loop empties with one exchange, then turns round.
// Messages of one thread arrive in the order in which it pushed them.
//
// Thread: push() any; take_all() the loop's. No element is ever popped singly, so there is no ABA problem.
// Ownership: the sender keeps a message alive until its `run` was called; from then on it belongs to `run`.
#pragma once

#include <atomic>

namespace holdfast {

class Loop;

struct Message {
  void (*run)(Message* message, Loop& loop) = nullptr;
  Message* next = nullptr;  // the inbox's
};

class Inbox {
 public:
  Inbox() = default;
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  /// True if the inbox was empty: the pusher must wake the loop. Whoever found it not empty may rely on the one who
  /// did, because the loop wakes before it empties the inbox.
  [[nodiscard]] bool push(Message& message) {
    Message* newest = newest_.load(std::memory_order_relaxed);
    do {
      message.next = newest;
    } while (!newest_.compare_exchange_weak(newest, &message, std::memory_order_release, std::memory_order_relaxed));
    return newest == nullptr;
  }

  /// Everything pushed so far, oldest first, linked by `next`; null if there is nothing.
  Message* take_all() {
    if (newest_.load(std::memory_order_relaxed) == nullptr) return nullptr;
    Message* message = newest_.exchange(nullptr, std::memory_order_acquire);
    Message* oldest = nullptr;
    while (message != nullptr) {
      Message* older = message->next;
      message->next = oldest;
      oldest = message;
      message = older;
    }
    return oldest;
  }

 private:
  std::atomic<Message*> newest_{nullptr};
};

}  // namespace holdfast
