// native/addon/values.h
//
// Plain JavaScript records of what the core gives: objects of numbers, strings, bigints, booleans and null, which
// structuredClone and another process can take. 64-bit fields of flags and times are bigints, sizes and counts numbers.
//
// Thread: js.
#pragma once

#include <napi.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "array/storage_array.h"
#include "base/guid.h"
#include "disk/view.h"

namespace holdfast {

Napi::Value guid_or_null(Napi::Env env, const Guid& guid);
Napi::Value text_or_null(Napi::Env env, const std::string& text);
/// A Buffer with a copy of the bytes.
Napi::Value bytes_value(Napi::Env env, std::span<const uint8_t> bytes);
Napi::Value patches_value(Napi::Env env, const std::vector<Patch>& patches);
Napi::Value plex_progress_value(Napi::Env env, const std::optional<PlexProgress>& progress);
Napi::Value lun_info_value(Napi::Env env, const LunInfo& info);
const char* space_policy_text(SpacePolicy policy);
Napi::Value given_up_value(Napi::Env env, const GivenUpCopy& copy);
Napi::Value set_value(Napi::Env env, const SetRecord& record);

template <typename T, typename Show>
Napi::Value array_value(Napi::Env env, const std::vector<T>& items, Show show) {
  Napi::Array array = Napi::Array::New(env, items.size());
  for (uint32_t i = 0; i < items.size(); ++i) array.Set(i, show(env, items[i]));
  return array;
}

}  // namespace holdfast
