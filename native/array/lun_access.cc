#include "array/lun_access.h"

#include <algorithm>
#include <coroutine>

namespace holdfast {
namespace {

struct RequestAwait : LunRequest {
  RequestAwait(Lun& target_, LunOp op_, bool is_within_change, uint64_t offset, uint8_t* bytes, uint32_t length)
      : target(target_) {
    op = op_;
    within_change = is_within_change;
    initiator = Initiator::internal;
    offset_bytes = offset;
    data = bytes;
    length_bytes = length;
    done = [](LunRequest* request) {
      auto* self = static_cast<RequestAwait*>(request);
      self->finished = true;
      if (self->handle) self->handle.resume();
    };
  }
  // A refused request is done before submit() returns.
  bool await_ready() {
    target.submit(*this);
    return finished;
  }
  void await_suspend(std::coroutine_handle<> waiting) { handle = waiting; }
  Status await_resume() { return std::move(status); }

  Lun& target;
  bool finished = false;
  std::coroutine_handle<> handle;
};

}  // namespace

Task<Status> LunAccess::read(uint64_t offset_bytes, uint8_t* aligned_bytes, uint32_t length_bytes) {
  RequestAwait request(lun_, LunOp::read, within_change_, offset_bytes, aligned_bytes, length_bytes);
  co_return co_await request;
}

Task<Status> LunAccess::write(uint64_t offset_bytes, std::span<const uint8_t> bytes) {
  AlignedBuffer aligned = make_aligned(bytes.size());
  std::memcpy(aligned.get(), bytes.data(), bytes.size());
  RequestAwait request(lun_, LunOp::write, within_change_, offset_bytes, aligned.get(),
                       static_cast<uint32_t>(bytes.size()));
  co_return co_await request;
}

Task<Status> LunAccess::write_aligned(uint64_t offset_bytes, uint8_t* aligned_bytes, uint32_t length_bytes) {
  RequestAwait request(lun_, LunOp::write, within_change_, offset_bytes, aligned_bytes, length_bytes);
  co_return co_await request;
}

Task<Result<DiskEnds>> LunAccess::read_ends() {
  DiskEnds ends;
  ends.size_bytes = lun_.size_bytes();
  ends.length_bytes = std::min(ends.size_bytes, kDiskViewBytes);
  ends.head = make_aligned(ends.length_bytes);
  ends.tail = make_aligned(ends.length_bytes);
  const auto length = static_cast<uint32_t>(ends.length_bytes);
  Status read_status = co_await read(0, ends.head.get(), length);
  if (read_status.ok()) read_status = co_await read(ends.size_bytes - length, ends.tail.get(), length);
  if (!read_status.ok()) co_return read_status;
  co_return ends;
}

}  // namespace holdfast
