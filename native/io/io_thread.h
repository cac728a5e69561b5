// native/io/io_thread.h
//
// The I/O thread: an engine, the loop over it, and the inbox through which everyone else speaks to them.
//
// The engine is io_uring where the kernel allows it, else the thread pool, with the reason kept for whoever asks.
// HOLDFAST_IO=uring or HOLDFAST_IO=threads in the environment forces one; a forced engine that is refused is an error.
//
// Messages run between turns of the loop, so a message waits for those before it and for one turn: sixteen completions
// at most.
//
// Thread: post() and info() any; loop() the I/O thread's own. The thread takes no signals.
// Ownership: the process has one, made on first use and never destroyed: what runs on it must not depend on the order
// in which a process tears itself down. Tests start their own.
// Fork: not supported. A child has neither the thread nor the ring; it may only exec.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"
#include "io/inbox.h"
#include "io/io.h"
#include "io/loop.h"
#include "io/thread.h"

namespace holdfast {

enum class EngineChoice { automatic, uring, threads };

struct EngineInfo {
  std::string engine;  // Io::name()
  std::string why;     // a sentence: default, forced, or how io_uring was refused
  std::string kernel;  // release of the running kernel
};

class IoThread {
 public:
  /// The one of this process. An error is not remembered: the next call tries again.
  static Result<IoThread*> process();

  static Result<std::unique_ptr<IoThread>> start(EngineChoice choice);
  /// Requests in the kernel are awaited, tasks are destroyed unfinished. Every message posted before was run.
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  /// Has `message.run` called on the I/O thread. Costs a system call only if that sleeps.
  void post(Message& message) {
    if (inbox_.push(message)) io_->wake();
  }
  const EngineInfo& info() const { return info_; }
  Loop& loop() { return *loop_; }

 private:
  IoThread() = default;
  Status start_engine(EngineChoice choice);
  void run();

  Inbox inbox_;
  // Set by the I/O thread before start() returns, then constant.
  std::unique_ptr<Io> io_;
  std::unique_ptr<Loop> loop_;
  EngineInfo info_;

  EngineChoice choice_ = EngineChoice::automatic;
  std::mutex mutex_;
  std::condition_variable start_ended_;
  // Guarded by mutex_.
  bool started_ = false;
  Status start_status_;

  bool ending_ = false;  // the I/O thread's
  Thread thread_;
};

}  // namespace holdfast
