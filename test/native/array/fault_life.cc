#include "fault_life.h"

#include <algorithm>

namespace holdfast {
namespace {

constexpr uint64_t kLunBytes = 64 << 10;
constexpr const char* kImagePath = "/image";
constexpr int kTurnsMax = 200'000;

struct Request : LunRequest {
  Request(LunOp op_, uint64_t sector, uint64_t count) : bytes(make_aligned(count * kSectorBytes)) {
    op = op_;
    offset_bytes = sector * kSectorBytes;
    length_bytes = static_cast<uint32_t>(count * kSectorBytes);
    data = bytes.get();
    done = [](LunRequest* request) { static_cast<Request*>(request)->is_done = true; };
  }
  AlignedBuffer bytes;
  bool is_done = false;
};

template <typename T>
Task<void> store(Task<T> task, std::optional<T>* result) {
  T value = co_await task;
  result->emplace(std::move(value));
}

}  // namespace

FaultLife::FaultLife(std::shared_ptr<SimulatedDisk> disk)
    : disk_(std::move(disk)), machine_(std::make_unique<Machine>(disk_, 1)) {}

FaultLife::~FaultLife() = default;

void FaultLife::break_promise(const std::string& what) {
  if (broken_.empty()) broken_ = what;
}

template <typename T>
std::optional<T> FaultLife::run(const char* step, Task<T> task) {
  std::optional<T> result;
  if (is_over()) return result;
  machine_->loop().spawn(store(std::move(task), &result));
  for (int turns = 0; !result.has_value() && !machine_->io().stopped(); ++turns) {
    if (turns == kTurnsMax) {
      break_promise(std::string(step) + " never ends");
      break;
    }
    machine_->loop().turn(kNever);
  }
  note_given_up();
  return result;
}

void FaultLife::note_given_up() {
  if (machine_->array == nullptr) return;
  for (const LostCopy& lost : machine_->array->lost_copies()) {
    const auto found = luns_.find(lost.ids.copy);
    if (found != luns_.end()) found->second.must_exist = false;
  }
}

// A failure says what kind it is and has a sentence; "internal" is nobody's.
bool FaultLife::check(const char* step, const Status& status) {
  if (status.ok()) return true;
  ++failures_;
  ++failures_after_;
  last_failure_ = std::string(step) + ": " + status.message();
  if (status.code() == Code::internal || status.message().empty()) {
    break_promise(std::string(step) + " fails without a reason: " + status.message());
  }
  if (status.message().find("syncing ") != std::string::npos) {
    for (auto& [guid, known] : luns_) {
      for (LunModel& model : known.allowed) model.sync_failed();
    }
  }
  return false;
}

void FaultLife::create_or_open() {
  // Until the manifest has its name there is no array; from then on there is one, whatever create() said.
  const auto attempt = [&](const char* step, Task<Result<std::shared_ptr<StorageArray>>> task) {
    std::optional<Result<std::shared_ptr<StorageArray>>> made = run(step, std::move(task));
    if (made.has_value() && check(step, made->status())) machine_->array = made->take();
  };
  attempt("create", StorageArray::create(machine_->loop(), machine_->leases(), Machine::kPath, IoMode::automatic));
  if (machine_->array != nullptr || is_over()) return;
  machine_->io().clear_faults();
  if (!disk_->exists(std::string(Machine::kPath) + "/holdfast.json")) {
    attempt("create", StorageArray::create(machine_->loop(), machine_->leases(), Machine::kPath, IoMode::automatic));
  } else {
    attempt("open", StorageArray::open(machine_->loop(), machine_->leases(), Machine::kPath, {}));
  }
  if (machine_->array == nullptr && !is_over()) break_promise("an array that could not be made can never be made");
}

void FaultLife::open() {
  std::optional<Result<std::shared_ptr<StorageArray>>> opened =
      run("open", StorageArray::open(machine_->loop(), machine_->leases(), Machine::kPath, {}));
  if (opened.has_value() && check("open", opened->status())) machine_->array = opened->take();
}

void FaultLife::close() {
  std::optional<Status> closed = run("close", machine_->array->close());
  if (!closed.has_value()) return;
  (void)check("close", *closed);
  machine_->array.reset();
  for (auto& [guid, known] : luns_) {
    for (LunModel& model : known.allowed) {
      if (closed->ok()) {
        model.everything_is_final();
      } else {
        model.sync_failed();
      }
    }
  }
}

Guid FaultLife::add(const char* step, std::optional<Result<Guid>> made, uint64_t size_bytes) {
  if (!made.has_value() || !check(step, made->status())) return Guid();
  Known known;
  known.must_exist = true;
  known.size_bytes = size_bytes;
  known.allowed.emplace_back(size_bytes / kSectorBytes);
  luns_.emplace(made->value(), std::move(known));
  return made->value();
}

void FaultLife::finish(const char* step, LunRequest& request, const bool& is_done) {
  for (int turns = 0; !is_done && !machine_->io().stopped(); ++turns) {
    if (turns == kTurnsMax) return break_promise(std::string(step) + " never ends");
    machine_->loop().turn(kNever);
  }
  note_given_up();
  if (is_done) (void)check(step, request.status);
}

void FaultLife::write(const Guid& guid, uint64_t sector, uint64_t count, bool force_unit_access) {
  const auto found = luns_.find(guid);
  const std::shared_ptr<Lun> lun = is_over() ? nullptr : machine_->array->find_lun(guid);
  if (found == luns_.end() || lun == nullptr) return;
  auto request = std::make_shared<Request>(LunOp::write, sector, count);
  requests_.push_back(request);
  request->force_unit_access = force_unit_access;
  const uint64_t number = next_number_++;
  for (uint64_t i = 0; i < count; ++i) fill_sector(request->data + i * kSectorBytes, number);
  std::vector<std::vector<uint32_t>> places;
  for (LunModel& model : found->second.allowed) places.push_back(model.admitted(sector, count, number));
  lun->submit(*request);
  finish("write", *request, request->is_done);
  if (!request->is_done) return;
  for (size_t i = 0; i < places.size(); ++i) {
    LunModel& model = found->second.allowed[i];
    if (request->status.ok()) {
      model.completed(sector, places[i], force_unit_access);
    } else {
      model.failed(sector, places[i]);
    }
  }
}

void FaultLife::flush(const Guid& guid) {
  const auto found = luns_.find(guid);
  const std::shared_ptr<Lun> lun = is_over() ? nullptr : machine_->array->find_lun(guid);
  if (found == luns_.end() || lun == nullptr) return;
  auto request = std::make_shared<Request>(LunOp::flush, 0, 0);
  requests_.push_back(request);
  std::vector<std::vector<uint32_t>> covered;
  for (const LunModel& model : found->second.allowed) covered.push_back(model.flush_begins());
  lun->submit(*request);
  finish("flush", *request, request->is_done);
  if (!request->is_done || !request->status.ok()) return;
  for (size_t i = 0; i < covered.size(); ++i) found->second.allowed[i].flush_completed(covered[i]);
}

std::vector<Guid> FaultLife::take_set(const std::vector<Guid>& luns, Copies* copies) {
  ArmRequest request;
  request.set = Guid::random();
  request.owner = 1;
  request.auto_release = false;
  std::vector<Guid> sources;
  for (const Guid& lun : luns) {
    if (is_over() || machine_->array->find_lun(lun) == nullptr) continue;
    sources.push_back(lun);
    request.copies.push_back(ArmCopy{lun, Guid::random(), Guid::random()});
  }
  const std::optional<Status> armed = run("arm", machine_->array->arm_set(request));
  if (!armed.has_value() || !check("arm", *armed)) return {};
  std::optional<Result<LeaseId>> lease;
  machine_->array->hold(request.set, 1, sources, 10 * kSecond, false, [&](Result<LeaseId> result) { lease = result; });
  for (int turns = 0; !lease.has_value() && !is_over() && turns < kTurnsMax; ++turns) machine_->loop().turn(kNever);
  if (is_over()) return {};
  if (!lease.has_value() || !lease->ok()) {
    break_promise("a hold cannot be had");
    return {};
  }
  for (const ArmCopy& ids : request.copies) {
    Known known;
    known.size_bytes = luns_.at(ids.source).size_bytes;
    for (const LunModel& model : luns_.at(ids.source).allowed) known.allowed.push_back(model.copy());
    luns_.emplace(ids.copy, std::move(known));
  }
  (void)machine_->leases().release(lease->value(), 1);
  std::optional<Status> recorded = run("record", machine_->array->record_set(request.set));
  const bool is_recorded = recorded.has_value() && check("record", *recorded);
  if (is_recorded) recorded = run("finish", machine_->array->finish_set(request.set, "note"));
  if (!is_recorded || !recorded.has_value() || !check("finish", *recorded)) {
    if (!is_over()) recorded = run("abort", machine_->array->abort_set(request.set));
    return {};
  }
  std::vector<Guid> snapshots;
  for (const ArmCopy& ids : request.copies) {
    luns_.at(ids.copy).must_exist = true;
    snapshots.push_back(ids.snapshot);
    copies->push_back(ids.copy);
  }
  return snapshots;
}

void FaultLife::delete_set(const std::vector<Guid>& snapshots, const Copies& copies) {
  if (snapshots.empty() || is_over()) return;
  for (const Guid& copy : copies) {
    luns_.at(copy).must_exist = false;
  }
  const std::optional<Status> deleted = run("delete", machine_->array->delete_copies(snapshots));
  if (!deleted.has_value() || !check("delete", *deleted)) return;
  for (const Guid& copy : copies) luns_.erase(copy);
}

void FaultLife::walk(const Guid& older, const Guid& newer) {
  if (is_over() || machine_->array->find_lun(newer) == nullptr) return;
  Result<WalkId> walk = machine_->array->begin_walk(1, older, newer);
  if (!check("begin a walk", walk.status())) return;
  const auto extents = run("walk", machine_->array->continue_walk(1, walk.value(), 64));
  if (extents.has_value()) (void)check("walk", extents->status());
  machine_->array->end_walk(1, walk.value());
}

void FaultLife::live() {
  disk_->set_contents(kImagePath, 0, std::string(kLunBytes / 2, '\0'));
  create_or_open();
  if (is_over()) return;
  const auto array = [&]() -> StorageArray& { return *machine_->array; };
  const Guid one = add("create a LUN", run("create a LUN", array().create_lun(kLunBytes)), kLunBytes);
  const Guid other = add("create a LUN", run("create a LUN", array().create_lun(kLunBytes)), kLunBytes);
  const Guid image = add("adopt", run("adopt", array().adopt_lun(kImagePath)), kLunBytes / 2);
  for (const Guid& lun : {one, other, image}) write(lun, 0, 64);
  for (const Guid& lun : {one, other, image}) flush(lun);
  Copies first_copies;
  const std::vector<Guid> first = is_over() ? Copies() : take_set({one, image}, &first_copies);
  write(one, 0, 16);
  write(one, 40, 8, true);
  write(image, 4, 24);
  for (const Guid& copy : first_copies) write(copy, 3, 2);
  for (const Guid& lun : {one, image}) flush(lun);
  Copies second_copies;
  const std::vector<Guid> second = is_over() ? Copies() : take_set({one}, &second_copies);
  write(one, 0, 40);
  write(one, 2, 1);
  flush(one);
  if (!second_copies.empty()) walk(second_copies[0], one);
  walk(Guid(), one);
  delete_set(first, first_copies);
  if (!is_over()) machine_->settle();
  write(image, 0, 64);
  flush(image);
  flush(one);
  if (!is_over()) machine_->settle();
  if (!is_over()) {
    const std::optional<Status> done = run("checkpoint", array().checkpoint());
    if (done.has_value()) (void)check("checkpoint", *done);
  }
  change_lives(one, other, image, second, second_copies);
  if (is_over()) return;
  close();
  if (is_over()) return;
  open();
  if (is_over() || machine_->array == nullptr) return;
  for (const Guid& lun : {one, other}) write(lun, 8, 8);
  for (const Guid& lun : {one, other}) flush(lun);
}

void FaultLife::change_lives(const Guid& one, const Guid& other, const Guid& image, const std::vector<Guid>& second,
                             const Copies& second_copies) {
  StorageArray& array = *machine_->array;
  if (!second_copies.empty() && luns_.count(one) != 0) {
    // Until it is known, it holds all of what it held or all of what the copy holds.
    Known& known = luns_.at(one);
    const LunModel copied = luns_.at(second_copies[0]).allowed.front().copy();
    known.allowed.push_back(copied);
    const std::optional<Status> reverted = run("revert", array.revert_lun(one, second_copies[0]));
    if (is_over()) return;
    // The record of a failure may have reached the disk all the same.
    if (check("revert", *reverted)) known.allowed = {copied};
    write(one, 16, 8);
    flush(one);
    const auto broken = run("break", array.break_copies(second));
    if (is_over()) return;
    (void)check("break", broken->status());
  }
  if (luns_.count(other) != 0) {
    Known& known = luns_.at(other);
    const std::optional<Status> grown = run("grow", array.grow_lun(other, 2 * kLunBytes));
    known.may_have_grown = true;
    if (is_over()) return;
    (void)check("grow", *grown);
    flush(other);
    known.must_exist = false;
    const std::optional<Status> deleted = run("delete a LUN", array.delete_lun(other));
    if (is_over()) return;
    if (check("delete a LUN", *deleted)) luns_.erase(other);
  }
  if (luns_.count(image) != 0) {
    luns_.at(image).must_exist = false;
    const auto detached = run("detach", array.detach_lun(image));
    if (is_over() || !check("detach", detached->status())) return;
    const std::string bytes = disk_->contents(kImagePath);
    const std::string wrong = luns_.at(image).allowed.front().compare(std::vector<uint8_t>(bytes.begin(), bytes.end()));
    if (!wrong.empty()) break_promise("the image that came back: " + wrong);
    luns_.erase(image);
  }
}

void FaultLife::cut_power_and_open(CrashPolicy policy, const std::function<void(SimulatorIo& io)>& prepare) {
  if (!broken_.empty()) return;
  machine_->switch_off();
  requests_.clear();
  disk_->power_cut(6, policy);
  machine_ = std::make_unique<Machine>(disk_, 3);
  prepare(machine_->io());
  open();
  if (is_over() || machine_->array != nullptr) return;
  machine_->io().clear_faults();
  open();
  if (machine_->array == nullptr) break_promise("the array does not open any more: " + last_failure_);
}

void FaultLife::settle(CrashPolicy policy) {
  if (!broken_.empty()) return;
  machine_->io().clear_faults();
  if (!machine_->io().stopped() && machine_->array != nullptr) close();
  const bool is_cut = machine_->io().stopped();
  machine_->switch_off();
  requests_.clear();
  if (is_cut) {
    disk_->power_cut(7, policy);
  } else {
    disk_->process_exit(7);
  }
  for (int opening = 0; opening < 2 && broken_.empty(); ++opening) {
    machine_ = std::make_unique<Machine>(disk_, 2);
    open();
    if (machine_->array == nullptr) {
      const bool never_made = luns_.empty() && !disk_->exists(std::string(Machine::kPath) + "/holdfast.json");
      if (!never_made) break_promise("the array does not open any more: " + last_failure_);
      return;
    }
    // What a process left behind that ended is on its way to the disk, or was lost on it by a sync that failed.
    compare_all(is_cut || opening > 0);
    if (!broken_.empty()) return;
    for (auto& [guid, known] : luns_) {
      write(guid, 0, 8);
      flush(guid);
    }
    if (failures_after_ > 0) return break_promise("what was opened again cannot be used: " + last_failure_);
    machine_->switch_off();
    requests_.clear();
    disk_->power_cut(8, policy);
  }
}

void FaultLife::compare_all(bool is_durable) {
  for (auto found = luns_.begin(); found != luns_.end() && broken_.empty();) {
    const std::shared_ptr<Lun> lun = machine_->array->find_lun(found->first);
    if (lun == nullptr) {
      if (found->second.must_exist) break_promise("LUN " + found->first.to_string() + " is lost");
      found = luns_.erase(found);
      continue;
    }
    found->second.must_exist = true;
    compare(found->first, found->second, is_durable);
    ++found;
  }
  const Result<CheckReport> report = machine_->run(machine_->array->check_all());
  if (!report.ok()) return break_promise("the maps cannot be read: " + report.status().message());
  if (!report.value().faults.empty()) break_promise(report.value().faults.front());
  failures_after_ = 0;
}

void FaultLife::compare(const Guid& guid, Known& known, bool is_durable) {
  Lun& lun = *machine_->array->find_lun(guid);
  const bool has_size =
      lun.size_bytes() == known.size_bytes || (known.may_have_grown && lun.size_bytes() == 2 * known.size_bytes);
  if (!has_size)
    return break_promise("LUN " + guid.to_string() + " has " + std::to_string(lun.size_bytes()) + " bytes");
  const std::vector<uint8_t> bytes = read_bytes(*machine_, lun, 0, static_cast<uint32_t>(known.size_bytes));
  std::string wrong = "nothing is allowed";
  for (const LunModel& model : known.allowed) {
    wrong = model.compare(bytes);
    if (wrong.empty()) break;
  }
  if (!wrong.empty()) return break_promise("LUN " + guid.to_string() + ": " + wrong);
  if (!is_durable) return;
  known.allowed.resize(1, LunModel(0));
  known.allowed.front().restart_from(bytes);
}

}  // namespace holdfast
