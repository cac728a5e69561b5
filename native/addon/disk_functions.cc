// readDiskLayout, readDiskIdentity, randomDiskIdentity, rewriteDiskIdentity, vssFlagsForCopy, setVssFlags, makeGpt:
// bytes in, records out, answered at once on the caller's thread.

#include "addon/functions.h"
#include "addon/values.h"
#include "disk/identity.h"
#include "disk/layout.h"
#include "disk/make_gpt.h"
#include "disk/vss_flags.h"

namespace holdfast {
namespace {

const char* kind_text(LayoutKind kind) {
  return kind == LayoutKind::gpt ? "gpt" : kind == LayoutKind::mbr ? "mbr" : "none";
}

double to_number(uint64_t value) { return static_cast<double>(value); }

// The first argument of most functions here: {head, tail, sizeBytes}.
DiskView read_view(Arguments& in) {
  DiskView view;
  view.head = in.bytes(in.property(in[0], "head"), "head");
  view.tail = in.bytes(in.property(in[0], "tail"), "tail");
  view.size_bytes = in.unsigned_integer(in.property(in[0], "sizeBytes"), "sizeBytes");
  return view;
}

Napi::Value show_partition(Napi::Env env, const Partition& partition) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("index", partition.index);
  object.Set("typeGuid", guid_or_null(env, partition.type_guid));
  object.Set("uniqueGuid", guid_or_null(env, partition.unique_guid));
  object.Set("mbrType", partition.mbr_type);
  object.Set("firstLba", to_number(partition.first_lba));
  object.Set("lastLba", to_number(partition.last_lba));
  object.Set("offsetBytes", to_number(partition.offset_bytes));
  object.Set("lengthBytes", to_number(partition.length_bytes));
  object.Set("attributes", Napi::BigInt::New(env, partition.attributes));
  object.Set("vssFlags", Napi::BigInt::New(env, partition.vss_flags));
  object.Set("name", partition.name);
  object.Set("isBasicData", partition.is_basic_data);
  object.Set("isExtended", partition.is_extended);
  return object;
}

Napi::Value show_layout(Napi::Env env, const DiskLayout& layout) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", kind_text(layout.kind));
  object.Set("sizeBytes", to_number(layout.size_bytes));
  object.Set("diskGuid", guid_or_null(env, layout.disk_guid));
  object.Set("firstUsableLba", to_number(layout.first_usable_lba));
  object.Set("lastUsableLba", to_number(layout.last_usable_lba));
  object.Set("mbrSignature", layout.mbr_signature);
  object.Set("partitions", array_value(env, layout.partitions, show_partition));
  object.Set("ldm", layout.ldm);
  object.Set("hybrid", layout.hybrid);
  object.Set("damagedPrimary", layout.damaged_primary);
  object.Set("damagedBackup", layout.damaged_backup);
  object.Set("backupMisplaced", layout.backup_misplaced);
  object.Set("copiesDiffer", layout.copies_differ);
  object.Set("staleGpt", layout.stale_gpt);
  object.Set("bareFileSystem", layout.bare_file_system);
  object.Set("hasExtendedBeyondHead", layout.has_extended_beyond_head);
  return object;
}

Napi::Value show_identity(Napi::Env env, const DiskIdentity& identity) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", kind_text(identity.kind));
  object.Set("diskGuid", identity.disk_guid.to_string());
  object.Set("mbrSignature", identity.mbr_signature);
  object.Set("ldmSignature",
             identity.ldm_signature.has_value() ? Napi::Number::New(env, *identity.ldm_signature) : env.Null());
  object.Set("partitionGuids", array_value(env, identity.partition_guids, [](Napi::Env e, const Guid& guid) {
               return Napi::String::New(e, guid.to_string());
             }));
  return object;
}

DiskIdentity read_identity(Arguments& in, napi_value value) {
  DiskIdentity identity;
  const std::string kind = in.text(in.property(value, "kind"), "kind");
  identity.kind = kind == "gpt" ? LayoutKind::gpt : kind == "mbr" ? LayoutKind::mbr : LayoutKind::none;
  if (kind != kind_text(identity.kind)) in.refuse(Status(Code::invalid_argument, "kind must be none, mbr or gpt"));
  identity.disk_guid = in.guid(in.property(value, "diskGuid"), "diskGuid");
  identity.mbr_signature =
      static_cast<uint32_t>(in.unsigned_integer(in.property(value, "mbrSignature"), "mbrSignature", UINT32_MAX));
  napi_value ldm_signature = in.property(value, "ldmSignature");
  if (!in.is_nullish(ldm_signature)) {
    identity.ldm_signature = static_cast<uint32_t>(in.unsigned_integer(ldm_signature, "ldmSignature", UINT32_MAX));
  }
  identity.partition_guids = in.guids(in.property(value, "partitionGuids"), "partitionGuids");
  return identity;
}

