#include "array/storage_array.h"

#include <algorithm>
#include <cerrno>

#include "array/recovery.h"

namespace holdfast {
StorageArray::StorageArray(Loop& loop, LeaseTable& leases, ArrayFiles files, Manifest manifest)
    : loop_(loop),
      leases_(leases),
      files_(std::move(files)),
      reserve_(loop, files_),
      manifest_(manifest),
      journal_(loop),
      changed_(loop),
      space_events_(loop) {
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
  CheckpointImage first = array->image(1, random_generation(), false);
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
  array->set_thresholds(options.thresholds);

  Recovery recovery(*array, options);
  Status recovered = co_await recovery.run();
  if (recovered.ok() && array->recovered_unclean_) {
    std::vector<Family*> families;
    for (const auto& [id, family] : array->families_) families.push_back(family.get());
    recovered = co_await array->sync_families(families);
  }
  if (recovered.ok() && array->leaf_store_ == nullptr) {
    CheckpointImage fresh = array->image(array->number_ + 1, random_generation(), false);
    recovered = co_await array->install_checkpoint_with_reserve(fresh);
  }
  if (recovered.ok()) {
    // What was recovered may have been in the page cache only; now it can be lost no more, and room may be given back.
    array->allow_trimming(true);
    for (const auto& [guid, lun] : array->luns_) array->watch_content(lun);
    co_await array->remove_doomed_files();
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

void StorageArray::allow_trimming(bool allowed) {
  for (const auto& [id, family] : families_) family->allow_trimming(allowed);
}

Family* StorageArray::find_family(uint32_t id) {
  auto found = families_.find(id);
  return found == families_.end() ? nullptr : found->second.get();
}

std::shared_ptr<Lun> StorageArray::find_lun(const Guid& guid) const {
  auto found = luns_.find(guid);
  return found == luns_.end() ? nullptr : found->second;
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
  info.is_plex = lun.is_copy() && family.record().original == lun.guid();
  info.plex = plex_progress(lun.guid());
  info.mappings = lun.mappings().list();
  return info;
}

Task<Result<CheckReport>> StorageArray::check_all() {
  const Running running(*this);
  Status loaded = co_await load_maps();
  if (!loaded.ok()) co_return loaded;
  co_return check();
}

CheckReport StorageArray::check() const {
  CheckReport report;
  for (const auto& [guid, lun] : luns_) ++(lun->is_copy() ? report.copies : report.luns);
  for (const auto& known : families_) {
    Family* const family = known.second.get();
    report.versions += family->map().entry_count();
    Places named;
    family->map().for_all([&](const VersionMap::Entry& entry) {
      const auto add_fault = [&](const char* what) {
        report.faults.push_back("unit " + std::to_string(entry.unit) + " of " + family->record().original.to_string() +
                                what);
      };
      if (family->branches().stamps().count(entry.stamp) == 0) add_fault(": unknown stamp");
      if (entry.place != kHome && !named.claim(entry.place)) add_fault(": its place is named twice");
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
  cancel_all_plexes();
  space_events_.end_all();
  changed_.notify_all();
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
  walks_.clear();
  resyncs_.clear();
  for (const auto& [guid, lun] : luns_) lun->retire(Lun::State::closed);  // those that were being made
  for (const auto& [id, family] : families_) co_await family->quiesce();
  co_return co_await close_families();
}

}  // namespace holdfast
