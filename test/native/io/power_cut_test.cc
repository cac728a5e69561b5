// What survives a power cut of the simulated disk, and what an exit of the process.

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>
#include <string>

#include "simulator_fixture.h"

namespace holdfast {
namespace {

constexpr int kSeeds = 200;
constexpr CrashPolicy kPolicies[] = {CrashPolicy::drop_all, CrashPolicy::keep_all, CrashPolicy::random_sectors,
                                     CrashPolicy::reordered_writes};

class PowerCutTest : public SimulatorTest {
 protected:
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
};

using Set = std::set<std::string>;

TEST_F(PowerCutTest, WhatASyncCoversSurvivesEveryPowerCut) {
  const int file = durable_file("abcdefghij");
  write(file, 3, "XYZ");
  sync(file);
  for (const CrashPolicy policy : kPolicies) EXPECT_EQ(outcomes(policy), Set{"abcXYZghij"});
}

TEST_F(PowerCutTest, DropAllGivesTheStateOfTheLastSync) {
  const int file = durable_file("abcdefghij");
  write(file, 0, "XXXX");
  write(file, 8, "YYYYYY");
  EXPECT_EQ(outcomes(CrashPolicy::drop_all), Set{"abcdefghij"});
}

TEST_F(PowerCutTest, KeepAllGivesThePresentContent) {
  const int file = durable_file("abcdefghij");
  write(file, 0, "XXXX");
  write(file, 8, "YYYYYY");
  EXPECT_EQ(outcomes(CrashPolicy::keep_all), Set{"XXXXefghYYYYYY"});
}

TEST_F(PowerCutTest, RandomSectorsGiveEachSectorAnyOfItsVersionsOnItsOwn) {
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

TEST_F(PowerCutTest, ReorderedWritesKeepEachWriteWholeAcrossPages) {
  const int file = durable_file("aaaaaaaaaaaa");
  write(file, 6, "bbbb");  // over the edge of a page
  write(file, 0, "cc");
  write(file, 9, "dd");
  EXPECT_EQ(outcomes(CrashPolicy::reordered_writes),
            (Set{"aaaaaaaaaaaa", "aaaaaabbbbaa", "ccaaaaaaaaaa", "ccaaaabbbbaa", "aaaaaaaaadda", "aaaaaabbbdda",
                 "ccaaaaaaadda", "ccaaaabbbdda"}));
}

TEST_F(PowerCutTest, AWriteWithinASectorIsASectorVersion) {
  const int file = durable_file("aa");
  std::string bytes = "xyz";
  EXPECT_EQ(run_request(*io_, IoOp::write, file, 600, bytes.data(), 3), 3);
  EXPECT_EQ(outcomes(CrashPolicy::random_sectors), (Set{"aa", "a?"}));
}

TEST_F(PowerCutTest, AWriteInFlightMayHaveReachedAnySubsetOfItsSectors) {
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

TEST_F(PowerCutTest, ASyncCoversWhatCompletedBeforeItWasSubmittedAndTheRestByChance) {
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

TEST_F(PowerCutTest, AFileWhoseDirectoryWasNotSyncedMayVanish) {
  const int file = open("/file");
  write(file, 0, "a");
  sync(file);
  EXPECT_EQ(outcomes(CrashPolicy::drop_all), Set{"absent"});
  EXPECT_EQ(outcomes(CrashPolicy::keep_all), Set{"a"});
  EXPECT_EQ(outcomes(CrashPolicy::random_sectors), (Set{"a", "absent"}));
}

TEST_F(PowerCutTest, AFileWhoseContentWasNotSyncedMayBeEmptyThoughItsNameIsDurable) {
  const int file = open("/file");
  write(file, 0, "ab");
  EXPECT_EQ(sync_directory("/"), 0);
  EXPECT_EQ(outcomes(CrashPolicy::drop_all), Set{""});
  EXPECT_EQ(outcomes(CrashPolicy::random_sectors), (Set{"", "..", "a.", ".b", "ab"}));
}

TEST_F(PowerCutTest, ARenameIsOldOrNewAndNeverNeither) {
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

TEST_F(PowerCutTest, ANameReusedAfterARenameIsNeverLostToALaterCreation) {
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

TEST_F(PowerCutTest, ARemovedNameMayComeBackWithItsContentUntilTheDirectoryIsSynced) {
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

TEST_F(PowerCutTest, AMoveBetweenDirectoriesIsDurableInBothAtOnce) {
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

TEST_F(PowerCutTest, GrowthIsDurableAfterASyncAndATruncationHappensAsAWhole) {
  const int file = durable_file("abcd");
  EXPECT_EQ(run_call(*io_, [&](FileSystem& files) { return files.truncate(file, 2 * kSectorBytes); }), 0);
  write(file, 3, "x");
  EXPECT_EQ(letters(disk_->contents("/file")), "ab.x");
  // Not truncated; truncated, and the later write's growth lost; or with it, then with or without its data.
  EXPECT_EQ(outcomes(CrashPolicy::random_sectors), (Set{"abcd", "ab", "ab..", "ab.x"}));
}

TEST_F(PowerCutTest, APunchedRangeMayComeBackUntilASync) {
  const int file = durable_file("aaaaaaaabbbbbbbbcc");
  EXPECT_EQ(run_request(*io_, IoOp::punch, file, 4096, nullptr, 4096), 0);
  EXPECT_EQ(letters(disk_->contents("/file")), "aaaaaaaa........cc");
  const std::shared_ptr<SimulatedDisk> before = disk_->clone();
  before->power_cut(3, CrashPolicy::drop_all);
  EXPECT_EQ(letters(before->contents("/file")), "aaaaaaaabbbbbbbbcc");
  sync(file);
  for (const CrashPolicy policy : kPolicies) EXPECT_EQ(outcomes(policy), Set{"aaaaaaaa........cc"});
}

TEST_F(PowerCutTest, AFailedSyncLosesWhatItShouldHaveWrittenEvenIfALaterOneSucceeds) {
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

TEST_F(PowerCutTest, WritingTheSameBytesAgainAfterAFailedSyncMakesThemDurable) {
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

TEST_F(PowerCutTest, AnExitOfTheProcessLosesNothingThatCompleted) {
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

TEST_F(PowerCutTest, LocksAndDescriptorsAreGoneAfterAPowerCut) {
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

TEST_F(PowerCutTest, BytesSetByHandAreDurableAndMakeDirectoriesOnTheWay) {
  disk_->set_contents("/a/b/file", 512, "hello");
  io_->drop_all();
  disk_->power_cut(1, CrashPolicy::drop_all);
  EXPECT_EQ(disk_->contents("/a/b/file", 512, 100), "hello");
  EXPECT_EQ(disk_->contents("/a/b/file").size(), 517u);
}

}  // namespace
}  // namespace holdfast