std::vector<NewPartition> read_partitions(Arguments& in, napi_value value) {
  std::vector<NewPartition> partitions;
  uint32_t length = 0;
  if (!in.is_array(value, "partitions", &length)) return partitions;
  for (uint32_t i = 0; i < length && in.ok(); ++i) {
    napi_value from = in.element(value, i);
    NewPartition partition;
    const auto given = [&](const char* name, auto read) {
      napi_value field = in.property(from, name);
      if (!in.is_nullish(field)) read(field);
    };
    given("typeGuid", [&](napi_value field) { partition.type_guid = in.guid(field, "typeGuid"); });
    given("uniqueGuid", [&](napi_value field) { partition.unique_guid = in.guid(field, "uniqueGuid"); });
    given("lengthBytes", [&](napi_value field) { partition.length_bytes = in.unsigned_integer(field, "lengthBytes"); });
    given("attributes", [&](napi_value field) { partition.attributes = in.unsigned_integer(field, "attributes"); });
    given("name", [&](napi_value field) { partition.name = in.text(field, "name"); });
    partitions.push_back(std::move(partition));
  }
  return partitions;
}

template <typename T, typename Show>
Napi::Value answer(Arguments& in, const Result<T>& result, Show show) {
  if (result.ok()) return show(in.env(), result.value());
  in.refuse(result.status());
  return in.env().Undefined();
}

}  // namespace

// readDiskLayout(ends)
Napi::Value read_disk_layout(Arguments& in) {
  const DiskView view = read_view(in);
  if (!in.ok()) return in.env().Undefined();
  return answer(in, read_layout(view), show_layout);
}

// readDiskIdentity(ends)
Napi::Value read_disk_identity(Arguments& in) {
  const DiskView view = read_view(in);
  if (!in.ok()) return in.env().Undefined();
  return answer(in, identity_of(view), show_identity);
}

// randomDiskIdentity(ends): for this layout
Napi::Value random_disk_identity(Arguments& in) {
  const DiskView view = read_view(in);
  if (!in.ok()) return in.env().Undefined();
  return answer(in, read_layout(view), [](Napi::Env env, const DiskLayout& layout) {
    return show_identity(env, DiskIdentity::random_for(layout));
  });
}

// rewriteDiskIdentity(ends, identity): patches
Napi::Value rewrite_disk_identity(Arguments& in) {
  const DiskView view = read_view(in);
  const DiskIdentity identity = read_identity(in, in[1]);
  if (!in.ok()) return in.env().Undefined();
  return answer(in, rewrite_identity(view, identity), patches_value);
}

// vssFlagsForCopy(ends)
Napi::Value vss_flags_for_copy(Arguments& in) {
  const DiskView view = read_view(in);
  if (!in.ok()) return in.env().Undefined();
  return answer(in, read_layout(view), [](Napi::Env env, const DiskLayout& layout) {
    return Napi::BigInt::New(env, vss_flags_for_copy(layout));
  });
}

// setVssFlags(ends, setMask, clearMask): patches
Napi::Value set_vss_flags(Arguments& in) {
  const DiskView view = read_view(in);
  const uint64_t set_mask = in.unsigned_integer(in[1], "setMask");
  const uint64_t clear_mask = in.unsigned_integer(in[2], "clearMask");
  if (!in.ok()) return in.env().Undefined();
  return answer(in, set_vss_flags(view, set_mask, clear_mask), patches_value);
}

// makeGpt(sizeBytes, diskGuid or null, partitions): patches
Napi::Value make_gpt(Arguments& in) {
  const uint64_t size_bytes = in.unsigned_integer(in[0], "sizeBytes");
  const Guid disk_guid = in.is_nullish(in[1]) ? Guid() : in.guid(in[1], "diskGuid");
  const std::vector<NewPartition> partitions = read_partitions(in, in[2]);
  if (!in.ok()) return in.env().Undefined();
  return answer(in, make_gpt(size_bytes, disk_guid, partitions), patches_value);
}

}  // namespace holdfast
