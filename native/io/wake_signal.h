// native/io/wake_signal.h
//
// Wakes the loop's thread, with a system call only if it sleeps.
//
// One word tells where the loop is:
//
//     awake ──fall_asleep()──▶ asleep ──wake_up()──▶ awake
//       └────── wake() ───▶ woken ◀─── wake() ──┘      woken ──fall_asleep() or wake_up()──▶ awake
//
// No wake-up is lost: every change is an atomic read-modify-write of that one word, so they all have one order.
// A wake() before fall_asleep() makes it refuse to sleep; a wake() after it finds `asleep` and writes to the
// eventfd, which ends the wait however far it has got. Each exchange is acquire and release, so what was
// published before wake() is visible to the loop once the wait it ended has returned; overlapping calls of
// wake() form one release sequence, and the loop's exchange reads the last of them.
//
// The word is the truth and the eventfd only the alarm: a late write of a waker that was preempted ends a
// wait early, nothing more.
//
// Thread: wake() any; everything else the loop's.
#pragma once

#include <atomic>
#include <cstdint>

namespace holdfast {

class WakeSignal {
 public:
  WakeSignal() = default;
  WakeSignal(const WakeSignal&) = delete;
  WakeSignal& operator=(const WakeSignal&) = delete;
  ~WakeSignal();

  /// Makes the eventfd. 0 or an errno.
  int open();
  int file() const { return file_; }

  void wake() {
    if (state_.exchange(State::woken, std::memory_order_acq_rel) == State::asleep) ring();
  }

  /// False: there was a wake() since the last wait, which is hereby answered; do not wait.
  bool fall_asleep() {
    State expected = State::awake;
    if (state_.compare_exchange_strong(expected, State::asleep, std::memory_order_acq_rel)) return true;
    wake_up();
    return false;
  }

  /// After the wait. True if a wake() ended it, or came meanwhile.
  bool wake_up() { return state_.exchange(State::awake, std::memory_order_acq_rel) == State::woken; }

 private:
  enum class State : uint32_t { awake, asleep, woken };

  void ring();

  std::atomic<State> state_{State::awake};
  int file_ = -1;
};

}  // namespace holdfast
