// What a power cut, a stop and a fault do in the simulator.

#include "io/simulator.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engines.h"

namespace holdfast {
namespace {

constexpr int kSeeds = 200;
constexpr CrashPolicy kPolicies[] = {CrashPolicy::drop_all, CrashPolicy::keep_all, CrashPolicy::random_sectors,
                                     CrashPolicy::reordered_writes};

std::string sectors(const std::string& letters) {
  std::string bytes;
  for (const char letter : letters) bytes.append(kSectorBytes, letter == '.' ? '\0' : letter);
  return bytes;
}

/// One letter a sector, '.' for zeroes, '?' for a mixture.
std::string letters(const std::string& bytes) {
  std::string text;
  for (size_t begin = 0; begin < bytes.size(); begin += kSectorBytes) {
    const std::string sector = bytes.substr(begin, kSectorBytes);
    const bool pure = sector.find_first_not_of(sector[0]) == std::string::npos;
    text += !pure ? '?' : (sector[0] == '\0' ? '.' : sector[0]);
  }
  return text;
}

class SimulatorTest : public ::testing::Test {
 protected:
  int open(const std::string& path, int flags = O_RDWR | O_CREAT) {
    return run_call(*io_, [&](FileSystem& files) { return files.open(path, flags, 0600); });
  }
  int sync_directory(const std::string& path) {
    return run_call(*io_, [&](FileSystem& files) { return files.sync_directory(path); });
  }
  void write(int file, uint64_t sector, const std::string& text) {
    std::string bytes = sectors(text);
    EXPECT_EQ(run_request(*io_, IoOp::write, file, sector * kSectorBytes, bytes.data(), bytes.size()),
              static_cast<int64_t>(bytes.size()));
  }
  void sync(int file) { EXPECT_EQ(run_request(*io_, IoOp::sync, file), 0); }
  /// A file with `text` in it, all of it durable.
  int durable_file(const std::string& text) {
    const int file = open("/file");
    write(file, 0, text);
    sync(file);
    EXPECT_EQ(sync_directory("/"), 0);
    return file;
  }
  /// What power cuts of one policy make of the file, over many seeds.
  std::set<std::string> outcomes(CrashPolicy policy, const std::string& path = "/file") {
    io_->drop_all();
    std::set<std::string> seen;
    for (uint64_t seed = 0; seed < kSeeds; seed++) {
      const std::shared_ptr<SimulatedDisk> disk = disk_->clone();
      disk->power_cut(seed, policy);
      seen.insert(disk->exists(path) ? letters(disk->contents(path)) : "absent");
    }
    return seen;
  }

