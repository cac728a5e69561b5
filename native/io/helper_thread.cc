#include "io/helper_thread.h"

namespace holdfast {

HelperThread::~HelperThread() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
    while (queue_.pop_front() != nullptr) {
    }
  }
  submitted_.notify_one();
  thread_.join();
  while (finished_.pop_front() != nullptr) {
  }
  while (taken_.pop_front() != nullptr) {
  }
}

int HelperThread::start() {
  return thread_.start(
      "holdfast-files", [](void* self) { static_cast<HelperThread*>(self)->run(); }, this);
}

void HelperThread::submit(FileCall& call) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(&call);
  }
  submitted_.notify_one();
}

int HelperThread::complete(int completions_max) {
  // A call finished just after this look is not missed: its wake signal keeps the loop from sleeping.
  if (any_finished_.load(std::memory_order_acquire)) {
    const std::lock_guard<std::mutex> lock(mutex_);
    taken_.splice_back(finished_);
    any_finished_.store(false, std::memory_order_relaxed);
  }
  int completed = 0;
  while (completed < completions_max) {
    FileCall* call = taken_.pop_front();
    if (call == nullptr) break;
    completed++;
    call->done(call);
  }
  return completed;
}

void HelperThread::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!ending_) {
    FileCall* call = queue_.pop_front();
    if (call == nullptr) {
      submitted_.wait(lock);
      continue;
    }
    lock.unlock();
    call->run(call, files_);
    lock.lock();
    finished_.push_back(call);
    any_finished_.store(true, std::memory_order_release);
    wake_.wake();
  }
}

}  // namespace holdfast
