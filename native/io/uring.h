// native/io/uring.h
//
// The Io engine over io_uring.
//
// submit() only fills an entry of the ring; one system call in poll() hands over everything submitted since the
// last one and, if nothing is complete, waits. What does not fit the ring queues here, so a submission neither
// blocks nor fails, and never more requests are in the kernel than the completion ring has room for.
//
// Reads and writes of files in memory (tmpfs) are done by poll() itself: they wait for nothing, and the kernel would
// hand each of them to a thread of its own, because tmpfs does not promise not to wait.
//
// A sleeping loop is woken through an eventfd on which a read is always pending in the ring.
//
// Thread: create(), destruction and everything else on the loop's thread; wake() any.
// Ownership: at destruction the requests in the kernel are awaited, so that no buffer is touched afterwards, but
// their `done` is not called.
#pragma once

#include <memory>

#include "base/status.h"
#include "io/helper_thread.h"
#include "io/io.h"
#include "io/posix_file_system.h"
#include "io/uring_ring.h"
#include "io/wake_signal.h"

namespace holdfast {

class UringIo final : public Io {
 public:
  /// Refused with the reason where the kernel, a seccomp profile or a limit forbids io_uring.
  static Result<std::unique_ptr<UringIo>> create(UringRing::Options options = {});
  ~UringIo() override;

  const char* name() const override { return "io_uring"; }
  Instant now() const override;
  void submit(IoRequest& request) override;
  void call(FileCall& call) override { helper_.submit(call); }
  int poll(Instant deadline, int completions_max) override;
  void wake() override { wake_signal_.wake(); }

 private:
  UringIo() : helper_(files_, wake_signal_) {}

  bool queue(IoRequest& request);
  void queue_overflow();
  void queue_wake_read();
  int complete(int completions_max);
  bool finish(IoRequest& request, int32_t result);
  int copy_in_memory(int completions_max);

  PosixFileSystem files_;
  WakeSignal wake_signal_;
  UringRing ring_;
  // Waiting for room, oldest first; parts of a transfer begun before go to the front.
  List<IoRequest> overflow_;
  // For files in memory, oldest first.
  List<IoRequest> in_memory_;
  // In the ring or the kernel, without the read of the eventfd.
  uint32_t in_flight_ = 0;
  uint32_t in_flight_max_ = 0;
  bool wake_read_pending_ = false;
  uint64_t wake_count_ = 0;
  HelperThread helper_;
};

}  // namespace holdfast
