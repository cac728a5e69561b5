// native/io/clock.h
//
// The clock of the real engines. The simulator has its own.
#pragma once

#include <ctime>

#include "base/units.h"

namespace holdfast {

inline Instant monotonic_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant{now.tv_sec} * kSecond + now.tv_nsec;
}

/// What is left until `deadline`, never negative; the form the waiting system calls take.
inline timespec time_until(Instant deadline, Instant now) {
  const Instant left = deadline > now ? deadline - now : 0;
  timespec span;
  span.tv_sec = static_cast<time_t>(left / kSecond);
  span.tv_nsec = static_cast<long>(left % kSecond);
  return span;
}

}  // namespace holdfast
