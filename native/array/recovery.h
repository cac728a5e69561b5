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
  };

  static Status damaged(const std::string& where, uint64_t offset, const std::string& what);
  Task<Status> load_checkpoint();
  Task<Status> replay_journals();
  struct JournalBytes {
    AlignedBuffer bytes;
    uint64_t length_bytes = 0;
  };
  Task<Result<int>> open_own(std::string name, int flags);
  Task<Result<JournalBytes>> read_journal(uint64_t number);
  Task<Result<bool>> replay_journal(uint64_t number, uint64_t generation);
  Task<Status> look_for_damage(uint64_t ended_number);
  Status apply_all(std::span<const uint8_t> records, uint64_t batch, const std::string& where);
  Status apply(RecordType type, std::span<const uint8_t> payload, uint64_t batch);
  Task<Status> look_for_life();
  Task<Status> build();
  Task<Status> restore_map(FamilyState& state, Family& family);
  Task<Status> restore_summaries();
  Task<Status> open_family(FamilyState& state);
  Task<Status> open_adopted(FamilyState& state, int* file);
  Task<Status> believe_redirects(FamilyState& state, Family& family);
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
};

}  // namespace holdfast
