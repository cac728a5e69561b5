// resyncBegin, resyncContinue, resyncEnd.

#include "addon/control_call.h"
#include "addon/functions.h"
#include "addon/values.h"

namespace holdfast {
namespace {

Napi::Value show_progress(Napi::Env env, const ResyncProgress& progress) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("resync", static_cast<double>(progress.id));
  object.Set("doneBytes", static_cast<double>(progress.done_bytes));
  object.Set("totalBytes", static_cast<double>(progress.total_bytes));
  object.Set("writtenBytes", static_cast<double>(progress.written_bytes));
  object.Set("incremental", progress.incremental);
  return object;
}

}  // namespace

// resyncBegin(slot, array, destination, copy, originalIdentity)
Napi::Value resync_begin(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  ResyncOrder order;
  order.destination = in.guid(in[2], "destination");
  order.copy = in.guid(in[3], "copy");
  order.original_identity = in.boolean(in[4], "originalIdentity");
  start_handle_call(
      in, slot, handle,
      [order](Engine&, Environment& environment, Handle& used) {
        return used.array->array->begin_resync(environment.owner(), order);
      },
      show_progress);
  return in.env().Undefined();
}

// resyncContinue(slot, array, resync, bytesMax)
Napi::Value resync_continue(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const ResyncId resync = in.unsigned_integer(in[2], "resync");
  const uint64_t bytes_max = in.unsigned_integer(in[3], "bytesMax");
  start_handle_call(
      in, slot, handle,
      [resync, bytes_max](Engine&, Environment& environment, Handle& used) {
        return used.array->array->continue_resync(environment.owner(), resync, bytes_max);
      },
      show_progress);
  return in.env().Undefined();
}

// resyncEnd(slot, array, resync)
Napi::Value resync_end(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const ResyncId resync = in.unsigned_integer(in[2], "resync");
  start_handle_call(
      in, slot, handle,
      [resync](Engine&, Environment& environment, Handle& used) {
        return used.array->array->end_resync(environment.owner(), resync);
      },
      show_nothing);
  return in.env().Undefined();
}

}  // namespace holdfast
