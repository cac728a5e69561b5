#include "array/storage_array.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "array/recovery.h"
#include "base/checked.h"

namespace holdfast {
StorageArray::StorageArray(Loop& loop, LeaseTable& leases, ArrayFiles files, Manifest manifest)
    : loop_(loop),
      leases_(leases),
      files_(std::move(files)),
      reserve_(loop, files_),
      manifest_(manifest),
      journal_(loop),
      changed_(loop) {
  journal_.set_on_growth([this] { checkpoint_if_due(); });
}

StorageArray::~StorageArray() = default;

Task<Result<std::shared_ptr<StorageArray>>> StorageArray::create(Loop& loop, LeaseTable& leases, std::string path,
                                                                 IoMode mode) {
  ArrayFiles files(loop, path);
  Status made = co_await files.make_directories();
  if (!made.ok()) co_return made;
  Manifest manifest;
  manifest.id = Guid::random();
  manifest.format = kFormat;
  bool direct = false;
  if (mode != IoMode::writeback) direct = co_await files.probe_direct();
  if (mode == IoMode::direct && !direct) {
    co_return Status(Code::invalid_argument, path + " is on a file system that does not do direct I/O in sectors");
  }
  manifest.mode = direct ? IoMode::direct : IoMode::writeback;

  std::shared_ptr<StorageArray> array(new StorageArray(loop, leases, files, manifest));
  Result<int> lock = co_await array->files_.take_lock();
  if (!lock.ok()) co_return lock.status();
  array->lock_file_ = lock.value();
  array->number_ = 0;
  const CheckpointImage first = array->image(1, random_generation(), false);
  Status installed = co_await array->install_checkpoint(first);
  // The manifest comes last: a directory without one holds no array.
  if (installed.ok()) installed = co_await array->files_.write_manifest(manifest);
  if (!installed.ok()) {
    (void)co_await array->close_families();
    co_return installed;
  }
  co_await array->keep_reserve();
  co_return array;
}

Task<Result<std::shared_ptr<StorageArray>>> StorageArray::open(Loop& loop, LeaseTable& leases, std::string path,
                                                               OpenOptions options) {
  ArrayFiles files(loop, path);
  Result<Manifest> manifest = co_await files.read_manifest();
  if (!manifest.ok()) co_return manifest.status();
  std::shared_ptr<StorageArray> array(new StorageArray(loop, leases, files, manifest.value()));
  Result<int> lock = co_await array->files_.take_lock();
  if (!lock.ok()) co_return lock.status();
  array->lock_file_ = lock.value();

  Recovery recovery(*array, options);
  Status recovered = co_await recovery.run();
  if (recovered.ok() && array->recovered_unclean_) {
    std::vector<Family*> families;
    for (const auto& [id, family] : array->families_) families.push_back(family.get());
    recovered = co_await array->sync_families(families);
  }
  if (recovered.ok()) {
    const CheckpointImage fresh = array->image(array->number_ + 1, random_generation(), false);
    recovered = co_await array->install_checkpoint_with_reserve(fresh);
  }
  if (recovered.ok()) recovered = co_await array->drop_unfinished_sets();
  if (!recovered.ok()) {
    (void)co_await array->close_families();
    co_return recovered;
  }
  co_await array->keep_reserve();
  co_return array;
}

Status StorageArray::closed_or_broken() const {
  if (closing_) return Status(Code::array_closed, files_.path() + " is closed");
  if (journal_.broken()) {
    return Status(Code::array_read_only, files_.path() + " is read-only until it is opened again: its journal failed");
  }
  return Status();
}

Family* StorageArray::find_family(uint32_t id) {
  auto found = families_.find(id);
  return found == families_.end() ? nullptr : found->second.get();
}

std::shared_ptr<Lun> StorageArray::find_lun(const Guid& guid) const {
  auto found = luns_.find(guid);
  return found == luns_.end() ? nullptr : found->second;
}

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

  auto family = std::make_unique<Family>(loop_, journal_, record, size_bytes);
  family->set_files(base_file, area_file);
  auto lun = std::make_shared<Lun>(loop_, leases_, *family, lun_record);
  families_[record.family] = std::move(family);
  luns_[guid] = lun;
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
  co_await retire_family(*lun);
  co_return Status();
}

