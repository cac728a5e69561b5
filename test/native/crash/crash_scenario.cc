#include "crash_scenario.h"

#include <algorithm>

namespace holdfast {
namespace {

constexpr uint64_t kLunBytes = 64 << 10;
constexpr uint64_t kSectors = kLunBytes / kSectorBytes;
constexpr size_t kSetsMax = 5;

std::mt19937_64 identity_random;

void fill_identity(uint8_t* bytes, size_t length) {
  for (size_t i = 0; i < length; ++i) bytes[i] = static_cast<uint8_t>(identity_random());
}

}  // namespace

struct CrashScenario::Write : LunRequest {
  CrashScenario* scenario = nullptr;
  Guid target;
  AlignedBuffer bytes;
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
  const uint64_t lun_count = 2 + pick(2);
  for (uint64_t i = 0; i < lun_count; ++i) {
    std::optional<Result<Guid>> made = machine_->try_run(machine_->array->create_lun(kLunBytes));
    if (!made.has_value()) return false;
    originals_.push_back(made->take());
    models_.emplace(originals_.back(), LunModel(kSectors));
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
  const uint64_t kind = pick(100);
  if (kind < 55) {
    step_write();
  } else if (kind < 66) {
    step_flush();
  } else if (kind < 82) {
    step_take_set();
  } else if (kind < 88) {
    step_delete_set();
  } else if (kind < 91) {
    step_revert();
  } else if (kind < 93) {
    step_break_set();
  } else if (kind < 94) {
    step_delete_lun();
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
    write->first_sector = pick(3) == 0 ? pick(kSectors) : pick(kSectors / 8) * 8;
    const uint64_t wanted = pick(3) == 0 ? 1 + pick(20) : 8 * (1 + pick(3));
    const uint64_t count = std::min(wanted, kSectors - write->first_sector);
    write->bytes = make_aligned(count * kSectorBytes);
    const uint64_t number = next_number_++;
    for (uint64_t i = 0; i < count; ++i) fill_sector(write->bytes.get() + i * kSectorBytes, number);
    write->offset_bytes = write->first_sector * kSectorBytes;
    write->length_bytes = static_cast<uint32_t>(count * kSectorBytes);
    write->data = write->bytes.get();
    write->done = [](LunRequest* request) {
      auto* self = static_cast<Write*>(request);
      self->is_done = true;
      if (self->status.ok()) {
        self->scenario->models_.at(self->target).completed(self->first_sector, self->places, self->force_unit_access);
      }
    };
    write->places = models_.at(write->target).admitted(write->first_sector, count, number);
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
    if (self->status.ok()) self->scenario->models_.at(self->target).flush_completed(self->covered);
  };
  std::shared_ptr<Lun> lun = machine_->array->find_lun(flush->target);
  flushes_.push_back(std::move(flush));
  lun->submit(*flushes_.back());
}

void CrashScenario::step_take_set() {
  if (sets_.size() >= kSetsMax) return step_delete_set();
  auto set = std::make_shared<KnownSet>();
  set->id = Guid::random();
  set->auto_release = pick(4) == 0;
  ArmRequest request;
  request.set = set->id;
  request.owner = 1;
  request.auto_release = set->auto_release;
  std::vector<Guid> candidates = originals_;
  for (const auto& other : sets_) {
    if (other->acknowledged && !other->ending && pick(3) == 0) candidates.push_back(other->copies[0]);
  }
  std::shuffle(candidates.begin(), candidates.end(), random_);
  candidates.resize(1 + pick(candidates.size()));
  for (const Guid& source : candidates) {
    request.copies.push_back(ArmCopy{source, Guid::random(), Guid::random()});
    set->sources.push_back(source);
    set->snapshots.push_back(request.copies.back().snapshot);
    set->copies.push_back(request.copies.back().copy);
  }
  std::optional<Status> armed = machine_->try_run(machine_->array->arm_set(request));
  if (!armed.has_value() || !armed->ok()) return;
  if (pick(12) == 0) {
    (void)machine_->try_run(machine_->array->abort_set(set->id));
    return;
  }

  if (pick(2) == 0) step_write();
  if (pick(2) == 0) turn_a_little();
  if (stopped()) return;
  LeaseId lease = 0;
  bool held = false;
  machine_->array->hold(set->id, 1, set->sources, 10 * kSecond, false, [&](Result<LeaseId> result) {
    held = result.ok();
    if (held) lease = result.value();
  });
  if (!held) return;
  // The instant was inside the call: what is admitted from now on is in no copy.
  for (size_t i = 0; i < set->copies.size(); ++i) {
    models_.insert_or_assign(set->copies[i], models_.at(set->sources[i]).copy());
  }
  if (pick(2) == 0) step_write();
  if (pick(3) == 0) turn_a_little();
  if (stopped()) {
    sets_.push_back(set);
    return;
  }
  if (pick(12) == 0) {
    machine_->leases().owner_died(1);
    return;
  }
  (void)machine_->leases().release(lease, 1);
  sets_.push_back(set);
  ++recording_;
  machine_->loop().spawn(record(set));
  if (pick(10) == 0) {
    set->ending = true;
    (void)machine_->try_run(machine_->array->abort_set(set->id));
  }
}

Task<void> CrashScenario::record(std::shared_ptr<KnownSet> set) {
  Status status = co_await machine_->array->record_set(set->id);
  if (status.ok()) status = co_await machine_->array->finish_set(set->id, "a note");
  set->acknowledged = status.ok();
  set->recorded = std::move(status);
  --recording_;
}

void CrashScenario::step_delete_set() {
  for (const auto& set : sets_) {
    if (!set->acknowledged || set->ending || pick(2) == 0) continue;
    set->ending = true;
    std::optional<Status> deleted = machine_->try_run(machine_->array->delete_copies(set->snapshots));
    if (deleted.has_value()) set->ended = true;
    return;
  }
}

void CrashScenario::step_revert() {
  for (const auto& set : sets_) {
    if (!set->acknowledged || set->ending || pick(2) == 0) continue;
    const size_t member = pick(set->copies.size());
    const Guid lun = set->sources[member];
    if (std::find(originals_.begin(), originals_.end(), lun) == originals_.end()) continue;
    if (pick(2) == 0) step_write();
    reverting_.emplace(lun, models_.at(set->copies[member]).copy());
    std::optional<Status> reverted = machine_->try_run(machine_->array->revert_lun(lun, set->copies[member]));
    if (!reverted.has_value()) return;
    if (reverted->ok()) models_.insert_or_assign(lun, reverting_->second);
    reverting_.reset();
    return;
  }
}

void CrashScenario::step_break_set() {
  if (originals_.size() > 5) return step_delete_lun();
  for (const auto& set : sets_) {
    if (!set->acknowledged || set->ending || set->auto_release || pick(2) == 0) continue;
    set->ending = set->breaking = true;
    std::optional<Result<std::vector<Guid>>> broken = machine_->try_run(machine_->array->break_copies(set->snapshots));
    if (!broken.has_value()) return;
    if (!broken->ok()) std::abort();
    originals_.insert(originals_.end(), set->copies.begin(), set->copies.end());
    set->ended = true;
    return;
  }
}

void CrashScenario::step_delete_lun() {
  if (originals_.size() < 3) return;
  const Guid lun = originals_[pick(originals_.size())];
  if (machine_->array->find_lun(lun)->copy_count() > 0) return;
  deleting_ = lun;
  // What is written meanwhile is refused, or goes with it.
  await_everything();
  if (stopped()) return;
  std::optional<Status> deleted = machine_->try_run(machine_->array->delete_lun(lun));
  if (!deleted.has_value()) return;
  deleting_.reset();
  if (!deleted->ok()) return;
  std::erase(originals_, lun);
  models_.erase(lun);
}

void CrashScenario::step_checkpoint() { (void)machine_->try_run(machine_->array->checkpoint()); }

void CrashScenario::step_reopen() {
  await_everything();
  if (stopped()) return;
  for (const auto& set : sets_) set->ending = set->ending || set->auto_release;
  std::optional<Status> closed = machine_->try_run(machine_->array->close());
  if (!closed.has_value()) return;
  for (auto& [guid, model] : models_) model.everything_is_final();
  for (const auto& set : sets_) set->ended = set->ended || set->ending;
  machine_->array.reset();
  Status opened = machine_->open_array();
  if (!opened.ok() && !stopped()) std::abort();
}

void CrashScenario::await_everything() {
  auto busy = [&] {
    reap();
    return !writes_.empty() || !flushes_.empty() || recording_ > 0;
  };
  while (!stopped() && busy()) machine_->loop().turn(kNever);
}

void CrashScenario::reap() {
  std::erase_if(writes_, [](const auto& write) { return write->is_done; });
  std::erase_if(flushes_, [](const auto& flush) { return flush->is_done; });
  std::erase_if(sets_, [](const auto& set) { return set->ended || (set->recorded.has_value() && !set->acknowledged); });
}

std::shared_ptr<SimulatedDisk> CrashScenario::switch_off() {
  std::shared_ptr<SimulatedDisk> disk = machine_->disk();
  machine_->switch_off();
  writes_.clear();
  flushes_.clear();
  recording_ = 0;
  return disk;
}

std::string CrashScenario::recover_and_compare(const std::shared_ptr<SimulatedDisk>& disk, uint64_t seed) {
  machine_ = std::make_unique<Machine>(disk, seed);
  Status opened = machine_->open_array();
  if (!opened.ok()) {
    if (!ready_ && opened.code() == Code::array_not_found) return {};
    return "the array does not open: " + opened.message();
  }
  std::string broken = compare_sets();
  if (!broken.empty()) return broken;
  std::map<Guid, LunModel> alive;
  for (auto& [guid, model] : models_) {
    std::shared_ptr<Lun> lun = machine_->array->find_lun(guid);
    if (lun == nullptr) continue;  // compare_sets has told which may be gone
    broken = compare_lun(guid, model);
    if (!broken.empty()) return (lun->is_copy() ? "copy " : "LUN ") + guid.to_string() + ": " + broken;
    alive.emplace(guid, model);
  }
  models_ = std::move(alive);
  reverting_.reset();
  const Result<CheckReport> report = machine_->run(machine_->array->check_all());
  if (!report.ok()) return report.status().message();
  return report.value().faults.empty() ? std::string() : report.value().faults.front();
}

// Empty, or what it holds and must not; afterwards the model is what was found.
std::string CrashScenario::compare_lun(const Guid& guid, LunModel& model) {
  const std::vector<uint8_t> bytes = read_bytes(*machine_, *machine_->array->find_lun(guid), 0, kLunBytes);
  std::string broken = model.compare(bytes);
  if (!broken.empty() && reverting_.has_value() && reverting_->first == guid) {
    broken = reverting_->second.compare(bytes);
  }
  if (broken.empty()) model.restart_from(bytes);
  return broken;
}

// A set is whole or absent; one that was promised is there, one whose end was promised is not.
std::string CrashScenario::compare_sets() {
  if (deleting_.has_value()) {
    if (machine_->array->find_lun(*deleting_) == nullptr) std::erase(originals_, *deleting_);
    deleting_.reset();
  }
  for (const Guid& original : originals_) {
    if (machine_->array->find_lun(original) == nullptr) return "LUN " + original.to_string() + " is lost";
  }
  std::vector<std::shared_ptr<KnownSet>> alive;
  for (const auto& set : sets_) {
    size_t present = 0;
    for (const Guid& copy : set->copies) {
      if (machine_->array->find_lun(copy) != nullptr) ++present;
    }
    const std::string name = "set " + set->id.to_string();
    if (set->breaking && present == set->copies.size() && !machine_->array->find_lun(set->copies[0])->is_copy()) {
      originals_.insert(originals_.end(), set->copies.begin(), set->copies.end());
      continue;
    }
    if (set->breaking && present == 0) return name + " was lost while it was being broken off";
    if (present != 0 && present != set->copies.size()) return name + " is there in part";
    if (present == 0 && set->acknowledged && !set->ending && !set->auto_release) return name + " is lost";
    if (present != 0 && (set->ended || set->auto_release)) return name + " is still there";
    if (present == 0) continue;
    set->acknowledged = true;
    set->ending = set->breaking = false;
    set->recorded = Status();
    alive.push_back(set);
  }
  size_t listed = machine_->array->list_sets().size();
  sets_ = std::move(alive);
  if (listed != sets_.size())
    return "the array lists " + std::to_string(listed) + " sets of " + std::to_string(sets_.size());
  return {};
}

}  // namespace holdfast
