// native/io/thread.h
//
// A named thread that takes no signals, started without exceptions.
//
// The process belongs to Node: a signal must be delivered to one of its threads, never to one of ours,
// so every signal is blocked from the first instruction on.
//
// Ownership: joined at destruction, so the owner must have told its function to end. Who lives until the
// process ends (the I/O thread) is leaked instead.
#pragma once

#include <pthread.h>

namespace holdfast {

class Thread {
 public:
  Thread() = default;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() { join(); }

  /// Starts `run(context)`. `name` has at most 15 characters and lives as long as the thread. 0 or an errno.
  int start(const char* name, void (*run)(void* context), void* context);
  void join();

 private:
  static void* enter(void* self);

  const char* name_ = nullptr;
  void (*run_)(void* context) = nullptr;
  void* context_ = nullptr;
  pthread_t handle_{};
  bool started_ = false;
};

}  // namespace holdfast