// The family of a LUN that has left the array: its files are closed; handles may still name it.
Task<void> StorageArray::retire_family(Lun& original) {
  Family& family = original.family();
  luns_.erase(original.guid());
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
  Status usable = closed_or_broken();
  if (!usable.ok()) co_return usable;
  std::shared_ptr<Lun> lun = find_lun(guid);
  if (lun == nullptr) co_return Status(Code::lun_not_found, "the array has no LUN " + guid.to_string());
  if (lun->is_copy()) {
    co_return Status(Code::lun_in_use, lun->describe() + " is a shadow copy; delete it with its snapshot id instead");
  }
  if (lun->state() != Lun::State::open) co_return Status(Code::lun_closed, lun->describe() + " is closed");
  Family& family = lun->family();
  for (const auto& [id, other] : luns_) {
    if (other != lun && &other->family() == &family) {
      co_return Status(Code::lun_in_use, lun->describe() + " has shadow copies; delete them first");
    }
  }
  for (const auto& [id, set] : sets_) {
    for (const ShadowCopy& copy : set->copies) {
      if (copy.source == lun) co_return Status(Code::lun_in_use, lun->describe() + " is part of a set in progress");
    }
  }
  const Running running(*this);
  lun->retire(Lun::State::closed);
  co_await lun->drained();
  // A crash on the way must find neither a copy that still reads the base, nor a map that falls back to it.
  Status home = co_await journal_.commit(journal_.open_sequence());
  settle_removals();
  co_await family.quiesce();
  if (home.ok()) home = co_await family.sync();
  if (home.ok()) home = co_await bring_home(*lun);
  if (!home.ok()) {
    lun->reinstate();
    co_return home;
  }
  std::vector<uint8_t> records;
  encode_lun_removed(records, guid);
  encode_family_removed(records, family.id());
  Status forgotten = co_await journal_.commit(journal_.append(records));
  if (!forgotten.ok()) co_return forgotten;
  const std::string base_path = family.adopted() ? family.record().adopted_path : files_.base(guid);
  lun->retire(Lun::State::gone);
  co_await retire_family(*lun);
  (void)co_await files_.unlink(files_.area(guid));
  co_return base_path;
}

Task<Status> StorageArray::bring_home(Lun& lun) {
  Family& family = lun.family();
  // Nothing is at home any more that the original does not see, so a crash on the way finds the map and the area whole.
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

std::vector<LunInfo> StorageArray::list_luns() const {
  std::vector<LunInfo> list;
  for (const auto& [guid, lun] : luns_) list.push_back(describe(*lun));
  return list;
}

std::optional<LunInfo> StorageArray::describe_lun(const Guid& guid) const {
  std::shared_ptr<Lun> lun = find_lun(guid);
  if (lun == nullptr) return std::nullopt;
  return describe(*lun);
}

LunInfo StorageArray::describe(Lun& lun) const {
  Family& family = lun.family();
  LunInfo info;
  info.record = lun.present_record();
  info.adopted_path = family.record().adopted_path;
  info.base_path = family.adopted() ? info.adopted_path : files_.base(family.record().original);
  info.area_bytes = unit_offset(family.places().used_count());
  info.memory_bytes = family.map().memory_bytes();
  info.pending_vss_flags = lun.pending_vss_flags();
  info.held = leases_.is_held(lun);
  info.copy_count = lun.copy_count();
  return info;
}

CheckReport StorageArray::check() const {
  CheckReport report;
  for (const auto& [guid, lun] : luns_) ++(lun->is_copy() ? report.copies : report.luns);
  for (const auto& [id, family] : families_) {
    report.versions += family->map().entry_count();
    Places named;
    family->map().for_all([&](const VersionMap::Entry& entry) {
      const std::string where = "unit " + std::to_string(entry.unit) + " of " + family->record().original.to_string();
      if (family->branches().stamps().count(entry.stamp) == 0) report.faults.push_back(where + ": unknown stamp");
      if (entry.place != kHome && !named.claim(entry.place)) {
        report.faults.push_back(where + ": its place is named twice");
      }
    });
  }
  return report;
}

Task<Status> StorageArray::close() {
  if (closing_) {
    while (lock_file_ >= 0) co_await changed_.wait();
    co_return Status();
  }
  closing_ = true;
  std::vector<Guid> unfinished;
  for (const auto& [guid, lun] : luns_) leases_.forget(*lun);
  for (const auto& [id, set] : sets_) {
    if (set->state != SetState::created || set->record.auto_release) unfinished.push_back(id);
  }
  for (const Guid& id : unfinished) (void)co_await end_set(id);
  const std::map<Guid, std::shared_ptr<Lun>> luns = luns_;
  for (const auto& [guid, lun] : luns) {
    lun->retire(Lun::State::closed);
    co_await lun->drained();
  }
  while (tasks_running_ > 0) co_await changed_.wait();
  for (const auto& [guid, lun] : luns_) lun->retire(Lun::State::closed);  // those that were being made
  for (const auto& [id, family] : families_) co_await family->quiesce();
  co_return co_await close_families();
}

}  // namespace holdfast
