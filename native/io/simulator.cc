#include "io/simulator.h"

#include <fnmatch.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace holdfast {
namespace {

constexpr Instant kStepMax = 50 * kMicrosecond;
constexpr int kRubbish = 0xDB;

[[noreturn]] void die(const char* what, const std::string& path) {
  std::fprintf(stderr, "simulator: %s (%s)\n", what, path.c_str());
  std::abort();
}

SimulatedOp kind_of(IoOp op) {
  switch (op) {
    case IoOp::read:
      return SimulatedOp::read;
    case IoOp::write:
      return SimulatedOp::write;
    case IoOp::sync:
      return SimulatedOp::sync;
    case IoOp::allocate:
      return SimulatedOp::allocate;
    case IoOp::punch:
      return SimulatedOp::punch;
  }
  std::abort();
}

}  // namespace

/// The file system as FileCalls see it: with faults, and dead once the engine has stopped.
class SimulatorIo::Files final : public FileSystem {
 public:
  explicit Files(SimulatorIo& io) : io_(io) {}

  int open(const std::string& path, int flags, int mode) override {
    const bool creates = !disk().exists(path);
    return change(path, SimulatedOp::open, creates, [&] { return disk().open(path, flags, mode); });
  }
  int close(int file) override {
    const auto uses = [file](const Pending& pending) { return pending.request->file == file; };
    if (std::any_of(io_.pending_.begin(), io_.pending_.end(), uses) ||
        std::any_of(io_.delayed_.begin(), io_.delayed_.end(), uses)) {
      die("a file was closed under its requests", disk().path_of(file));
    }
    return change(disk().path_of(file), SimulatedOp::close, false, [&] { return disk().close(file); });
  }
  int stat(const std::string& path, FileStat* out) override {
    return change(path, SimulatedOp::stat, false, [&] { return disk().stat(path, out); });
  }
  int stat(int file, FileStat* out) override {
    return change(disk().path_of(file), SimulatedOp::stat, false, [&] { return disk().stat(file, out); });
  }
  int truncate(int file, uint64_t size_bytes) override {
    return change(disk().path_of(file), SimulatedOp::truncate, true, [&] { return disk().truncate(file, size_bytes); });
  }
  int rename(const std::string& from, const std::string& to) override {
    return change(from, SimulatedOp::rename, true, [&] { return disk().rename(from, to); });
  }
  int unlink(const std::string& path) override {
    return change(path, SimulatedOp::unlink, true, [&] { return disk().unlink(path); });
  }
  int make_directory(const std::string& path, int mode) override {
    return change(path, SimulatedOp::make_directory, true, [&] { return disk().make_directory(path, mode); });
  }
  int list(const std::string& path, std::vector<std::string>* names) override {
    return change(path, SimulatedOp::list, false, [&] { return disk().list(path, names); });
  }
  int sync_directory(const std::string& path) override {
    return change(path, SimulatedOp::sync_directory, true, [&] { return disk().sync_directory(path); });
  }
  int lock(int file) override {
    return change(disk().path_of(file), SimulatedOp::lock, false, [&] { return disk().lock(file); });
  }
  int read_small(const std::string& path, std::string* contents) override {
    return change(path, SimulatedOp::read_small, false, [&] { return disk().read_small(path, contents); });
  }
  int find_data(int file, uint64_t from_bytes, uint64_t* begin_bytes, uint64_t* end_bytes) override {
    return change(disk().path_of(file), SimulatedOp::find_data, false,
                  [&] { return disk().find_data(file, from_bytes, begin_bytes, end_bytes); });
  }
  int clone_range(int from_file, int to_file, uint64_t offset_bytes, uint64_t length_bytes) override {
    return change(disk().path_of(to_file), SimulatedOp::clone_range, true,
                  [&] { return disk().clone_range(from_file, to_file, offset_bytes, length_bytes); });
  }
  uint64_t free_bytes(const std::string& path) override { return disk().free_bytes(path); }

 private:
  SimulatedDisk& disk() { return *io_.disk_; }

