#include "array/plex.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "array/aligned.h"
#include "array/lun_access.h"

namespace holdfast {
namespace {

constexpr uint32_t kRunUnits = 256;
constexpr uint64_t kRunBytes = uint64_t{kRunUnits} * kUnitBytes;
constexpr uint64_t kAllocateBytes = 1 << 30;
constexpr size_t kExtentsPerStep = 256;

bool never_clones(int64_t result) {
  return result == -EOPNOTSUPP || result == -EXDEV || result == -ENOTTY || result == -ENOSYS || result == -EINVAL;
}

}  // namespace

Plex::Plex(Loop& loop, Event& changed, Guid set, OwnerId owner, ArmCopy ids, std::shared_ptr<Lun> source,
           Family& family)
    : loop_(loop), changed_(changed), set_(set), owner_(owner), ids_(ids), source_(std::move(source)), family_(family) {
  log_.notify_above(kDirtyUnitsMax, changed_);
  source_->note_writes(&log_);
}

Plex::~Plex() { stop_noting(); }

void Plex::stop_noting() {
  source_->stop_noting(&log_);
  if (copy_ != nullptr) copy_->stop_noting(&log_);
}

PlexProgress Plex::progress() const {
  return PlexProgress{total_bytes_, filled_bytes_, log_.unit_count() * kUnitBytes, failure_};
}

void Plex::cancel(Status why) {
  if (failure_.ok()) failure_ = std::move(why);
  stop_noting();
  changed_.notify_all();
}

void Plex::captured(std::shared_ptr<Lun> copy) {
  source_->stop_noting(&log_);
  copy_ = std::move(copy);
  copy_->note_writes(&log_);
  changed_.notify_all();
}

Task<Status> Plex::allocate(uint64_t offset_bytes, uint64_t length_bytes) {
  const uint64_t end = std::min(offset_bytes + length_bytes, source_->size_bytes());
  for (uint64_t at = offset_bytes; at < end; at += kAllocateBytes) {
    const uint64_t length = std::min(kAllocateBytes, end - at);
    const int64_t result = co_await IoAwait(loop_, IoOp::allocate, family_.base_file(), at, nullptr, length);
    if (result == -ENOSPC || result == -EDQUOT) {
      co_return Status(Code::insufficient_storage,
                       "there is no room for a copy in full of " + source_->describe() + ", which has data in " +
                           std::to_string(total_bytes_) + " bytes or more",
                       static_cast<int>(-result));
    }
    // A file system without allocation ahead finds out while it is written.
    if (result < 0 && result != -EOPNOTSUPP) {
      co_return Status::from_errno(static_cast<int>(-result), "making room for a copy of " + source_->describe(), at);
    }
  }
  co_return Status();
}

Task<Status> Plex::reserve() {
  BlockWalk walk(loop_, source_);
  for (;;) {
    Result<std::vector<Extent>> found = co_await walk.next(kExtentsPerStep);
    if (!found.ok()) co_return found.status();
    const std::vector<Extent> extents = found.take();
    if (extents.empty()) co_return Status();
    for (const Extent& extent : extents) {
      if (is_cancelled()) co_return failure_;
      total_bytes_ += extent.length_bytes;
      uint64_t step = kAllocateBytes;
      for (uint64_t at = 0; at < extent.length_bytes; at += step) {
        const auto first = static_cast<UnitIndex>((extent.offset_bytes + at) / kUnitBytes);
        bool is_cloned = false;
        if (can_clone_) is_cloned = co_await clone_run(first, 1);
        // A unit that is cloned needs no room of its own; neither do those around it that are at home too.
        step = can_clone_ ? kRunBytes : kAllocateBytes;
        const uint64_t length = std::min(step, extent.length_bytes - at);
        if (is_cloned) (void)co_await readable().family().load(first, static_cast<uint32_t>(units_of(length)));
        if (is_cloned && is_at_home(first, static_cast<uint32_t>(units_of(length)))) continue;
        Status room = co_await allocate(extent.offset_bytes + at, length);
        if (!room.ok()) co_return room;
      }
    }
  }
}

Task<Status> Plex::reserve_dirty() {
  DirtyLog missing = log_;
  UnitIndex first = 0;
  uint32_t count = 0;
  while (missing.take(first, kRunUnits, &first, &count)) {
    Status room = co_await allocate(unit_offset(first), uint64_t{count} * kUnitBytes);
    if (!room.ok()) co_return room;
  }
  co_return Status();
}

Task<Status> Plex::prefill() {
  BlockWalk walk(loop_, source_);
  while (!is_cancelled()) {
    Result<std::vector<Extent>> found = co_await walk.next(kExtentsPerStep);
    if (!found.ok()) co_return found.status();
    const std::vector<Extent> extents = found.take();
    if (extents.empty()) {
      prefilled_ = true;
      changed_.notify_all();
      co_return Status();
    }
    for (const Extent& extent : extents) {
      Status filled = co_await fill(extent.offset_bytes, extent.length_bytes);
      if (!filled.ok()) co_return filled;
    }
  }
  co_return failure_;
}

Task<Status> Plex::fill(uint64_t offset_bytes, uint64_t length_bytes) {
  const auto end = static_cast<UnitIndex>(units_of(offset_bytes + length_bytes));
  for (auto first = static_cast<UnitIndex>(offset_bytes / kUnitBytes); first < end; first += kRunUnits) {
    if (is_cancelled()) co_return failure_;
    const uint32_t count = std::min(kRunUnits, end - first);
    // What was written to them so far is read now.
    log_.clear(first, count);
    Status copied = co_await copy_run(first, count);
    if (!copied.ok()) co_return copied;
    filled_bytes_ += uint64_t{count} * kUnitBytes;
  }
  co_return Status();
}

Task<Status> Plex::catch_up() {
  while (!is_cancelled()) {
    const bool is_captured = copy_ != nullptr;
    if (is_captured && log_.unit_count() == 0) co_return Status();
    if (!is_captured && log_.unit_count() <= kRestUnits) {
      co_await changed_.wait();
      continue;
    }
    UnitIndex first = 0;
    uint32_t count = 0;
    log_.take(next_dirty_, kRunUnits, &first, &count);
    next_dirty_ = first + count;
    Status copied = co_await copy_run(first, count);
    if (!copied.ok()) co_return copied;
    if (is_ready()) changed_.notify_all();
  }
  co_return failure_;
}

Task<Status> Plex::copy_run(UnitIndex first, uint32_t count) {
  if (can_clone_) {
    const bool is_cloned = co_await clone_run(first, count);
    if (is_cloned) co_return Status();
  }
  // Kept over the read: the capture may change which LUN is read next.
  const std::shared_ptr<Lun> lun = copy_ != nullptr ? copy_ : source_;
  const uint64_t offset = unit_offset(first);
  const auto length =
      static_cast<uint32_t>(std::min<uint64_t>(uint64_t{count} * kUnitBytes, lun->size_bytes() - offset));
  AlignedBuffer bytes = make_aligned(length);
  LunAccess access(*lun);
  Status read = co_await access.read(offset, bytes.get(), length);
  if (!read.ok()) co_return read;
  const int64_t result = co_await IoAwait(loop_, IoOp::write, family_.base_file(), offset, bytes.get(), length);
  if (result < 0) {
    co_return Status::from_errno(static_cast<int>(-result), "filling the copy of " + source_->describe(), offset);
  }
  family_.data_written(true);
  co_return Status();
}

bool Plex::is_at_home(UnitIndex first, uint32_t count) {
  Family& family = readable().family();
  if (!family.is_resident(first, count)) return false;
  for (UnitIndex unit = first; unit - first < count; ++unit) {
    if (family.branches().see(family.map(), readable().record().view, unit).place != kHome) return false;
  }
  return true;
}

// False: the run has to be copied. Whoever writes to these units meanwhile waits.
Task<bool> Plex::clone_run(UnitIndex first, uint32_t count) {
  // Where it fails, the run is copied, and the read says why.
  (void)co_await readable().family().load(first, count);
  if (unit_offset(uint64_t{first} + count) > source_->size_bytes() || !is_at_home(first, count)) co_return false;
  Family& family = source_->family();
  HoldUnits hold(family.holds(), first, count);
  co_await hold;
  if (!is_at_home(first, count)) {
    hold.release();
    co_return false;
  }
  const int from = family.base_file();
  const int to = family_.base_file();
  const uint64_t offset = unit_offset(first);
  const uint64_t length = uint64_t{count} * kUnitBytes;
  const int64_t result =
      co_await file_call(loop_, [&](FileSystem& fs) { return fs.clone_range(from, to, offset, length); });
  hold.release();
  if (result < 0) {
    if (never_clones(result)) can_clone_ = false;
    co_return false;
  }
  family_.data_written(true);
  co_return true;
}

}  // namespace holdfast
