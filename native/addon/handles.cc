#include "addon/handles.h"

#include <cstring>
#include <utility>

#include "addon/environment.h"
#include "base/guid.h"

namespace holdfast {
namespace {

const napi_type_tag* tag_of(HandleKind kind) {
  static const napi_type_tag* const tags = [] {
    auto* made = new napi_type_tag[2];
    for (int i = 0; i < 2; ++i) {
      const Guid random = Guid::random();
      std::memcpy(&made[i].lower, random.bytes.data(), 8);
      std::memcpy(&made[i].upper, random.bytes.data() + 8, 8);
    }
    return made;
  }();
  return &tags[static_cast<int>(kind)];
}

// What an external value points to.
struct Box {
  std::shared_ptr<Handle> handle;
};

struct Collected : Message {
  std::shared_ptr<Handle> handle;
  Engine* engine = nullptr;
};

// Runs while JavaScript is being collected: posts a message and does nothing else.
void finalize(napi_env, void* data, void*) {
  const std::unique_ptr<Box> box(static_cast<Box*>(data));
  Handle& handle = *box->handle;
  if (handle.closed || handle.environment->ended()) return;
  handle.closed = true;
  Result<Engine*> engine = handle.environment->engine();
  if (!engine.ok()) return;
  auto* message = new Collected();
  message->handle = std::move(box->handle);
  message->engine = engine.value();
  message->run = [](Message* posted, Loop&) {
    const std::unique_ptr<Collected> collected(static_cast<Collected*>(posted));
    collected->handle->close_later(*collected->engine);
  };
  engine.value()->post(*message);
}

}  // namespace

Handle::Handle(HandleKind kind_, Loop& loop, std::shared_ptr<Environment> environment_,
               std::shared_ptr<OpenArray> array_)
    : kind(kind_), environment(std::move(environment_)), array(std::move(array_)), idle_(loop) {}

Handle::~Handle() = default;

std::shared_ptr<Handle> Handle::make(HandleKind kind, Engine& engine, Environment& environment,
                                     std::shared_ptr<OpenArray> array, std::shared_ptr<Lun> lun) {
  auto handle = std::make_shared<Handle>(kind, engine.loop(), environment.shared_from_this(), std::move(array));
  handle->lun = std::move(lun);
  environment.handles().insert(handle);
  if (environment.dead()) handle->close_later(engine);
  return handle;
}

void Handle::request_done() {
  if (--requests_under_way == 0) idle_.notify_all();
}

Task<Status> Handle::close(Engine& engine) {
  const std::shared_ptr<Handle> self = shared_from_this();
  if (closing_) {
    while (array != nullptr) co_await idle_.wait();
    co_return Status();
  }
  closing_ = true;
  // Writes that wait at the gate would wait for the end of the hold, and whoever took it through this handle gives up.
  if (lun != nullptr && lease != 0 && engine.leases().lease_of(*lun) == lease) engine.leases().forget(*lun);
  while (requests_under_way > 0) co_await idle_.wait();
  // Only now: what this one has written comes before anything another host writes.
  if (lun != nullptr) lun->mappings().remove_holder(this);
  lun.reset();
  environment->handles().erase(self);
  std::shared_ptr<OpenArray> released = array;
  if (!environment->has_handle_of(*released)) released->array->owner_died(environment->owner());
  Status status = co_await engine.arrays().release(std::move(released));
  array.reset();
  idle_.notify_all();
  co_return status;
}

Task<void> Handle::run_close(std::shared_ptr<Handle> handle, Engine& engine) {
  // Nobody asked, so nobody can be told; what a failed close leaves, the next opening recovers.
  (void)co_await handle->close(engine);
}

void Handle::close_later(Engine& engine) { engine.loop().spawn(run_close(shared_from_this(), engine)); }

Napi::Value wrap_handle(Napi::Env env, std::shared_ptr<Handle> handle) {
  auto box = std::make_unique<Box>(Box{std::move(handle)});
  napi_value value = nullptr;
  if (napi_create_external(env, box.get(), finalize, nullptr, &value) != napi_ok) return env.Undefined();
  const HandleKind kind = box.release()->handle->kind;
  if (napi_type_tag_object(env, value, tag_of(kind)) != napi_ok) return env.Undefined();
  return Napi::Value(env, value);
}

Handle* unwrap_handle(napi_env env, napi_value value, HandleKind kind) {
  void* data = nullptr;
  bool ours = false;
  if (napi_get_value_external(env, value, &data) != napi_ok) return nullptr;
  if (napi_check_object_type_tag(env, value, tag_of(kind), &ours) != napi_ok || !ours) return nullptr;
  return static_cast<Box*>(data)->handle.get();
}

}  // namespace holdfast
