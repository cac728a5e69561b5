// Walks over the blocks of LUNs: begun, gone on with, and ended by whoever began them, or with them.

#include "array/block_walk.h"
#include "array/storage_array.h"

namespace holdfast {

Result<WalkId> StorageArray::begin_walk(OwnerId owner, Guid older, Guid newer) {
  Status usable = closed_or_broken();
  if (!usable.ok()) return usable;
  const std::shared_ptr<Lun> lun = find_lun(newer);
  if (lun == nullptr) return Status(Code::lun_not_found, "the array has no LUN " + newer.to_string());
  std::shared_ptr<BlockWalk> walk;
  if (older.is_null()) {
    walk = std::make_shared<BlockWalk>(loop_, lun);
  } else {
    const std::shared_ptr<Lun> before = find_lun(older);
    if (before == nullptr) return Status(Code::lun_not_found, "the array has no LUN " + older.to_string());
    if (before->record().family != lun->record().family) {
      return Status(Code::invalid_argument,
                    before->describe() + " and " + lun->describe() + " do not come from one original LUN");
    }
    walk = std::make_shared<BlockWalk>(loop_, before, lun);
  }
  walks_[next_walk_] = Walk{owner, std::move(walk), false};
  return next_walk_++;
}

Task<Result<std::vector<Extent>>> StorageArray::continue_walk(OwnerId owner, WalkId id, size_t extents_max) {
  Status usable = closed_or_broken();
  if (!usable.ok()) co_return usable;
  const auto found = walks_.find(id);
  if (found == walks_.end() || found->second.owner != owner || found->second.busy) {
    co_return Status(Code::bad_state, "the walk over blocks has ended, or is under way");
  }
  const Running running(*this);
  found->second.busy = true;
  const std::shared_ptr<BlockWalk> walk = found->second.walk;
  Result<std::vector<Extent>> extents = co_await walk->next(extents_max);
  const auto still = walks_.find(id);
  if (still != walks_.end()) {
    still->second.busy = false;
    if (!extents.ok() || extents.value().empty()) {
      walks_.erase(still);
      changed_.notify_all();
    }
  }
  co_return extents;
}

void StorageArray::end_walk(OwnerId owner, WalkId id) {
  const auto found = walks_.find(id);
  if (found == walks_.end() || found->second.owner != owner) return;
  walks_.erase(found);
  changed_.notify_all();
}

}  // namespace holdfast
