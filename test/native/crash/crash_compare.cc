#include <algorithm>

#include "crash_scenario.h"

namespace holdfast {

bool CrashScenario::recover_in_part(const std::shared_ptr<SimulatedDisk>& disk, uint64_t seed, uint64_t operations) {
  machine_ = std::make_unique<Machine>(disk, seed);
  machine_->io().set_stop_after(operations);
  (void)machine_->open_array(options());
  const bool was_cut = stopped();
  (void)switch_off();
  return was_cut;
}

std::string CrashScenario::recover_and_compare(const std::shared_ptr<SimulatedDisk>& disk, uint64_t seed) {
  machine_ = std::make_unique<Machine>(disk, seed);
  Status opened = machine_->open_array(options());
  if (!opened.ok()) {
    if (!ready_ && opened.code() == Code::array_not_found) return {};
    return "the array does not open: " + opened.message();
  }
  std::string broken = compare_sets();
  if (broken.empty()) broken = compare_images();
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
  growing_.clear();
  const Result<CheckReport> report = machine_->run(machine_->array->check_all());
  if (!report.ok()) return report.status().message();
  return report.value().faults.empty() ? std::string() : report.value().faults.front();
}

// Empty, or what it holds and must not; afterwards the model is what was found.
std::string CrashScenario::compare_lun(const Guid& guid, LunModel& model) {
  Lun& lun = *machine_->array->find_lun(guid);
  const uint64_t sectors = lun.size_bytes() / kSectorBytes;
  const auto growing = growing_.find(guid);
  if (growing != growing_.end() && sectors == growing->second) model.grow(std::max(sectors, model.sector_count()));
  if (sectors != model.sector_count()) {
    return "it has " + std::to_string(sectors) + " sectors instead of " + std::to_string(model.sector_count());
  }
  const std::vector<uint8_t> bytes = read_bytes(*machine_, lun, 0, static_cast<uint32_t>(lun.size_bytes()));
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
  if (detaching_.has_value()) {
    const Detaching detached = *detaching_;
    detaching_.reset();
    if (machine_->array->find_lun(detached.lun) == nullptr) {
      std::erase(originals_, detached.lun);
      images_.push_back(Image{detached.path, models_.at(detached.lun)});
    }
  }
  for (const Guid& original : originals_) {
    if (machine_->array->find_lun(original) == nullptr) return "LUN " + original.to_string() + " is lost";
  }
  std::vector<std::shared_ptr<KnownSet>> alive;
  for (const auto& set : sets_) {
    if (!set->given_up.empty() && !was_full_) return "shadow copies were given up although there was room";
    for (const Member& member : set->given_up) {
      if (machine_->array->find_lun(member.copy) == nullptr) continue;
      set->copies.push_back(member.copy);
      set->snapshots.push_back(member.snapshot);
      set->sources.push_back(member.source);
    }
    set->given_up.clear();
    size_t present = 0;
    for (const Guid& copy : set->copies) {
      if (machine_->array->find_lun(copy) != nullptr) ++present;
    }
    const std::string name = "set " + set->id.to_string();
    if (set->breaking && present != 0 && present == set->copies.size() &&
        !machine_->array->find_lun(set->copies[0])->is_copy()) {
      originals_.insert(originals_.end(), set->copies.begin(), set->copies.end());
      continue;
    }
    if (set->breaking && present == 0) return name + " was lost while it was being broken off";
    if (present != 0 && present != set->copies.size()) return name + " is there in part";
    if (present == 0 && set->acknowledged && !set->ending && !set->auto_release) return name + " is lost";
    if (present != 0 && (set->ended || set->auto_release)) return name + " is still there";
    if (present == 0) continue;
    set->acknowledged = true;
    set->ending = set->breaking = set->doubtful = false;
    set->recorded = Status();
    alive.push_back(set);
  }
  size_t listed = machine_->array->list_sets().size();
  sets_ = std::move(alive);
  if (listed != sets_.size())
    return "the array lists " + std::to_string(listed) + " sets of " + std::to_string(sets_.size());
  return {};
}

// What was let go lies where it was said to, with all that it held.
std::string CrashScenario::compare_images() {
  for (Image& image : images_) {
    const std::string text = machine_->disk()->contents(image.path);
    const std::vector<uint8_t> bytes(text.begin(), text.end());
    if (bytes.size() != image.model.sector_count() * kSectorBytes) {
      return "the image " + image.path + " has " + std::to_string(bytes.size()) + " bytes";
    }
    const std::string broken = image.model.compare(bytes);
    if (!broken.empty()) return "the image " + image.path + ": " + broken;
    image.model.restart_from(bytes);
  }
  return {};
}

}  // namespace holdfast
