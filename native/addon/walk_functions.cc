// walkBegin, walkContinue, walkEnd.

#include "addon/control_call.h"
#include "addon/functions.h"
#include "addon/values.h"

namespace holdfast {
namespace {

constexpr uint64_t kExtentsMax = 1 << 16;

// Offset and length, offset and length, …: exact, since a LUN has less than 2^53 bytes.
Napi::Value show_extents(Napi::Env env, const std::vector<Extent>& extents) {
  Napi::Float64Array numbers = Napi::Float64Array::New(env, extents.size() * 2);
  for (size_t i = 0; i < extents.size(); ++i) {
    numbers[i * 2] = static_cast<double>(extents[i].offset_bytes);
    numbers[i * 2 + 1] = static_cast<double>(extents[i].length_bytes);
  }
  return numbers;
}

}  // namespace

// walkBegin(slot, array, older, newer): the walk's number; `older` may be null
Napi::Value walk_begin(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const Guid older = in.is_nullish(in[2]) ? Guid() : in.guid(in[2], "older");
  const Guid newer = in.guid(in[3], "newer");
  start_handle_call(
      in, slot, handle,
      [older, newer](Engine&, Environment& environment, Handle& used) -> Task<Result<WalkId>> {
        co_return used.array->array->begin_walk(environment.owner(), older, newer);
      },
      [](Napi::Env env, const WalkId& walk) { return Napi::Number::New(env, static_cast<double>(walk)); });
  return in.env().Undefined();
}

// walkContinue(slot, array, walk, extentsMax)
Napi::Value walk_continue(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const WalkId walk = in.unsigned_integer(in[2], "walk");
  const uint64_t extents_max = in.unsigned_integer(in[3], "extentsMax", kExtentsMax);
  start_handle_call(
      in, slot, handle,
      [walk, extents_max](Engine&, Environment& environment, Handle& used) {
        return used.array->array->continue_walk(environment.owner(), walk,
                                                static_cast<size_t>(extents_max == 0 ? 1 : extents_max));
      },
      show_extents);
  return in.env().Undefined();
}

// walkEnd(slot, array, walk)
Napi::Value walk_end(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const WalkId walk = in.unsigned_integer(in[2], "walk");
  start_handle_call(
      in, slot, handle,
      [walk](Engine&, Environment& environment, Handle& used) -> Task<Status> {
        used.array->array->end_walk(environment.owner(), walk);
        co_return Status();
      },
      show_nothing);
  return in.env().Undefined();
}

}  // namespace holdfast
