// hold, release.

#include "addon/control_call.h"
#include "addon/functions.h"
#include "addon/values.h"

namespace holdfast {
namespace {

// `co_await HoldAwait(…)` gives the lease, or why there is none.
class HoldAwait {
 public:
  using Start = std::function<void(std::function<void(Result<LeaseId>)>)>;
  explicit HoldAwait(Start start) : start_(std::move(start)) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> handle) {
    // The answer may come from inside start_: then the task goes on at once, and nothing is resumed from in there.
    bool starting = true;
    bool* const still_starting = &starting;
    start_([this, handle, still_starting](Result<LeaseId> outcome) {
      lease_.emplace(std::move(outcome));
      if (!waiting_) {
        *still_starting = false;
        return;
      }
      handle.resume();
    });
    if (!starting) return false;
    waiting_ = true;
    return true;
  }
  Result<LeaseId> await_resume() { return std::move(*lease_); }

 private:
  Start start_;
  bool waiting_ = false;
  std::optional<Result<LeaseId>> lease_;
};

const char* ended_by_text(EndedBy ended_by) {
  switch (ended_by) {
    case EndedBy::release:
      return "release";
    case EndedBy::deadline:
      return "deadline";
    case EndedBy::owner:
      return "owner";
    case EndedBy::closed:
      return "closed";
  }
  return "closed";
}

double micros(int64_t nanos) { return static_cast<double>(nanos) / kMicrosecond; }

Napi::Value show_verdict(Napi::Env env, const Verdict& verdict) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("heldThroughout", verdict.held_throughout);
  object.Set("endedBy", ended_by_text(verdict.ended_by));
  object.Set("holdMicros", micros(verdict.released_at - verdict.held_at));
  object.Set("heldAtMicros", micros(verdict.held_at));
  object.Set("instantAtMicros", micros(verdict.instant_at));
  object.Set("releasedAtMicros", micros(verdict.released_at));
  object.Set("luns", array_value(env, verdict.luns, [](Napi::Env e, const HeldLun& held) {
               Napi::Object lun = Napi::Object::New(e);
               lun.Set("name", held.name);
               lun.Set("inFlightWriteCount", held.writes_in_flight_at_hold);
               lun.Set("queuedWriteCount", held.writes_queued);
               lun.Set("providerWriteCount", held.provider_writes_queued);
               return lun;
             }));
  return object;
}

std::vector<std::shared_ptr<Handle>> read_luns(Arguments& in, napi_value value) {
  std::vector<std::shared_ptr<Handle>> luns;
  uint32_t length = 0;
  if (!in.is_array(value, "luns", &length)) return luns;
  for (uint32_t i = 0; i < length && in.ok(); ++i) {
    Handle* handle = in.handle(in.element(value, i), HandleKind::lun);
    if (handle != nullptr) luns.push_back(handle->shared_from_this());
  }
  return luns;
}

struct HoldOrder {
  Guid set;
  std::vector<std::shared_ptr<Handle>> luns;
  int64_t limit_nanos = 0;
  bool await_writes_in_flight = false;
};

Task<Result<LeaseId>> take_hold(Engine& engine, OwnerId owner, const HoldOrder& order) {
  std::shared_ptr<OpenArray> array;
  std::vector<Guid> guids;
  for (const auto& handle : order.luns) {
    if (handle->lun == nullptr) co_return Status(Code::lun_closed, "a LUN was closed before its writes were held");
    if (array != nullptr && array != handle->array) {
      co_return Status(Code::volume_not_supported_by_provider, "the LUNs of a hold must lie in one array");
    }
    array = handle->array;
    guids.push_back(handle->lun->guid());
  }
  HoldAwait held([&](std::function<void(Result<LeaseId>)> answer) {
    if (array != nullptr) {
      array->array->hold(order.set, owner, guids, order.limit_nanos, order.await_writes_in_flight, std::move(answer));
      return;
    }
    // A set of writers without volumes: nothing waits, but the lease counts like any other.
    HoldRequest request;
    request.set = order.set;
    request.owner = owner;
    request.limit_nanos = order.limit_nanos;
    request.held = std::move(answer);
    engine.leases().hold(std::move(request));
  });
  Result<LeaseId> lease = co_await held;
  if (lease.ok()) {
    for (const auto& handle : order.luns) handle->lease = lease.value();
  }
  co_return lease;
}

}  // namespace

// hold(slot, setId, luns, limitMillis, awaitWritesInFlight): the id of the lease
Napi::Value hold(Arguments& in) {
  const uint32_t slot = in.slot();
  HoldOrder order;
  order.set = in.guid(in[1], "setId");
  order.luns = read_luns(in, in[2]);
  constexpr uint64_t kLimitMillisMax = 24 * 60 * 60 * 1000;
  order.limit_nanos = static_cast<int64_t>(in.unsigned_integer(in[3], "limitMillis", kLimitMillisMax)) * kMillisecond;
  order.await_writes_in_flight = in.boolean(in[4], "awaitWritesInFlight");
  start_call(
      in, slot,
      [order](Engine& engine, Environment& environment) -> Task<Result<LeaseId>> {
        // Whoever asks has died before its turn came: there is nobody left to release it.
        if (environment.dead()) co_return Status(Code::cancelled, "the environment has ended");
        Result<LeaseId> lease = co_await take_hold(engine, environment.owner(), order);
        co_return lease;
      },
      [](Napi::Env env, LeaseId lease) { return Napi::Number::New(env, static_cast<double>(lease)); });
  return in.env().Undefined();
}

// release(slot, lease): the verdict
Napi::Value release(Arguments& in) {
  const uint32_t slot = in.slot();
  const LeaseId lease = in.unsigned_integer(in[1], "lease");
  start_call(
      in, slot,
      [lease](Engine& engine, Environment& environment) -> Task<Result<Verdict>> {
        co_return engine.leases().release(lease, environment.owner());
      },
      show_verdict);
  return in.env().Undefined();
}

}  // namespace holdfast
