#include "addon/completion.h"

#include <array>

namespace holdfast {

Napi::Object failure_record(Napi::Env env, const Status& status) {
  Napi::Object record = Napi::Object::New(env);
  record.Set("code", code_text(status.code()));
  record.Set("message", status.message());
  if (status.error_number() != 0) record.Set("errno", status.error_number());
  if (status.offset_bytes() != Status::kNoOffset) {
    record.Set("offsetBytes", static_cast<double>(status.offset_bytes()));
  }
  return record;
}

void Delivery::add(uint32_t slot, bool ok, Napi::Value value) {
  if (others_count_ == 0) others_ = Napi::Array::New(env_);
  others_.Set(others_count_++, Napi::Number::New(env_, slot));
  others_.Set(others_count_++, Napi::Boolean::New(env_, ok));
  others_.Set(others_count_++, value);
}

void Delivery::flush() {
  if (count_ == 0 && others_count_ == 0) return;
  const std::array<napi_value, 2> arguments = {Napi::Number::New(env_, count_),
                                               others_count_ == 0 ? env_.Undefined() : Napi::Value(others_)};
  count_ = 0;
  others_count_ = 0;
  // The settle function throws nothing. The call fails when the environment is being terminated; then nobody waits.
  (void)napi_call_function(env_, env_.Undefined(), settle_, arguments.size(), arguments.data(), nullptr);
}

}  // namespace holdfast
