#include "array/records.h"

#include <utility>

namespace holdfast {
namespace {

constexpr uint32_t kRecordBytesMax = 1 << 20;

// Writes the header with a length of zero, then the payload, then the length.
template <typename Fill>
void put_record(std::vector<uint8_t>& out, RecordType type, Fill fill) {
  ByteWriter writer(out);
  writer.u16(static_cast<uint16_t>(type));
  writer.u16(0);
  writer.u32(0);
  const size_t start = out.size();
  fill(writer);
  store_le32(out.data() + start - 4, static_cast<uint32_t>(out.size() - start));
}

void put_lun(ByteWriter& writer, const LunRecord& lun) {
  writer.guid(lun.guid);
  writer.u32(lun.family);
  writer.u64(lun.size_bytes);
  writer.u64(lun.epoch);
  writer.u32(static_cast<uint32_t>(lun.view.size()));
  for (const ViewEntry& entry : lun.view) {
    writer.u32(entry.branch);
    writer.u64(entry.limit);
  }
  writer.guid(lun.snapshot);
  writer.guid(lun.source);
  writer.u8(static_cast<uint8_t>(lun.content));
  writer.guid(lun.content_of);
  writer.u64(lun.diff_area.maximum_bytes);
  writer.u8(static_cast<uint8_t>(lun.diff_area.policy));
  writer.u32(lun.diff_area.stall_millis);
}

bool take_reason(ByteReader& in, GiveUpReason* reason) {
  const uint8_t value = in.u8();
  *reason = static_cast<GiveUpReason>(value);
  return value >= static_cast<uint8_t>(GiveUpReason::maximum_reached) &&
         value <= static_cast<uint8_t>(GiveUpReason::area_failed);
}

bool take_lun(ByteReader& in, LunRecord* lun) {
  lun->guid = in.guid();
  lun->family = in.u32();
  lun->size_bytes = in.u64();
  lun->epoch = in.u64();
  const uint32_t depth = in.u32();
  if (!in.ok() || depth == 0 || depth > in.left() / 12) return false;
  lun->view.clear();
  for (uint32_t i = 0; i < depth; ++i) {
    ViewEntry entry;
    entry.branch = in.u32();
    entry.limit = in.u64();
    lun->view.push_back(entry);
  }
  lun->snapshot = in.guid();
  lun->source = in.guid();
  const uint8_t content = in.u8();
  lun->content = static_cast<Content>(content);
  lun->content_of = in.guid();
  lun->diff_area.maximum_bytes = in.u64();
  const uint8_t policy = in.u8();
  lun->diff_area.policy = static_cast<SpacePolicy>(policy);
  lun->diff_area.stall_millis = in.u32();
  return in.ok() && content <= static_cast<uint8_t>(Content::copied) &&
         policy <= static_cast<uint8_t>(SpacePolicy::stall);
}

}  // namespace

void encode(std::vector<uint8_t>& out, const StampRecord& record) {
  put_record(out, RecordType::stamp, [&](ByteWriter& writer) {
    writer.u32(record.family);
    writer.u32(record.stamp);
    writer.u32(record.branch);
    writer.u64(record.epoch);
  });
}

void encode(std::vector<uint8_t>& out, const RedirectRecord& record) {
  put_record(out, RecordType::redirect, [&](ByteWriter& writer) {
    writer.u32(record.family);
    writer.u32(record.unit);
    writer.u32(record.stamp);
    writer.u32(record.place);
    writer.u32(record.data_crc);
  });
}

void encode(std::vector<uint8_t>& out, const FamilyRecord& record) {
  put_record(out, RecordType::family_added, [&](ByteWriter& writer) {
    writer.u32(record.family);
    writer.guid(record.original);
    writer.u32(record.root_branch);
    writer.u64(record.base_bytes);
    writer.string(record.adopted_path);
    writer.u64(record.adopted_identity.device);
    writer.u64(record.adopted_identity.inode);
    writer.u64(record.adopted_identity.size_bytes);
    writer.i64(record.adopted_identity.modified_nanos);
    writer.i64(record.adopted_identity.changed_nanos);
    writer.u8(record.closed_cleanly ? 1 : 0);
    writer.u8(record.discardable ? 1 : 0);
  });
}

void encode(std::vector<uint8_t>& out, const LunRecord& record) {
  put_record(out, RecordType::lun_added, [&](ByteWriter& writer) { put_lun(writer, record); });
}

void encode(std::vector<uint8_t>& out, const SetRecord& record) {
  put_record(out, RecordType::set_recorded, [&](ByteWriter& writer) {
    writer.guid(record.set);
    writer.u32(record.context);
    writer.u8(record.auto_release ? 1 : 0);
    writer.u8(record.created ? 1 : 0);
    writer.u64(record.vss_flags);
    writer.i64(record.created_at_filetime);
    writer.u32(record.copies_at_creation);
    writer.string(record.note);
    writer.u32(static_cast<uint32_t>(record.copies.size()));
    for (const LunRecord& copy : record.copies) put_lun(writer, copy);
    writer.u32(static_cast<uint32_t>(record.given_up.size()));
    for (const GivenUpCopy& lost : record.given_up) {
      writer.guid(lost.snapshot);
      writer.guid(lost.copy);
      writer.guid(lost.source);
      writer.u8(static_cast<uint8_t>(lost.reason));
      writer.u32(static_cast<uint32_t>(lost.error_number));
    }
  });
}

void encode_durable(std::vector<uint8_t>& out, uint32_t family, uint64_t batch) {
  put_record(out, RecordType::durable, [&](ByteWriter& writer) {
    writer.u32(family);
    writer.u64(batch);
  });
}

void encode_family_removed(std::vector<uint8_t>& out, uint32_t family) {
  put_record(out, RecordType::family_removed, [&](ByteWriter& writer) { writer.u32(family); });
}

void encode_family_deleted(std::vector<uint8_t>& out, uint32_t family, const Guid& original) {
  put_record(out, RecordType::family_deleted, [&](ByteWriter& writer) {
    writer.u32(family);
    writer.guid(original);
  });
}

void encode_lun_removed(std::vector<uint8_t>& out, const Guid& lun) {
  put_record(out, RecordType::lun_removed, [&](ByteWriter& writer) { writer.guid(lun); });
}

void encode_set_created(std::vector<uint8_t>& out, const Guid& set, const std::string& note) {
  put_record(out, RecordType::set_created, [&](ByteWriter& writer) {
    writer.guid(set);
    writer.string(note);
  });
}

void encode_copies_removed(std::vector<uint8_t>& out, std::span<const Guid> copies) {
  put_record(out, RecordType::copies_removed, [&](ByteWriter& writer) {
    writer.u32(static_cast<uint32_t>(copies.size()));
    for (const Guid& copy : copies) writer.guid(copy);
  });
}

void encode_copies_given_up(std::vector<uint8_t>& out, GiveUpReason reason, int error_number,
                            std::span<const Guid> copies) {
  put_record(out, RecordType::copies_given_up, [&](ByteWriter& writer) {
    writer.u8(static_cast<uint8_t>(reason));
    writer.u32(static_cast<uint32_t>(error_number));
    writer.u32(static_cast<uint32_t>(copies.size()));
    for (const Guid& copy : copies) writer.guid(copy);
  });
}

void encode_next_journal(std::vector<uint8_t>& out, uint64_t number, uint64_t generation) {
  put_record(out, RecordType::next_journal, [&](ByteWriter& writer) {
    writer.u64(number);
    writer.u64(generation);
  });
}

bool decode(ByteReader& in, StampRecord* record) {
  record->family = in.u32();
  record->stamp = in.u32();
  record->branch = in.u32();
  record->epoch = in.u64();
  return in.done() && record->stamp != 0 && record->branch != kNoBranch;
}

bool decode(ByteReader& in, RedirectRecord* record) {
  record->family = in.u32();
  record->unit = in.u32();
  record->stamp = in.u32();
  record->place = in.u32();
  record->data_crc = in.u32();
  return in.done() && record->stamp != 0;
}

bool decode(ByteReader& in, FamilyRecord* record) {
  record->family = in.u32();
  record->original = in.guid();
  record->root_branch = in.u32();
  record->base_bytes = in.u64();
  record->adopted_path = in.string();
  record->adopted_identity.device = in.u64();
  record->adopted_identity.inode = in.u64();
  record->adopted_identity.size_bytes = in.u64();
  record->adopted_identity.modified_nanos = in.i64();
  record->adopted_identity.changed_nanos = in.i64();
  record->closed_cleanly = in.u8() != 0;
  record->discardable = in.u8() != 0;
  return in.done() && record->family != 0 && record->root_branch != kNoBranch;
}

bool decode(ByteReader& in, LunRecord* record) { return take_lun(in, record) && in.done(); }

bool decode(ByteReader& in, SetRecord* record) {
  record->set = in.guid();
  record->context = in.u32();
  record->auto_release = in.u8() != 0;
  record->created = in.u8() != 0;
  record->vss_flags = in.u64();
  record->created_at_filetime = in.i64();
  record->copies_at_creation = in.u32();
  record->note = in.string();
  const uint32_t count = in.u32();
  if (!in.ok() || count > kSetLunsMax) return false;
  record->copies.resize(count);
  for (LunRecord& copy : record->copies) {
    if (!take_lun(in, &copy)) return false;
  }
  const uint32_t lost_count = in.u32();
  if (!in.ok() || lost_count > kSetLunsMax) return false;
  record->given_up.resize(lost_count);
  for (GivenUpCopy& lost : record->given_up) {
    lost.snapshot = in.guid();
    lost.copy = in.guid();
    lost.source = in.guid();
    if (!take_reason(in, &lost.reason)) return false;
    lost.error_number = static_cast<int32_t>(in.u32());
  }
  return in.done();
}

bool decode(ByteReader& in, std::vector<GivenUpCopy>* copies) {
  GivenUpCopy lost;
  if (!take_reason(in, &lost.reason)) return false;
  lost.error_number = static_cast<int32_t>(in.u32());
  const uint32_t count = in.u32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    lost.copy = in.guid();
    copies->push_back(lost);
  }
  return in.done();
}

bool next_record(ByteReader& in, RecordType* type, std::span<const uint8_t>* payload, bool* ok) {
  *ok = true;
  if (in.left() == 0) return false;
  const uint16_t raw_type = in.u16();
  const uint16_t zero = in.u16();
  const uint32_t length = in.u32();
  if (!in.ok() || zero != 0 || length > in.left() || length > kRecordBytesMax || raw_type == 0 ||
      raw_type > static_cast<uint16_t>(RecordType::copies_given_up)) {
    *ok = false;
    return false;
  }
  *type = static_cast<RecordType>(raw_type);
  *payload = in.raw(length);
  return true;
}

}  // namespace holdfast
