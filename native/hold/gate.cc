#include "hold/gate.h"

namespace holdfast {

Gate::Gate(Loop& loop, void* context, void (*admit)(void*, GateRequest*))
    : loop_(loop), context_(context), admit_(admit) {
  replay_.gate = this;
  replay_.run = [](Work* work) { static_cast<Replay*>(work)->gate->replay(); };
}

void Gate::close() {
  assert(!closed_);
  closed_ = true;
  queued_total_ = held_count_;
  queued_of_provider_ = 0;
  if (replay_.linked()) replay_.unlink();
}

void Gate::open() {
  if (!closed_) return;
  closed_ = false;
  if (!held_.empty()) loop_.defer(replay_);
}

GateRequest* Gate::take_held() {
  GateRequest* request = held_.pop_front();
  if (request != nullptr) {
    --held_count_;
    held_bytes_ -= request->gate_bytes;
  }
  return request;
}

void Gate::replay() {
  for (int count = 0; count < kReplayPerTurn && !closed_; ++count) {
    GateRequest* request = take_held();
    if (request == nullptr) return;
    admit_(context_, request);
  }
  if (!closed_ && !held_.empty() && !replay_.linked()) loop_.defer(replay_);
}

}  // namespace holdfast
