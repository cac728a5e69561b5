#include "array/reserve.h"

#include <fcntl.h>

namespace holdfast {
namespace {

constexpr uint64_t kReserveBytesMin = uint64_t{1} << 20;
/// What the deletion of a copy may write before it has made room: the first steps of a new journal.
constexpr uint64_t kDeletionBytes = uint64_t{1} << 20;

}  // namespace

Task<bool> Reserve::spend() {
  const int64_t removed = co_await file_call(loop_, [&](FileSystem& fs) { return fs.unlink(files_.reserve()); });
  co_return removed >= 0;
}

Task<void> Reserve::keep(uint64_t checkpoint_bytes) {
  const uint64_t wanted_bytes = kReserveBytesMin + 2 * checkpoint_bytes;
  Result<int> file = co_await files_.open(files_.reserve(), O_RDWR | O_CREAT, IoMode::writeback);
  if (!file.ok()) co_return;
  const uint64_t with_room_bytes = wanted_bytes + kDeletionBytes;
  const int64_t allocated =
      co_await IoAwait(loop_, IoOp::allocate, file.value(), 0, nullptr, static_cast<size_t>(with_room_bytes));
  int64_t kept = allocated;
  if (kept >= 0) {
    kept = co_await file_call(loop_, [&](FileSystem& fs) { return fs.truncate(file.value(), wanted_bytes); });
  }
  co_await files_.close(file.value());
  if (kept < 0) (void)co_await spend();
}

}  // namespace holdfast