  template <typename Function>
  int change(const std::string& path, SimulatedOp op, bool durable_change, Function function) {
    if (io_.stopped_) return -EIO;
    const Fault fault = io_.fault_for(path, op);
    if (fault.stops_here) io_.stopped_ = true;
    if (io_.stopped_) return -EIO;
    if (fault.error_number != 0) return -fault.error_number;
    const int result = function();
    if (durable_change) io_.count_operation();
    return result;
  }

  SimulatorIo& io_;
};

SimulatorIo::SimulatorIo(std::shared_ptr<SimulatedDisk> disk, uint64_t seed)
    : disk_(std::move(disk)), random_(seed), files_(std::make_unique<Files>(*this)) {
  disk_->attach_engine();
}

SimulatorIo::~SimulatorIo() { let_go(); }

size_t SimulatorIo::add_fault(Fault fault) {
  faults_.push_back({std::move(fault), 0, 0});
  return faults_.size() - 1;
}

Fault SimulatorIo::fault_for(const std::string& path, SimulatedOp op) {
  Fault combined;
  if (observer_) observer_(path, op);
  for (Rule& rule : faults_) {
    const Fault& fault = rule.fault;
    if (fault.op != op || ::fnmatch(fault.path_pattern.c_str(), path.c_str(), 0) != 0) continue;
    rule.seen++;
    if (rule.seen < fault.nth || rule.seen - fault.nth >= fault.count) continue;
    rule.hits++;
    if (fault.error_number != 0) combined.error_number = fault.error_number;
    if (fault.short_bytes != 0) combined.short_bytes = fault.short_bytes;
    combined.delay = std::max(combined.delay, fault.delay);
    combined.stops_here = combined.stops_here || fault.stops_here;
  }
  return combined;
}

void SimulatorIo::check(const IoRequest& request) const {
  if (request.op != IoOp::read && request.op != IoOp::write) return;
  if (!disk_->is_direct(request.file)) return;
  if (reinterpret_cast<uintptr_t>(request.data) % kSectorBytes != 0 || request.offset_bytes % kSectorBytes != 0 ||
      request.length_bytes % kSectorBytes != 0) {
    die("a request is not aligned as O_DIRECT asks", disk_->path_of(request.file));
  }
}

void SimulatorIo::submit(IoRequest& request) {
  if (!attached_) return;
  request.engine_progress_bytes = 0;
  check(request);
  if (request.op == IoOp::read) std::memset(request.data, kRubbish, request.length_bytes);
  Fault fault;
  if (!faults_.empty() || observer_) fault = fault_for(disk_->path_of(request.file), kind_of(request.op));
  const Pending pending = {&request,          disk_->sequence(),   fault.error_number,
                           fault.short_bytes, now() + fault.delay, fault.stops_here};
  (fault.delay > 0 ? delayed_ : pending_).push_back(pending);
}

void SimulatorIo::call(FileCall& call) {
  if (!attached_) return;
  calls_.push_back(&call);
  calls_count_++;
}

void SimulatorIo::admit_delayed() {
  for (size_t i = 0; i < delayed_.size();) {
    if (delayed_[i].ready > now()) {
      i++;
      continue;
    }
    pending_.push_back(delayed_[i]);
    delayed_.erase(delayed_.begin() + static_cast<ptrdiff_t>(i));
  }
}

int SimulatorIo::poll(Instant deadline, int completions_max) {
  if (stopped_) return 0;
  admit_delayed();
  if (pending_.empty() && calls_.empty()) {
    if (woken_.exchange(false, std::memory_order_acquire)) return 0;
    Instant end = deadline;
    for (const Pending& pending : delayed_) end = std::min(end, pending.ready);
    if (end == kNever) return 0;
    disk_->advance_to(end);
    admit_delayed();
  }
  // As if any number of what is in flight had just come in.
  const int wanted = 1 + static_cast<int>(random_.below(static_cast<uint64_t>(completions_max)));
  int completed = 0;
  while (completed < wanted && !stopped_ && !(pending_.empty() && calls_.empty())) {
    step();
    completed++;
  }
  return completed;
}

