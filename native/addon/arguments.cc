#include "addon/arguments.h"

#include <cmath>

namespace holdfast {
namespace {

constexpr double kSafeIntegerMax = 9007199254740991.0;
// Paths, notes and names; more is a mistake.
constexpr size_t kTextBytesMax = size_t{16} << 20;

}  // namespace

void ValueReader::wrong(const char* name, const char* wanted) {
  refuse(Status(Code::invalid_argument, std::string(name) + " must be " + wanted));
}

bool ValueReader::is_nullish(napi_value value) {
  napi_valuetype type = napi_undefined;
  return napi_typeof(env_, value, &type) != napi_ok || type == napi_undefined || type == napi_null;
}

bool ValueReader::boolean(napi_value value, const char* name) {
  bool result = false;
  if (napi_get_value_bool(env_, value, &result) != napi_ok) wrong(name, "true or false");
  return result;
}

uint64_t ValueReader::unsigned_integer(napi_value value, const char* name, uint64_t max) {
  uint64_t result = 0;
  double number = 0;
  if (napi_get_value_double(env_, value, &number) == napi_ok) {
    if (!(number >= 0 && number <= kSafeIntegerMax) || number != std::floor(number)) {
      refuse(Status(number != number || number != std::floor(number) ? Code::invalid_argument : Code::out_of_range,
                    std::string(name) + " must be a whole number from 0 to 2^53 - 1, or a bigint"));
      return 0;
    }
    result = static_cast<uint64_t>(number);
  } else {
    bool lossless = false;
    if (napi_get_value_bigint_uint64(env_, value, &result, &lossless) != napi_ok) {
      wrong(name, "a number or a bigint");
      return 0;
    }
    if (!lossless) {
      refuse(Status(Code::out_of_range, std::string(name) + " must be from 0 to 2^64 - 1"));
      return 0;
    }
  }
  if (result > max) {
    refuse(Status(Code::out_of_range, std::string(name) + " must be at most " + std::to_string(max)));
    return 0;
  }
  return result;
}

int64_t ValueReader::signed_bigint(napi_value value, const char* name) {
  int64_t result = 0;
  bool lossless = false;
  if (napi_get_value_bigint_int64(env_, value, &result, &lossless) != napi_ok || !lossless) {
    wrong(name, "a bigint of 64 bits");
  }
  return result;
}

std::string ValueReader::text(napi_value value, const char* name) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env_, value, nullptr, 0, &length) != napi_ok || length > kTextBytesMax) {
    wrong(name, "a string");
    return {};
  }
  std::string result(length + 1, '\0');
  (void)napi_get_value_string_utf8(env_, value, result.data(), result.size(), &length);
  result.resize(length);
  if (result.find('\0') != std::string::npos) wrong(name, "a string without zero characters");
  return result;
}

Guid ValueReader::guid(napi_value value, const char* name) {
  Guid result;
  const std::string spelled = text(value, name);
  if (ok() && !Guid::parse(spelled, &result)) wrong(name, "a GUID");
  return result;
}

std::span<uint8_t> ValueReader::bytes(napi_value value, const char* name) {
  void* data = nullptr;
  size_t length = 0;
  // Accepts every view of bytes, DataView included.
  if (napi_get_buffer_info(env_, value, &data, &length) != napi_ok) {
    wrong(name, "a Buffer or Uint8Array");
    return {};
  }
  if (length == 0) {
    // An empty view may be one that lost its buffer; taking it for no bytes would hide the loss.
    napi_value buffer = nullptr;
    bool detached = false;
    bool is_typed_array = false;
    if (napi_is_typedarray(env_, value, &is_typed_array) == napi_ok && is_typed_array &&
        napi_get_typedarray_info(env_, value, nullptr, nullptr, nullptr, &buffer, nullptr) == napi_ok &&
        napi_is_detached_arraybuffer(env_, buffer, &detached) == napi_ok && detached) {
      wrong(name, "a buffer that has not been detached");
    }
    return {};
  }
  return {static_cast<uint8_t*>(data), length};
}

Handle* ValueReader::handle(napi_value value, HandleKind kind) {
  Handle* found = unwrap_handle(env_, value, kind);
  if (found == nullptr) {
    wrong("the handle", kind == HandleKind::array ? "that of an open array" : "that of an open LUN");
  } else if (found->closed) {
    refuse(kind == HandleKind::array ? Status(Code::array_closed, "the array has been closed")
                                     : Status(Code::lun_closed, "the LUN has been closed"));
  }
  return found;
}

bool ValueReader::is_array(napi_value value, const char* name, uint32_t* length) {
  bool is = false;
  if (napi_is_array(env_, value, &is) != napi_ok || !is || napi_get_array_length(env_, value, length) != napi_ok) {
    wrong(name, "an array");
    return false;
  }
  return true;
}

napi_value ValueReader::element(napi_value array, uint32_t index) {
  napi_value value = nullptr;
  if (napi_get_element(env_, array, index, &value) != napi_ok) (void)napi_get_undefined(env_, &value);
  return value;
}

napi_value ValueReader::property(napi_value object, const char* name) {
  napi_valuetype type = napi_undefined;
  napi_value value = nullptr;
  (void)napi_get_undefined(env_, &value);
  if (napi_typeof(env_, object, &type) != napi_ok || type != napi_object) {
    wrong("the argument", "an object");
  } else {
    (void)napi_get_named_property(env_, object, name, &value);
  }
  return value;
}

std::vector<Guid> ValueReader::guids(napi_value value, const char* name) {
  std::vector<Guid> result;
  uint32_t length = 0;
  if (!is_array(value, name, &length)) return result;
  for (uint32_t i = 0; i < length && ok(); ++i) result.push_back(guid(element(value, i), name));
  return result;
}

Arguments::Arguments(napi_env env, napi_callback_info info) : ValueReader(env) {
  size_t count = values_.size();
  void* data = nullptr;
  // Arguments that were not given read as undefined.
  if (napi_get_cb_info(env, info, &count, values_.data(), nullptr, &data) != napi_ok) {
    refuse(Status(Code::cancelled, "the environment is ending"));
  }
  environment_ = static_cast<Environment*>(data);
}

Engine* Arguments::engine() {
  Result<Engine*> engine = environment_->engine();
  if (engine.ok()) return engine.value();
  refuse(engine.status());
  return nullptr;
}

}  // namespace holdfast
