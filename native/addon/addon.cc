// native/addon/addon.cc
//
// Everything the addon offers, in one list.
#include <napi.h>

namespace {

Napi::Value engine_info(const Napi::CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("nodeApiVersion", NAPI_VERSION);
  result.Set("compiler", __VERSION__);
  return result;
}

}  // namespace

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("engineInfo", Napi::Function::New(env, engine_info, "engineInfo"));
  return exports;
}

NODE_API_MODULE(holdfast, init)