void SimulatorIo::step() {
  disk_->advance_to(now() + 1 + static_cast<Instant>(random_.below(kStepMax)));
  const uint64_t choice = random_.below(pending_.size() + (calls_.empty() ? 0 : 1));
  if (choice == pending_.size()) {
    complete_call();
    return;
  }
  const Pending chosen = pending_[choice];
  pending_[choice] = pending_.back();
  pending_.pop_back();
  complete(chosen);
}

bool SimulatorIo::count_operation() {
  if (++operations_ >= stop_after_) stopped_ = true;
  return stopped_;
}

void SimulatorIo::complete_call() {
  FileCall* call = calls_.pop_front();
  calls_count_--;
  call->run(call, *files_);
  // Stopped between two of its changes: it never returned.
  if (stopped_) return;
  count_operation();
  call->done(call);
}

void SimulatorIo::complete(Pending pending) {
  IoRequest& request = *pending.request;
  if (pending.stops_here) {
    stopped_ = true;
    pending_.push_back(pending);
    return;
  }
  count_operation();
  const uint64_t left = request.length_bytes - request.engine_progress_bytes;
  if (pending.short_bytes != 0 && pending.short_bytes < left && pending.error_number == 0) {
    request.engine_progress_bytes += pending.short_bytes;
    if (request.op == IoOp::write) {
      disk_->write(request.file, request.offset_bytes, request.data, pending.short_bytes);
    }
    pending.short_bytes = 0;
    pending_.push_back(pending);
    return;
  }
  request.result = carry_out(pending);
  request.done(&request);
}

int64_t SimulatorIo::carry_out(const Pending& pending) {
  const IoRequest& request = *pending.request;
  const uint64_t offset = request.offset_bytes;
  const uint64_t length = request.length_bytes;
  const bool fails = pending.error_number != 0;
  // What failed may have been done in part.
  const uint64_t part = length / 2 / kSectorBytes * kSectorBytes;
  const bool in_part = fails && part > 0 && random_.coin();
  switch (request.op) {
    case IoOp::read:
      if (fails) break;
      return disk_->read(request.file, offset, request.data, length);
    case IoOp::write: {
      if (in_part) disk_->write(request.file, offset, request.data, part);
      if (fails) break;
      const uint64_t progress = request.engine_progress_bytes;
      const int64_t result = disk_->write(request.file, offset + progress,
                                          static_cast<const uint8_t*>(request.data) + progress, length - progress);
      return result < 0 ? result : static_cast<int64_t>(length);
    }
    case IoOp::sync:
      if (fails) return disk_->fail_sync(request.file, pending.covers, pending.error_number);
      // What completed after the sync was submitted it covers or not.
      return disk_->sync(request.file, random_.coin() ? disk_->sequence() : pending.covers);
    case IoOp::allocate:
      if (fails) break;
      return disk_->allocate(request.file, offset, length);
    case IoOp::punch:
      if (in_part) disk_->punch(request.file, offset, part);
      if (fails) break;
      return disk_->punch(request.file, offset, length);
  }
  return -pending.error_number;
}

void SimulatorIo::drop_all() {
  pending_.insert(pending_.end(), delayed_.begin(), delayed_.end());
  for (const Pending& pending : pending_) {
    const IoRequest& request = *pending.request;
    if (request.op == IoOp::punch && random_.coin()) {
      (void)disk_->punch(request.file, request.offset_bytes, request.length_bytes);
    }
    if (request.op != IoOp::write) continue;
    disk_->note_in_flight(request.file, request.offset_bytes, request.data, request.length_bytes);
  }
  let_go();
}

void SimulatorIo::let_go() {
  pending_.clear();
  delayed_.clear();
  while (calls_.pop_front() != nullptr) {
  }
  calls_count_ = 0;
  stopped_ = true;
  if (attached_) disk_->detach_engine();
  attached_ = false;
}

}  // namespace holdfast
