#include "io/uring.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "io/clock.h"
#include "io/transfer.h"

namespace holdfast {
namespace {

constexpr uint32_t kSubmissions = 256;
constexpr uint32_t kCompletions = 1024;

// A longer copy would keep the loop from its other work.
constexpr uint64_t kCopyBytesMax = 256 << 10;

// No request has this address.
constexpr uint64_t kWakeRead = 0;

}  // namespace

Result<std::unique_ptr<UringIo>> UringIo::create(UringRing::Options options) {
  std::unique_ptr<UringIo> io(new UringIo());
  Status status = io->ring_.create(kSubmissions, kCompletions, options);
  if (!status.ok()) return status;
  io->in_flight_max_ = io->ring_.completions_max() - 1;
  if (const int error_number = io->wake_signal_.open()) return Status::from_errno(error_number, "eventfd");
  if (const int error_number = io->helper_.start()) return Status::from_errno(error_number, "starting a thread");
  io->queue_wake_read();
  return io;
}

UringIo::~UringIo() {
  while (in_memory_.pop_front() != nullptr) {
  }
  while (overflow_.pop_front() != nullptr) {
  }
  while (in_flight_ > 0) {
    ring_.submit_and_wait(kNever);
    io_uring_cqe completion;
    while (ring_.pop_completion(&completion)) {
      if (completion.user_data != kWakeRead) in_flight_--;
    }
  }
}

Instant UringIo::now() const { return monotonic_now(); }

void UringIo::submit(IoRequest& request) {
  request.engine_progress_bytes = 0;
  const bool short_transfer =
      (request.op == IoOp::read || request.op == IoOp::write) && request.length_bytes <= kCopyBytesMax;
  if (short_transfer && files_.in_memory(request.file)) {
    in_memory_.push_back(&request);
    return;
  }
  if (!overflow_.empty() || !queue(request)) overflow_.push_back(&request);
}

bool UringIo::queue(IoRequest& request) {
  if (in_flight_ == in_flight_max_) return false;
  io_uring_sqe* entry = ring_.next_entry();
  if (entry == nullptr) return false;
  in_flight_++;
  entry->fd = request.file;
  entry->user_data = reinterpret_cast<uint64_t>(&request);
  switch (request.op) {
    case IoOp::read:
    case IoOp::write: {
      const TransferPart part = next_part(request);
      entry->opcode = request.op == IoOp::read ? IORING_OP_READ : IORING_OP_WRITE;
      entry->addr = reinterpret_cast<uint64_t>(part.data);
      entry->len = part.length_bytes;
      entry->off = part.offset_bytes;
      break;
    }
    case IoOp::sync:
      entry->opcode = IORING_OP_FSYNC;
      entry->fsync_flags = IORING_FSYNC_DATASYNC;
      break;
    case IoOp::allocate:
    case IoOp::punch:
      entry->opcode = IORING_OP_FALLOCATE;
      entry->off = request.offset_bytes;
      entry->addr = request.length_bytes;  // where this operation expects it
      entry->len = static_cast<uint32_t>(fallocate_mode(request.op));
      break;
  }
  return true;
}

void UringIo::queue_overflow() {
  while (IoRequest* request = overflow_.front()) {
    if (!queue(*request)) return;
    request->unlink();
  }
}

void UringIo::queue_wake_read() {
  io_uring_sqe* entry = ring_.next_entry();
  if (entry == nullptr) return;  // tried again before the next sleep
  entry->opcode = IORING_OP_READ;
  entry->fd = wake_signal_.file();
  entry->addr = reinterpret_cast<uint64_t>(&wake_count_);
  entry->len = sizeof(wake_count_);
  entry->user_data = kWakeRead;
  wake_read_pending_ = true;
}

int UringIo::poll(Instant deadline, int completions_max) {
  for (;;) {
    if (!wake_read_pending_) queue_wake_read();
    int completed = helper_.complete(completions_max);
    completed += copy_in_memory(completions_max - completed);
    queue_overflow();
    // More than the ring holds was submitted since the last poll: hand it over before anything else.
    const bool more = (!overflow_.empty() && in_flight_ < in_flight_max_) || !in_memory_.empty();
    bool woken = false;
    if (completed > 0 || more || !wake_read_pending_ || ring_.has_completion() || now() >= deadline) {
      ring_.submit();
    } else if (wake_signal_.fall_asleep()) {
      ring_.submit_and_wait(deadline);
      woken = wake_signal_.wake_up();
    } else {
      woken = true;
      ring_.submit();
    }
    completed += complete(completions_max - completed);
    completed += helper_.complete(completions_max - completed);
    // Nothing, so far: parts of long transfers went on, the alarm of an earlier wake rang, or a signal came.
    if (completed > 0 || woken || now() >= deadline) return completed;
  }
}

int UringIo::copy_in_memory(int completions_max) {
  int completed = 0;
  while (completed < completions_max) {
    IoRequest* request = in_memory_.pop_front();
    if (request == nullptr) break;
    int64_t result = 0;
    do {
      const TransferPart part = next_part(*request);
      const auto offset = static_cast<off_t>(part.offset_bytes);
      result = request->op == IoOp::read ? ::pread(request->file, part.data, part.length_bytes, offset)
                                         : ::pwrite(request->file, part.data, part.length_bytes, offset);
      if (result < 0) result = -errno;
    } while (result == -EINTR || !account_transfer(*request, result));
    completed++;
    request->done(request);
  }
  return completed;
}

int UringIo::complete(int completions_max) {
  int completed = 0;
  io_uring_cqe completion;
  while (completed < completions_max && ring_.pop_completion(&completion)) {
    if (completion.user_data == kWakeRead) {
      wake_read_pending_ = false;
      if (completion.res < 0 && completion.res != -EINTR && completion.res != -EAGAIN) {
        std::fprintf(stderr, "holdfast: reading the wake signal: %s\n", std::strerror(-completion.res));
        std::abort();
      }
      continue;
    }
    auto* request = reinterpret_cast<IoRequest*>(completion.user_data);
    in_flight_--;
    if (!finish(*request, completion.res)) {
      if (!queue(*request)) overflow_.push_front(request);
      continue;
    }
    completed++;
    request->done(request);
  }
  return completed;
}

bool UringIo::finish(IoRequest& request, int32_t result) {
  if (result == -EINTR || result == -EAGAIN) return false;
  return account_transfer(request, result);
}

}  // namespace holdfast
