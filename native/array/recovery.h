// native/array/recovery.h
//
// From the files of an array to its state in memory.
//
// The highest checkpoint is loaded, its journal replayed, and the journal that one names, and so on. A batch that is
// not there or damaged ends the replay, unless a later batch says that it had been made durable: then the array is
// refused with the offset. Redirects above their family's durable mark are believed only if the data match their CRC;
// otherwise the version before them stands. Last, everything nobody can see is dropped, and every place that is left
// is claimed; a place claimed twice is damage.
//
// Checksums tell what a crash or a bad disk left. Records that have them and make no sense are refused all the same,
// and memory is allocated for what is there, never for what a number says (recovery_check.cc).
//
// A checkpoint that was written when the array was closed has a summary (array/summary.h). If nothing follows it, that
// is all that is read: leaves of the maps come when they are asked for, and journal and checkpoint are gone on with.
//
// Thread: the loop's. Used once, by StorageArray::open.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "array/aligned.h"
#include "array/checkpoint.h"
#include "array/journal_reader.h"
#include "array/map_limits.h"
#include "array/records.h"
#include "base/status.h"
#include "io/loop.h"

namespace holdfast {

class StorageArray;
class Family;
struct OpenOptions;

class Recovery {
 public:
  Recovery(StorageArray& array, const OpenOptions& options);
  ~Recovery();

  Task<Status> run();

 private:
  // What journal records said about a version, in order; the last that can be believed counts.
  struct Candidate {
    UnitIndex unit = 0;
    StampId stamp = 0;
    Place place = kHome;
    uint32_t data_crc = 0;
    uint64_t batch = 0;
  };
  struct FamilyState {
    FamilyRecord record;
    std::map<StampId, StampRecord> stamps;
    std::vector<VersionMap::LeafRef> leaves;
    std::vector<Candidate> redirected;
    uint64_t durable_mark = 0;
    uint64_t area_bytes = 0;
  };
  // A file that the array made itself, and how long it is.
  struct OwnFile {
    int file = -1;
    uint64_t size_bytes = 0;
  };

  static Status damaged(const std::string& where, uint64_t offset, const std::string& what);
  Task<Status> load_checkpoint();
  Task<Status> replay_journals();
  Task<Result<int>> open_own(std::string name, int flags);
  Task<Result<OwnFile>> open_and_measure(std::string name, int flags);
  Task<Result<bool>> replay_journal(uint64_t number, uint64_t generation);
  Task<Result<bool>> replay_batches(JournalReader& journal, std::string name, uint64_t generation);
  Task<Status> look_for_damage(uint64_t ended_number);
  Task<Status> look_for_later_batches(JournalReader& journal, std::string name, uint64_t ended_number);
  Status apply_all(std::span<const uint8_t> records, uint64_t batch, const std::string& where);
  Status apply(RecordType type, std::span<const uint8_t> payload, uint64_t batch);
  Task<Status> look_for_life();
  // What cannot be, in words; null if everything holds together. Once all records are read, before files are opened.
  const char* fault() const;
  const char* fault_in_family(const FamilyState& state) const;
  const char* fault_in_lun(const LunRecord& lun) const;
  const char* fault_in_sets() const;
  bool may_move(uint32_t from, uint32_t to) const;
  // The same of a family's map, once the length of its area is known.
  static const char* fault_in_map(const FamilyState& state, const MapLimits& limits);
  Task<Status> build();
  Task<Status> restore_map(FamilyState& state, Family& family);
  Task<Status> restore_summaries();
  Task<Status> open_family(FamilyState& state);
  Task<Status> open_adopted(FamilyState& state, int* file);
  Task<Status> believe_redirects(FamilyState& state, Family& family);
  Task<Result<bool>> is_believed(const Candidate& candidate, const FamilyState& state, Family& family);
  Task<void> rewrite(int file, uint64_t offset_bytes, AlignedBuffer bytes, uint32_t length_bytes);
  void restore_sets();
  void discard_empty();

  StorageArray& array_;
  const OpenOptions& options_;
  Loop& loop_;
  CheckpointHeader header_;
  // The checkpoint has a summary, and its journal is empty.
  bool untouched_since_close_ = false;
  std::vector<uint8_t> summary_;
  uint64_t last_number_ = 0;
  uint64_t next_sequence_ = 1;
  // Where the journal that was replayed last ended.
  uint64_t ended_at_bytes_ = 0;
  std::vector<uint64_t> journal_numbers_;
  BranchId highest_branch_ = 0;
  // Set by a next_journal record.
  uint64_t follow_number_ = 0;
  uint64_t follow_generation_ = 0;
  std::map<uint32_t, FamilyState> families_;
  std::map<Guid, LunRecord> luns_;
  std::unordered_set<uint32_t> families_with_luns_;
  std::map<Guid, SetRecord> sets_;
  // Redirected data on their way back to the disk.
  uint32_t rewriting_count_ = 0;
  Status rewriting_failure_;
  Event rewritten_;
};

}  // namespace holdfast
