// native/array/records.h
//
// What the journal says and the checkpoint repeats: the changes of an array, one record each.
//
// On disk a record is: u16 type, u16 zero, u32 payload bytes, payload. Records travel in batches (array/journal.h), in
// the order in which the changes were made. A record states its result in full (a copy carries its view), so
// that replaying needs no rule of how the change came about.
//
//   stamp          family u32, stamp u32, branch u32, epoch u64
//   redirect       family u32, unit u32, stamp u32, place u32, CRC-32C of the data u32 (zeroes behind the LUN's end
//                  included, so that growing it changes nothing)
//   durable        family u32, batch u64: the family's records up to that batch rest on data that cannot be lost
//   family_added   FamilyRecord; again for a family that has changed
//   family_removed family u32: forgotten, its base file stays
//   family_deleted family u32, guid of its original: forgotten, its files go
//   lun_added      LunRecord; again for a LUN that has changed (grown, reverted, no copy any more)
//   lun_removed    guid
//   set_recorded   SetRecord with its copies    set_created     guid, note string
//   copies_removed count u32, guids of copy LUNs; a set without copies is gone
//   copies_given_up reason u8, errno u32, count u32, guids of copy LUNs: like copies_removed, and remembered by their
//   sets next_journal   number u64, generation u64: the last record of a journal
//
// Versioned by kFormat: an array with another number is refused.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "array/branches.h"
#include "base/bytes.h"
#include "base/guid.h"

namespace holdfast {

inline constexpr uint32_t kFormat = 3;

enum class RecordType : uint16_t {
  stamp = 1,
  redirect = 2,
  durable = 3,
  family_added = 4,
  family_removed = 5,
  lun_added = 6,
  lun_removed = 7,
  set_recorded = 8,
  set_created = 9,
  copies_removed = 10,
  next_journal = 11,
  family_deleted = 12,
  copies_given_up = 13,
};

struct StampRecord {
  uint32_t family = 0;
  StampId stamp = 0;
  BranchId branch = kNoBranch;
  Epoch epoch = 0;
};

struct RedirectRecord {
  uint32_t family = 0;
  UnitIndex unit = 0;
  StampId stamp = 0;
  Place place = kHome;
  uint32_t data_crc = 0;
};

/// How a file looked when the array last let go of it: what "changed outside" is measured against.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size_bytes = 0;
  int64_t modified_nanos = 0;
  int64_t changed_nanos = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

struct FamilyRecord {
  uint32_t family = 0;
  Guid original;  // names base/<guid> and area/<guid>, also when that LUN is gone
  BranchId root_branch = kNoBranch;
  uint64_t base_bytes = 0;   // no member is larger
  std::string adopted_path;  // empty: the base file is the array's own
  FileIdentity adopted_identity;
  bool closed_cleanly = false;  // adopted_identity was taken at a close and must match at the next opening
  bool discardable = false;     // made for a plex: goes, with its files, when no LUN is in it, by recovery too
};

/// What is known of the bytes of a LUN besides that they are its own.
enum class Content : uint8_t {
  own,
  /// A resync from a copy has begun and not ended: some of it is the copy's, and it is no instant of anything.
  partial,
  /// What a copy held, the identity of the disk aside; nothing has been written to it since.
  copied,
};

/// What becomes of a write that finds no room.
enum class SpacePolicy : uint8_t {
  drop_oldest = 0,  // the oldest copies are given up until it fits
  refuse = 1,       // it fails
  stall = 2,        // it waits, up to a limit, and then fails
};

inline constexpr uint64_t kNoMaximum = ~uint64_t{0};

/// How much the copies of a LUN may keep, and what happens at the end of it.
struct DiffAreaSetting {
  uint64_t maximum_bytes = kNoMaximum;
  SpacePolicy policy = SpacePolicy::drop_oldest;
  uint32_t stall_millis = 10'000;
  friend bool operator==(const DiffAreaSetting&, const DiffAreaSetting&) = default;
};

/// Why the array gave a copy up.
enum class GiveUpReason : uint8_t { maximum_reached = 1, disk_full = 2, area_failed = 3 };

struct GivenUpCopy {
  Guid snapshot;
  Guid copy;
  Guid source;
  GiveUpReason reason = GiveUpReason::maximum_reached;
  int32_t error_number = 0;  // of the file system, 0 if it was none of its doing
};

struct LunRecord {
  Guid guid;
  uint32_t family = 0;
  uint64_t size_bytes = 0;
  Epoch epoch = 0;
  View view;
  // Copies only.
  Guid snapshot;
  Guid source;
  Content content = Content::own;
  Guid content_of;  // the copy's LUN; of another family
  // Of no meaning for copies, which use the room of the LUN they descend from.
  DiffAreaSetting diff_area;
};

struct SetRecord {
  Guid set;
  uint32_t context = 0;
  bool auto_release = true;
  bool created = false;
  uint64_t vss_flags = 0;
  int64_t created_at_filetime = 0;  // 100 ns since 1601-01-01 UTC
  uint32_t copies_at_creation = 0;
  std::string note;  // the owner's; the array does not read it
  std::vector<LunRecord> copies;
  // Members that the array gave up, oldest first: the set is incomplete.
  std::vector<GivenUpCopy> given_up;
};

void encode(std::vector<uint8_t>& out, const StampRecord& record);
void encode(std::vector<uint8_t>& out, const RedirectRecord& record);
void encode(std::vector<uint8_t>& out, const FamilyRecord& record);
void encode(std::vector<uint8_t>& out, const LunRecord& record);
void encode(std::vector<uint8_t>& out, const SetRecord& record);
void encode_durable(std::vector<uint8_t>& out, uint32_t family, uint64_t batch);
void encode_family_removed(std::vector<uint8_t>& out, uint32_t family);
/// The family's files are named by its original; they are removed after this is durable, and by recovery if need be.
void encode_family_deleted(std::vector<uint8_t>& out, uint32_t family, const Guid& original);
void encode_lun_removed(std::vector<uint8_t>& out, const Guid& lun);
void encode_set_created(std::vector<uint8_t>& out, const Guid& set, const std::string& note);
void encode_copies_removed(std::vector<uint8_t>& out, std::span<const Guid> copies);
void encode_copies_given_up(std::vector<uint8_t>& out, GiveUpReason reason, int error_number,
                            std::span<const Guid> copies);
void encode_next_journal(std::vector<uint8_t>& out, uint64_t number, uint64_t generation);

bool decode(ByteReader& in, StampRecord* record);
bool decode(ByteReader& in, RedirectRecord* record);
bool decode(ByteReader& in, FamilyRecord* record);
bool decode(ByteReader& in, LunRecord* record);
bool decode(ByteReader& in, SetRecord* record);

/// The payload of copies_given_up: every copy with the reason, without its other ids.
bool decode(ByteReader& in, std::vector<GivenUpCopy>* copies);

/// Takes the next record off a stream of records; false at the end or at bytes that are no record (then *ok is false).
bool next_record(ByteReader& in, RecordType* type, std::span<const uint8_t>* payload, bool* ok);

}  // namespace holdfast
