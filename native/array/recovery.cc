#include "array/recovery.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "array/storage_array.h"
#include "base/checked.h"
#include "base/crc.h"
#include "base/endian.h"

namespace holdfast {
namespace {

uint64_t number_of(const std::string& name, const std::string& prefix) {
  if (name.rfind(prefix, 0) != 0 || name.size() == prefix.size() || name.size() > prefix.size() + 18) return 0;
  uint64_t number = 0;
  for (size_t i = prefix.size(); i < name.size(); ++i) {
    if (name[i] < '0' || name[i] > '9') return 0;
    number = number * 10 + static_cast<uint64_t>(name[i] - '0');
  }
  return number;
}

}  // namespace

Status Recovery::damaged(const std::string& where, uint64_t offset, const std::string& what) {
  return Status(Code::array_damaged, where + " is damaged at byte " + std::to_string(offset) + ": " + what, 0, offset);
}

Recovery::Recovery(StorageArray& array, const OpenOptions& options)
    : array_(array), options_(options), loop_(array.loop_), rewritten_(array.loop_) {}

Recovery::~Recovery() = default;

Task<Status> Recovery::run() {
  Status status = co_await load_checkpoint();
  if (status.ok() && !untouched_since_close_) status = co_await replay_journals();
  if (status.ok()) status = co_await build();
  co_return status;
}

Task<Status> Recovery::load_checkpoint() {
  std::vector<std::string> names;
  const int64_t listed =
      co_await file_call(loop_, [&](FileSystem& fs) { return fs.list(array_.files_.path(), &names); });
  if (listed < 0) co_return Status::from_errno(static_cast<int>(-listed), "listing " + array_.files_.path());
  uint64_t number = 0;
  for (const std::string& name : names) {
    number = std::max(number, number_of(name, "checkpoint."));
    last_number_ = std::max({last_number_, number_of(name, "journal."), number_of(name, "checkpoint.")});
    if (number_of(name, "journal.") != 0) journal_numbers_.push_back(number_of(name, "journal."));
  }
  if (number == 0) co_return damaged(array_.files_.path(), 0, "there is no checkpoint");
  const std::string name = array_.files_.checkpoint(number);
  Result<OwnFile> opened = co_await open_and_measure(name, O_RDONLY);
  if (!opened.ok()) co_return opened.status();
  const int file = opened.value().file;
  Result<StoredCheckpoint> stored = co_await read_checkpoint(loop_, file, opened.value().size_bytes, name);
  if (!stored.ok()) {
    co_await array_.files_.close(file);
    co_return stored.status();
  }
  CheckpointImage& image = stored.value().image;
  header_ = image.header;
  Status status;
  if (header_.number != number || header_.array != array_.manifest_.id) {
    status = damaged(name, 0, "it belongs to another array or has another number");
  }
  next_sequence_ = header_.first_sequence;
  if (status.ok()) status = apply_all(image.structure, 0, name);
  if (status.ok() && !image.summary.empty()) status = co_await look_for_life();
  if (status.ok() && untouched_since_close_) {
    summary_ = std::move(image.summary);
    array_.leaf_store_ =
        std::make_unique<LeafStore>(loop_, file, name, stored.value().leaves_at_bytes, stored.value().leaf_count);
    co_return status;
  }
  if (status.ok()) status = co_await read_leaves(loop_, file, name, &stored.value());
  co_await array_.files_.close(file);
  if (!status.ok()) co_return status;
  for (auto& [family, leaf] : image.leaves) {
    auto found = families_.find(family);
    if (found == families_.end()) co_return damaged(name, 0, "a leaf of the map belongs to no family");
    found->second.leaves.push_back(std::move(leaf));
  }
  co_return status;
}

// A summary counts only if nothing was ever written to a journal behind it: that is empty then, and the only one.
Task<Status> Recovery::look_for_life() {
  for (const auto& entry : families_) {
    // It goes (discard_empty), and the summary would be one of another array.
    const uint32_t id = entry.first;
    const bool is_used =
        std::any_of(luns_.begin(), luns_.end(), [id](const auto& lun) { return lun.second.family == id; });
    if (!is_used) co_return Status();
  }
  for (const uint64_t number : journal_numbers_) {
    if (number > header_.number) co_return Status();
  }
  Result<OwnFile> opened = co_await open_and_measure(array_.files_.journal(header_.number), O_RDWR);
  if (!opened.ok()) co_return opened.status();
  untouched_since_close_ = opened.value().size_bytes == 0;
  if (untouched_since_close_) {
    array_.journal_file_ = opened.value().file;
  } else {
    co_await array_.files_.close(opened.value().file);
  }
  co_return Status();
}

Task<Status> Recovery::replay_journals() {
  uint64_t number = header_.number;
  uint64_t generation = header_.journal_generation;
  for (;;) {
    follow_number_ = 0;
    Result<bool> ended_by_switch = co_await replay_journal(number, generation);
    if (!ended_by_switch.ok()) co_return ended_by_switch.status();
    last_number_ = std::max(last_number_, number);
    if (!ended_by_switch.value()) co_return co_await look_for_damage(number);
    if (follow_number_ <= number) co_return damaged(array_.files_.journal(number), 0, "it names no later journal");
    number = follow_number_;
    generation = follow_generation_;
  }
}

// Nothing is written to a journal before the one it follows is synced to its last batch, the one that names it. So the
// end of a journal is its end only if no later journal knows better.
Task<Status> Recovery::look_for_damage(uint64_t ended_number) {
  for (const uint64_t number : journal_numbers_) {
    if (number <= ended_number) continue;
    const std::string name = array_.files_.journal(number);
    Result<OwnFile> opened = co_await open_and_measure(name, O_RDONLY);
    if (!opened.ok()) co_return opened.status();
    const OwnFile found = opened.value();
    JournalReader journal(loop_, found.file, found.size_bytes, name);
    Status undamaged = co_await look_for_later_batches(journal, name, ended_number);
    co_await array_.files_.close(found.file);
    if (!undamaged.ok()) co_return undamaged;
  }
  co_return Status();
}

Task<Status> Recovery::look_for_later_batches(JournalReader& journal, std::string name, uint64_t ended_number) {
  BatchHeader header;
  for (uint64_t at = 0; at + kBatchHeaderBytes <= journal.size_bytes(); at += kUnitBytes) {
    Status read = co_await journal.read_at(at);
    if (!read.ok()) co_return read;
    if (!read_batch(journal.bytes(), load_le64(journal.bytes().data() + 8), &header)) continue;
    if (header.durable_through < next_sequence_) continue;
    co_return damaged(
        array_.files_.journal(ended_number), ended_at_bytes_,
        "batch " + std::to_string(next_sequence_) + " is not readable, although " + name + " says that it was durable");
  }
  co_return Status();
}

// A file that the array made itself and that must be there.
Task<Result<int>> Recovery::open_own(std::string name, int flags) {
  Result<int> file = co_await array_.files_.open(name, flags, array_.manifest_.mode);
  if (!file.ok() && file.status().error_number() == ENOENT) co_return damaged(name, 0, "it is missing");
  co_return file;
}

// A length that cannot be had is no length of zero: what is behind it would be lost without a word.
Task<Result<Recovery::OwnFile>> Recovery::open_and_measure(std::string name, int flags) {
  Result<int> file = co_await open_own(name, flags);
  if (!file.ok()) co_return file.status();
  FileStat stat;
  const int64_t found = co_await file_call(loop_, [&](FileSystem& fs) { return fs.stat(file.value(), &stat); });
  if (found < 0) {
    co_await array_.files_.close(file.value());
    co_return Status::from_errno(static_cast<int>(-found), "looking at " + name);
  }
  co_return OwnFile{file.value(), stat.size_bytes};
}

// True if the journal ended with the record that names the next one.
Task<Result<bool>> Recovery::replay_journal(uint64_t number, uint64_t generation) {
  const std::string name = array_.files_.journal(number);
  Result<OwnFile> opened = co_await open_and_measure(name, O_RDONLY);
  if (!opened.ok()) co_return opened.status();
  const OwnFile found = opened.value();
  JournalReader journal(loop_, found.file, found.size_bytes, name);
  Result<bool> ended_by_switch = co_await replay_batches(journal, name, generation);
  co_await array_.files_.close(found.file);
  co_return ended_by_switch;
}

Task<Result<bool>> Recovery::replay_batches(JournalReader& journal, std::string name, uint64_t generation) {
  uint64_t at = 0;
  BatchHeader header;
  while (at < journal.size_bytes()) {
    Status read = co_await journal.read_at(at);
    if (!read.ok()) co_return read;
    const bool is_next = read_batch(journal.bytes(), generation, &header) && header.sequence == next_sequence_;
    if (!is_next) break;
    Status applied = apply_all(journal.bytes().subspan(kBatchHeaderBytes, header.record_bytes), header.sequence, name);
    if (!applied.ok()) co_return applied;
    ++next_sequence_;
    array_.recovered_unclean_ = true;
    at += align_up(kBatchHeaderBytes + uint64_t{header.record_bytes}, kUnitBytes);
    if (follow_number_ != 0) co_return true;
  }
  // The end, unless something behind it knows better.
  ended_at_bytes_ = at;
  for (uint64_t later = at + kUnitBytes; later < journal.size_bytes(); later += kUnitBytes) {
    Status read = co_await journal.read_at(later);
    if (!read.ok()) co_return read;
    if (!read_batch(journal.bytes(), generation, &header)) continue;
    if (header.durable_through >= next_sequence_) {
      co_return damaged(name, at,
                        "batch " + std::to_string(next_sequence_) +
                            " is not readable, although a later one says that it was durable");
    }
  }
  co_return false;
}

Status Recovery::apply_all(std::span<const uint8_t> records, uint64_t batch, const std::string& where) {
  ByteReader in(records);
  RecordType type;
  std::span<const uint8_t> payload;
  bool well_formed = true;
  while (next_record(in, &type, &payload, &well_formed)) {
    Status applied = apply(type, payload, batch);
    if (!applied.ok()) {
      return Status(applied.code(), where + ": " + applied.message());
    }
  }
  if (!well_formed) return damaged(where, 0, "a record does not end where its batch ends");
  return Status();
}

Status Recovery::apply(RecordType type, std::span<const uint8_t> payload, uint64_t batch) {
  const Status malformed(Code::array_damaged, "a record of type " + std::to_string(static_cast<int>(type)) +
                                                  " in batch " + std::to_string(batch) + " makes no sense");
  ByteReader in(payload);
  switch (type) {
    case RecordType::stamp: {
      StampRecord record;
      if (!decode(in, &record)) return malformed;
      auto found = families_.find(record.family);
      if (found == families_.end()) return malformed;
      found->second.stamps[record.stamp] = record;
      highest_branch_ = std::max(highest_branch_, record.branch);
      return Status();
    }
    case RecordType::redirect: {
      RedirectRecord record;
      if (!decode(in, &record)) return malformed;
      auto found = families_.find(record.family);
      if (found == families_.end() || found->second.stamps.count(record.stamp) == 0) return malformed;
      found->second.redirected.push_back(Candidate{record.unit, record.stamp, record.place, record.data_crc, batch});
      return Status();
    }
    case RecordType::durable: {
      const uint32_t family = in.u32();
      const uint64_t mark = in.u64();
      auto found = families_.find(family);
      if (!in.done()) return malformed;
      // A mark may come after the removal of its family.
      if (found != families_.end()) found->second.durable_mark = std::max(found->second.durable_mark, mark);
      return Status();
    }
    case RecordType::family_added: {
      FamilyRecord record;
      if (!decode(in, &record)) return malformed;
      const auto [known, is_new] = families_.try_emplace(record.family);
      const FamilyRecord& former = known->second.record;
      const bool same = former.original == record.original && former.root_branch == record.root_branch &&
                        former.adopted_path == record.adopted_path;
      if (!is_new && !same) return malformed;
      highest_branch_ = std::max(highest_branch_, record.root_branch);
      known->second.record = record;
      return Status();
    }
    case RecordType::family_deleted: {
      const uint32_t family = in.u32();
      const Guid original = in.guid();
      if (!in.done()) return malformed;
      families_.erase(family);
      array_.doomed_families_.push_back(DoomedFamily{family, original, 0});
      return Status();
    }
    case RecordType::family_removed: {
      const uint32_t family = in.u32();
      if (!in.done() || families_.erase(family) == 0) return malformed;
      return Status();
    }
    case RecordType::lun_added: {
      LunRecord record;
      if (!decode(in, &record) || families_.count(record.family) == 0) return malformed;
      const auto known = luns_.find(record.guid);
      if (known != luns_.end() && !may_move(known->second.family, record.family)) return malformed;
      for (const ViewEntry& entry : record.view) highest_branch_ = std::max(highest_branch_, entry.branch);
      luns_[record.guid] = record;
      return Status();
    }
    case RecordType::lun_removed: {
      const Guid lun = in.guid();
      if (!in.done() || luns_.erase(lun) == 0) return malformed;
      return Status();
    }
    case RecordType::set_recorded: {
      SetRecord record;
      if (!decode(in, &record)) return malformed;
      for (const LunRecord& copy : record.copies) {
        if (families_.count(copy.family) == 0) return malformed;
        for (const ViewEntry& entry : copy.view) highest_branch_ = std::max(highest_branch_, entry.branch);
        luns_[copy.guid] = copy;
      }
      sets_[record.set] = record;
      return Status();
    }
    case RecordType::set_created: {
      const Guid set = in.guid();
      const std::string note = in.string();
      auto found = sets_.find(set);
      if (!in.done() || found == sets_.end()) return malformed;
      found->second.created = true;
      found->second.note = note;
      return Status();
    }
    case RecordType::copies_removed: {
      const uint32_t count = in.u32();
      for (uint32_t i = 0; i < count && in.ok(); ++i) {
        const Guid copy = in.guid();
        luns_.erase(copy);
        for (auto& [id, set] : sets_) {
          std::erase_if(set.copies, [&](const LunRecord& record) { return record.guid == copy; });
        }
      }
      std::erase_if(sets_, [](const auto& entry) { return entry.second.copies.empty(); });
      return in.done() ? Status() : malformed;
    }
    case RecordType::copies_given_up: {
      std::vector<GivenUpCopy> lost;
      if (!decode(in, &lost)) return malformed;
      for (GivenUpCopy& copy : lost) {
        luns_.erase(copy.copy);
        for (auto& [id, set] : sets_) {
          auto member = std::find_if(set.copies.begin(), set.copies.end(),
                                     [&](const LunRecord& record) { return record.guid == copy.copy; });
          if (member == set.copies.end()) continue;
          copy.snapshot = member->snapshot;
          copy.source = member->source;
          set.given_up.push_back(copy);
          set.copies.erase(member);
        }
      }
      std::erase_if(sets_, [](const auto& entry) { return entry.second.copies.empty(); });
      return Status();
    }
    case RecordType::next_journal: {
      follow_number_ = in.u64();
      follow_generation_ = in.u64();
      return in.done() ? Status() : malformed;
    }
  }
  return malformed;
}

}  // namespace holdfast
