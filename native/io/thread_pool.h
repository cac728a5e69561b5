// native/io/thread_pool.h
//
// The Io engine where io_uring is refused: a few threads that make the blocking calls.
//
// submit() only links the request; poll() hands everything submitted since the last one to the workers under one
// lock, and sleeps on an eventfd when nothing is complete. Workers take the requests in order of submission and may
// finish them in any order.
//
// Thread: everything on the loop's thread; wake() any.
// Ownership: at destruction the calls being made are awaited; requests not yet begun are let go of. `done` is called
// for neither.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "base/status.h"
#include "io/helper_thread.h"
#include "io/io.h"
#include "io/posix_file_system.h"
#include "io/thread.h"
#include "io/wake_signal.h"

namespace holdfast {

class ThreadPoolIo final : public Io {
 public:
  static constexpr int kThreads = 4;

  static Result<std::unique_ptr<ThreadPoolIo>> create(int threads = kThreads);
  ~ThreadPoolIo() override;

  const char* name() const override { return "threads"; }
  Instant now() const override;
  void submit(IoRequest& request) override;
  void call(FileCall& call) override { helper_.submit(call); }
  int poll(Instant deadline, int completions_max) override;
  void wake() override { wake_signal_.wake(); }

 private:
  ThreadPoolIo() : helper_(files_, wake_signal_) {}

  void hand_out();
  int complete(int completions_max);
  void wait(Instant deadline);
  void work();

  PosixFileSystem files_;
  WakeSignal wake_signal_;

  // The loop's: submitted since the last poll; and finished, taken from finished_.
  List<IoRequest> submitted_;
  int submitted_count_ = 0;
  List<IoRequest> taken_;

  std::mutex mutex_;
  std::condition_variable work_waits_;
  // Guarded by mutex_.
  List<IoRequest> queue_;
  int idle_threads_ = 0;
  bool ending_ = false;

  // Spares complete() the lock while nothing is finished.
  std::atomic<bool> any_finished_{false};
  std::mutex finished_mutex_;
  List<IoRequest> finished_;  // guarded by finished_mutex_

  std::vector<std::unique_ptr<Thread>> threads_;
  HelperThread helper_;
};

}  // namespace holdfast
