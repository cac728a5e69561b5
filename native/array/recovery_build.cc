// What the checkpoint and the journals said becomes an array: files are opened, and redirects believed or not.

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "array/recovery.h"
#include "array/storage_array.h"
#include "array/summary.h"
#include "base/crc.h"
#include "base/planted.h"

namespace holdfast {
namespace {

constexpr uint32_t kRewritingMax = 32;

}  // namespace

Task<Status> Recovery::build() {
  if (const char* found = fault()) co_return damaged(array_.files_.path(), 0, found);
  array_.number_ = last_number_;
  array_.next_branch_ = std::max(header_.next_branch, highest_branch_ + 1);
  if (untouched_since_close_) {
    array_.number_ = header_.number;
    array_.journal_.start(array_.journal_file_, header_.journal_generation, header_.first_sequence);
  } else {
    // Batches that were never readable again are never to be mistaken for those that follow.
    array_.journal_.start(-1, 0, next_sequence_ + 1);
  }
  for (const auto& [guid, lun] : luns_) families_with_luns_.insert(lun.family);
  discard_empty();
  for (auto& [id, state] : families_) {
    array_.next_family_ = std::max(array_.next_family_, id + 1);
    Status opened = co_await open_family(state);
    if (!opened.ok()) co_return opened;
  }
  restore_sets();
  for (auto& [id, state] : families_) {
    Family& family = *array_.families_.at(id);
    // Epochs that were in use, and branches of sets that were never recorded.
    for (const auto& [stamp_id, stamp] : state.stamps) {
      family.branches().restore_stamp(stamp_id, stamp.branch, stamp.epoch);
      family.branches().raise_epoch(stamp.branch, stamp.epoch);
    }
    if (untouched_since_close_) continue;
    Status restored = co_await restore_map(state, family);
    if (!restored.ok()) co_return restored;
  }
  Status restored;
  if (untouched_since_close_) restored = co_await restore_summaries();
  for (auto& [guid, lun] : array_.luns_) lun->present_epoch_restored();
  co_return restored;
}

Task<Status> Recovery::restore_map(FamilyState& state, Family& family) {
  const MapLimits limits{units_of(family.base_bytes()), MapLimits::places_of(state.area_bytes), family.branches()};
  const char* found = fault_in_map(state, limits);
  if (found != nullptr) co_return damaged(array_.files_.area(state.record.original), 0, found);
  for (VersionMap::LeafRef& leaf : state.leaves) family.map().append_leaf(std::move(leaf));
  state.leaves.clear();
  Status believed = co_await believe_redirects(state, family);
  if (!believed.ok()) co_return believed;
  if (!family.collect_all()) {
    co_return damaged(array_.files_.area(state.record.original), 0, "two units are said to live in one place");
  }
  family.checkpointed(next_sequence_);
  if (array_.recovered_unclean_) {
    // What was believed may still be on its way from the page cache to the disk.
    family.data_written(true);
    family.data_written(false);
  }
  co_return Status();
}

// A plex that was being filled is filled no further: its copy, if it was recorded, is whole without it.
void Recovery::discard_empty() {
  std::erase_if(families_, [&](const auto& entry) {
    const FamilyRecord& record = entry.second.record;
    if (!record.discardable || families_with_luns_.count(record.family) != 0) return false;
    array_.next_family_ = std::max(array_.next_family_, record.family + 1);
    array_.doomed_families_.push_back(DoomedFamily{record.family, record.original, 0});
    return true;
  });
}

Task<Status> Recovery::restore_summaries() {
  ByteReader in(summary_);
  uint32_t next_leaf = 0;
  std::vector<uint8_t> reopened;
  for (auto& [id, state] : families_) {
    Family& family = *array_.families_.at(id);
    if (!restore_summary(in, family, &next_leaf) || next_leaf > array_.leaf_store_->leaf_count()) {
      co_return damaged(array_.files_.checkpoint(header_.number), kUnitBytes, "its summary makes no sense");
    }
    family.set_leaf_store(array_.leaf_store_.get());
    family.checkpointed(header_.first_sequence - 1);
    // From now on the image may change without a record: whoever opens the array next must not take that for a
    // stranger.
    FamilyRecord record = family.record();
    record.closed_cleanly = false;
    if (family.adopted()) encode(reopened, record);
  }
  if (!in.done()) {
    co_return damaged(array_.files_.checkpoint(header_.number), kUnitBytes, "its summary makes no sense");
  }
  if (reopened.empty()) co_return Status();
  const uint64_t batch = array_.journal_.append(reopened);
  co_return co_await array_.journal_.commit(batch);
}

Task<Status> Recovery::open_adopted(FamilyState& state, int* file) {
  const std::string& path = state.record.adopted_path;
  Result<int> opened = co_await array_.files_.open(path, O_RDWR, array_.manifest_.mode);
  if (!opened.ok()) {
    co_return Status(Code::lun_changed, "the adopted image " + path + " cannot be opened: " + opened.status().message(),
                     opened.status().error_number());
  }
  *file = opened.value();
  const int64_t locked = co_await file_call(loop_, [&](FileSystem& fs) { return fs.lock(*file); });
  if (locked < 0) co_return Status(Code::lun_adopted, path + " is in use by another array or program");
  FileStat stat;
  const int64_t found = co_await file_call(loop_, [&](FileSystem& fs) { return fs.stat(*file, &stat); });
  if (found < 0) co_return Status::from_errno(static_cast<int>(-found), "looking at " + path);
  const FileIdentity now{stat.device, stat.inode, stat.size_bytes, stat.modified_nanos, stat.changed_nanos};
  const FileIdentity& then = state.record.adopted_identity;
  // A crash may have come between the growing of the image and the record of it.
  const bool grown_by_us = !state.record.closed_cleanly && now.size_bytes > then.size_bytes;
  if (now.size_bytes != then.size_bytes && !grown_by_us) {
    co_return Status(Code::lun_changed, "the adopted image " + path + " has " + std::to_string(now.size_bytes) +
                                            " bytes and had " + std::to_string(then.size_bytes));
  }
  const bool same_file = now.device == then.device && now.inode == then.inode;
  const bool untouched = !state.record.closed_cleanly || now == then;
  if ((!same_file || !untouched) && !options_.accept_changed) {
    co_return Status(Code::lun_changed, "the adopted image " + path +
                                            " was changed outside since the array was closed; its shadow copies may "
                                            "show the change. Open with acceptChanged to go on");
  }
  state.record.adopted_identity = now;
  co_return Status();
}

Task<Status> Recovery::open_family(FamilyState& state) {
  if (families_with_luns_.count(state.record.family) == 0) {
    co_return damaged(array_.files_.path(), 0, "a family has lost its LUNs");
  }
  int base = -1;
  if (!state.record.adopted_path.empty()) {
    Status adopted = co_await open_adopted(state, &base);
    if (!adopted.ok()) {
      co_await array_.files_.close(base);
      co_return adopted;
    }
  } else {
    Result<int> opened = co_await open_own(array_.files_.base(state.record.original), O_RDWR);
    if (!opened.ok()) co_return opened.status();
    base = opened.value();
  }
  Result<int> area = co_await open_own(array_.files_.area(state.record.original), O_RDWR);
  if (!area.ok()) {
    co_await array_.files_.close(base);
    co_return area.status();
  }
  auto family = std::make_unique<Family>(loop_, array_.journal_, state.record);
  family->set_files(base, area.value());
  family->allow_trimming(false);
  family->keep_free_units(array_.thresholds_.kept_units_min);
  FileStat stat;
  const int64_t found = co_await file_call(loop_, [&](FileSystem& fs) { return fs.stat(area.value(), &stat); });
  if (found < 0) {
    co_await array_.files_.close(base);
    co_await array_.files_.close(area.value());
    co_return Status::from_errno(static_cast<int>(-found), "looking at " + array_.files_.area(state.record.original));
  }
  state.area_bytes = stat.size_bytes;
  family->area_was(stat.size_bytes);
  array_.families_[state.record.family] = std::move(family);
  co_return Status();
}

void Recovery::restore_sets() {
  for (const auto& [guid, record] : luns_) {
    Family& family = *array_.families_.at(record.family);
    array_.luns_[guid] = std::make_shared<Lun>(loop_, array_.leases_, family, record);
  }
  for (const auto& [guid, record] : luns_) {
    if (!record.snapshot.is_null()) array_.add_copy(array_.find_lun(guid));
  }
  array_.give_diff_areas();
  for (const auto& [id, record] : sets_) {
    auto set = std::make_unique<ShadowSet>();
    set->state = record.created ? SetState::created : SetState::recorded;
    set->record = record;
    set->record.copies.clear();
    set->released = true;
    for (const LunRecord& copy : record.copies) {
      ShadowCopy member;
      member.ids = ArmCopy{copy.source, copy.snapshot, copy.guid};
      member.branch = copy.view.front().branch;
      member.source = array_.find_lun(copy.source);
      member.lun = array_.find_lun(copy.guid);
      set->copies.push_back(std::move(member));
    }
    array_.sets_[id] = std::move(set);
  }
}

Task<Status> Recovery::believe_redirects(FamilyState& state, Family& family) {
  const auto key = [](const Candidate& candidate) { return VersionMap::key_of(candidate.unit, candidate.stamp); };
  // By version; in the order of the journal within each.
  std::vector<Candidate>& candidates = state.redirected;
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const Candidate& one, const Candidate& other) { return key(one) < key(other); });
  Status status;
  for (size_t end = candidates.size(); end > 0 && status.ok();) {
    size_t begin = end - 1;
    while (begin > 0 && key(candidates[begin - 1]) == key(candidates[end - 1])) --begin;
    for (size_t at = end; at > begin; --at) {
      const Candidate& candidate = candidates[at - 1];
      Result<bool> believed = co_await is_believed(candidate, state, family);
      status = believed.status();
      if (!status.ok()) break;
      if (!believed.value()) continue;
      family.restore_version(candidate.unit, candidate.stamp, candidate.place);
      break;
    }
    end = begin;
  }
  candidates = {};
  while (rewriting_count_ > 0) co_await rewritten_.wait();
  if (status.ok()) status = rewriting_failure_;
  co_return status;
}

