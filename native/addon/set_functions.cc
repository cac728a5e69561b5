// setArm, setRecord, setFinish, setAbort, setList, copiesDelete, copiesBreak, plexBegin, plexProgress.

#include "addon/control_call.h"
#include "addon/functions.h"
#include "addon/values.h"

namespace holdfast {
namespace {

ArmCopy read_copy(Arguments& in, napi_value value) {
  ArmCopy ids;
  ids.source = in.guid(in.property(value, "sourceGuid"), "sourceGuid");
  ids.snapshot = in.guid(in.property(value, "snapshotId"), "snapshotId");
  ids.copy = in.guid(in.property(value, "copyGuid"), "copyGuid");
  return ids;
}

std::vector<ArmCopy> read_copies(Arguments& in, napi_value value) {
  std::vector<ArmCopy> copies;
  uint32_t length = 0;
  if (!in.is_array(value, "copies", &length)) return copies;
  for (uint32_t i = 0; i < length && in.ok(); ++i) {
    copies.push_back(read_copy(in, in.element(value, i)));
  }
  return copies;
}

}  // namespace

// setArm(slot, array, {setId, context, autoRelease, vssFlags, createdAtFiletime, copies})
Napi::Value set_arm(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  ArmRequest request;
  request.set = in.guid(in.property(in[2], "setId"), "setId");
  request.owner = in.environment().owner();
  request.context = static_cast<uint32_t>(in.unsigned_integer(in.property(in[2], "context"), "context", UINT32_MAX));
  request.auto_release = in.boolean(in.property(in[2], "autoRelease"), "autoRelease");
  request.vss_flags = in.unsigned_integer(in.property(in[2], "vssFlags"), "vssFlags");
  request.created_at_filetime = in.signed_bigint(in.property(in[2], "createdAtFiletime"), "createdAtFiletime");
  request.copies = read_copies(in, in.property(in[2], "copies"));
  start_handle_call(
      in, slot, handle,
      [request](Engine&, Environment& environment, Handle& used) -> Task<Status> {
        Status armed = co_await used.array->array->arm_set(request);
        // Its owner may have died while it was being armed, when there was no set yet to be discarded.
        if (armed.ok() && environment.dead()) used.array->array->owner_died(environment.owner());
        co_return armed;
      },
      show_nothing);
  return in.env().Undefined();
}

// setRecord(slot, array, setId)
Napi::Value set_record(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const Guid set = in.guid(in[2], "setId");
  start_handle_call(
      in, slot, handle, [set](Engine&, Environment&, Handle& used) { return used.array->array->record_set(set); },
      show_nothing);
  return in.env().Undefined();
}

// setFinish(slot, array, setId, note)
Napi::Value set_finish(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const Guid set = in.guid(in[2], "setId");
  const std::string note = in.text(in[3], "note");
  start_handle_call(
      in, slot, handle,
      [set, note](Engine&, Environment&, Handle& used) { return used.array->array->finish_set(set, note); },
      show_nothing);
  return in.env().Undefined();
}

// setAbort(slot, array, setId)
Napi::Value set_abort(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const Guid set = in.guid(in[2], "setId");
  start_handle_call(
      in, slot, handle, [set](Engine&, Environment&, Handle& used) { return used.array->array->abort_set(set); },
      show_nothing);
  return in.env().Undefined();
}

// setList(slot, array)
Napi::Value set_list(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  start_handle_call(
      in, slot, handle,
      [](Engine&, Environment&, Handle& used) -> Task<Result<std::vector<SetRecord>>> {
        co_return used.array->array->list_sets();
      },
      [](Napi::Env env, const std::vector<SetRecord>& sets) { return array_value(env, sets, set_value); });
  return in.env().Undefined();
}

// copiesDelete(slot, array, snapshotIds)
Napi::Value copies_delete(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const std::vector<Guid> snapshots = in.guids(in[2], "snapshotIds");
  start_handle_call(
      in, slot, handle,
      [snapshots](Engine&, Environment&, Handle& used) { return used.array->array->delete_copies(snapshots); },
      show_nothing);
  return in.env().Undefined();
}

// copiesBreak(slot, array, snapshotIds): the guids of the LUNs that they have become
Napi::Value copies_break(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const std::vector<Guid> snapshots = in.guids(in[2], "snapshotIds");
  start_handle_call(
      in, slot, handle,
      [snapshots](Engine&, Environment&, Handle& used) { return used.array->array->break_copies(snapshots); },
      [](Napi::Env env, const std::vector<Guid>& guids) {
        return array_value(env, guids,
                           [](Napi::Env e, const Guid& guid) { return Napi::String::New(e, guid.to_string()); });
      });
  return in.env().Undefined();
}

// plexBegin(slot, array, setId, {sourceGuid, snapshotId, copyGuid})
Napi::Value plex_begin(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const Guid set = in.guid(in[2], "setId");
  const ArmCopy ids = read_copy(in, in[3]);
  start_handle_call(
      in, slot, handle,
      [set, ids](Engine&, Environment& environment, Handle& used) -> Task<Status> {
        Status begun = co_await used.array->array->begin_plex(set, environment.owner(), ids);
        // As with setArm: nobody may be left who would end it.
        if (begun.ok() && environment.dead()) used.array->array->owner_died(environment.owner());
        co_return begun;
      },
      show_nothing);
  return in.env().Undefined();
}

// plexProgress(slot, array, copyGuid): null for a copy that is not being filled
Napi::Value plex_progress(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const Guid copy = in.guid(in[2], "copyGuid");
  start_handle_call(
      in, slot, handle,
      [copy](Engine&, Environment&, Handle& used) -> Task<Result<std::optional<PlexProgress>>> {
        co_return used.array->array->plex_progress(copy);
      },
      [](Napi::Env env, const std::optional<PlexProgress>& progress) { return plex_progress_value(env, progress); });
  return in.env().Undefined();
}

}  // namespace holdfast
