// What a stop, a fault and a limit do in the simulator; what a power cut does is in power_cut_test.cc.

#include "io/simulator.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "simulator_fixture.h"

namespace holdfast {
namespace {

TEST_F(SimulatorTest, AfterTheNthOperationNothingCompletes) {
  const int file = durable_file("a");
  const uint64_t before = io_->operations();
  io_->set_stop_after(before + 3);
  std::string bytes = sectors("b");
  std::vector<std::unique_ptr<OneRequest>> requests;
  for (int i = 0; i < 8; i++) {
    requests.push_back(std::make_unique<OneRequest>(IoOp::write, file, 0, bytes.data(), bytes.size()));
    io_->submit(*requests.back());
  }
  for (int i = 0; i < 100; i++) io_->poll(kNever, 16);
  EXPECT_TRUE(io_->stopped());
  EXPECT_EQ(io_->operations(), before + 3);
  EXPECT_EQ(std::count_if(requests.begin(), requests.end(), [](const auto& each) { return each->completions == 1; }),
            3);
  EXPECT_EQ(io_->pending(), 5u);
  io_->drop_all();
  EXPECT_EQ(io_->pending(), 0u);
}

TEST_F(SimulatorTest, AStopFallsBetweenTwoChangesOfOneFileCall) {
  io_->set_stop_after(2);
  OneCall call([](FileSystem& files) {
    EXPECT_GE(files.open("/a", O_RDWR | O_CREAT, 0600), 0);
    EXPECT_GE(files.open("/b", O_RDWR | O_CREAT, 0600), 0);
    EXPECT_EQ(files.open("/c", O_RDWR | O_CREAT, 0600), -EIO);
    return 0;
  });
  io_->call(call);
  io_->poll(kNever, 16);
  EXPECT_TRUE(io_->stopped());
  EXPECT_EQ(call.completions, 0);
  EXPECT_TRUE(disk_->exists("/b"));
  EXPECT_FALSE(disk_->exists("/c"));
  EXPECT_FALSE(call.linked());
  io_->drop_all();
}

TEST_F(SimulatorTest, TheSameSeedGivesTheSameRunAndAnotherSeedAnotherOrder) {
  const auto order_of = [](uint64_t seed) {
    auto disk = std::make_shared<SimulatedDisk>();
    SimulatorIo io(disk, seed);
    const int file = run_call(io, [](FileSystem& files) { return files.open("/file", O_RDWR | O_CREAT, 0600); });
    std::vector<std::unique_ptr<OneRequest>> requests;
    static std::string order;
    order.clear();
    std::string bytes = sectors("b");
    for (int i = 0; i < 12; i++) {
      const auto offset = static_cast<uint64_t>(i) * kSectorBytes;
      requests.push_back(std::make_unique<OneRequest>(IoOp::write, file, offset, bytes.data(), bytes.size()));
      requests.back()->done = [](IoRequest* request) {
        order += static_cast<char>('a' + request->offset_bytes / kSectorBytes);
        static_cast<OneRequest*>(request)->completions++;
      };
      io.submit(*requests.back());
    }
    while (order.size() < 12) io.poll(kNever, 16);
    return order + std::to_string(io.now());
  };
  EXPECT_EQ(order_of(5), order_of(5));
  EXPECT_NE(order_of(5), order_of(6));
}

TEST_F(SimulatorTest, AFaultHitsTheNthOperationOnAMatchingPathOnly) {
  const int file = durable_file("aaaa");
  const int other = open("/other");
  Fault fault;
  fault.path_pattern = "/fi*";
  fault.nth = 2;
  fault.count = 2;
  fault.error_number = EIO;
  io_->add_fault(fault);
  std::string bytes = sectors("b");
  const auto result = [&](int to) { return run_request(*io_, IoOp::write, to, 0, bytes.data(), bytes.size()); };
  EXPECT_EQ(result(other), 512);
  EXPECT_EQ(result(file), 512);
  EXPECT_EQ(result(file), -EIO);
  EXPECT_EQ(result(other), 512);
  EXPECT_EQ(result(file), -EIO);
  EXPECT_EQ(result(file), 512);
  Fault refused;
  refused.op = SimulatedOp::open;
  refused.error_number = EACCES;
  io_->add_fault(refused);
  EXPECT_EQ(open("/file"), -EACCES);
}

TEST_F(SimulatorTest, AFaultMayDelayARequestInVirtualTime) {
  const int file = durable_file("aaaa");
  Fault fault;
  fault.op = SimulatedOp::sync;
  fault.delay = 5 * kSecond;
  io_->add_fault(fault);
  const Instant before = io_->now();
  OneRequest request(IoOp::sync, file);
  io_->submit(request);
  EXPECT_EQ(io_->poll(before + kSecond, 16), 0);
  EXPECT_EQ(io_->now(), before + kSecond);
  while (request.completions == 0) io_->poll(kNever, 16);
  EXPECT_GE(io_->now(), before + 5 * kSecond);
  EXPECT_EQ(request.result, 0);
}

TEST_F(SimulatorTest, AShortTransferIsFinishedInAnotherOperationWithAPowerCutPossibleBetween) {
  const int file = durable_file("aaaa");
  Fault fault;
  fault.short_bytes = kSectorBytes;
  io_->add_fault(fault);
  const uint64_t before = io_->operations();
  write(file, 0, "bbb");
  EXPECT_EQ(io_->operations(), before + 2);
  EXPECT_EQ(letters(disk_->contents("/file")), "bbba");
  io_->add_fault(fault);
  io_->set_stop_after(io_->operations() + 1);
  std::string bytes = sectors("ccc");
  OneRequest request(IoOp::write, file, 0, bytes.data(), bytes.size());
  io_->submit(request);
  io_->poll(kNever, 16);
  EXPECT_EQ(request.completions, 0);
  EXPECT_EQ(letters(disk_->contents("/file")), "cbba");
  io_->drop_all();
}

TEST_F(SimulatorTest, AFullDiskRefusesNewSpaceAndStillRewritesOld) {
  disk_->set_capacity_bytes(8 * 4096);
  const int file = open("/file");
  EXPECT_EQ(run_request(*io_, IoOp::allocate, file, 0, nullptr, 6 * 4096), 0);
  EXPECT_EQ(disk_->used_bytes(), 6u * 4096);
  EXPECT_EQ(run_request(*io_, IoOp::allocate, file, 6 * 4096, nullptr, 3 * 4096), -ENOSPC);
  std::string bytes(4 * 4096, 'x');
  EXPECT_EQ(run_request(*io_, IoOp::write, file, 6 * 4096, bytes.data(), bytes.size()), -ENOSPC);
  EXPECT_EQ(run_request(*io_, IoOp::write, file, 4096, bytes.data(), bytes.size()), 4 * 4096);
  EXPECT_EQ(disk_->free_bytes("/"), 0u);
  EXPECT_EQ(run_request(*io_, IoOp::punch, file, 100, nullptr, 3 * 4096), 0);
  EXPECT_EQ(disk_->free_bytes("/"), 2u * 4096);
  FileStat status;
  EXPECT_EQ(disk_->stat("/file", &status), 0);
  EXPECT_EQ(status.allocated_bytes, 6u * 4096);
  EXPECT_EQ(run_call(*io_, [&](FileSystem& files) { return files.truncate(file, 4096); }), 0);
  EXPECT_EQ(disk_->used_bytes(), 4096u);
}

TEST_F(SimulatorTest, SparseFilesOfTerabytesCostWhatTheyHold) {
  const int file = open("/file");
  const uint64_t end = uint64_t{8} << 40;
  EXPECT_EQ(run_call(*io_, [&](FileSystem& files) { return files.truncate(file, end); }), 0);
  std::string bytes(4096, 'x');
  EXPECT_EQ(run_request(*io_, IoOp::write, file, end - 4096, bytes.data(), bytes.size()), 4096);
  EXPECT_EQ(disk_->used_bytes(), 4096u);
  EXPECT_EQ(run_request(*io_, IoOp::punch, file, 0, nullptr, end), 0);
  EXPECT_EQ(disk_->used_bytes(), 0u);
  EXPECT_EQ(disk_->contents("/file", end - 4096, 4096), std::string(4096, '\0'));
}

TEST_F(SimulatorTest, ADiskWithoutDirectAccessRefusesIt) {
  EXPECT_GE(open("/file", O_RDWR | O_CREAT | O_DIRECT), 0);
  disk_->set_direct_supported(false);
  EXPECT_EQ(open("/file", O_RDWR | O_DIRECT), -EINVAL);
  EXPECT_GE(open("/file", O_RDWR), 0);
}

TEST_F(SimulatorTest, WaitsTakeVirtualTimeOnlyAndAnEndlessOneReturns) {
  const Instant before = io_->now();
  EXPECT_EQ(io_->poll(before + 3600 * kSecond, 16), 0);
  EXPECT_EQ(io_->now(), before + 3600 * kSecond);
  EXPECT_EQ(io_->poll(kNever, 16), 0);
  EXPECT_EQ(io_->now(), before + 3600 * kSecond);
}

TEST_F(SimulatorTest, FileTimesFollowTheVirtualClock) {
  const int file = durable_file("a");
  FileStat first;
  FileStat second;
  EXPECT_EQ(disk_->stat("/file", &first), 0);
  io_->poll(io_->now() + kSecond, 16);
  EXPECT_EQ(disk_->stat("/file", &second), 0);
  EXPECT_EQ(second.modified_nanos, first.modified_nanos);
  write(file, 0, "b");
  EXPECT_EQ(disk_->stat("/file", &second), 0);
  EXPECT_GE(second.modified_nanos, first.modified_nanos + kSecond);
  disk_->set_contents("/file", 0, "changed by hand");
  FileStat third;
  EXPECT_EQ(disk_->stat("/file", &third), 0);
  EXPECT_EQ(third.modified_nanos, second.modified_nanos);
}

using SimulatorDeathTest = SimulatorTest;

TEST_F(SimulatorDeathTest, AMisalignedBufferOfADirectFileIsNoticed) {
  const int file = open("/file", O_RDWR | O_CREAT | O_DIRECT);
  alignas(4096) static char bytes[8192];
  EXPECT_EQ(run_request(*io_, IoOp::write, file, 512, bytes, 512), 512);
  OneRequest buffer(IoOp::write, file, 0, bytes + 256, 512);
  EXPECT_DEATH(io_->submit(buffer), "not aligned");
  OneRequest offset(IoOp::write, file, 100, bytes, 512);
  EXPECT_DEATH(io_->submit(offset), "not aligned");
  OneRequest length(IoOp::write, file, 0, bytes, 100);
  EXPECT_DEATH(io_->submit(length), "not aligned");
}

TEST_F(SimulatorDeathTest, ClosingAFileUnderItsRequestsIsNoticed) {
  const int file = open("/file");
  OneRequest request(IoOp::sync, file);
  Fault fault;
  fault.op = SimulatedOp::sync;
  fault.delay = kSecond;
  io_->add_fault(fault);
  io_->submit(request);
  EXPECT_DEATH(run_call(*io_, [&](FileSystem& files) { return files.close(file); }), "under its requests");
}

TEST_F(SimulatorDeathTest, CuttingThePowerUnderAnEngineIsNoticed) {
  EXPECT_DEATH(disk_->power_cut(1, CrashPolicy::drop_all), "an engine is still over it");
}

}  // namespace
}  // namespace holdfast