// What a redirect above the mark points at was read from the page cache, for all we know. If a sync failed before the
// process ended, no later one would write it, and nobody would hear of it: so it is written again before it is relied
// on.
Task<Result<bool>> Recovery::is_believed(const Candidate& candidate, const FamilyState& state, Family& family) {
  if (candidate.batch <= state.durable_mark || planted(PlantedBug::unchecked_data)) co_return true;
  const bool home = candidate.place == kHome;
  const int file = home ? family.base_file() : family.area_file();
  const uint64_t offset = unit_offset(home ? candidate.unit : candidate.place);
  AlignedBuffer bytes = make_aligned(kUnitBytes);
  const int64_t result = co_await IoAwait(loop_, IoOp::read, file, offset, bytes.get(), kUnitBytes);
  if (result < 0) {
    co_return Status::from_errno(static_cast<int>(-result), "reading redirected data", unit_offset(candidate.unit));
  }
  std::memset(bytes.get() + result, 0, kUnitBytes - static_cast<size_t>(result));
  if (crc32c(bytes.get(), kUnitBytes) != candidate.data_crc) co_return false;
  while (rewriting_count_ >= kRewritingMax) co_await rewritten_.wait();
  ++rewriting_count_;
  loop_.spawn(rewrite(file, offset, std::move(bytes), family.stored_bytes(candidate.unit, candidate.place)));
  co_return true;
}

Task<void> Recovery::rewrite(int file, uint64_t offset_bytes, AlignedBuffer bytes, uint32_t length_bytes) {
  const int64_t result = co_await IoAwait(loop_, IoOp::write, file, offset_bytes, bytes.get(), length_bytes);
  // Where there is no space for it, it cannot have been there before: a unit of zeroes, in a hole.
  if (result < 0 && result != -ENOSPC) {
    rewriting_failure_ = Status::from_errno(static_cast<int>(-result), "writing redirected data again", offset_bytes);
  }
  --rewriting_count_;
  rewritten_.notify_all();
}

}  // namespace holdfast
