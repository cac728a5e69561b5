// diffAreaSet, diffAreaFind, diffAreaList, copiesGivenUp, spaceEventsNext, spaceEventsEnd.

#include "addon/control_call.h"
#include "addon/functions.h"
#include "addon/values.h"

namespace holdfast {
namespace {

SpacePolicy read_policy(Arguments& in, napi_value value) {
  const std::string text = in.text(value, "policy");
  for (const SpacePolicy policy : {SpacePolicy::drop_oldest, SpacePolicy::refuse, SpacePolicy::stall}) {
    if (text == space_policy_text(policy)) return policy;
  }
  in.refuse(Status(Code::invalid_argument, "policy must be drop-oldest, refuse or stall"));
  return SpacePolicy::drop_oldest;
}

Napi::Value maximum_or_null(Napi::Env env, uint64_t maximum_bytes) {
  if (maximum_bytes == kNoMaximum) return env.Null();
  return Napi::Number::New(env, static_cast<double>(maximum_bytes));
}

Napi::Value show_area(Napi::Env env, const DiffAreaInfo& info) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("lunGuid", info.lun.to_string());
  object.Set("maximumBytes", maximum_or_null(env, info.setting.maximum_bytes));
  object.Set("allocatedBytes", static_cast<double>(info.allocated_bytes));
  object.Set("usedBytes", static_cast<double>(info.used_bytes));
  object.Set("bytesPerSecond", static_cast<double>(info.bytes_per_second));
  object.Set("policy", space_policy_text(info.setting.policy));
  object.Set("stallMillis", info.setting.stall_millis);
  object.Set("copies", array_value(env, info.copies, [](Napi::Env e, const DiffAreaInfo::Copy& copy) {
               Napi::Object shown = Napi::Object::New(e);
               shown.Set("snapshotId", copy.snapshot.to_string());
               shown.Set("ownBytes", static_cast<double>(copy.own_bytes));
               return shown;
             }));
  return object;
}

Napi::Value show_areas(Napi::Env env, const std::vector<DiffAreaInfo>& areas) {
  return array_value(env, areas, show_area);
}

Napi::Value show_lost(Napi::Env env, const std::vector<LostCopy>& lost) {
  return array_value(env, lost, [](Napi::Env e, const LostCopy& copy) {
    Napi::Object object = given_up_value(e, copy.ids).As<Napi::Object>();
    object.Set("setId", guid_or_null(e, copy.set));
    object.Set("failure", failure_record(e, copy.failure));
    return object;
  });
}

Napi::Value show_event(Napi::Env env, const SpaceEvent& event) {
  static const char* const kKinds[] = {"filling", "full", "copy-given-up"};
  Napi::Object object = Napi::Object::New(env);
  object.Set("sequence", static_cast<double>(event.sequence));
  object.Set("kind", kKinds[static_cast<int>(event.kind)]);
  object.Set("lunGuid", guid_or_null(env, event.lun));
  object.Set("usedBytes", static_cast<double>(event.used_bytes));
  object.Set("maximumBytes", maximum_or_null(env, event.maximum_bytes));
  object.Set("bytesPerSecond", static_cast<double>(event.bytes_per_second));
  object.Set("leftMillis", maximum_or_null(env, event.left_millis));
  if (event.kind == SpaceEventKind::filling) object.Set("thresholdPercent", event.threshold_percent);
  if (event.kind == SpaceEventKind::given_up) object.Set("copy", given_up_value(env, event.copy));
  if (!event.failure.ok()) object.Set("failure", failure_record(env, event.failure));
  return object;
}

Napi::Value show_events(Napi::Env env, const std::vector<SpaceEvent>& events) {
  return array_value(env, events, show_event);
}

}  // namespace

// diffAreaSet(slot, array, guid, maximumBytes or null, policy, stallMillis)
Napi::Value diff_area_set(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const Guid guid = in.guid(in[2], "guid");
  DiffAreaSetting setting;
  if (!in.is_nullish(in[3])) setting.maximum_bytes = in.unsigned_integer(in[3], "maximumBytes", kLunBytesMax * 1024);
  setting.policy = read_policy(in, in[4]);
  setting.stall_millis = static_cast<uint32_t>(in.unsigned_integer(in[5], "stallMillis", UINT32_MAX));
  start_handle_call(
      in, slot, handle,
      [guid, setting](Engine&, Environment&, Handle& used) { return used.array->array->set_diff_area(guid, setting); },
      show_nothing);
  return in.env().Undefined();
}

// diffAreaFind(slot, array, guid)
Napi::Value diff_area_find(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const Guid guid = in.guid(in[2], "guid");
  start_handle_call(
      in, slot, handle,
      [guid](Engine&, Environment&, Handle& used) -> Task<Result<DiffAreaInfo>> {
        co_return used.array->array->diff_area(guid);
      },
      show_area);
  return in.env().Undefined();
}

// diffAreaList(slot, array)
Napi::Value diff_area_list(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  start_handle_call(
      in, slot, handle,
      [](Engine&, Environment&, Handle& used) -> Task<Result<std::vector<DiffAreaInfo>>> {
        co_return used.array->array->diff_areas();
      },
      show_areas);
  return in.env().Undefined();
}

// copiesGivenUp(slot, array)
Napi::Value copies_given_up(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  start_handle_call(
      in, slot, handle,
      [](Engine&, Environment&, Handle& used) -> Task<Result<std::vector<LostCopy>>> {
        const std::deque<LostCopy>& lost = used.array->array->lost_copies();
        co_return std::vector<LostCopy>(lost.begin(), lost.end());
      },
      show_lost);
  return in.env().Undefined();
}

// spaceEventsNext(slot, array, behind): events behind that sequence number, none once spaceEventsEnd has been called
Napi::Value space_events_next(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const uint64_t behind = in.unsigned_integer(in[2], "behind");
  start_handle_call(
      in, slot, handle,
      [behind](Engine&, Environment& environment, Handle& used) -> Task<Result<std::vector<SpaceEvent>>> {
        SpaceEvents& events = used.array->array->space_events();
        // Its end has come before it began to wait.
        if (environment.dead()) co_return std::vector<SpaceEvent>();
        co_return co_await events.behind(environment.owner(), behind);
      },
      show_events);
  return in.env().Undefined();
}

// spaceEventsEnd(slot, array): ends what this environment waits for
Napi::Value space_events_end(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  start_handle_call(
      in, slot, handle,
      [](Engine&, Environment& environment, Handle& used) -> Task<Status> {
        used.array->array->space_events().end(environment.owner());
        co_return Status();
      },
      show_nothing);
  return in.env().Undefined();
}

}  // namespace holdfast
