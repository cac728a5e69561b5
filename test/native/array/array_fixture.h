// test/native/array/array_fixture.h
//
// A machine with an array in it, requests that need not be awaited, and power cuts.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "machine.h"

namespace holdfast {

/// A request with its buffer that goes on while the test does something else.
struct AsyncRequest : LunRequest {
  AsyncRequest(LunOp op_, uint64_t offset, uint32_t length) : bytes(make_aligned(length)) {
    op = op_;
    offset_bytes = offset;
    length_bytes = length;
    data = bytes.get();
    done = [](LunRequest* request) { static_cast<AsyncRequest*>(request)->is_done = true; };
  }
  AlignedBuffer bytes;
  bool is_done = false;
};
using Async = std::unique_ptr<AsyncRequest>;

inline Async start_write(Lun& lun, uint64_t offset_bytes, const std::vector<uint8_t>& bytes) {
  auto request = std::make_unique<AsyncRequest>(LunOp::write, offset_bytes, static_cast<uint32_t>(bytes.size()));
  std::memcpy(request->data, bytes.data(), bytes.size());
  lun.submit(*request);
  return request;
}
inline Async start_read(Lun& lun, uint64_t offset_bytes, uint32_t length_bytes) {
  auto request = std::make_unique<AsyncRequest>(LunOp::read, offset_bytes, length_bytes);
  lun.submit(*request);
  return request;
}
inline Async start_flush(Lun& lun) {
  auto request = std::make_unique<AsyncRequest>(LunOp::flush, 0, 0);
  lun.submit(*request);
  return request;
}

/// A task that goes on while the test does something else.
template <typename T>
class Background {
 public:
  Background(Machine& machine, Task<T> task) : result_(std::make_shared<std::optional<T>>()) {
    machine.loop().spawn(store(std::move(task), result_));
  }
  bool is_done() const { return result_->has_value(); }
  const T& result() const { return **result_; }

 private:
  static Task<void> store(Task<T> task, std::shared_ptr<std::optional<T>> result) {
    T value = co_await task;
    result->emplace(std::move(value));
  }
  std::shared_ptr<std::optional<T>> result_;
};

class ArrayTest : public testing::Test {
 protected:
  static constexpr uint64_t kLunBytes = 1 << 20;

  ArrayTest() : machine_(std::make_unique<Machine>(7)) {}
  void SetUp() override { ASSERT_TRUE(machine().create_array().ok()); }

  Machine& machine() { return *machine_; }
  StorageArray& array() { return *machine_->array; }
  Lun& lun(const Guid& guid) { return *array().find_lun(guid); }
  Guid make_lun(uint64_t size_bytes = kLunBytes) { return machine().run(array().create_lun(size_bytes)).take(); }

  Status write(const Guid& guid, uint64_t offset, const std::vector<uint8_t>& bytes) {
    return write_bytes(machine(), lun(guid), offset, bytes);
  }
  std::vector<uint8_t> read(const Guid& guid, uint64_t offset, uint32_t length) {
    return read_bytes(machine(), lun(guid), offset, length);
  }
  Status flush(const Guid& guid) { return finish(start_flush(lun(guid))); }
  /// Lets the loop run until the request is done; its outcome.
  Status finish(const Async& request) {
    for (int turns = 0; !request->is_done && turns < 1'000'000; ++turns) machine().loop().turn(kNever);
    EXPECT_TRUE(request->is_done) << "a request never completes";
    return request->status;
  }
  template <typename T>
  const T& finish(const Background<T>& task) {
    for (int turns = 0; !task.is_done() && turns < 1'000'000; ++turns) machine().loop().turn(kNever);
    if (!task.is_done()) std::abort();
    return task.result();
  }
  void settle() { machine().settle(); }
  void delete_set(const TakenSet& set) {
    ASSERT_TRUE(machine().run(array().delete_copies(set.snapshots)).ok());
    settle();
  }

  /// Requests to files with such a path take so long from now on.
  void delay(SimulatedOp op, const std::string& path_pattern, Instant nanos, uint64_t count = Fault::kForever) {
    Fault fault;
    fault.path_pattern = path_pattern;
    fault.op = op;
    fault.count = count;
    fault.delay = nanos;
    machine().io().add_fault(fault);
  }
  size_t fail(SimulatedOp op, const std::string& path_pattern, int error_number, uint64_t nth = 1, uint64_t count = 1) {
    Fault fault;
    fault.path_pattern = path_pattern;
    fault.op = op;
    fault.nth = nth;
    fault.count = count;
    fault.error_number = error_number;
    return machine().io().add_fault(fault);
  }

  /// The process is gone; what it wrote is there.
  void die() {
    machine().switch_off();
    machine().disk()->process_exit(1);
    machine_ = std::make_unique<Machine>(machine().disk(), 8);
  }
  Status die_and_open(OpenOptions options = {}) {
    die();
    return machine().open_array(options);
  }
  Status cut_power_and_open(CrashPolicy policy = CrashPolicy::drop_all, uint64_t seed = 1) {
    machine().switch_off();
    machine().disk()->power_cut(seed, policy);
    machine_ = std::make_unique<Machine>(machine().disk(), 8);
    return machine().open_array();
  }
  Status close_and_open(OpenOptions options = {}) {
    Status closed = machine().close_array();
    return closed.ok() ? machine().open_array(options) : closed;
  }
  void expect_consistent() {
    const Result<CheckReport> report = machine().run(array().check_all());
    ASSERT_TRUE(report.ok()) << report.status().message();
    for (const std::string& fault : report.value().faults) ADD_FAILURE() << fault;
  }

  std::unique_ptr<Machine> machine_;
};

}  // namespace holdfast
