#include "array/lun.h"

#include <utility>

#include "base/checked.h"
#include "base/planted.h"

namespace holdfast {

Lun::Lun(Loop& loop, LeaseTable& leases, Family& family, const LunRecord& record)
    : loop_(loop),
      leases_(leases),
      family_(&family),
      record_(record),
      size_bytes_(record.size_bytes),
      gate_(loop, this,
            [](void* context, GateRequest* gated) {
              Lun* self = static_cast<Lun*>(context);
              self->leases_.give_back_held(gated->gate_bytes);
              self->admit(*static_cast<LunRequest*>(gated));
            }),
      changed_(loop) {
  family_->branches().add_head(record_.view, record_.epoch);
  auto present = std::make_shared<EpochWrites>();
  present->epoch = family_->branches().epoch(record_.view.front().branch);
  epochs_.push_back(std::move(present));
  parks_writes_ = record_.content == Content::copied;
}

Lun::~Lun() = default;

LunRecord Lun::present_record() const {
  LunRecord record = record_;
  record.epoch = epochs_.back()->epoch;
  return record;
}

std::string Lun::describe() const { return (is_copy() ? "shadow copy LUN " : "LUN ") + record_.guid.to_string(); }

uint32_t Lun::writes_in_flight() const {
  uint32_t count = 0;
  for (const auto& epoch : epochs_) count += epoch->in_flight_count;
  return count;
}

Status Lun::why_unreadable() const {
  if (state_ == State::gone) {
    if (!given_up_.ok()) return given_up_;
    if (is_copy()) return Status(Code::copy_gone, describe() + " has been deleted");
    return Status(Code::lun_not_found, describe() + " has been detached from its array");
  }
  if (state_ == State::changing) return Status(Code::lun_in_use, describe() + " is being reverted or resynchronized");
  if (state_ == State::closed) return Status(Code::lun_closed, describe() + " is closed");
  return Status();
}

Status Lun::check(const LunRequest& request) const {
  if (!request.within_change || state_ != State::changing) {
    Status unreadable = why_unreadable();
    if (!unreadable.ok()) return unreadable;
  }
  if (request.op == LunOp::flush) return Status();
  if (request.length_bytes > kRequestBytesMax || !range_fits(request.offset_bytes, request.length_bytes, size_bytes_)) {
    return Status(Code::out_of_range,
                  "bytes " + std::to_string(request.offset_bytes) + " to " +
                      std::to_string(request.offset_bytes + request.length_bytes) + " do not lie inside " + describe() +
                      ", which has " + std::to_string(size_bytes_) + " bytes",
                  0, request.offset_bytes);
  }
  if (!is_aligned(request.offset_bytes, kSectorBytes) || !is_aligned(request.length_bytes, kSectorBytes)) {
    return Status(Code::alignment,
                  "offset " + std::to_string(request.offset_bytes) + " and length " +
                      std::to_string(request.length_bytes) + " must be multiples of 512",
                  0, request.offset_bytes);
  }
  if (request.op == LunOp::write && !family_->failure().ok()) {
    return Status(Code::lun_read_only,
                  describe() + " is read-only until the array is opened again: " + family_->failure().message(),
                  family_->failure().error_number());
  }
  return Status();
}

void Lun::submit(LunRequest& request) {
  request.lun = this;
  if (paused_ && request.initiator != Initiator::internal) return paused_requests_.push_back(&request);
  ++requests_in_flight_;
  Status refused = check(request);
  if (!refused.ok()) return fail(request, std::move(refused));
  if (request.op == LunOp::flush) return start_flush(request);
  if (request.length_bytes == 0) return complete(request);
  if (request.op == LunOp::read) return hold_units(request);
  if (parks_writes_ && !request.within_change) return park(request);
  enter_gate(request);
}

Status Lun::map(const LunMapping& mapping) {
  Status usable = why_unreadable();
  if (!usable.ok()) return usable;
  if (record_.content == Content::partial) {
    return Status(Code::resync_in_progress, describe() + " holds half of shadow copy LUN " +
                                                record_.content_of.to_string() +
                                                ": its resync was cut off; resync it again, or revert it");
  }
  return mappings_.add(mapping, describe());
}

void Lun::set_content(Content content, const Guid& content_of) {
  record_.content = content;
  record_.content_of = content == Content::own ? Guid() : content_of;
  // Taken back is what it was only when that is durable: content_taken_back() says so.
  if (content == Content::copied) parks_writes_ = true;
}

// The write is accepted and nothing of it is begun.
void Lun::park(LunRequest& request) {
  parked_.push_back(&request);
  if (parked_.size() == 1) take_back_();
}

void Lun::content_taken_back(const Status& outcome) {
  if (outcome.ok()) parks_writes_ = false;
  const std::vector<LunRequest*> waiting = std::exchange(parked_, {});
  for (LunRequest* request : waiting) {
    if (outcome.ok()) {
      enter_gate(*request);
    } else {
      fail(*request, outcome);
    }
  }
}

void Lun::enter_gate(LunRequest& request) {
  request.gate_bytes = request.length_bytes;
  request.of_provider = request.initiator == Initiator::provider;
  if (gate_.pass(request)) return admit(request);
  if (leases_.take_held(request.length_bytes)) return;
  gate_.withdraw(request);
  fail(request, Status(Code::held_full, "too many bytes of writes wait for the end of the hold; try again after it"));
}

void Lun::admit(LunRequest& request) {
  request.epoch = epochs_.back().get();
  ++request.epoch->in_flight_count;
  if (!dirty_logs_.empty()) {
    const auto first = static_cast<UnitIndex>(request.offset_bytes / kUnitBytes);
    const auto end = static_cast<UnitIndex>(units_of(request.offset_bytes + request.length_bytes));
    for (DirtyLog* log : dirty_logs_) log->mark(first, end - first);
  }
  hold_units(request);
}

void Lun::hold_units(LunRequest& request) {
  LunRequest::Holder& holder = request.holder;
  holder.request = &request;
  holder.exclusive = request.op == LunOp::write;
  holder.first_unit = static_cast<UnitIndex>(request.offset_bytes / kUnitBytes);
  holder.unit_count = static_cast<uint32_t>(units_of(request.offset_bytes + request.length_bytes) - holder.first_unit);
  holder.run = [](Work* work) {
    LunRequest* granted = static_cast<LunRequest::Holder*>(static_cast<UnitHolder*>(work))->request;
    granted->lun->start(*granted);
  };
  if (family_->holds().acquire(holder)) start(request);
}

// What the map says of the units is still in the checkpoint that the array was opened from.
Task<void> Lun::load_and_start(LunRequest& request) {
  request.status = co_await family_->load(request.holder.first_unit, request.holder.unit_count);
  if (request.status.ok()) {
    start(request);
  } else if (request.op == LunOp::write) {
    finish_write(request);
  } else {
    family_->holds().release(request.holder);
    complete(request);
  }
}

void Lun::start(LunRequest& request) {
  if (!family_->is_resident(request.holder.first_unit, request.holder.unit_count)) {
    loop_.spawn(load_and_start(request));
    return;
  }
  if (request.op == LunOp::read) {
    start_read(request);
  } else {
    start_write(request);
  }
}

void Lun::start_flush(LunRequest& request) {
  request.flush.request = &request;
  request.flush.done = [](SyncWaiter* waiter, const Status& outcome) {
    LunRequest* flushed = static_cast<LunRequest::Flush*>(waiter)->request;
    flushed->status = outcome;
    flushed->lun->complete(*flushed);
  };
  family_->sync(request.flush);
}

void Lun::fail(LunRequest& request, Status status) {
  request.status = std::move(status);
  complete(request);
}

void Lun::complete(LunRequest& request) {
  --requests_in_flight_;
  if (requests_in_flight_ == 0) changed_.notify_all();
  request.done(&request);
}

// The write is over, well or not; whoever waits for its epoch or for the LUN to be still hears of the last one.
void Lun::leave_epoch(LunRequest& request) {
  EpochWrites* epoch = request.epoch;
  if (!request.status.ok() && epoch->failure.ok()) epoch->failure = request.status;
  request.epoch = nullptr;
  if (--epoch->in_flight_count > 0) return;
  std::erase_if(epochs_, [&](const auto& known) { return known.get() == epoch && known != epochs_.back(); });
  changed_.notify_all();
  if (drain_wanted_ && writes_in_flight() == 0) {
    drain_wanted_ = false;
    leases_.drained(*this);
  }
}

View Lun::cut(BranchId copy_branch, std::vector<std::shared_ptr<EpochWrites>>* old_writes) {
  // Who issued a write that failed before the instant has been told; only what fails from now on is missing in the
  // copy.
  epochs_.back()->failure = Status();
  old_writes->assign(epochs_.begin(), epochs_.end());
  View copy = family_->branches().cut(record_.view, copy_branch);
  if (planted(PlantedBug::late_capture)) return copy;
  if (epochs_.back()->in_flight_count == 0) epochs_.pop_back();
  auto present = std::make_shared<EpochWrites>();
  present->epoch = family_->branches().epoch(record_.view.front().branch);
  epochs_.push_back(std::move(present));
  return copy;
}

void Lun::see_through(const View& view) {
  record_.view = view;
  epochs_.clear();
  auto present = std::make_shared<EpochWrites>();
  present->epoch = family_->branches().epoch(view.front().branch);
  epochs_.push_back(std::move(present));
}

void Lun::move_to(Family& family, const View& view) {
  family.branches().add_head(view, 0);
  move_back(family, view);
}

void Lun::move_back(Family& family, const View& view) {
  family_ = &family;
  record_.family = family.id();
  see_through(view);
}

void Lun::resume() {
  paused_ = false;
  std::deque<LunRequest*> waiting;
  waiting.swap(paused_requests_);
  for (LunRequest* request : waiting) submit(*request);
}

void Lun::become_ordinary() {
  record_.snapshot = Guid();
  record_.source = Guid();
}

void Lun::present_epoch_restored() { epochs_.back()->epoch = family_->branches().epoch(record_.view.front().branch); }

void Lun::give_up(Status why) {
  given_up_ = std::move(why);
  retire(State::gone);
}

void Lun::retire(State state) {
  if (state_ == State::gone) return;
  state_ = state;
  leases_.forget(*this);
}

Task<void> Lun::drained() {
  while (requests_in_flight_ > 0) co_await changed_.wait();
}

}  // namespace holdfast
