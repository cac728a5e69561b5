// native/addon/data_request.h
//
// One read, write or flush of a LUN from JavaScript. There is one object per slot, made on first use and used again for
// every request of that slot, so the data path allocates nothing in the steady state.
//
//   idle ──start()──▶ under way ──▶ idle               a write, a flush, or a failure
//                               └─▶ to be fetched ──fetch()──▶ idle      a read
//
// The bytes of a write are copied when it is started, those of a read when it is fetched, both by the environment's
// own thread: whatever happens to a buffer of JavaScript meanwhile, the I/O thread never looks at it.
//
// Thread: members say theirs. Ownership: the environment's, which outlives every request under way.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "addon/completion.h"
#include "addon/handles.h"
#include "array/lun_request.h"
#include "base/status.h"
#include "io/buffer_pool.h"
#include "io/inbox.h"

namespace holdfast {

class Environment;

class DataRequest final : public Completion {
 public:
  struct Order {
    LunOp op = LunOp::read;
    Handle* lun = nullptr;
    uint64_t offset_bytes = 0;
    uint32_t length_bytes = 0;
    const uint8_t* bytes = nullptr;  // of a write
    bool force_unit_access = false;
    Initiator initiator = Initiator::host;
  };

  DataRequest(Environment& environment, uint32_t slot) : environment_(environment), slot_(slot) {}

  /// js. Refuses if the slot is in use or there is no memory; else the request is under way.
  Status start(Engine& engine, const Order& order);
  /// js. Takes what was read; the slot is idle afterwards, whatever the outcome.
  Status fetch(std::span<uint8_t> target);
  /// io, after the environment's end: gives back what nobody will fetch.
  void abandon();

  void deliver(Delivery& delivery) override;
  void drop() override;

 private:
  enum class State : uint8_t { idle, under_way, to_be_fetched };

  struct Arrival : Message {
    DataRequest* request = nullptr;
  };
  struct Request : LunRequest {
    explicit Request(DataRequest& owner_) : owner(owner_) {}
    DataRequest& owner;
  };

  void arrive();
  void finish();

  Environment& environment_;
  const uint32_t slot_;
  State state_ = State::idle;
  Handle* lun_ = nullptr;
  PooledBuffer buffer_;
  Arrival arrival_;
  std::optional<Request> request_;
};

}  // namespace holdfast
