// Space that only a deleted copy could see goes back to the file system, and nothing else does.

#include <fcntl.h>

#include <cerrno>

#include "array_fixture.h"

namespace holdfast {
namespace {

class TrimTest : public ArrayTest {
 protected:
  static constexpr uint64_t kBytes = 16 << 20;

  void SetUp() override {
    ArrayTest::SetUp();
    id = make_lun(kBytes);
  }
  uint64_t allocated(const std::string& path) {
    FileStat stat;
    EXPECT_EQ(machine().disk()->stat(path, &stat), 0) << path;
    return stat.allocated_bytes;
  }
  std::string base() { return array().describe_lun(id)->base_path; }
  std::string area() { return std::string(Machine::kPath) + "/area/" + id.to_string(); }
  void fill(const Guid& guid, uint8_t value) {
    for (uint64_t at = 0; at < kBytes; at += 1 << 20) ASSERT_TRUE(write(guid, at, pattern(1 << 20, value)).ok());
    ASSERT_TRUE(flush(guid).ok());
  }
  void expect_filled(const Guid& guid, uint8_t value) {
    for (uint64_t at = 0; at < kBytes; at += 1 << 20) ASSERT_EQ(read(guid, at, 1 << 20), pattern(1 << 20, value));
  }
  Guid id;
};

TEST_F(TrimTest, TheHomesThatOnlyADeletedCopyCouldSeeArePunched) {
  fill(id, 1);
  const TakenSet set = take_set(machine(), {id});
  fill(id, 2);
  ASSERT_EQ(allocated(base()), kBytes);
  delete_set(set);
  EXPECT_EQ(allocated(base()), 0u);
  expect_filled(id, 2);
  fill(id, 3);
  ASSERT_TRUE(cut_power_and_open().ok());
  expect_filled(id, 3);
}

TEST_F(TrimTest, AnAdoptedImageIsNeverPunched) {
  const int file = machine().disk()->open("/image", O_RDWR | O_CREAT, 0600);
  ASSERT_GE(file, 0);
  ASSERT_EQ(machine().disk()->truncate(file, kBytes), 0);
  machine().disk()->close(file);
  id = machine().run(array().adopt_lun("/image")).take();
  fill(id, 1);
  const TakenSet set = take_set(machine(), {id});
  fill(id, 2);
  delete_set(set);
  EXPECT_EQ(allocated("/image"), kBytes);
  expect_filled(id, 2);
}

TEST_F(TrimTest, PlacesOfTheAreaThatNobodyNeedsComeBackButForAStepOfThem) {
  std::vector<TakenSet> sets;
  for (uint8_t round = 1; round <= 6; ++round) {
    fill(id, round);
    sets.push_back(take_set(machine(), {id}));
  }
  fill(id, 7);
  const uint64_t full = allocated(area());
  EXPECT_GE(full, 6 * kBytes);
  for (const TakenSet& set : sets) delete_set(set);
  ASSERT_TRUE(flush(id).ok());
  settle();
  EXPECT_LT(allocated(area()), full / 2);
  expect_filled(id, 7);
  fill(id, 8);
  ASSERT_TRUE(close_and_open().ok());
  expect_filled(id, 8);
  expect_consistent();
}

TEST_F(TrimTest, AnAreaOfAnyLengthIsPreparedAgainInWholeStepsAfterItWasTrimmed) {
  for (const uint64_t odd : {kBytes - 4096, kBytes - 17 * 4096, kBytes - 300 * 4096}) {
    std::vector<TakenSet> sets;
    for (uint8_t round = 1; round <= 4; ++round) {
      for (uint64_t at = 0; at < odd; at += 4096) {
        ASSERT_TRUE(write(id, at, pattern(4096, round)).ok());
      }
      sets.push_back(take_set(machine(), {id}));
    }
    delete_set(sets[0]);
    delete_set(sets[1]);
    ASSERT_TRUE(flush(id).ok());
    settle();
    for (uint8_t round = 5; round <= 8; ++round) {
      fill(id, round);
      sets.push_back(take_set(machine(), {id}));
    }
    EXPECT_EQ(read(sets[2].copies[0], odd - 4096, 4096), pattern(4096, 3));
    for (size_t i = 2; i < sets.size(); ++i) delete_set(sets[i]);
    expect_filled(id, 8);
    expect_consistent();
  }
}

TEST_F(TrimTest, AFileSystemThatCannotPunchKeepsTheRoomAndNothingElseChanges) {
  fail(SimulatedOp::punch, "*", EOPNOTSUPP, 1, Fault::kForever);
  fill(id, 1);
  const TakenSet set = take_set(machine(), {id});
  fill(id, 2);
  delete_set(set);
  EXPECT_GT(allocated(base()), 0u);
  fill(id, 3);
  expect_filled(id, 3);
}

TEST_F(TrimTest, ADetachedLunIsWholeAlthoughItsHomesWereFree) {
  fill(id, 1);
  const TakenSet set = take_set(machine(), {id});
  fill(id, 2);
  const std::string path = base();
  Background<Status> deleting(machine(), array().delete_copies(set.snapshots));
  ASSERT_TRUE(finish(deleting).ok());
  // Collecting and punching go on meanwhile.
  Result<std::string> detached = machine().run(array().detach_lun(id));
  ASSERT_TRUE(detached.ok()) << detached.status().message();
  const int file = machine().disk()->open(path, O_RDONLY, 0);
  std::vector<uint8_t> bytes(kBytes);
  ASSERT_EQ(machine().disk()->read(file, 0, bytes.data(), bytes.size()), static_cast<int64_t>(kBytes));
  EXPECT_EQ(bytes, pattern(kBytes, 2));
}

}  // namespace
}  // namespace holdfast
