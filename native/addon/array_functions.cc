// arrayCreate, arrayOpen, arrayClose, arrayCheck, arrayCheckpoint.

#include "addon/control_call.h"
#include "addon/functions.h"
#include "addon/values.h"

namespace holdfast {
namespace {

struct OpenedArray {
  std::shared_ptr<Handle> handle;
  std::string id;
  std::string path;
  const char* mode = nullptr;
};

Result<OpenedArray> opened(Engine& engine, Environment& environment, Result<std::shared_ptr<OpenArray>> open) {
  if (!open.ok()) return open.status();
  const StorageArray& array = *open.value()->array;
  OpenedArray result{nullptr, array.id().to_string(), array.path(), io_mode_text(array.mode())};
  result.handle = Handle::make(HandleKind::array, engine, environment, open.take(), nullptr);
  return result;
}

Napi::Value show_opened(Napi::Env env, const OpenedArray& array) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("handle", wrap_handle(env, array.handle));
  object.Set("id", array.id);
  object.Set("path", array.path);
  object.Set("mode", array.mode);
  return object;
}

Napi::Value show_report(Napi::Env env, const CheckReport& report) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("lunCount", static_cast<double>(report.luns));
  object.Set("copyCount", static_cast<double>(report.copies));
  object.Set("versionCount", static_cast<double>(report.versions));
  object.Set("faults", array_value(env, report.faults,
                                   [](Napi::Env e, const std::string& fault) { return Napi::String::New(e, fault); }));
  return object;
}

IoMode read_mode(Arguments& in, napi_value value) {
  const std::string text = in.text(value, "mode");
  for (const IoMode mode : {IoMode::automatic, IoMode::direct, IoMode::writeback}) {
    if (text == io_mode_text(mode)) return mode;
  }
  in.refuse(Status(Code::invalid_argument, "mode must be automatic, direct or writeback"));
  return IoMode::automatic;
}

}  // namespace

// arrayCreate(slot, path, mode)
Napi::Value array_create(Arguments& in) {
  const uint32_t slot = in.slot();
  const std::string path = in.text(in[1], "path");
  const IoMode mode = read_mode(in, in[2]);
  start_call(
      in, slot,
      [path, mode](Engine& engine, Environment& environment) -> Task<Result<OpenedArray>> {
        Result<std::shared_ptr<OpenArray>> open = co_await engine.arrays().create(path, mode);
        co_return opened(engine, environment, std::move(open));
      },
      show_opened);
  return in.env().Undefined();
}

// arrayOpen(slot, path, acceptChanged)
Napi::Value array_open(Arguments& in) {
  const uint32_t slot = in.slot();
  const std::string path = in.text(in[1], "path");
  OpenOptions options;
  options.accept_changed = in.boolean(in[2], "acceptChanged");
  start_call(
      in, slot,
      [path, options](Engine& engine, Environment& environment) -> Task<Result<OpenedArray>> {
        Result<std::shared_ptr<OpenArray>> open = co_await engine.arrays().open(path, options);
        co_return opened(engine, environment, std::move(open));
      },
      show_opened);
  return in.env().Undefined();
}

// arrayClose(slot, array)
Napi::Value array_close(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  if (!in.ok()) return in.env().Undefined();
  start_call(
      in, slot, [closing = handle->shared_from_this()](Engine& engine, Environment&) { return closing->close(engine); },
      show_nothing);
  handle->closed = in.ok();
  return in.env().Undefined();
}

// arrayCheck(slot, array)
Napi::Value array_check(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  start_handle_call(
      in, slot, handle,
      [](Engine&, Environment&, Handle& used) -> Task<Result<CheckReport>> { return used.array->array->check_all(); },
      show_report);
  return in.env().Undefined();
}

// arrayCheckpoint(slot, array)
Napi::Value array_checkpoint(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  start_handle_call(
      in, slot, handle,
      [](Engine&, Environment&, Handle& used) -> Task<Status> { return used.array->array->checkpoint(); },
      show_nothing);
  return in.env().Undefined();
}

}  // namespace holdfast
