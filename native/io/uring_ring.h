// native/io/uring_ring.h
//
// The submission and completion rings shared with the kernel: io_uring's system calls and memory layout, without
// any knowledge of our requests.
//
// Needs Linux 5.6 (read, write, fallocate; memory in one mapping). Newer kernels are used better: 5.11 waits with a
// deadline inside the same system call, 5.19 lets completion work wait for this thread's next system call instead of
// interrupting it.
//
// Thread: the one that created it, for everything; the kernel refuses any other one.
#pragma once

#include <linux/io_uring.h>

#include <cstddef>
#include <cstdint>

#include "base/status.h"
#include "base/units.h"

namespace holdfast {

class UringRing {
 public:
  struct Options {
    // False makes the ring do without what kernels before 5.11 and 5.19 lack; for tests.
    bool wait_with_deadline = true;
    bool cooperative_work = true;
  };

  UringRing() = default;
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;
  ~UringRing();

  /// Why the kernel refuses, in a sentence, if it does.
  Status create(uint32_t submissions, uint32_t completions, Options options);
  uint32_t completions_max() const { return completion_entries_; }

  /// A zeroed entry to fill, taken by the next submit(); null if the ring is full.
  io_uring_sqe* next_entry();
  uint32_t unsubmitted() const { return submission_tail_ - consumed(); }

  /// Hands the entries to the kernel and looks for completions, without waiting; no system call if neither is needed.
  void submit();
  /// The same, and waits for a completion, a signal or the deadline. May return early; never late.
  void submit_and_wait(Instant deadline);

  bool has_completion() const;
  /// The oldest completion, copied out; false if there is none.
  bool pop_completion(io_uring_cqe* out);

 private:
  uint32_t consumed() const;
  void enter(uint32_t to_submit, bool wait, Instant deadline);
  void pause_for_completions(Instant deadline);
  Status map(const io_uring_params& params);
  bool offers_operations() const;

  int file_ = -1;
  bool wait_with_deadline_ = false;
  bool work_is_announced_ = false;

  void* rings_ = nullptr;
  size_t rings_bytes_ = 0;
  io_uring_sqe* entries_ = nullptr;
  size_t entries_bytes_ = 0;

  // Shared with the kernel: it advances the submission head and the completion tail.
  uint32_t* submission_head_ = nullptr;
  uint32_t* submission_tail_shared_ = nullptr;
  uint32_t* submission_flags_ = nullptr;
  uint32_t submission_entries_ = 0;
  // Ours: entries below it are filled; told to the kernel by submit().
  uint32_t submission_tail_ = 0;

  uint32_t* completion_head_ = nullptr;
  uint32_t* completion_tail_ = nullptr;
  io_uring_cqe* completions_ = nullptr;
  uint32_t completion_entries_ = 0;
};

}  // namespace holdfast
