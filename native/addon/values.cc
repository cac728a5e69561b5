#include "addon/values.h"

namespace holdfast {

Napi::Value guid_or_null(Napi::Env env, const Guid& guid) {
  if (guid.is_null()) return env.Null();
  return Napi::String::New(env, guid.to_string());
}

Napi::Value text_or_null(Napi::Env env, const std::string& text) {
  if (text.empty()) return env.Null();
  return Napi::String::New(env, text);
}

Napi::Value bytes_value(Napi::Env env, std::span<const uint8_t> bytes) {
  return Napi::Buffer<uint8_t>::Copy(env, bytes.data(), bytes.size());
}

Napi::Value patches_value(Napi::Env env, const std::vector<Patch>& patches) {
  return array_value(env, patches, [](Napi::Env e, const Patch& patch) {
    Napi::Object object = Napi::Object::New(e);
    object.Set("offsetBytes", static_cast<double>(patch.offset_bytes));
    object.Set("bytes", bytes_value(e, patch.bytes));
    return object;
  });
}

Napi::Value plex_progress_value(Napi::Env env, const std::optional<PlexProgress>& progress) {
  if (!progress.has_value()) return env.Null();
  Napi::Object object = Napi::Object::New(env);
  object.Set("totalBytes", static_cast<double>(progress->total_bytes));
  object.Set("filledBytes", static_cast<double>(progress->filled_bytes));
  object.Set("dirtyBytes", static_cast<double>(progress->dirty_bytes));
  const Status& failure = progress->failure;
  if (failure.ok()) {
    object.Set("failure", env.Null());
    return object;
  }
  Napi::Object why = Napi::Object::New(env);
  why.Set("code", code_text(failure.code()));
  why.Set("message", failure.message());
  if (failure.error_number() != 0) why.Set("errno", failure.error_number());
  object.Set("failure", why);
  return object;
}

Napi::Value lun_info_value(Napi::Env env, const LunInfo& info) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("guid", info.record.guid.to_string());
  object.Set("sizeBytes", static_cast<double>(info.record.size_bytes));
  object.Set("snapshotId", guid_or_null(env, info.record.snapshot));
  object.Set("sourceGuid", guid_or_null(env, info.record.source));
  object.Set("adoptedPath", text_or_null(env, info.adopted_path));
  object.Set("basePath", info.base_path);
  object.Set("areaBytes", static_cast<double>(info.area_bytes));
  object.Set("memoryBytes", static_cast<double>(info.memory_bytes));
  object.Set("pendingVssFlags", Napi::BigInt::New(env, info.pending_vss_flags));
  object.Set("held", info.held);
  object.Set("copyCount", info.copy_count);
  object.Set("isPlex", info.is_plex);
  object.Set("plex", plex_progress_value(env, info.plex));
  static const char* const contents[] = {"own", "partial", "copied"};
  object.Set("content", contents[static_cast<int>(info.record.content)]);
  object.Set("contentOf", guid_or_null(env, info.record.content_of));
  object.Set("mappings", array_value(env, info.mappings, [](Napi::Env e, const LunMapping& mapping) {
               Napi::Object shown = Napi::Object::New(e);
               shown.Set("hostId", mapping.host.to_string());
               shown.Set("hostName", mapping.host_name);
               shown.Set("readOnly", mapping.read_only);
               shown.Set("shared", mapping.shared);
               return shown;
             }));
  return object;
}

const char* space_policy_text(SpacePolicy policy) {
  switch (policy) {
    case SpacePolicy::drop_oldest:
      return "drop-oldest";
    case SpacePolicy::refuse:
      return "refuse";
    case SpacePolicy::stall:
      return "stall";
  }
  return "";
}

Napi::Value given_up_value(Napi::Env env, const GivenUpCopy& copy) {
  static const char* const kReasons[] = {"", "maximum-reached", "disk-full", "area-failed"};
  Napi::Object object = Napi::Object::New(env);
  object.Set("snapshotId", copy.snapshot.to_string());
  object.Set("sourceGuid", copy.source.to_string());
  object.Set("copyGuid", copy.copy.to_string());
  object.Set("reason", kReasons[static_cast<int>(copy.reason)]);
  object.Set("errno", copy.error_number);
  return object;
}

Napi::Value set_value(Napi::Env env, const SetRecord& record) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("setId", record.set.to_string());
  object.Set("context", record.context);
  object.Set("autoRelease", record.auto_release);
  object.Set("created", record.created);
  object.Set("vssFlags", Napi::BigInt::New(env, record.vss_flags));
  object.Set("createdAtFiletime", Napi::BigInt::New(env, record.created_at_filetime));
  object.Set("copiesAtCreation", record.copies_at_creation);
  object.Set("note", record.note);
  object.Set("copies", array_value(env, record.copies, [](Napi::Env e, const LunRecord& copy) {
               Napi::Object shown = Napi::Object::New(e);
               shown.Set("snapshotId", copy.snapshot.to_string());
               shown.Set("sourceGuid", copy.source.to_string());
               shown.Set("copyGuid", copy.guid.to_string());
               shown.Set("sizeBytes", static_cast<double>(copy.size_bytes));
               return shown;
             }));
  object.Set("givenUp", array_value(env, record.given_up, given_up_value));
  return object;
}

}  // namespace holdfast
