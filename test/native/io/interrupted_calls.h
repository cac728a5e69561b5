// test/native/io/interrupted_calls.h
//
// System calls that signals interrupt and that do a part of what they were asked for, which no real disk can be made to
// do on demand. The test program's own pread(2), pwrite(2), fdatasync(2), fallocate(2), fsync(2), ftruncate(2) and
// syscall(2) stand before those of the C library, and hand on to them.
//
// While one exists, every first, third, … call is interrupted (EINTR), and transfers go by 512 bytes at most. Any
// thread.
#pragma once

#include <cstdint>

namespace holdfast {

class InterruptedCalls {
 public:
  InterruptedCalls();
  ~InterruptedCalls();
  InterruptedCalls(const InterruptedCalls&) = delete;
  InterruptedCalls& operator=(const InterruptedCalls&) = delete;

  /// How many calls were interrupted, and how many transfers cut short, since the last one came to exist.
  static uint64_t interruptions();
  static uint64_t short_transfers();
};

}  // namespace holdfast
