#include "array/resync.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/checked.h"
#include "disk/layout.h"
#include "disk/take_over.h"

namespace holdfast {
namespace {

constexpr uint32_t kPieceBytes = 1 << 20;
// Of one batch, which is over before the next begins.
constexpr uint32_t kBatchBytes = 8 << 20;
constexpr size_t kBatchPieces = 64;
constexpr size_t kExtentsMax = 256;

Status not_this_identity(const Lun& copy, const Status& why) {
  return Status(Code::cannot_revert_diskid,
                "the partition table of " + copy.describe() + " allows no other identity: " + why.message());
}

// Where a patch overlaps bytes that begin at `from`.
void apply(const Patch& patch, uint64_t from, uint8_t* bytes, uint64_t length_bytes) {
  const uint64_t begin = std::max(patch.offset_bytes, from);
  const uint64_t end = std::min(patch.offset_bytes + patch.bytes.size(), from + length_bytes);
  if (begin >= end) return;
  std::memcpy(bytes + (begin - from), patch.bytes.data() + (begin - patch.offset_bytes), end - begin);
}

// What the copy holds from here on; zeroes behind its end.
Task<Status> read_of_copy(Lun& copy, uint64_t offset_bytes, uint8_t* bytes, uint64_t length_bytes) {
  std::memset(bytes, 0, length_bytes);
  if (offset_bytes >= copy.size_bytes()) co_return Status();
  const uint64_t there = std::min(length_bytes, copy.size_bytes() - offset_bytes);
  LunAccess access(copy);
  co_return co_await access.read(offset_bytes, bytes, static_cast<uint32_t>(there));
}

}  // namespace

Task<Status> plan_ends(Lun& destination, Lun& copy, Lun* original, bool original_identity, EndsPlan* plan) {
  LunAccess access(destination, true);
  Result<DiskEnds> former = co_await access.read_ends();
  if (!former.ok()) co_return former.status();
  plan->former = former.take();
  DiskEnds taken;
  if (original != nullptr) {
    LunAccess of_original(*original, original == &destination);
    Result<DiskEnds> ends = co_await of_original.read_ends();
    if (!ends.ok()) co_return ends.status();
    taken = ends.take();
  }

  DiskEnds& wanted = plan->wanted;
  const uint64_t length = plan->former.length_bytes;
  const uint64_t tail_at = destination.size_bytes() - length;
  wanted.size_bytes = destination.size_bytes();
  wanted.length_bytes = length;
  wanted.head = make_aligned(length);
  wanted.tail = make_aligned(length);
  Status status = co_await read_of_copy(copy, 0, wanted.head.get(), length);
  if (status.ok()) status = co_await read_of_copy(copy, tail_at, wanted.tail.get(), length);
  if (!status.ok()) co_return status;

  Result<DiskLayout> content = read_layout(wanted.view());
  if (!content.ok()) co_return not_this_identity(copy, content.status());
  if (content.value().kind == LayoutKind::none) co_return Status();
  if (content.value().ldm) {
    co_return Status(Code::volume_not_supported, copy.describe() + " is a dynamic disk, whose database names the disk");
  }
  Result<DiskLayout> before = read_layout(plan->former.view());
  Result<DiskLayout> at_instant =
      original == nullptr ? Status(Code::object_not_found, "there is no original") : read_layout(taken.view());
  const bool is_same = at_instant.ok() && has_same_partitions(at_instant.value(), content.value());
  DiskIdentity identity;
  if (original_identity) {
    if (!is_same) {
      const Status other(Code::disk_layout, "it is not the one of the original, as far as that is known");
      co_return not_this_identity(copy, other);
    }
    Result<DiskIdentity> recorded = identity_of(taken.view());
    if (!recorded.ok()) co_return not_this_identity(copy, recorded.status());
    identity = recorded.take();
  } else {
    // A destination without a table that can be read has no identity to keep.
    identity = keep_identity(before.ok() ? before.value() : DiskLayout(), content.value());
  }
  std::vector<uint64_t> flags(content.value().partitions.size());
  for (size_t i = 0; is_same && i < flags.size(); ++i) flags[i] = at_instant.value().partitions[i].vss_flags;
  Result<std::vector<Patch>> patches = take_over(wanted.view(), identity, flags);
  if (!patches.ok()) co_return not_this_identity(copy, patches.status());
  plan->patches = patches.take();
  for (const Patch& patch : plan->patches) {
    apply(patch, 0, wanted.head.get(), length);
    apply(patch, tail_at, wanted.tail.get(), length);
  }
  co_return Status();
}

Resync::Resync(Loop& loop, std::shared_ptr<Lun> destination, std::shared_ptr<Lun> copy, std::shared_ptr<Lun> base,
               EndsPlan plan)
    : loop_(loop),
      destination_(std::move(destination)),
      copy_(std::move(copy)),
      base_(std::move(base)),
      plan_(std::move(plan)),
      at_bytes_(plan_.wanted.length_bytes),
      end_bytes_(destination_->size_bytes() - plan_.wanted.length_bytes),
      buffers_(make_aligned(kBatchBytes)),
      zeroes_(make_aligned(kPieceBytes)),
      piece_done_(loop) {
  std::memset(zeroes_.get(), 0, kPieceBytes);
  if (base_ != nullptr) {
    from_copy_.walk = std::make_unique<BlockWalk>(loop_, base_, copy_);
    from_destination_.ended = true;
  } else {
    from_copy_.walk = std::make_unique<BlockWalk>(loop_, copy_);
    from_destination_.walk = std::make_unique<BlockWalk>(loop_, destination_, BlockWalk::Within::change);
  }
}

ResyncProgress Resync::progress() const {
  ResyncProgress progress;
  progress.total_bytes = destination_->size_bytes();
  progress.done_bytes = copied_ ? progress.total_bytes : std::min(at_bytes_, progress.total_bytes);
  progress.written_bytes = written_bytes_;
  progress.incremental = base_ != nullptr;
  return progress;
}

Status Resync::why_not() const {
  if (stopped_) return Status(Code::cancelled, "the resync of " + destination_->describe() + " was ended");
  if (destination_->state() == Lun::State::changing) return Status();
  return destination_->why_unreadable();
}

// Its first extent is one that is still to be done, unless there is none any more.
Task<Status> Resync::fill(Stream* stream) {
  drop_done(stream);
  while (!stream->ended && stream->extents.empty()) {
    Result<std::vector<Extent>> more = co_await stream->walk->next(kExtentsMax);
    if (!more.ok()) co_return more.status();
    stream->ended = more.value().empty();
    for (const Extent& extent : more.value()) stream->extents.push_back(extent);
    drop_done(stream);
  }
  co_return Status();
}

// What lies before the present place is done, or belongs to an end.
void Resync::drop_done(Stream* stream) const {
  while (!stream->extents.empty()) {
    Extent& first = stream->extents.front();
    const uint64_t end = std::min(first.offset_bytes + first.length_bytes, end_bytes_);
    const uint64_t begin = std::max(first.offset_bytes, at_bytes_);
    if (begin < end) {
      first = Extent{begin, end - begin};
      return;
    }
    stream->extents.pop_front();
  }
}

// Both streams are in order, so all that the copy holds up to a place is known before anything there is zeroed.
Task<Status> Resync::next_pieces(std::vector<Piece>* pieces) {
  uint32_t used_bytes = 0;
  while (pieces->size() < kBatchPieces && used_bytes < kBatchBytes) {
    Status filled = co_await fill(&from_copy_);
    if (filled.ok()) filled = co_await fill(&from_destination_);
    if (!filled.ok()) co_return filled;
    const bool has_data = !from_copy_.extents.empty();
    const bool has_more = !from_destination_.extents.empty();
    if (!has_data && !has_more) {
      at_bytes_ = std::max(at_bytes_, end_bytes_);
      copied_ = true;
      co_return Status();
    }
    const uint64_t data_at = has_data ? from_copy_.extents.front().offset_bytes : end_bytes_;
    Piece piece;
    piece.is_zero = has_more && from_destination_.extents.front().offset_bytes < data_at;
    const Extent extent = piece.is_zero ? from_destination_.extents.front() : from_copy_.extents.front();
    piece.offset_bytes = extent.offset_bytes;
    uint64_t length = std::min<uint64_t>(extent.length_bytes, kPieceBytes);
    if (piece.is_zero) {
      length = std::min(length, data_at - piece.offset_bytes);
    } else {
      length = std::min<uint64_t>(length, kBatchBytes - used_bytes);
      piece.buffer = buffers_.get() + used_bytes;
      used_bytes += static_cast<uint32_t>(unit_offset(units_of(length)));
    }
    piece.length_bytes = static_cast<uint32_t>(length);
    at_bytes_ = piece.offset_bytes + length;
    pieces->push_back(piece);
  }
  co_return Status();
}

Task<void> Resync::carry_over(Piece piece) {
  Status status;
  if (!piece.is_zero) {
    LunAccess from(*copy_);
    status = co_await from.read(piece.offset_bytes, piece.buffer, piece.length_bytes);
  }
  if (status.ok()) {
    LunAccess to(*destination_, true);
    uint8_t* const bytes = piece.is_zero ? zeroes_.get() : piece.buffer;
    status = co_await to.write_aligned(piece.offset_bytes, bytes, piece.length_bytes);
  }
  if (!status.ok() && failure_.ok()) failure_ = std::move(status);
  --pieces_running_;
  piece_done_.notify_all();
}

Task<Status> Resync::advance(uint64_t bytes_max) {
  const uint64_t until = written_bytes_ + bytes_max;
  while (!copied_ && written_bytes_ < until) {
    Status status = why_not();
    if (!status.ok()) co_return status;
    std::vector<Piece> pieces;
    status = co_await next_pieces(&pieces);
    if (!status.ok()) co_return status;
    pieces_running_ = static_cast<int>(pieces.size());
    for (const Piece& piece : pieces) loop_.spawn(carry_over(piece));
    while (pieces_running_ > 0) co_await piece_done_.wait();
    if (!failure_.ok()) co_return failure_;
    for (const Piece& piece : pieces) written_bytes_ += piece.length_bytes;
  }
  co_return why_not();
}

// Only units that differ: an end that is as it shall be costs nothing, and takes up no space.
Task<Status> Resync::write_end(uint64_t offset_bytes, const DiskEnds& ends, const uint8_t* former,
                               const uint8_t* wanted) {
  LunAccess access(*destination_, true);
  const uint64_t step = kUnitBytes;
  for (uint64_t from = 0; from < ends.length_bytes;) {
    uint64_t to = from;
    while (to < ends.length_bytes &&
           std::memcmp(former + to, wanted + to, std::min(step, ends.length_bytes - to)) != 0) {
      to += std::min(step, ends.length_bytes - to);
    }
    if (to == from) {
      from += std::min(step, ends.length_bytes - from);
      continue;
    }
    const std::span<const uint8_t> bytes(wanted + from, to - from);
    Status written = co_await access.write(offset_bytes + from, bytes);
    if (!written.ok()) co_return written;
    written_bytes_ += to - from;
    from = to;
  }
  co_return Status();
}

// The end first: whatever is cut off, one of two copies of a partition table is whole and names the destination.
Task<Status> Resync::write_ends() {
  const uint64_t tail_at = destination_->size_bytes() - plan_.wanted.length_bytes;
  Status status = co_await write_end(tail_at, plan_.wanted, plan_.former.tail.get(), plan_.wanted.tail.get());
  if (status.ok()) status = co_await destination_->family().sync();
  if (!status.ok()) co_return status;
  // Of a small LUN the two overlap; what the tail has written is as it shall be.
  status = co_await write_end(0, plan_.wanted, plan_.former.head.get(), plan_.wanted.head.get());
  if (status.ok()) status = co_await destination_->family().sync();
  co_return status;
}

}  // namespace holdfast
