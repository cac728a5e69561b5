// lunCreate, lunAdopt, lunDetach, lunDelete, lunGrow, lunRevert, lunList, lunFind, lunOpen, lunClose, lunInspect,
// lunMap, lunUnmap.

#include "addon/control_call.h"
#include "addon/functions.h"
#include "addon/values.h"

namespace holdfast {
namespace {

struct OpenedLun {
  std::shared_ptr<Handle> handle;
  uint64_t size_bytes = 0;
  bool is_copy = false;
};

Napi::Value show_opened(Napi::Env env, const OpenedLun& lun) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("handle", wrap_handle(env, lun.handle));
  object.Set("sizeBytes", static_cast<double>(lun.size_bytes));
  object.Set("isCopy", lun.is_copy);
  return object;
}

Napi::Value show_guid(Napi::Env env, const Guid& guid) { return Napi::String::New(env, guid.to_string()); }

Napi::Value show_text(Napi::Env env, const std::string& text) { return Napi::String::New(env, text); }

Napi::Value show_list(Napi::Env env, const std::vector<LunInfo>& luns) {
  return array_value(env, luns, lun_info_value);
}

}  // namespace

// lunCreate(slot, array, sizeBytes)
Napi::Value lun_create(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const uint64_t size_bytes = in.unsigned_integer(in[2], "sizeBytes");
  start_handle_call(
      in, slot, handle,
      [size_bytes](Engine&, Environment&, Handle& used) { return used.array->array->create_lun(size_bytes); },
      show_guid);
  return in.env().Undefined();
}

// lunAdopt(slot, array, imagePath)
Napi::Value lun_adopt(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const std::string path = in.text(in[2], "imagePath");
  start_handle_call(
      in, slot, handle, [path](Engine&, Environment&, Handle& used) { return used.array->array->adopt_lun(path); },
      show_guid);
  return in.env().Undefined();
}

// lunDetach(slot, array, guid): the path of its base file
Napi::Value lun_detach(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const Guid guid = in.guid(in[2], "guid");
  start_handle_call(
      in, slot, handle, [guid](Engine&, Environment&, Handle& used) { return used.array->array->detach_lun(guid); },
      show_text);
  return in.env().Undefined();
}

// lunDelete(slot, array, guid)
Napi::Value lun_delete(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const Guid guid = in.guid(in[2], "guid");
  start_handle_call(
      in, slot, handle, [guid](Engine&, Environment&, Handle& used) { return used.array->array->delete_lun(guid); },
      show_nothing);
  return in.env().Undefined();
}

// lunGrow(slot, array, guid, sizeBytes)
Napi::Value lun_grow(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const Guid guid = in.guid(in[2], "guid");
  const uint64_t size_bytes = in.unsigned_integer(in[3], "sizeBytes");
  start_handle_call(
      in, slot, handle,
      [guid, size_bytes](Engine&, Environment&, Handle& used) { return used.array->array->grow_lun(guid, size_bytes); },
      show_nothing);
  return in.env().Undefined();
}

// lunRevert(slot, array, guid, sourceGuid)
Napi::Value lun_revert(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const Guid guid = in.guid(in[2], "guid");
  const Guid source = in.guid(in[3], "sourceGuid");
  start_handle_call(
      in, slot, handle,
      [guid, source](Engine&, Environment&, Handle& used) { return used.array->array->revert_lun(guid, source); },
      show_nothing);
  return in.env().Undefined();
}

// lunList(slot, array)
Napi::Value lun_list(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  start_handle_call(
      in, slot, handle,
      [](Engine&, Environment&, Handle& used) -> Task<Result<std::vector<LunInfo>>> {
        co_return used.array->array->list_luns();
      },
      show_list);
  return in.env().Undefined();
}

// lunFind(slot, array, guid)
Napi::Value lun_find(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const Guid guid = in.guid(in[2], "guid");
  start_handle_call(
      in, slot, handle,
      [guid](Engine&, Environment&, Handle& used) -> Task<Result<LunInfo>> {
        std::optional<LunInfo> info = used.array->array->describe_lun(guid);
        if (info.has_value()) co_return std::move(*info);
        co_return used.array->array->why_missing(guid);
      },
      lun_info_value);
  return in.env().Undefined();
}

// lunOpen(slot, array, guid)
Napi::Value lun_open(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::array);
  const Guid guid = in.guid(in[2], "guid");
  start_handle_call(
      in, slot, handle,
      [guid](Engine& engine, Environment& environment, Handle& used) -> Task<Result<OpenedLun>> {
        std::shared_ptr<Lun> lun = used.array->array->find_lun(guid);
        if (lun == nullptr) co_return used.array->array->why_missing(guid);
        OpenedLun opened{nullptr, lun->size_bytes(), lun->is_copy()};
        engine.arrays().add_handle(*used.array);
        opened.handle = Handle::make(HandleKind::lun, engine, environment, used.array, std::move(lun));
        co_return opened;
      },
      show_opened);
  return in.env().Undefined();
}

// lunClose(slot, lun)
Napi::Value lun_close(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::lun);
  if (!in.ok()) return in.env().Undefined();
  start_call(
      in, slot, [closing = handle->shared_from_this()](Engine& engine, Environment&) { return closing->close(engine); },
      show_nothing);
  handle->closed = in.ok();
  return in.env().Undefined();
}

// lunMap(slot, lun, hostId, hostName, readOnly, shared)
Napi::Value lun_map(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::lun);
  LunMapping mapping;
  mapping.host = in.guid(in[2], "hostId");
  mapping.host_name = in.text(in[3], "hostName");
  mapping.read_only = in.boolean(in[4], "readOnly");
  mapping.shared = in.boolean(in[5], "shared");
  start_handle_call(
      in, slot, handle,
      [mapping](Engine&, Environment&, Handle& used) mutable -> Task<Status> {
        mapping.holder = &used;
        co_return used.lun->map(mapping);
      },
      show_nothing);
  return in.env().Undefined();
}

// lunUnmap(slot, lun, hostId)
Napi::Value lun_unmap(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::lun);
  const Guid host = in.guid(in[2], "hostId");
  start_handle_call(
      in, slot, handle,
      [host](Engine&, Environment&, Handle& used) -> Task<Status> {
        used.lun->mappings().remove(&used, host);
        co_return Status();
      },
      show_nothing);
  return in.env().Undefined();
}

// lunInspect(slot, lun)
Napi::Value lun_inspect(Arguments& in) {
  const uint32_t slot = in.slot();
  Handle* handle = in.handle(in[1], HandleKind::lun);
  start_handle_call(
      in, slot, handle,
      [](Engine&, Environment&, Handle& used) -> Task<Result<LunInfo>> {
        const Guid guid = used.lun->guid();
        std::optional<LunInfo> info = used.array->array->describe_lun(guid);
        if (info.has_value()) co_return std::move(*info);
        Status unreadable = used.lun->why_unreadable();
        if (!unreadable.ok()) co_return unreadable;
        co_return Status(Code::lun_not_found, used.lun->describe() + " is not in the array any more");
      },
      lun_info_value);
  return in.env().Undefined();
}

}  // namespace holdfast
