#include "io/thread_pool.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "io/clock.h"
#include "io/transfer.h"

namespace holdfast {
namespace {

int64_t make_call(const IoRequest& request) {
  switch (request.op) {
    case IoOp::read:
    case IoOp::write: {
      const TransferPart part = next_part(request);
      const auto offset = static_cast<off_t>(part.offset_bytes);
      return request.op == IoOp::read ? ::pread(request.file, part.data, part.length_bytes, offset)
                                      : ::pwrite(request.file, part.data, part.length_bytes, offset);
    }
    case IoOp::sync:
      return ::fdatasync(request.file);
    case IoOp::allocate:
    case IoOp::punch:
      return ::fallocate(request.file, fallocate_mode(request.op), static_cast<off_t>(request.offset_bytes),
                         static_cast<off_t>(request.length_bytes));
  }
  errno = EINVAL;
  return -1;
}

void carry_out(IoRequest& request) {
  for (;;) {
    int64_t result = make_call(request);
    if (result < 0) result = -errno;
    if (result != -EINTR && account_transfer(request, result)) return;
  }
}

template <typename T>
void let_go(List<T>& list) {
  while (list.pop_front() != nullptr) {
  }
}

}  // namespace

Result<std::unique_ptr<ThreadPoolIo>> ThreadPoolIo::create(int threads) {
  std::unique_ptr<ThreadPoolIo> io(new ThreadPoolIo());
  if (const int error_number = io->wake_signal_.open()) return Status::from_errno(error_number, "eventfd");
  int error_number = io->helper_.start();
  for (int i = 0; i < threads && error_number == 0; i++) {
    io->threads_.push_back(std::make_unique<Thread>());
    error_number = io->threads_.back()->start(
        "holdfast-worker", [](void* self) { static_cast<ThreadPoolIo*>(self)->work(); }, io.get());
  }
  if (error_number != 0) return Status::from_errno(error_number, "starting a thread");
  return io;
}

ThreadPoolIo::~ThreadPoolIo() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
    let_go(queue_);
  }
  work_waits_.notify_all();
  for (const std::unique_ptr<Thread>& thread : threads_) thread->join();
  let_go(submitted_);
  let_go(finished_);
  let_go(taken_);
}

Instant ThreadPoolIo::now() const { return monotonic_now(); }

void ThreadPoolIo::submit(IoRequest& request) {
  request.engine_progress_bytes = 0;
  submitted_.push_back(&request);
  submitted_count_++;
}

void ThreadPoolIo::hand_out() {
  if (submitted_count_ == 0) return;
  int to_wake;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    queue_.splice_back(submitted_);
    to_wake = submitted_count_ < idle_threads_ ? submitted_count_ : idle_threads_;
  }
  submitted_count_ = 0;
  while (to_wake-- > 0) work_waits_.notify_one();
}

int ThreadPoolIo::poll(Instant deadline, int completions_max) {
  hand_out();
  for (;;) {
    int completed = complete(completions_max);
    completed += helper_.complete(completions_max - completed);
    if (completed > 0 || now() >= deadline) return completed;
    bool woken = true;
    if (wake_signal_.fall_asleep()) {
      wait(deadline);
      woken = wake_signal_.wake_up();
    }
    // Workers and helper wake us too: then there is something to complete, and only if there is not was it wake().
    if (woken) {
      completed = complete(completions_max);
      return completed + helper_.complete(completions_max - completed);
    }
  }
}

int ThreadPoolIo::complete(int completions_max) {
  // A request finished just after this look is not missed: its wake signal keeps the loop from sleeping.
  if (any_finished_.load(std::memory_order_acquire)) {
    const std::lock_guard<std::mutex> lock(finished_mutex_);
    taken_.splice_back(finished_);
    any_finished_.store(false, std::memory_order_relaxed);
  }
  int completed = 0;
  while (completed < completions_max) {
    IoRequest* request = taken_.pop_front();
    if (request == nullptr) break;
    completed++;
    request->done(request);
  }
  return completed;
}

void ThreadPoolIo::wait(Instant deadline) {
  pollfd alarm = {wake_signal_.file(), POLLIN, 0};
  const timespec span = time_until(deadline, now());
  if (::ppoll(&alarm, 1, deadline == kNever ? nullptr : &span, nullptr) <= 0) return;
  uint64_t count;
  // Readable, so this does not block; the loop's thread is the only reader.
  while (::read(wake_signal_.file(), &count, sizeof(count)) < 0 && errno == EINTR) {
  }
}

void ThreadPoolIo::work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!ending_) {
    IoRequest* request = queue_.pop_front();
    if (request == nullptr) {
      idle_threads_++;
      work_waits_.wait(lock);
      idle_threads_--;
      continue;
    }
    lock.unlock();
    carry_out(*request);
    {
      const std::lock_guard<std::mutex> finished_lock(finished_mutex_);
      finished_.push_back(request);
      any_finished_.store(true, std::memory_order_release);
    }
    wake_signal_.wake();
    lock.lock();
  }
}

}  // namespace holdfast
