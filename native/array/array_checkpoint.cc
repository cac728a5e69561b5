// How the state of an array becomes a checkpoint: in the background while it is in use, and whole when it is opened
// or closed.

#include <fcntl.h>

#include <algorithm>

#include "array/storage_array.h"
#include "array/summary.h"
#include "base/planted.h"

namespace holdfast {
namespace {

// A background checkpoint that failed is tried again when the journal has grown by this much.
constexpr uint64_t kCheckpointAgainAfterBytes = 16 << 20;

}  // namespace

uint64_t StorageArray::random_generation() {
  const Guid random = Guid::random();
  uint64_t generation = 0;
  std::memcpy(&generation, random.bytes.data(), sizeof generation);
  return generation | 1;
}

CheckpointImage StorageArray::image(uint64_t number, uint64_t generation, bool closing) {
  CheckpointImage image;
  image.header.array = manifest_.id;
  image.header.number = number;
  image.header.journal_generation = generation;
  image.header.first_sequence = journal_.open_sequence();
  image.header.next_branch = next_branch_;
  for (const DoomedFamily& doomed : doomed_families_) {
    encode_family_deleted(image.structure, doomed.family, doomed.original);
  }
  for (const auto& [id, family] : families_) {
    FamilyRecord record = family->record();
    record.closed_cleanly = closing;
    encode(image.structure, record);
    for (const auto& [stamp_id, stamp] : family->branches().stamps()) {
      encode(image.structure, StampRecord{id, stamp_id, stamp.branch, stamp.epoch});
    }
    for (VersionMap::LeafRef& leaf : family->map().snapshot()) image.leaves.emplace_back(id, std::move(leaf));
    if (closing && removals_.empty()) encode_summary(image.summary, *family);
  }
  if (planted(PlantedBug::lost_checkpoint_tail) && !image.leaves.empty()) image.leaves.pop_back();
  for (const auto& [guid, lun] : luns_) {
    if (!lun->is_copy()) encode(image.structure, lun->present_record());
  }
  for (const auto& [id, set] : sets_) {
    if (set->state == SetState::recorded || set->state == SetState::created) {
      encode(image.structure, present_set(*set));
    }
  }
  return image;
}

SetRecord StorageArray::present_set(const ShadowSet& set) {
  SetRecord record = set.record;
  record.created = set.state == SetState::created;
  record.copies.clear();
  for (const ShadowCopy& copy : set.copies) {
    if (copy.lun != nullptr) record.copies.push_back(copy.lun->present_record());
  }
  return record;
}

// Puts checkpoint.N in place; what it replaces is removed afterwards, and removed again at the next opening if not.
Task<Status> StorageArray::write_checkpoint_file(CheckpointImage& image) {
  const std::string name = files_.checkpoint(image.header.number);
  const std::string temporary = name + ".tmp";
  Result<int> file = co_await files_.open(temporary, O_RDWR | O_CREAT | O_TRUNC, manifest_.mode);
  if (!file.ok()) co_return file.status();
  Status written = co_await write_checkpoint(loop_, file.value(), image);
  co_await files_.close(file.value());
  if (!written.ok()) {
    (void)co_await files_.unlink(temporary);
    co_return written;
  }
  Status renamed = co_await files_.rename(temporary, name);
  if (!renamed.ok()) co_return renamed;
  co_return co_await files_.sync_directory(files_.path());
}

Task<void> StorageArray::remove_older_files(uint64_t number) {
  std::vector<std::string> names;
  co_await file_call(loop_, [&](FileSystem& fs) { return fs.list(files_.path(), &names); });
  for (const std::string& name : names) {
    const bool journal = name.rfind("journal.", 0) == 0;
    const bool checkpoint = name.rfind("checkpoint.", 0) == 0;
    if (!journal && !checkpoint) continue;
    const std::string present = journal ? files_.journal(number) : files_.checkpoint(number);
    if (files_.path() + "/" + name == present) continue;
    (void)co_await files_.unlink(files_.path() + "/" + name);
  }
}

Task<Result<int>> StorageArray::make_journal_file(uint64_t number) {
  Result<int> file = co_await files_.open(files_.journal(number), O_RDWR | O_CREAT | O_TRUNC, manifest_.mode);
  if (!file.ok()) co_return file;
  Status synced = co_await files_.sync_directory(files_.path());
  if (synced.ok()) co_return file;
  co_await files_.close(file.value());
  co_return synced;
}

Task<Status> StorageArray::install_checkpoint(CheckpointImage& image) {
  Result<int> file = co_await make_journal_file(image.header.number);
  if (!file.ok()) co_return file.status();
  Status written = co_await write_checkpoint_file(image);
  if (!written.ok()) {
    co_await files_.close(file.value());
    co_return written;
  }
  co_await files_.close(journal_file_);
  journal_file_ = file.value();
  number_ = image.header.number;
  journal_.start(journal_file_, image.header.journal_generation, image.header.first_sequence);
  co_await remove_older_files(number_);
  co_return Status();
}

Task<Status> StorageArray::install_checkpoint_with_reserve(CheckpointImage& image) {
  Status installed = co_await install_checkpoint(image);
  if (installed.code() != Code::no_space) co_return installed;
  const bool spent = co_await reserve_.spend();
  if (!spent) co_return installed;
  co_return co_await install_checkpoint(image);
}

Task<void> StorageArray::keep_reserve() {
  FileStat stat;
  const std::string name = files_.checkpoint(number_);
  const int64_t found = co_await file_call(loop_, [&](FileSystem& fs) { return fs.stat(name, &stat); });
  if (found >= 0) co_await reserve_.keep(stat.size_bytes);
}

Task<Status> StorageArray::checkpoint() {
  const Running running(*this);
  while (checkpointing_) co_await changed_.wait();
  Status usable = closed_or_broken();
  if (!usable.ok()) co_return usable;
  checkpointing_ = true;
  Status done = co_await checkpoint_in_use();
  checkpointing_ = false;
  co_return done;
}

// The new journal begins and the image is taken in one turn; everything after is writing. Until the new checkpoint has
// its name, recovery reads the old one and both journals.
Task<Status> StorageArray::checkpoint_in_use() {
  // A former journal that an attempt before this one could not make whole has to be whole before another may follow.
  Status whole = co_await journal_.commit(journal_.open_sequence());
  if (!whole.ok()) co_return whole;
  settle_removals();
  co_await close_former_journal();
  const uint64_t number = number_ + 1;
  const uint64_t generation = random_generation();
  Result<int> file = co_await make_journal_file(number);
  if (!file.ok()) co_return file.status();
  Status loaded = co_await load_maps();
  if (!loaded.ok()) {
    co_await files_.close(file.value());
    co_return loaded;
  }

  std::vector<uint8_t> last_record;
  encode_next_journal(last_record, number, generation);
  const uint64_t last_sequence = journal_.switch_to(file.value(), generation, last_record);
  former_journal_file_ = std::exchange(journal_file_, file.value());
  CheckpointImage image_now = image(number, generation, false);
  image_now.written_once = true;
  number_ = number;

  whole = co_await journal_.commit(last_sequence);
  if (!whole.ok()) co_return whole;
  co_await close_former_journal();
  std::vector<Family*> families;
  for (const auto& [id, family] : families_) families.push_back(family.get());
  whole = co_await sync_families(families);
  if (!whole.ok()) co_return whole;
  whole = co_await write_checkpoint_file(image_now);
  if (!whole.ok()) co_return whole;
  for (const auto& [id, family] : families_) family->checkpointed(last_sequence);
  co_await remove_older_files(number);
  co_await remove_doomed_files();
  co_await keep_reserve();
  co_return Status();
}

// Every leaf of every map is in memory afterwards, and stays there.
Task<Status> StorageArray::load_maps() {
  std::vector<uint32_t> ids;
  for (const auto& [id, family] : families_) ids.push_back(id);
  for (const uint32_t id : ids) {
    // It may have been deleted meanwhile.
    Family* family = find_family(id);
    if (family == nullptr) continue;
    Status loaded = co_await family->load_all();
    if (!loaded.ok()) co_return loaded;
  }
  co_return Status();
}

// Opened from a summary, and nothing has been said since.
bool StorageArray::is_as_opened() const {
  if (leaf_store_ == nullptr || journal_.size_bytes() > 0 || !removals_.empty()) return false;
  return std::none_of(families_.begin(), families_.end(), [](const auto& entry) { return entry.second->adopted(); });
}

Task<void> StorageArray::close_former_journal() {
  const int former_file = std::exchange(former_journal_file_, -1);
  if (former_file < 0) co_return;
  co_await journal_.let_go_of(former_file);
  co_await files_.close(former_file);
}

void StorageArray::set_thresholds(const Thresholds& thresholds) {
  thresholds_ = thresholds;
  checkpoint_at_journal_bytes_ = thresholds.checkpoint_at_journal_bytes;
  for (const auto& [id, family] : families_) family->keep_free_units(thresholds.kept_units_min);
}

// Called whenever the journal has grown, so nothing happens here but the start of a task.
void StorageArray::checkpoint_if_due() {
  if (checkpoint_started_ || closing_ || journal_.broken()) return;
  if (journal_.size_bytes() < checkpoint_at_journal_bytes_) return;
  checkpoint_started_ = true;
  ++tasks_running_;
  loop_.spawn(run_checkpoint());
}

Task<void> StorageArray::run_checkpoint() {
  // A failure leaves the old checkpoint and both journals, from which everything can be recovered.
  Status done = co_await checkpoint();
  checkpoint_at_journal_bytes_ =
      done.ok() ? thresholds_.checkpoint_at_journal_bytes : journal_.size_bytes() + kCheckpointAgainAfterBytes;
  checkpoint_started_ = false;
  --tasks_running_;
  changed_.notify_all();
}

Task<void> StorageArray::sync_family(Family* family, Status* result, int* running) {
  *result = co_await family->sync();
  --*running;
  changed_.notify_all();
}

Task<Status> StorageArray::sync_families(const std::vector<Family*>& families) {
  std::vector<Status> results(families.size());
  int running = static_cast<int>(families.size());
  for (size_t i = 0; i < families.size(); ++i) loop_.spawn(sync_family(families[i], &results[i], &running));
  while (running > 0) co_await changed_.wait();
  for (Status& result : results) {
    if (!result.ok()) co_return std::move(result);
  }
  co_return Status();
}

// The end of an array's life in this process: a last sync and checkpoint if everything is well, and every file closed.
Task<Status> StorageArray::close_families() {
  Status outcome;
  std::vector<Family*> families;
  for (const auto& [id, family] : families_) families.push_back(family.get());
  if (journal_file_ >= 0 && closing_) {
    outcome = co_await sync_families(families);
    for (Family* family : families) {
      if (!outcome.ok() || !family->adopted()) continue;
      FileStat stat;
      const int64_t result =
          co_await file_call(loop_, [&](FileSystem& fs) { return fs.stat(family->base_file(), &stat); });
      if (result < 0) continue;
      family->set_adopted_identity(
          FileIdentity{stat.device, stat.inode, stat.size_bytes, stat.modified_nanos, stat.changed_nanos});
    }
    if (outcome.ok() && !journal_.broken() && !is_as_opened()) {
      settle_removals();
      outcome = co_await load_maps();
      for (Family* family : families) co_await family->quiesce();
      co_await journal_.quiesce();
      if (outcome.ok()) {
        CheckpointImage last = image(number_ + 1, random_generation(), true);
        outcome = co_await install_checkpoint_with_reserve(last);
      }
      co_await keep_reserve();
    }
  }
  for (Family* family : families) co_await family->quiesce();
  co_await journal_.quiesce();
  for (Family* family : families) {
    co_await files_.close(family->base_file());
    co_await files_.close(family->area_file());
    family->set_files(-1, -1);
  }
  co_await files_.close(std::exchange(former_journal_file_, -1));
  co_await files_.close(std::exchange(journal_file_, -1));
  if (leaf_store_ != nullptr) co_await files_.close(leaf_store_->file());
  leaf_store_.reset();
  co_await files_.close(std::exchange(lock_file_, -1));
  changed_.notify_all();
  co_return outcome;
}

}  // namespace holdfast