  std::shared_ptr<SimulatedDisk> disk_ = std::make_shared<SimulatedDisk>();
  std::unique_ptr<SimulatorIo> io_ = std::make_unique<SimulatorIo>(disk_, 7);
};

using Set = std::set<std::string>;

TEST_F(SimulatorTest, WhatASyncCoversSurvivesEveryPowerCut) {
  const int file = durable_file("abcdefghij");
  write(file, 3, "XYZ");
  sync(file);
  for (const CrashPolicy policy : kPolicies) EXPECT_EQ(outcomes(policy), Set{"abcXYZghij"});
}

TEST_F(SimulatorTest, DropAllGivesTheStateOfTheLastSync) {
  const int file = durable_file("abcdefghij");
  write(file, 0, "XXXX");
  write(file, 8, "YYYYYY");
  EXPECT_EQ(outcomes(CrashPolicy::drop_all), Set{"abcdefghij"});
}

TEST_F(SimulatorTest, KeepAllGivesThePresentContent) {
  const int file = durable_file("abcdefghij");
  write(file, 0, "XXXX");
  write(file, 8, "YYYYYY");
  EXPECT_EQ(outcomes(CrashPolicy::keep_all), Set{"XXXXefghYYYYYY"});
}

TEST_F(SimulatorTest, RandomSectorsGiveEachSectorAnyOfItsVersionsOnItsOwn) {
  const int file = durable_file("aaaa");
  write(file, 0, "bb");
  write(file, 1, "cc");
  const Set seen = outcomes(CrashPolicy::random_sectors);
  EXPECT_EQ(seen.size(), 2u * 3u * 2u);
  for (const std::string& outcome : seen) {
    EXPECT_NE(std::string("ab").find(outcome[0]), std::string::npos);
    EXPECT_NE(std::string("abc").find(outcome[1]), std::string::npos);
    EXPECT_NE(std::string("ac").find(outcome[2]), std::string::npos);
    EXPECT_EQ(outcome[3], 'a');
  }
}

TEST_F(SimulatorTest, ReorderedWritesKeepEachWriteWholeAcrossPages) {
  const int file = durable_file("aaaaaaaaaaaa");
  write(file, 6, "bbbb");  // over the edge of a page
  write(file, 0, "cc");
  write(file, 9, "dd");
  EXPECT_EQ(outcomes(CrashPolicy::reordered_writes),
            (Set{"aaaaaaaaaaaa", "aaaaaabbbbaa", "ccaaaaaaaaaa", "ccaaaabbbbaa", "aaaaaaaaadda", "aaaaaabbbdda",
                 "ccaaaaaaadda", "ccaaaabbbdda"}));
}

TEST_F(SimulatorTest, AWriteWithinASectorIsASectorVersion) {
  const int file = durable_file("aa");
  std::string bytes = "xyz";
  EXPECT_EQ(run_request(*io_, IoOp::write, file, 600, bytes.data(), 3), 3);
  EXPECT_EQ(outcomes(CrashPolicy::random_sectors), (Set{"aa", "a?"}));
}

TEST_F(SimulatorTest, AWriteInFlightMayHaveReachedAnySubsetOfItsSectors) {
  const int file = durable_file("aaa");
  std::string bytes = sectors("bbb");
  OneRequest request(IoOp::write, file, 0, bytes.data(), bytes.size());
  io_->submit(request);
  io_->drop_all();
  EXPECT_EQ(request.completions, 0);
  const Set all = {"aaa", "aab", "aba", "abb", "baa", "bab", "bba", "bbb"};
  EXPECT_EQ(outcomes(CrashPolicy::random_sectors), all);
  EXPECT_EQ(outcomes(CrashPolicy::reordered_writes), all);
  EXPECT_EQ(outcomes(CrashPolicy::keep_all), all);
  EXPECT_EQ(outcomes(CrashPolicy::drop_all), Set{"aaa"});
  EXPECT_EQ(letters(disk_->contents("/file")), "aaa");
}

TEST_F(SimulatorTest, ASyncCoversWhatCompletedBeforeItWasSubmittedAndTheRestByChance) {
  Set seen;
  for (uint64_t seed = 0; seed < 60; seed++) {
    disk_ = std::make_shared<SimulatedDisk>();
    io_ = std::make_unique<SimulatorIo>(disk_, seed);
    const int file = durable_file("aa");
    write(file, 0, "b");
    std::string bytes = sectors("c");
    OneRequest write_meanwhile(IoOp::write, file, kSectorBytes, bytes.data(), bytes.size());
    OneRequest sync_meanwhile(IoOp::sync, file);
    io_->submit(sync_meanwhile);
    io_->submit(write_meanwhile);
    while (sync_meanwhile.completions + write_meanwhile.completions < 2) io_->poll(kNever, 16);
    for (const std::string& outcome : outcomes(CrashPolicy::drop_all)) seen.insert(outcome);
  }
  EXPECT_EQ(seen, (Set{"ba", "bc"}));
}

TEST_F(SimulatorTest, AFileWhoseDirectoryWasNotSyncedMayVanish) {
  const int file = open("/file");
  write(file, 0, "a");
  sync(file);
  EXPECT_EQ(outcomes(CrashPolicy::drop_all), Set{"absent"});
  EXPECT_EQ(outcomes(CrashPolicy::keep_all), Set{"a"});
  EXPECT_EQ(outcomes(CrashPolicy::random_sectors), (Set{"a", "absent"}));
}

TEST_F(SimulatorTest, AFileWhoseContentWasNotSyncedMayBeEmptyThoughItsNameIsDurable) {
  const int file = open("/file");
  write(file, 0, "ab");
  EXPECT_EQ(sync_directory("/"), 0);
  EXPECT_EQ(outcomes(CrashPolicy::drop_all), Set{""});
  EXPECT_EQ(outcomes(CrashPolicy::random_sectors), (Set{"", "..", "a.", ".b", "ab"}));
}

TEST_F(SimulatorTest, ARenameIsOldOrNewAndNeverNeither) {
  durable_file("a");
  const int next = open("/next");
  write(next, 0, "b");
  sync(next);
  EXPECT_EQ(sync_directory("/"), 0);
  run_call(*io_, [](FileSystem& files) { return files.rename("/next", "/file"); });
  EXPECT_EQ(outcomes(CrashPolicy::random_sectors), (Set{"a", "b"}));
  EXPECT_EQ(outcomes(CrashPolicy::drop_all), Set{"a"});
  EXPECT_EQ(outcomes(CrashPolicy::keep_all), Set{"b"});
  EXPECT_EQ(outcomes(CrashPolicy::random_sectors, "/next"), (Set{"absent", "b"}));
}

TEST_F(SimulatorTest, ANameReusedAfterARenameIsNeverLostToALaterCreation) {
  durable_file("a");
  run_call(*io_, [](FileSystem& files) { return files.rename("/file", "/old"); });
  const int file = open("/file");
  write(file, 0, "b");
  io_->drop_all();
  for (uint64_t seed = 0; seed < kSeeds; seed++) {
    const std::shared_ptr<SimulatedDisk> disk = disk_->clone();
    disk->power_cut(seed, CrashPolicy::random_sectors);
    const bool old = disk->contents("/old") == sectors("a");
    const bool unmoved = disk->contents("/file") == sectors("a");
    EXPECT_NE(old, unmoved) << seed;
  }
}

TEST_F(SimulatorTest, ARemovedNameMayComeBackWithItsContentUntilTheDirectoryIsSynced) {
  durable_file("a");
  run_call(*io_, [](FileSystem& files) { return files.unlink("/file"); });
  EXPECT_EQ(disk_->used_bytes(), 4096u);  // still open
  const std::shared_ptr<SimulatedDisk> unsynced = disk_->clone();
  EXPECT_EQ(unsynced->used_bytes(), 0u);
  unsynced->power_cut(1, CrashPolicy::drop_all);
  EXPECT_EQ(letters(unsynced->contents("/file")), "a");
  EXPECT_EQ(sync_directory("/"), 0);
  for (const CrashPolicy policy : kPolicies) EXPECT_EQ(outcomes(policy), Set{"absent"});
}

TEST_F(SimulatorTest, AMoveBetweenDirectoriesIsDurableInBothAtOnce) {
  run_call(*io_, [](FileSystem& files) {
    files.make_directory("/a", 0700);
    files.make_directory("/b", 0700);
    files.close(files.open("/a/file", O_RDWR | O_CREAT, 0600));
    files.sync_directory("/");
    files.rename("/a/file", "/b/file");
    return files.sync_directory("/b");
  });
  io_->drop_all();
  disk_->power_cut(1, CrashPolicy::drop_all);
  EXPECT_FALSE(disk_->exists("/a/file"));
  EXPECT_TRUE(disk_->exists("/b/file"));
}

TEST_F(SimulatorTest, GrowthIsDurableAfterASyncAndATruncationHappensAsAWhole) {
  const int file = durable_file("abcd");
  EXPECT_EQ(run_call(*io_, [&](FileSystem& files) { return files.truncate(file, 2 * kSectorBytes); }), 0);
  write(file, 3, "x");
  EXPECT_EQ(letters(disk_->contents("/file")), "ab.x");
  // Not truncated; truncated, and the later write's growth lost; or with it, then with or without its data.
  EXPECT_EQ(outcomes(CrashPolicy::random_sectors), (Set{"abcd", "ab", "ab..", "ab.x"}));
}

TEST_F(SimulatorTest, APunchedRangeMayComeBackUntilASync) {
  const int file = durable_file("aaaaaaaabbbbbbbbcc");
  EXPECT_EQ(run_request(*io_, IoOp::punch, file, 4096, nullptr, 4096), 0);
  EXPECT_EQ(letters(disk_->contents("/file")), "aaaaaaaa........cc");
  const std::shared_ptr<SimulatedDisk> before = disk_->clone();
  before->power_cut(3, CrashPolicy::drop_all);
  EXPECT_EQ(letters(before->contents("/file")), "aaaaaaaabbbbbbbbcc");
  sync(file);
  for (const CrashPolicy policy : kPolicies) EXPECT_EQ(outcomes(policy), Set{"aaaaaaaa........cc"});
}

TEST_F(SimulatorTest, AFailedSyncLosesWhatItShouldHaveWrittenEvenIfALaterOneSucceeds) {
  const int file = durable_file("aa");
  write(file, 0, "b");
  Fault fault;
  fault.op = SimulatedOp::sync;
  fault.error_number = EIO;
  const size_t rule = io_->add_fault(fault);
  EXPECT_EQ(run_request(*io_, IoOp::sync, file), -EIO);
  EXPECT_EQ(io_->fault_hits(rule), 1u);
  sync(file);
  EXPECT_EQ(outcomes(CrashPolicy::drop_all), Set{"aa"});
}

TEST_F(SimulatorTest, WritingTheSameBytesAgainAfterAFailedSyncMakesThemDurable) {
  const int file = durable_file("aa");
  write(file, 0, "b");
  Fault fault;
  fault.op = SimulatedOp::sync;
  fault.error_number = EIO;
  io_->add_fault(fault);
  EXPECT_EQ(run_request(*io_, IoOp::sync, file), -EIO);
  write(file, 0, "b");
  sync(file);
  EXPECT_EQ(outcomes(CrashPolicy::drop_all), Set{"ba"});
}

TEST_F(SimulatorTest, AnExitOfTheProcessLosesNothingThatCompleted) {
  const int file = durable_file("aaa");
  write(file, 0, "b");
  std::string bytes = sectors("c");
  OneRequest request(IoOp::write, file, 2 * kSectorBytes, bytes.data(), bytes.size());
  io_->submit(request);
  io_->drop_all();
  Set seen;
  for (uint64_t seed = 0; seed < kSeeds; seed++) {
    const std::shared_ptr<SimulatedDisk> disk = disk_->clone();
    disk->process_exit(seed);
    seen.insert(letters(disk->contents("/file")));
    disk->power_cut(seed, CrashPolicy::drop_all);
    EXPECT_EQ(letters(disk->contents("/file")), "aaa");
  }
  EXPECT_EQ(seen, (Set{"baa", "bac"}));
}

TEST_F(SimulatorTest, LocksAndDescriptorsAreGoneAfterAPowerCut) {
  const int file = durable_file("a");
  run_call(*io_, [&](FileSystem& files) { return files.lock(file); });
  io_->drop_all();
  disk_->power_cut(1, CrashPolicy::keep_all);
  SimulatorIo next(disk_, 2);
  run_call(next, [&](FileSystem& files) {
    FileStat status;
    EXPECT_EQ(files.stat(file, &status), -EBADF);
    const int again = files.open("/file", O_RDWR, 0);
    EXPECT_NE(again, file);
    EXPECT_EQ(files.lock(again), 0);
    return 0;
  });
}

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

TEST_F(SimulatorTest, BytesSetByHandAreDurableAndMakeDirectoriesOnTheWay) {
  disk_->set_contents("/a/b/file", 512, "hello");
  io_->drop_all();
  disk_->power_cut(1, CrashPolicy::drop_all);
  EXPECT_EQ(disk_->contents("/a/b/file", 512, 100), "hello");
  EXPECT_EQ(disk_->contents("/a/b/file").size(), 517u);
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
