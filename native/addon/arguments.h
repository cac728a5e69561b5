// native/addon/arguments.h
//
// Reads the arguments of one call from JavaScript. Nothing here throws: the first argument that is not what it should
// be makes ok() false for good and is what status() names; reading goes on with harmless values, so that a function
// reads everything and checks once.
//
// Plain calls of Node-API, not their wrappers: this is on the data path, and the wrappers report failure by building
// exceptions, which an environment that is being terminated does not allow.
//
// Thread: js. Ownership: spans and handles are borrowed for the length of the call.
#pragma once

#include <napi.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "addon/environment.h"
#include "addon/handles.h"
#include "base/guid.h"
#include "base/status.h"

namespace holdfast {

/// Reads one JavaScript value of which `name` is what messages call it. The part of Arguments that objects share.
class ValueReader {
 public:
  explicit ValueReader(napi_env env) : env_(env) {}

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }
  void refuse(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  bool is_nullish(napi_value value);
  bool boolean(napi_value value, const char* name);
  /// A number that is a safe, non-negative integer, or a bigint below 2^64.
  uint64_t unsigned_integer(napi_value value, const char* name, uint64_t max = UINT64_MAX);
  int64_t signed_bigint(napi_value value, const char* name);
  std::string text(napi_value value, const char* name);
  Guid guid(napi_value value, const char* name);
  /// The bytes of a Uint8Array, Buffer or DataView; refused if its buffer is detached.
  std::span<uint8_t> bytes(napi_value value, const char* name);
  Handle* handle(napi_value value, HandleKind kind);

  bool is_array(napi_value value, const char* name, uint32_t* length);
  napi_value element(napi_value array, uint32_t index);
  /// A property of an object, undefined if it has none.
  napi_value property(napi_value object, const char* name);
  std::vector<Guid> guids(napi_value value, const char* name);

 protected:
  void wrong(const char* name, const char* wanted);

  const napi_env env_;
  Status status_;
};

class Arguments : public ValueReader {
 public:
  static constexpr size_t kCountMax = 8;

  Arguments(napi_env env, napi_callback_info info);

  Napi::Env env() const { return env_; }
  Environment& environment() { return *environment_; }
  /// The first argument of every call that ends in a promise.
  uint32_t slot() { return static_cast<uint32_t>(unsigned_integer(values_[0], "slot", UINT32_MAX)); }
  /// The engine, or null with the reason as status().
  Engine* engine();
  napi_value operator[](size_t index) const { return values_[index]; }

 private:
  std::array<napi_value, kCountMax> values_{};
  Environment* environment_ = nullptr;
};

}  // namespace holdfast
