// lunRead, lunFetch, lunWrite, lunFlush: the data path.

#include "addon/data_request.h"
#include "addon/functions.h"

namespace holdfast {
namespace {

constexpr uint32_t kInitiatorMax = static_cast<uint32_t>(Initiator::internal);

void start(Arguments& in, uint32_t slot, const DataRequest::Order& order) {
  Engine* engine = in.engine();
  if (!in.ok()) return;
  DataRequest* request = in.environment().request(slot);
  in.refuse(request == nullptr ? Status(Code::out_of_range, "too many requests under way")
                               : request->start(*engine, order));
}

}  // namespace

// lunRead(slot, lun, offsetBytes, lengthBytes, initiator): then lunFetch
Napi::Value lun_read(Arguments& in) {
  const uint32_t slot = in.slot();
  DataRequest::Order order;
  order.op = LunOp::read;
  order.lun = in.handle(in[1], HandleKind::lun);
  order.offset_bytes = in.unsigned_integer(in[2], "offset");
  order.length_bytes = static_cast<uint32_t>(in.unsigned_integer(in[3], "length", kRequestBytesMax));
  order.initiator = static_cast<Initiator>(in.unsigned_integer(in[4], "initiator", kInitiatorMax));
  start(in, slot, order);
  return in.env().Undefined();
}

// lunFetch(slot, target)
Napi::Value lun_fetch(Arguments& in) {
  const uint32_t slot = in.slot();
  DataRequest* request = in.ok() ? in.environment().request(slot) : nullptr;
  // A target that is no buffer any more takes no bytes, but the slot is to be idle again.
  const std::span<uint8_t> target = in.bytes(in[1], "the target");
  if (request != nullptr) in.refuse(request->fetch(target));
  return in.env().Undefined();
}

// lunWrite(slot, lun, offsetBytes, bytes, forceUnitAccess, initiator)
Napi::Value lun_write(Arguments& in) {
  const uint32_t slot = in.slot();
  DataRequest::Order order;
  order.op = LunOp::write;
  order.lun = in.handle(in[1], HandleKind::lun);
  order.offset_bytes = in.unsigned_integer(in[2], "offset");
  const std::span<uint8_t> bytes = in.bytes(in[3], "bytes");
  if (bytes.size() > kRequestBytesMax) in.refuse(Status(Code::out_of_range, "one request has at most 32 MiB"));
  order.bytes = bytes.data();
  order.length_bytes = static_cast<uint32_t>(bytes.size());
  order.force_unit_access = in.boolean(in[4], "forceUnitAccess");
  order.initiator = static_cast<Initiator>(in.unsigned_integer(in[5], "initiator", kInitiatorMax));
  start(in, slot, order);
  return in.env().Undefined();
}

// lunFlush(slot, lun)
Napi::Value lun_flush(Arguments& in) {
  const uint32_t slot = in.slot();
  DataRequest::Order order;
  order.op = LunOp::flush;
  order.lun = in.handle(in[1], HandleKind::lun);
  start(in, slot, order);
  return in.env().Undefined();
}

}  // namespace holdfast
