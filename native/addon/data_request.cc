#include "addon/data_request.h"

#include <cstring>

#include "addon/environment.h"

namespace holdfast {

Status DataRequest::start(Engine& engine, const Order& order) {
  if (state_ != State::idle) return Status(Code::internal, "slot " + std::to_string(slot_) + " is in use");
  buffer_.reset();
  if (order.op != LunOp::flush && order.length_bytes > 0) {
    BufferPool& pool = order.op == LunOp::read ? environment_.read_pool() : environment_.write_pool();
    buffer_ = PooledBuffer(pool, order.length_bytes);
    if (!buffer_) {
      return Status(Code::out_of_memory, "no room for a request of " + std::to_string(order.length_bytes) +
                                             " bytes; await some of those under way first");
    }
    if (order.op == LunOp::write) std::memcpy(buffer_.data(), order.bytes, order.length_bytes);
  }
  Request& request = request_.emplace(*this);
  request.op = order.op;
  request.force_unit_access = order.force_unit_access;
  request.initiator = order.initiator;
  request.offset_bytes = order.offset_bytes;
  request.length_bytes = order.length_bytes;
  request.data = buffer_.data();
  request.done = [](LunRequest* done) { static_cast<Request*>(done)->owner.finish(); };

  state_ = State::under_way;
  lun_ = order.lun;
  arrival_.request = this;
  arrival_.run = [](Message* message, Loop&) { static_cast<Arrival*>(message)->request->arrive(); };
  environment_.call_begun();
  engine.post(arrival_);
  return Status();
}

void DataRequest::arrive() {
  environment_.call_arrived();
  ++lun_->requests_under_way;
  lun_->lun->submit(*request_);
}

void DataRequest::finish() {
  lun_->request_done();
  environment_.complete(*this);
}

void DataRequest::deliver(Delivery& delivery) {
  environment_.call_ended();
  const Status& status = request_->status;
  const bool fetched = status.ok() && request_->op == LunOp::read;
  state_ = fetched ? State::to_be_fetched : State::idle;
  if (!fetched) buffer_.reset();
  if (status.ok()) {
    delivery.succeeded(slot_);
  } else {
    delivery.failed(slot_, status);
  }
}

Status DataRequest::fetch(std::span<uint8_t> target) {
  if (state_ != State::to_be_fetched) return Status(Code::internal, "slot " + std::to_string(slot_) + " read nothing");
  state_ = State::idle;
  const uint32_t length_bytes = request_->length_bytes;
  const bool fits = target.size() >= length_bytes;
  if (fits && length_bytes > 0) std::memcpy(target.data(), buffer_.data(), length_bytes);
  buffer_.reset();
  if (fits) return Status();
  return Status(Code::invalid_argument, "the buffer was detached or shrank while it was being read into: it has " +
                                            std::to_string(target.size()) + " of " + std::to_string(length_bytes) +
                                            " bytes");
}

void DataRequest::abandon() {
  if (state_ == State::under_way) return;
  state_ = State::idle;
  buffer_.reset();
}

void DataRequest::drop() {
  state_ = State::idle;
  buffer_.reset();
}

}  // namespace holdfast
