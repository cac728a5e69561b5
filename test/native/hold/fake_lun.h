// test/native/hold/fake_lun.h
//
// A LUN as a hold sees it, and nothing more: a gate, a number of writes in flight, and a diary of what passed the gate.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hold/lease.h"
#include "io/simulator.h"

namespace holdfast {

struct FakeWrite : GateRequest {
  explicit FakeWrite(int number_, uint32_t bytes = 512) : number(number_) { gate_bytes = bytes; }
  int number;
};

class FakeLun final : public Holdable {
 public:
  FakeLun(Loop& loop, LeaseTable& leases, std::string name)
      : leases_(leases), name_(std::move(name)), gate_(loop, this, [](void* self, GateRequest* request) {
          static_cast<FakeLun*>(self)->admitted.push_back(static_cast<FakeWrite*>(request)->number);
        }) {}

  void write(FakeWrite& request) {
    if (gate_.pass(request)) admitted.push_back(request.number);
  }
  /// The last of the writes that were in flight completes.
  void complete_writes() {
    in_flight = 0;
    if (std::exchange(awaited, false)) leases_.drained(*this);
  }

  Gate& gate() override { return gate_; }
  uint32_t writes_in_flight() const override { return in_flight; }
  std::string describe() const override { return name_; }
  void await_writes_in_flight() override { awaited = true; }

  std::vector<int> admitted;
  uint32_t in_flight = 0;
  bool awaited = false;

 private:
  LeaseTable& leases_;
  std::string name_;
  Gate gate_;
};

/// A loop under a virtual clock, a table of leases and three LUNs.
class HoldTest : public testing::Test {
 protected:
  HoldTest() {
    for (const char* name : {"LUN a", "LUN b", "LUN c"}) {
      luns.push_back(std::make_unique<FakeLun>(loop, leases, name));
    }
  }
  ~HoldTest() override { io.drop_all(); }

  HoldRequest request(std::vector<size_t> indices, OwnerId owner = 1, Guid set = Guid::random()) {
    HoldRequest made;
    made.set = set;
    made.owner = owner;
    for (size_t index : indices) made.luns.push_back(luns[index].get());
    made.at_instant = [this] {
      ++instants;
      return at_instant;
    };
    made.ended = [this](const Verdict& verdict) { verdicts.push_back(verdict); };
    made.held = [this](Result<LeaseId> result) { held.push_back(std::move(result)); };
    return made;
  }
  LeaseId hold(std::vector<size_t> indices, OwnerId owner = 1) {
    leases.hold(request(std::move(indices), owner));
    EXPECT_TRUE(held.back().ok()) << held.back().status().message();
    return held.back().ok() ? held.back().value() : 0;
  }
  /// Lets the virtual clock run to this moment.
  void run_until(Instant moment) {
    while (loop.now() < moment) loop.turn(moment);
    while (loop.turn(0)) {
    }
  }

  std::shared_ptr<SimulatedDisk> disk = std::make_shared<SimulatedDisk>();
  SimulatorIo io{disk, 1};
  Loop loop{io};
  LeaseTable leases{loop};
  std::vector<std::unique_ptr<FakeLun>> luns;
  Status at_instant;
  int instants = 0;
  std::vector<Verdict> verdicts;
  std::vector<Result<LeaseId>> held;
};

}  // namespace holdfast
