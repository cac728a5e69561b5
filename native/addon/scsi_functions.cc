// inquiry, parseDeviceIdentification: bytes in, bytes and records out, answered at once on the caller's thread.

#include "addon/functions.h"
#include "addon/values.h"
#include "scsi/designator.h"
#include "scsi/inquiry.h"

namespace holdfast {
namespace {

Napi::Value show_designator(Napi::Env env, const Designator& designator) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("codeSet", static_cast<uint32_t>(designator.code_set));
  object.Set("type", static_cast<uint32_t>(designator.type));
  object.Set("association", static_cast<uint32_t>(designator.association));
  object.Set("protocol", designator.protocol == Designator::kNoProtocol
                             ? env.Null()
                             : Napi::Value(Napi::Number::New(env, designator.protocol)));
  object.Set("identifier", bytes_value(env, designator.identifier));
  object.Set("identifiesLogicalUnit", identifies_logical_unit(designator));
  return object;
}

}  // namespace

// inquiry(lunGuid, isCopy, evpd, page, allocationLengthBytes)
Napi::Value inquiry(Arguments& in) {
  const Guid guid = in.guid(in[0], "guid");
  const bool is_copy = in.boolean(in[1], "isCopy");
  const bool evpd = in.boolean(in[2], "evpd");
  const auto page = static_cast<uint8_t>(in.unsigned_integer(in[3], "page", UINT8_MAX));
  const size_t length_bytes = in.unsigned_integer(in[4], "allocationLength", UINT16_MAX);
  if (!in.ok()) return in.env().Undefined();
  const Result<std::vector<uint8_t>> answer = inquiry(LunIdentity::for_lun(guid, is_copy), evpd, page, length_bytes);
  if (answer.ok()) return bytes_value(in.env(), answer.value());
  in.refuse(answer.status());
  return in.env().Undefined();
}

// parseDeviceIdentification(page)
Napi::Value parse_device_identification(Arguments& in) {
  const std::span<const uint8_t> page = in.bytes(in[0], "page");
  if (!in.ok()) return in.env().Undefined();
  const Result<std::vector<Designator>> parsed = parse_device_identification(page);
  if (parsed.ok()) return array_value(in.env(), parsed.value(), show_designator);
  in.refuse(parsed.status());
  return in.env().Undefined();
}

}  // namespace holdfast
