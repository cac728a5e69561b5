#include "crash_scenario.h"

#include <algorithm>

namespace holdfast {
namespace {

constexpr uint64_t kLunBytes = 64 << 10;
// In some lives, so that an area comes to have room worth giving back.
constexpr uint64_t kLargeLunBytes = 512 << 10;

std::mt19937_64 identity_random;

void fill_identity(uint8_t* bytes, size_t length) {
  for (size_t i = 0; i < length; ++i) bytes[i] = static_cast<uint8_t>(identity_random());
}

}  // namespace

struct CrashScenario::Write : LunRequest {
  CrashScenario* scenario = nullptr;
  Guid target;
  AlignedBuffer bytes;
  uint64_t number = 0;
  uint64_t first_sector = 0;
  std::vector<uint32_t> places;
  bool is_done = false;
};

struct CrashScenario::Flush : LunRequest {
  CrashScenario* scenario = nullptr;
  Guid target;
  std::vector<uint32_t> covered;
  bool is_done = false;
};

CrashScenario::CrashScenario(uint64_t seed, uint32_t steps) : random_(seed), steps_(steps) {
  identity_random.seed(seed);
  set_random_source(fill_identity);
  machine_ = std::make_unique<Machine>(seed);
}

CrashScenario::~CrashScenario() {
  machine_.reset();
  set_random_source(nullptr);
}

bool CrashScenario::live(uint64_t stop_after) {
  machine_->io().set_stop_after(stop_after);
  if (!machine_->create_array(pick(2) == 0 ? IoMode::direct : IoMode::writeback).ok()) return false;
  ready_ = true;
  machine_->array->set_thresholds(options().thresholds);
  lun_bytes_ = pick(8) == 0 ? kLargeLunBytes : kLunBytes;
  const uint64_t lun_count = 2 + pick(2);
  for (uint64_t i = 0; i < lun_count; ++i) {
    std::optional<Result<Guid>> made = machine_->try_run(machine_->array->create_lun(lun_bytes_));
    if (!made.has_value()) return false;
    originals_.push_back(made->take());
    models_.emplace(originals_.back(), LunModel(lun_bytes_ / kSectorBytes));
  }
  for (uint32_t i = 0; i < steps_; ++i) {
    if (!step()) return false;
  }
  await_everything();
  return !stopped();
}

bool CrashScenario::live_on(uint32_t steps, uint64_t more_operations) {
  if (originals_.empty()) return true;
  machine_->io().set_stop_after(machine_->io().operations() + more_operations);
  for (uint32_t i = 0; i < steps; ++i) {
    if (!step()) return false;
  }
  return !stopped();
}

bool CrashScenario::step() {
  reap();
  leave_out_given_up();
  const uint64_t kind = pick(100);
  if (kind < 46) {
    step_write();
  } else if (kind < 55) {
    step_flush();
  } else if (kind < 71) {
    step_take_set();
  } else if (kind < 78) {
    step_delete_set();
  } else if (kind < 80) {
    step_revert();
  } else if (kind < 83) {
    step_resync();
  } else if (kind < 85) {
    step_break_set();
  } else if (kind < 86) {
    step_delete_lun();
  } else if (kind < 88) {
    step_grow();
  } else if (kind < 90) {
    step_adopt();
  } else if (kind < 91) {
    step_detach();
  } else if (kind < 93) {
    step_await_plex();
  } else if (kind < 94) {
    step_full_disk();
  } else if (kind < 97) {
    step_checkpoint();
  } else {
    step_reopen();
  }
  if (!stopped() && pick(3) != 0) turn_a_little();
  return !stopped();
}

void CrashScenario::turn_a_little() {
  for (uint64_t i = pick(6); i > 0 && !stopped(); --i) machine_->loop().turn(0);
}

// Original LUNs, and copies that are known to exist.
Guid CrashScenario::pick_lun() {
  leave_out_given_up();
  std::vector<Guid> luns = originals_;
  for (const auto& set : sets_) {
    if (!set->acknowledged || set->ending) continue;
    luns.insert(luns.end(), set->copies.begin(), set->copies.end());
  }
  // Twice as likely to be an original.
  return pick(2) == 0 ? originals_[pick(originals_.size())] : luns[pick(luns.size())];
}

void CrashScenario::step_write() {
  for (uint64_t burst = 1 + pick(4); burst > 0; --burst) {
    auto write = std::make_unique<Write>();
    write->scenario = this;
    write->target = pick_lun();
    write->op = LunOp::write;
    write->force_unit_access = pick(8) == 0;
    LunModel& model = models_.at(write->target);
    // A growth that is under way may or may not have come to its end.
    const uint64_t sectors = machine_->array->find_lun(write->target)->size_bytes() / kSectorBytes;
    if (sectors > model.sector_count()) model.grow(sectors);
    write->first_sector = pick(3) == 0 ? pick(sectors) : pick(sectors / 8) * 8;
    uint64_t wanted = pick(3) == 0 ? 1 + pick(20) : 8 * (1 + pick(3));
    if (lun_bytes_ == kLargeLunBytes && pick(3) == 0) wanted = 8 * (1 + pick(96));
    const uint64_t count = std::min(wanted, sectors - write->first_sector);
    write->bytes = make_aligned(count * kSectorBytes);
    const uint64_t number = write->number = next_number_++;
    for (uint64_t i = 0; i < count; ++i) fill_sector(write->bytes.get() + i * kSectorBytes, number);
    write->offset_bytes = write->first_sector * kSectorBytes;
    write->length_bytes = static_cast<uint32_t>(count * kSectorBytes);
    write->data = write->bytes.get();
    write->done = [](LunRequest* request) {
      auto* self = static_cast<Write*>(request);
      self->is_done = true;
      const auto known = self->scenario->models_.find(self->target);
      if (known == self->scenario->models_.end()) return;
      if (self->tries > 0) known->second.may_come_later(self->first_sector, self->places, self->number);
      if (self->status.ok()) {
        known->second.completed(self->first_sector, self->places, self->force_unit_access);
      } else {
        known->second.failed(self->first_sector, self->places);
      }
    };
    write->places = model.admitted(write->first_sector, count, number);
    std::shared_ptr<Lun> lun = machine_->array->find_lun(write->target);
    writes_.push_back(std::move(write));
    lun->submit(*writes_.back());
  }
}

void CrashScenario::step_flush() {
  auto flush = std::make_unique<Flush>();
  flush->scenario = this;
  flush->target = pick_lun();
  flush->op = LunOp::flush;
  flush->covered = models_.at(flush->target).flush_begins();
  flush->done = [](LunRequest* request) {
    auto* self = static_cast<Flush*>(request);
    self->is_done = true;
    const auto known = self->scenario->models_.find(self->target);
    if (self->status.ok() && known != self->scenario->models_.end()) known->second.flush_completed(self->covered);
  };
  std::shared_ptr<Lun> lun = machine_->array->find_lun(flush->target);
  flushes_.push_back(std::move(flush));
  lun->submit(*flushes_.back());
}

Task<void> CrashScenario::write_checkpoint() {
  (void)co_await machine_->array->checkpoint();
  --running_;
}

void CrashScenario::step_checkpoint() { go_on_with(write_checkpoint()); }

void CrashScenario::go_on_with(Task<void> task) {
  ++running_;
  const uint32_t before = running_;
  machine_->loop().spawn(std::move(task));
  if (pick(2) == 0) return;
  while (!stopped() && running_ >= before) machine_->loop().turn(kNever);
}

// A disk without room for a while: what is refused meanwhile is refused, and what was promised before stays.
void CrashScenario::step_full_disk() {
  await_everything();
  if (stopped()) return;
  is_full_ = was_full_ = true;
  machine_->disk()->set_capacity_bytes(machine_->disk()->used_bytes() + pick(4) * kUnitBytes);
  for (uint64_t i = 2 + pick(5); i > 0 && !stopped(); --i) {
    leave_out_given_up();
    const uint64_t kind = pick(6);
    if (kind < 3) {
      step_write();
    } else if (kind < 4) {
      step_flush();
    } else if (kind < 5) {
      step_take_set();
    } else {
      step_delete_set();
    }
    if (!stopped()) turn_a_little();
  }
  await_everything();
  is_full_ = false;
  machine_->disk()->set_capacity_bytes(~uint64_t{0});
  if (stopped()) return;
  // What found no space is tried again by the next one who commits; only then is it known what became of it.
  std::optional<Status> settled = machine_->try_run(machine_->array->checkpoint());
  if (!settled.has_value()) return;
  if (!settled->ok()) std::abort();
  for (const auto& set : sets_) set->ended = set->ended || set->ending || set->doubtful;
}

void CrashScenario::step_reopen() {
  await_everything();
  if (stopped()) return;
  leave_out_given_up();
  for (const auto& set : sets_) set->ending = set->ending || set->auto_release;
  std::optional<Status> closed = machine_->try_run(machine_->array->close());
  if (!closed.has_value()) return;
  for (auto& [guid, model] : models_) model.everything_is_final();
  for (const auto& set : sets_) set->ended = set->ended || set->ending;
  machine_->array.reset();
  Status opened = machine_->open_array(options());
  if (!opened.ok() && !stopped()) std::abort();
}

// Low enough to be reached in a life of a few steps.
OpenOptions CrashScenario::options() const {
  OpenOptions options;
  options.thresholds.checkpoint_at_journal_bytes = 96 << 10;
  options.thresholds.kept_units_min = 64;
  return options;
}

void CrashScenario::await_everything() {
  auto busy = [&] {
    reap();
    return !writes_.empty() || !flushes_.empty() || running_ > 0;
  };
  while (!stopped() && busy()) machine_->loop().turn(kNever);
}

void CrashScenario::reap() {
  std::erase_if(writes_, [](const auto& write) { return write->is_done; });
  std::erase_if(flushes_, [](const auto& flush) { return flush->is_done; });
  std::erase_if(sets_, [](const auto& set) {
    return set->ended || (set->recorded.has_value() && !set->acknowledged && !set->doubtful);
  });
}

void CrashScenario::writes_may_come_later() {
  for (const auto& write : writes_) {
    const auto known = models_.find(write->target);
    if (write->is_done || known == models_.end()) continue;
    known->second.may_come_later(write->first_sector, write->places, write->number);
  }
}

std::shared_ptr<SimulatedDisk> CrashScenario::switch_off() {
  leave_out_given_up();
  if (is_full_) writes_may_come_later();
  is_full_ = false;
  std::shared_ptr<SimulatedDisk> disk = machine_->disk();
  machine_->switch_off();
  disk->set_capacity_bytes(~uint64_t{0});
  writes_.clear();
  flushes_.clear();
  running_ = 0;
  return disk;
}

}  // namespace holdfast
