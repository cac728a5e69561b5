// native/addon/control_call.h
//
// A call that is not of the data path: a task on the I/O thread whose result settles a promise.
//
//   js   start_call(arguments, slot, work, show)      refuses at once, or posts the call
//   io   co_await work(engine, environment)           Task<Result<T>>, or Task<Status> where there is nothing to give
//   js   show(env, value)                             the JavaScript value of the result
//
// start_handle_call() is the same for a call that needs an open handle: it counts as a request of the handle, so that
// closing waits for it, and `work` gets the handle as a third argument.
//
// Thread: as above. Ownership: the call owns `work` and what it captured until it is delivered or dropped, so `work`
// may capture by value whatever its task needs.
#pragma once

#include <napi.h>

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "addon/arguments.h"
#include "addon/completion.h"
#include "addon/environment.h"
#include "io/inbox.h"

namespace holdfast {

namespace control_detail {

template <typename T>
struct Outcome {
  std::optional<Result<T>> result;
  Status status() const { return result->status(); }
};

template <>
struct Outcome<void> {
  std::optional<Status> result;
  Status status() const { return *result; }
};

template <typename T>
struct Given;
template <typename T>
struct Given<Task<Result<T>>> {
  using Type = T;
};
template <>
struct Given<Task<Status>> {
  using Type = void;
};

}  // namespace control_detail

template <typename Work, typename Show>
class ControlCall final : public Completion, public Message {
 public:
  ControlCall(Environment& environment, Engine& engine, uint32_t slot, Work work, Show show)
      : environment_(environment), engine_(engine), slot_(slot), work_(std::move(work)), show_(std::move(show)) {
    run = [](Message* message, Loop& loop) {
      auto* call = static_cast<ControlCall*>(message);
      call->environment_.call_arrived();
      loop.spawn(carry_out(*call));
    };
  }

  void deliver(Delivery& delivery) override {
    const std::unique_ptr<ControlCall> self(this);
    environment_.call_ended();
    const Status status = outcome_.status();
    if (!status.ok()) {
      delivery.failed(slot_, status);
    } else if constexpr (std::is_void_v<T>) {
      delivery.succeeded(slot_);
    } else {
      delivery.gave(slot_, show_(delivery.env(), outcome_.result->value()));
    }
  }
  void drop() override { delete this; }

 private:
  using T = typename control_detail::Given<std::invoke_result_t<Work&, Engine&, Environment&>>::Type;

  static Task<void> carry_out(ControlCall& call) {
    call.outcome_.result.emplace(co_await call.work_(call.engine_, call.environment_));
    call.environment_.complete(call);
  }

  Environment& environment_;
  Engine& engine_;
  const uint32_t slot_;
  Work work_;
  Show show_;
  control_detail::Outcome<T> outcome_;
};

/// Posts the call unless an argument has been refused.
template <typename Work, typename Show>
void start_call(Arguments& in, uint32_t slot, Work work, Show show) {
  Engine* engine = in.engine();
  if (!in.ok()) return;
  auto* call = new ControlCall<Work, Show>(in.environment(), *engine, slot, std::move(work), std::move(show));
  in.environment().call_begun();
  engine->post(*call);
}

/// For a call that gives nothing.
inline void show_nothing(Napi::Env) {}

template <typename Work, typename Show>
void start_handle_call(Arguments& in, uint32_t slot, Handle* handle, Work work, Show show) {
  if (!in.ok()) return;
  using Outcome = std::invoke_result_t<Work&, Engine&, Environment&, Handle&>;
  start_call(
      in, slot,
      [used = handle->shared_from_this(), work = std::move(work)](Engine& engine,
                                                                  Environment& environment) mutable -> Outcome {
        HandleUse use(*used);
        if (used->array == nullptr) co_return Status(Code::cancelled, "the environment has ended");
        co_return co_await work(engine, environment, *used);
      },
      std::move(show));
}

}  // namespace holdfast
