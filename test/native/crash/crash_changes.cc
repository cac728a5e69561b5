#include <algorithm>

#include "crash_scenario.h"

namespace holdfast {
namespace {

constexpr uint64_t kResyncStepBytes = 24 << 10;

}  // namespace

void CrashScenario::step_delete_set() {
  for (const auto& set : sets_) {
    if (!set->acknowledged || set->ending || pick(2) == 0) continue;
    if (std::any_of(set->copies.begin(), set->copies.end(), [&](const Guid& copy) { return is_busy(copy); })) continue;
    set->ending = true;
    go_on_with(remove(set));
    return;
  }
}

// Without space the record waits for the next one, and a crash before that brings the copies back.
Task<void> CrashScenario::remove(std::shared_ptr<KnownSet> set) {
  Status deleted = co_await machine_->array->delete_copies(set->snapshots);
  if (deleted.ok()) set->ended = true;
  --running_;
}

// Somebody in the background is changing its life.
bool CrashScenario::is_busy(const Guid& lun) const { return growing_.count(lun) != 0; }

Task<void> CrashScenario::grow(Guid lun, uint64_t sectors) {
  Status grown = co_await machine_->array->grow_lun(lun, sectors * kSectorBytes);
  growing_.erase(lun);
  LunModel& model = models_.at(lun);
  if (grown.ok() && model.sector_count() < sectors) model.grow(sectors);
  --running_;
}

void CrashScenario::step_grow() {
  const Guid lun = originals_[pick(originals_.size())];
  const uint64_t sectors = models_.at(lun).sector_count();
  if (is_busy(lun) || sectors > 2 * lun_bytes_ / kSectorBytes) return;
  growing_[lun] = sectors + 1 + pick(40);
  go_on_with(grow(lun, growing_[lun]));
}

void CrashScenario::step_adopt() {
  if (originals_.size() > 5) return step_detach();
  const std::string path = "/image." + std::to_string(next_image_++);
  const uint64_t sectors = 8 + pick(60);
  std::string bytes(sectors * kSectorBytes, '\0');
  const uint64_t number = next_number_++;
  for (uint64_t i = 0; i < sectors; ++i) fill_sector(reinterpret_cast<uint8_t*>(&bytes[i * kSectorBytes]), number);
  machine_->disk()->set_contents(path, 0, bytes);
  LunModel model(sectors);
  model.restart_from(std::vector<uint8_t>(bytes.begin(), bytes.end()));
  // If it is lost on the way, the image is as it was.
  images_.push_back(Image{path, model});
  std::optional<Result<Guid>> adopted = machine_->try_run(machine_->array->adopt_lun(path));
  if (!adopted.has_value() || !adopted->ok()) return;
  images_.pop_back();
  originals_.push_back(adopted->value());
  models_.emplace(adopted->value(), model);
}

void CrashScenario::step_detach() {
  if (originals_.size() < 3) return;
  const Guid lun = originals_[pick(originals_.size())];
  if (machine_->array->find_lun(lun)->copy_count() > 0) return;
  await_everything();
  if (stopped()) return;
  detaching_ = Detaching{lun, machine_->array->describe_lun(lun)->base_path};
  std::optional<Result<std::string>> detached = machine_->try_run(machine_->array->detach_lun(lun));
  if (!detached.has_value()) return;
  const std::string path = detaching_->path;
  detaching_.reset();
  if (!detached->ok()) return;
  models_.at(lun).everything_is_final();
  images_.push_back(Image{path, models_.at(lun)});
  models_.erase(lun);
  std::erase(originals_, lun);
}

void CrashScenario::step_revert() {
  for (const auto& set : sets_) {
    if (!set->acknowledged || set->ending || pick(2) == 0) continue;
    const size_t member = pick(set->copies.size());
    const Guid lun = set->sources[member];
    if (std::find(originals_.begin(), originals_.end(), lun) == originals_.end() || is_busy(lun)) continue;
    if (models_.at(lun).sector_count() != models_.at(set->copies[member]).sector_count()) continue;
    if (pick(2) == 0) step_write();
    reverting_.emplace(lun, models_.at(set->copies[member]).copy());
    std::optional<Status> reverted = machine_->try_run(machine_->array->revert_lun(lun, set->copies[member]));
    if (!reverted.has_value()) return;
    if (reverted->ok()) models_.insert_or_assign(lun, reverting_->second);
    reverting_.reset();
    return;
  }
}

// A LUN gets the bytes of a copy, in steps, while everything else goes on. Until it is over it holds of each sector the
// one or the other.
void CrashScenario::step_resync() {
  await_everything();
  leave_out_given_up();
  for (const auto& set : sets_) {
    if (stopped()) return;
    if (!set->acknowledged || set->ending || pick(2) == 0) continue;
    const Guid copy = set->copies[pick(set->copies.size())];
    const Guid lun = originals_[pick(originals_.size())];
    if (is_busy(lun) || models_.at(lun).sector_count() < models_.at(copy).sector_count()) continue;
    LunModel wanted = models_.at(copy).copy();
    wanted.grow(models_.at(lun).sector_count());
    models_.at(lun).may_become(wanted);
    was_resynced_ = true;
    auto progress = machine_->try_run(machine_->array->begin_resync(1, ResyncOrder{lun, copy}));
    while (progress.has_value() && progress->ok() && progress->value().id != 0) {
      if (pick(3) == 0) step_write();
      if (stopped()) return;
      progress = machine_->try_run(machine_->array->continue_resync(1, progress->value().id, kResyncStepBytes));
    }
    if (!progress.has_value()) return;
    if (progress->ok()) {
      models_.insert_or_assign(lun, wanted);
      ++resyncs_done_;
    }
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
  // What is written meanwhile is refused, or goes with it.
  await_everything();
  if (stopped()) return;
  deleting_ = lun;
  std::optional<Status> deleted = machine_->try_run(machine_->array->delete_lun(lun));
  if (!deleted.has_value()) return;
  deleting_.reset();
  if (!deleted->ok()) return;
  std::erase(originals_, lun);
  models_.erase(lun);
}

}  // namespace holdfast
