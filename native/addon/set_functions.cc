// setArm, setRecord, setFinish, setAbort, setList, copiesDelete, copiesBreak.

#include "addon/control_call.h"
#include "addon/functions.h"
#include "addon/values.h"

namespace holdfast {
namespace {

std::vector<ArmCopy> read_copies(Arguments& in, napi_value value) {
  std::vector<ArmCopy> copies;
  uint32_t length = 0;
  if (!in.is_array(value, "copies", &length)) return copies;
  for (uint32_t i = 0; i < length && in.ok(); ++i) {
    napi_value copy = in.element(value, i);
    ArmCopy ids;
    ids.source = in.guid(in.property(copy, "sourceGuid"), "sourceGuid");
    ids.snapshot = in.guid(in.property(copy, "snapshotId"), "snapshotId");
    ids.copy = in.guid(in.property(copy, "copyGuid"), "copyGuid");
    copies.push_back(ids);
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

}  // namespace holdfast
