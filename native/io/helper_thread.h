// native/io/helper_thread.h
//
// Runs FileCalls away from the loop, one at a time, in order of submission. Both real engines use it for
// what a ring cannot do everywhere: names, directories, truncation, locks.
//
// Thread: submit() and complete() the loop's; `run` of a call the helper's.
// Ownership: calls are linked in, not owned. At destruction the call being run is awaited; calls not yet
// begun and calls not yet completed are let go of and their `done` is never called.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "io/io.h"
#include "io/thread.h"
#include "io/wake_signal.h"

namespace holdfast {

class HelperThread {
 public:
  /// `wake` is rung after each call that was run.
  HelperThread(FileSystem& files, WakeSignal& wake) : files_(files), wake_(wake) {}
  HelperThread(const HelperThread&) = delete;
  HelperThread& operator=(const HelperThread&) = delete;
  ~HelperThread();

  /// 0 or an errno.
  int start();
  void submit(FileCall& call);
  /// Calls `done` of calls that were run, oldest first, at most `completions_max` of them. Returns how many.
  int complete(int completions_max);

 private:
  void run();

  FileSystem& files_;
  WakeSignal& wake_;
  // The loop's: run, and taken from finished_.
  List<FileCall> taken_;
  // Spares complete() the lock while there is nothing to take.
  std::atomic<bool> any_finished_{false};
  std::mutex mutex_;
  std::condition_variable submitted_;
  // Guarded by mutex_.
  List<FileCall> queue_;
  List<FileCall> finished_;
  bool ending_ = false;
  Thread thread_;
};

}  // namespace holdfast
