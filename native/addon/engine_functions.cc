// attach, engineInfo, monotonicMicros.

#include "addon/functions.h"
#include "io/clock.h"

namespace holdfast {

// attach(settle, slots)
Napi::Value attach(Arguments& in) {
  const Napi::Value settle(in.env(), in[0]);
  const Napi::Value slots(in.env(), in[1]);
  if (!settle.IsFunction() || !slots.IsTypedArray() ||
      slots.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) {
    in.refuse(Status(Code::invalid_argument, "attach takes a function and an Int32Array"));
  } else {
    in.refuse(in.environment().attach(settle.As<Napi::Function>(), slots.As<Napi::Int32Array>()));
  }
  return in.env().Undefined();
}

// engineInfo(): starts the engine
Napi::Value engine_info(Arguments& in) {
  const Engine* engine = in.engine();
  if (!in.ok()) return in.env().Undefined();
  Napi::Object object = Napi::Object::New(in.env());
  object.Set("engine", engine->info().engine);
  object.Set("why", engine->info().why);
  object.Set("kernel", engine->info().kernel);
  object.Set("maxHeldBytes", static_cast<double>(engine->held_bytes_max()));
  object.Set("nodeApiVersion", NAPI_VERSION);
  object.Set("compiler", __VERSION__);
  return object;
}

// monotonicMicros(): the clock of holds and verdicts
Napi::Value monotonic_micros(Arguments& in) {
  return Napi::Number::New(in.env(), static_cast<double>(monotonic_now()) / kMicrosecond);
}

}  // namespace holdfast
