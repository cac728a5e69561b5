// LUNs come and go: made, adopted, detached, deleted.

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "array/storage_array.h"
#include "base/checked.h"

namespace holdfast {

Task<Status> StorageArray::add_original(FamilyRecord record, uint64_t size_bytes, int base_file, int area_file,
                                        Guid guid) {
  LunRecord lun_record;
  lun_record.guid = guid;
  lun_record.family = record.family;
  lun_record.size_bytes = size_bytes;
  lun_record.view = {ViewEntry{record.root_branch, kNoLimit}};
  std::vector<uint8_t> records;
  encode(records, record);
  encode(records, lun_record);

  auto family = std::make_unique<Family>(loop_, journal_, record);
  family->set_files(base_file, area_file);
  family->keep_free_units(thresholds_.kept_units_min);
  auto lun = std::make_shared<Lun>(loop_, leases_, *family, lun_record);
  families_[record.family] = std::move(family);
  luns_[guid] = lun;
  give_diff_area(lun);
  Status durable = co_await journal_.commit(journal_.append(records));
  if (!durable.ok()) (void)co_await take_back_original(lun);
  co_return durable;
}

// The records that add a LUN could not be made durable. They may still reach the disk with a later commit, so their
// opposite follows them, and the base file stays for whoever finds the first without the second.
Task<Status> StorageArray::take_back_original(std::shared_ptr<Lun> lun) {
  std::vector<uint8_t> records;
  encode_lun_removed(records, lun->guid());
  encode_family_removed(records, lun->family().id());
  (void)journal_.append(records);
  lun->retire(Lun::State::gone);
  co_await lun->drained();
  luns_.erase(lun->guid());
  co_await retire_family(lun->family());
  co_return Status();
}

// The family of LUNs that have left the array: its files are closed; handles may still name it.
Task<void> StorageArray::retire_family(Family& family) {
  const auto found = families_.find(family.id());
  retired_families_.push_back(std::move(found->second));
  families_.erase(found);
  co_await family.quiesce();
  const int base_file = family.base_file();
  const int area_file = family.area_file();
  family.set_files(-1, -1);
  co_await files_.close(base_file);
  co_await files_.close(area_file);
}

Task<Result<Guid>> StorageArray::create_lun(uint64_t size_bytes) {
  Status usable = closed_or_broken();
  if (!usable.ok()) co_return usable;
  if (size_bytes < kSectorBytes || !is_aligned(size_bytes, kSectorBytes) || size_bytes > kLunBytesMax) {
    co_return Status(Code::lun_size, "a LUN has between 512 bytes and 8 TiB, in multiples of 512; asked for " +
                                         std::to_string(size_bytes));
  }
  const Running running(*this);
  const Guid guid = Guid::random();
  FamilyRecord record;
  record.family = next_family_++;
  record.original = guid;
  record.root_branch = next_branch_++;
  record.base_bytes = size_bytes;
  Result<int> base = co_await files_.open(files_.base(guid), O_RDWR | O_CREAT | O_EXCL, manifest_.mode);
  if (!base.ok()) co_return base.status();
  Status sized = co_await files_.truncate(base.value(), size_bytes, files_.base(guid));
  if (!sized.ok()) {
    co_await files_.close(base.value());
    (void)co_await files_.unlink(files_.base(guid));
    if (sized.error_number() != EFBIG) co_return sized;
    co_return Status(Code::lun_size, sized.message() + "; the file system allows no file of that size", EFBIG);
  }
  Result<int> area = co_await files_.open(files_.area(guid), O_RDWR | O_CREAT | O_EXCL, manifest_.mode);
  if (!area.ok()) {
    co_await files_.close(base.value());
    (void)co_await files_.unlink(files_.base(guid));
    co_return area.status();
  }
  Status synced = co_await files_.sync_directory(files_.base_directory());
  if (synced.ok()) synced = co_await files_.sync_directory(files_.area_directory());
  if (synced.ok()) {
    const int64_t result = co_await IoAwait(loop_, IoOp::sync, base.value(), 0, nullptr, 0);
    if (result < 0) synced = Status::from_errno(static_cast<int>(-result), "syncing " + files_.base(guid));
  }
  if (!synced.ok()) {
    co_await files_.close(base.value());
    co_await files_.close(area.value());
    (void)co_await files_.unlink(files_.base(guid));
    (void)co_await files_.unlink(files_.area(guid));
    co_return synced;
  }
  synced = co_await add_original(record, size_bytes, base.value(), area.value(), guid);
  if (!synced.ok()) co_return synced;
  co_return guid;
}

Task<Result<Guid>> StorageArray::adopt_lun(std::string image_path) {
  Status usable = closed_or_broken();
  if (!usable.ok()) co_return usable;
  const Running running(*this);
  FileStat stat;
  const int64_t there = co_await file_call(loop_, [&](FileSystem& fs) { return fs.stat(image_path, &stat); });
  if (there == -ENOENT || there == -ENOTDIR) {
    co_return Status(Code::lun_not_found, "there is no disk image " + image_path, static_cast<int>(-there));
  }
  if (there < 0) co_return Status::from_errno(static_cast<int>(-there), "looking at " + image_path);
  if (!stat.is_regular) co_return Status(Code::invalid_argument, image_path + " is not a regular file");
  if (stat.size_bytes < kSectorBytes || !is_aligned(stat.size_bytes, kSectorBytes) || stat.size_bytes > kLunBytesMax) {
    co_return Status(Code::lun_size, image_path + " has " + std::to_string(stat.size_bytes) +
                                         " bytes; a disk image has between 512 bytes and 8 TiB, in multiples of 512");
  }
  for (const auto& [id, family] : families_) {
    if (family->adopted() && family->record().adopted_identity.device == stat.device &&
        family->record().adopted_identity.inode == stat.inode) {
      co_return Status(Code::lun_adopted,
                       image_path + " is LUN " + family->record().original.to_string() + " of this array already");
    }
  }
  const Guid guid = Guid::random();
  FamilyRecord record;
  record.family = next_family_++;
  record.original = guid;
  record.root_branch = next_branch_++;
  record.base_bytes = stat.size_bytes;
  record.adopted_path = image_path;
  record.adopted_identity =
      FileIdentity{stat.device, stat.inode, stat.size_bytes, stat.modified_nanos, stat.changed_nanos};
  Result<int> base = co_await files_.open(image_path, O_RDWR, manifest_.mode);
  if (!base.ok() && base.status().code() == Code::array_read_only) {
    // Not the array, which may be somewhere else: the image.
    const int error_number = base.status().error_number();
    Status plain = Status::from_errno(error_number, "opening the disk image " + image_path + " for writing");
    co_return Status(Code::lun_read_only, plain.message(), error_number);
  }
  if (!base.ok()) co_return base.status();
  const int64_t locked = co_await file_call(loop_, [&](FileSystem& fs) { return fs.lock(base.value()); });
  if (locked < 0) {
    co_await files_.close(base.value());
    co_return Status(Code::lun_adopted, image_path + " is in use by another array or program");
  }
  FileStat opened;
  (void)co_await file_call(loop_, [&](FileSystem& fs) { return fs.stat(base.value(), &opened); });
  if (opened.device != stat.device || opened.inode != stat.inode || opened.size_bytes != stat.size_bytes) {
    co_await files_.close(base.value());
    co_return Status(Code::lun_changed, image_path + " was replaced or resized while it was being adopted");
  }
  Result<int> area = co_await files_.open(files_.area(guid), O_RDWR | O_CREAT | O_EXCL, manifest_.mode);
  if (!area.ok()) {
    co_await files_.close(base.value());
    co_return area.status();
  }
  Status added = co_await files_.sync_directory(files_.area_directory());
  if (!added.ok()) {
    co_await files_.close(base.value());
    co_await files_.close(area.value());
    (void)co_await files_.unlink(files_.area(guid));
    co_return added;
  }
  added = co_await add_original(record, stat.size_bytes, base.value(), area.value(), guid);
  if (!added.ok()) co_return added;
  co_return guid;
}

Task<Result<std::string>> StorageArray::detach_lun(Guid guid) {
  const Running running(*this);
  Result<std::shared_ptr<Lun>> found = co_await lun_to_change(guid, "delete it with its snapshot id instead");
  if (!found.ok()) co_return found.status();
  const std::shared_ptr<Lun> lun = found.take();
  const LifeChange change(*this, *lun);
  Family& family = lun->family();
  Status mapped = why_mapped(*lun);
  if (!mapped.ok()) co_return mapped;
  if (lun->copy_count() > 0) {
    co_return Status(Code::lun_in_use, lun->describe() + " has shadow copies; delete them first");
  }
  if (!is_last_of_family(*lun) || has_set_in_progress(family)) {
    co_return Status(Code::lun_in_use, lun->describe() +
                                           " shares its base file with copies of its copies, or with a LUN "
                                           "that was broken off; delete those, or it");
  }
  lun->retire(Lun::State::closed);
  co_await lun->drained();
  // A crash on the way must find neither a copy that still reads the base, nor a map that falls back to it.
  Status home = co_await journal_.commit(journal_.open_sequence());
  settle_removals();
  co_await family.quiesce();
  family.allow_trimming(false);
  if (home.ok()) home = co_await family.sync();
  if (home.ok()) home = co_await bring_home(*lun);
  if (home.ok() && family.base_bytes() != lun->size_bytes()) {
    // Another member was larger, and is gone.
    home = co_await files_.truncate(family.base_file(), lun->size_bytes(), lun->describe());
    if (home.ok()) family.set_base_bytes(lun->size_bytes());
  }
  if (!home.ok()) {
    family.allow_trimming(true);
    lun->reinstate();
    co_return home;
  }
  std::vector<uint8_t> records;
  encode_lun_removed(records, guid);
  encode_family_removed(records, family.id());
  Status forgotten = co_await journal_.commit(journal_.append(records));
  if (!forgotten.ok()) co_return forgotten;
  const std::string base_path = family.adopted() ? family.record().adopted_path : files_.base(family.record().original);
  const Guid original = family.record().original;
  lun->retire(Lun::State::gone);
  luns_.erase(lun->guid());
  co_await retire_family(lun->family());
  (void)co_await files_.unlink(files_.area(original));
  co_return base_path;
}

Task<Status> StorageArray::bring_home(Lun& lun) {
  Family& family = lun.family();
  // Nothing is at home any more that the original does not see, so a crash on the way finds the map and the area whole.
  Status loaded = co_await family.load_all();
  if (!loaded.ok()) co_return loaded;
  std::vector<UnitIndex> away;
  family.map().for_all([&](const VersionMap::Entry& entry) {
    if (entry.place != kHome && (away.empty() || away.back() != entry.unit)) away.push_back(entry.unit);
  });
  AlignedBuffer unit_bytes = make_aligned(kUnitBytes);
  for (const UnitIndex unit : away) {
    const Seen seen = family.branches().see(family.map(), lun.record().view, unit);
    if (seen.place == kHome) continue;
    const uint32_t stored = family.stored_bytes(unit, kHome);
    int64_t result =
        co_await IoAwait(loop_, IoOp::read, family.area_file(), unit_offset(seen.place), unit_bytes.get(), kUnitBytes);
    if (result >= 0) {
      result = co_await IoAwait(loop_, IoOp::write, family.base_file(), unit_offset(unit), unit_bytes.get(), stored);
    }
    if (result < 0) {
      co_return Status::from_errno(static_cast<int>(-result), "bringing " + lun.describe() + " home",
                                   unit_offset(unit));
    }
    family.data_written(true);
  }
  co_return co_await family.sync();
}

// A LUN that may be reverted, detached or deleted: nobody else's work rests on it.
Status StorageArray::why_in_use(const std::shared_ptr<Lun>& lun) const {
  if (lun->state() == Lun::State::closed) return Status(Code::lun_closed, lun->describe() + " is closed");
  if (is_resyncing(*lun)) return Status(Code::resync_in_progress, lun->describe() + " is being resynchronized");
  if (lun->state() != Lun::State::open) {
    return Status(Code::lun_in_use, lun->describe() + " is being reverted or deleted already");
  }
  if (leases_.is_held(*lun)) return Status(Code::lun_in_use, "writes to " + lun->describe() + " are held");
  if (plex_in_progress(*lun) != nullptr) {
    return Status(Code::lun_in_use, lun->describe() + " is being copied in full");
  }
  for (const auto& [id, set] : sets_) {
    if (set->state >= SetState::recorded) continue;
    for (const ShadowCopy& copy : set->copies) {
      if (copy.source == lun) return Status(Code::lun_in_use, lun->describe() + " is part of a set in progress");
    }
  }
  return Status();
}

// A LUN does not go while a host has it, reading or writing.
Status StorageArray::why_mapped(Lun& lun) {
  const std::vector<LunMapping>& mappings = lun.mappings().list();
  if (mappings.empty()) return Status();
  return Status(Code::lun_in_use,
                lun.describe() + " is mapped to host " + mappings.front().host_name + "; unmap it there first");
}

bool StorageArray::is_last_of_family(const Lun& lun) const {
  for (const auto& [guid, other] : luns_) {
    if (other.get() != &lun && other->record().family == lun.record().family) return false;
  }
  return true;
}

// Copies that are captured and not recorded yet belong to their family, whose original may have no other.
bool StorageArray::has_set_in_progress(const Family& family) const {
  for (const auto& [id, set] : sets_) {
    if (set->state >= SetState::recorded) continue;
    for (const ShadowCopy& copy : set->copies) {
      if (copy.source->record().family == family.id()) return true;
    }
  }
  return false;
}

Task<Status> StorageArray::delete_lun(Guid guid) {
  const Running running(*this);
  Result<std::shared_ptr<Lun>> found = co_await lun_to_change(guid, "delete it with its snapshot id instead");
  if (!found.ok()) co_return found.status();
  const std::shared_ptr<Lun> lun = found.take();
  const LifeChange change(*this, *lun);
  Status mapped = why_mapped(*lun);
  if (!mapped.ok()) co_return mapped;
  if (lun->copy_count() > 0) {
    co_return Status(Code::lun_in_use, lun->describe() + " has shadow copies; delete them or break them off first");
  }
  const bool is_last = is_last_of_family(*lun);
  if (has_set_in_progress(lun->family())) {
    co_return Status(Code::lun_in_use, "a set in progress takes a copy of a copy of " + lun->describe());
  }
  // A family has at least one LUN that is no copy, which its copies lead back to.
  const bool is_last_ordinary = std::none_of(luns_.begin(), luns_.end(), [&](const auto& entry) {
    const LunRecord& other = entry.second->record();
    return entry.second != lun && other.family == lun->record().family && other.snapshot.is_null();
  });
  if (is_last_ordinary && !is_last) {
    co_return Status(Code::lun_in_use, lun->describe() + " has copies of copies; delete them or break them off first");
  }
  lun->retire(Lun::State::closed);
  co_await lun->drained();
  const uint32_t family = lun->family().id();
  const Guid original = lun->family().record().original;
  std::vector<uint8_t> records;
  encode_lun_removed(records, guid);
  if (is_last) encode_family_deleted(records, family, original);
  const uint64_t batch = journal_.append(records);
  lun->family().touched_by_record(batch);
  lun->retire(Lun::State::gone);
  if (is_last) {
    doomed_families_.push_back(DoomedFamily{family, original, batch});
    std::erase_if(removals_, [&](const Removal& removal) { return removal.family == &lun->family(); });
    luns_.erase(lun->guid());
    co_await retire_family(lun->family());
  } else {
    luns_.erase(guid);
    removals_.push_back(Removal{batch, &lun->family(), lun->record().view});
  }
  Status durable = co_await journal_.commit(batch);
  settle_removals();
  co_await remove_doomed_files();
  co_return durable;
}

// Only when the record that says so is durable: a crash before that brings the LUN back, which wants its bytes.
Task<void> StorageArray::remove_doomed_files() {
  const std::vector<DoomedFamily> doomed = doomed_families_;
  for (const DoomedFamily& family : doomed) {
    if (family.batch > journal_.durable_through()) continue;
    // An adopted image lies elsewhere.
    Status base = co_await files_.unlink(files_.base(family.original));
    Status area = co_await files_.unlink(files_.area(family.original));
    const bool are_gone = (base.ok() || base.error_number() == ENOENT) && (area.ok() || area.error_number() == ENOENT);
    if (!are_gone) continue;  // the next deletion, checkpoint or opening tries again
    std::erase_if(doomed_families_, [&](const DoomedFamily& other) { return other.original == family.original; });
  }
}

}  // namespace holdfast
