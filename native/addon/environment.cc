#include "addon/environment.h"

#include <atomic>
#include <utility>

#include "addon/data_request.h"

namespace holdfast {
namespace {

// Bytes a pool of one environment keeps for reuse.
constexpr size_t kKeptBytesMax = size_t{16} << 20;
// More requests of one environment than this are a mistake, not a load.
constexpr uint32_t kSlotsMax = 1 << 20;

OwnerId next_owner() {
  static std::atomic<OwnerId> last{0};
  return ++last;
}

}  // namespace

Environment::Environment(napi_env env)
    : owner_(next_owner()),
      env_(env),
      read_pool_(Engine::read_budget(), kKeptBytesMax),
      write_pool_(Engine::write_budget(), kKeptBytesMax) {}

Environment::~Environment() = default;

Environment* Environment::create(napi_env env) {
  auto owned = std::shared_ptr<Environment>(new Environment(env));
  Environment* environment = owned.get();
  if (!environment->open_doorbell()) return nullptr;
  // After the doorbell: hooks run in reverse order, so ours runs before the one that destroys it.
  auto* holder = new std::shared_ptr<Environment>(owned);
  if (napi_add_env_cleanup_hook(env, end, holder) != napi_ok) {
    delete holder;
    return nullptr;
  }
  // Keeps the environment for as long as its functions can be called; finalized after all hooks.
  auto* kept = new std::shared_ptr<Environment>(std::move(owned));
  const auto let_go = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<Environment>*>(data); };
  (void)napi_set_instance_data(env, kept, let_go, nullptr);
  return environment;
}

bool Environment::open_doorbell() {
  napi_value name = nullptr;
  return napi_create_string_utf8(env_, "holdfast.completions", NAPI_AUTO_LENGTH, &name) == napi_ok &&
         napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, answer_doorbell,
                                         &doorbell_) == napi_ok &&
         napi_unref_threadsafe_function(env_, doorbell_) == napi_ok;
}

Status Environment::attach(Napi::Function settle, Napi::Int32Array slots) {
  if (settle_ != nullptr) return Status(Code::bad_state, "attach may be called once");
  if (slots.ElementLength() < Delivery::kSlotsMax) {
    return Status(Code::invalid_argument, "the array of slots needs " + std::to_string(Delivery::kSlotsMax));
  }
  if (napi_create_reference(env_, settle, 1, &settle_) != napi_ok ||
      napi_create_reference(env_, slots, 1, &slots_) != napi_ok) {
    return Status(Code::cancelled, "the environment is ending");
  }
  return Status();
}

Result<Engine*> Environment::engine() {
  if (ended_) return Status(Code::cancelled, "the environment has ended");
  if (engine_ != nullptr) return engine_;
  Result<Engine*> started = Engine::get();
  if (!started.ok()) return started;
  engine_ = started.value();
  ring_.environment = this;
  ring_.run = [](Work* work) {
    // Nonblocking, and the queue has no bound: what is under way is bounded by those who ask.
    (void)napi_call_threadsafe_function(static_cast<Ring*>(work)->environment->doorbell_, nullptr,
                                        napi_tsfn_nonblocking);
  };
  greeting_.environment = this;
  greeting_.run = [](Message* message, Loop&) {
    Environment& arrived = *static_cast<Greeting*>(message)->environment;
    arrived.engine_->environments().insert(arrived.shared_from_this());
  };
  engine_->post(greeting_);
  return engine_;
}

DataRequest* Environment::request(uint32_t slot) {
  if (slot >= kSlotsMax) return nullptr;
  if (slot >= requests_.size()) requests_.resize(slot + 1);
  if (requests_[slot] == nullptr) requests_[slot] = std::make_unique<DataRequest>(*this, slot);
  return requests_[slot].get();
}

void Environment::call_begun() {
  ++calls_pending_;
  if (keeps_process_alive_) return;
  keeps_process_alive_ = true;
  (void)napi_ref_threadsafe_function(env_, doorbell_);
}

void Environment::answer_doorbell(napi_env env, napi_value, void* context, void*) {
  // Without an env the function is being destroyed, and what is left was dropped by the I/O thread.
  if (env != nullptr) static_cast<Environment*>(context)->deliver_all();
}

void Environment::deliver_all() {
  napi_value settle = nullptr;
  napi_value slots = nullptr;
  void* slot_data = nullptr;
  (void)napi_get_reference_value(env_, settle_, &settle);
  (void)napi_get_reference_value(env_, slots_, &slots);
  (void)napi_get_typedarray_info(env_, slots, nullptr, nullptr, &slot_data, nullptr, nullptr);
  Delivery delivery(env_, settle, static_cast<int32_t*>(slot_data));
  completions_.take_all([&](Completion& completion) {
    try {
      completion.deliver(delivery);
    } catch (const Napi::Error&) {
      // Values cannot be made: the environment is being terminated, and nobody waits for them.
    }
  });
  try {
    delivery.flush();
  } catch (const Napi::Error&) {
    // As above.
  }
  if (calls_pending_ > 0 || !keeps_process_alive_) return;
  keeps_process_alive_ = false;
  (void)napi_unref_threadsafe_function(env_, doorbell_);
}

void Environment::complete(Completion& completion) {
  --calls_under_way_;
  if (dead_) {
    completion.drop();
    forget_if_idle();
    return;
  }
  // Rung in the next turn, so that everything this turn completes comes with one ring.
  if (completions_.push(completion)) engine_->loop().defer(ring_);
}

bool Environment::has_handle_of(const OpenArray& array) const {
  for (const auto& handle : handles_) {
    if (handle->array.get() == &array) return true;
  }
  return false;
}

void Environment::end(void* holder) {
  const std::unique_ptr<std::shared_ptr<Environment>> owned(static_cast<std::shared_ptr<Environment>*>(holder));
  Environment& environment = **owned;
  environment.ended_ = true;
  if (environment.engine_ == nullptr) return;
  Death& death = environment.death_;
  death.environment = &environment;
  death.run = [](Message* message, Loop&) { static_cast<Death*>(message)->environment->die(); };
  environment.engine_->post(death);
  std::unique_lock<std::mutex> lock(death.mutex);
  death.acknowledged.wait(lock, [&] { return death.done; });
}

void Environment::die() {
  const std::shared_ptr<Environment> self = shared_from_this();
  dead_ = true;
  if (ring_.linked()) ring_.unlink();
  completions_.take_all([](Completion& completion) { completion.drop(); });
  for (const auto& request : requests_) {
    if (request != nullptr) request->abandon();
  }
  engine_->leases().owner_died(owner_);
  engine_->arrays().owner_died(owner_);
  const std::set<std::shared_ptr<Handle>> handles = handles_;
  for (const auto& handle : handles) handle->close_later(*engine_);
  forget_if_idle();
  const std::lock_guard<std::mutex> lock(death_.mutex);
  death_.done = true;
  death_.acknowledged.notify_one();
}

void Environment::forget_if_idle() {
  if (calls_under_way_ == 0) engine_->environments().erase(shared_from_this());
}

}  // namespace holdfast
