// The life of LUNs, copies and sets, as a user of the array sees it.

#include "machine.h"

namespace holdfast {
namespace {

constexpr uint64_t kLunBytes = 1 << 20;

struct StorageArrayTest : testing::Test {
  Machine machine{7};

  void SetUp() override { ASSERT_TRUE(machine.create_array().ok()); }
  Guid make_lun(uint64_t size_bytes = kLunBytes) { return machine.run(machine.array->create_lun(size_bytes)).take(); }
  Lun& lun(const Guid& guid) { return *machine.array->find_lun(guid); }
};

TEST_F(StorageArrayTest, AnUnwrittenLunReadsAsZeroes) {
  const Guid id = make_lun();
  EXPECT_EQ(read_bytes(machine, lun(id), 0, 8192), pattern(8192, 0));
}

TEST_F(StorageArrayTest, ACopyKeepsTheBytesOfItsInstantHoweverTheLunChanges) {
  const Guid id = make_lun();
  ASSERT_TRUE(write_bytes(machine, lun(id), 4096, pattern(8192, 1)).ok());
  const TakenSet first = take_set(machine, {id});
  ASSERT_TRUE(first.status.ok()) << first.status.message();
  ASSERT_TRUE(write_bytes(machine, lun(id), 4096, pattern(4096, 2)).ok());
  ASSERT_TRUE(write_bytes(machine, lun(id), 8192 + 512, pattern(512, 3)).ok());
  const TakenSet second = take_set(machine, {id});
  ASSERT_TRUE(second.status.ok()) << second.status.message();
  ASSERT_TRUE(write_bytes(machine, lun(id), 0, pattern(16384, 4)).ok());

  EXPECT_EQ(read_bytes(machine, lun(first.copies[0]), 4096, 8192), pattern(8192, 1));
  EXPECT_EQ(read_bytes(machine, lun(second.copies[0]), 4096, 4096), pattern(4096, 2));
  std::vector<uint8_t> mixed = pattern(4096, 1);
  std::fill(mixed.begin() + 512, mixed.begin() + 1024, uint8_t{3});
  EXPECT_EQ(read_bytes(machine, lun(second.copies[0]), 8192, 4096), mixed);
  EXPECT_EQ(read_bytes(machine, lun(id), 0, 16384), pattern(16384, 4));
  EXPECT_TRUE(machine.array->check().faults.empty());
}

TEST_F(StorageArrayTest, AWriteToACopyIsSeenByNobodyElse) {
  const Guid id = make_lun();
  ASSERT_TRUE(write_bytes(machine, lun(id), 0, pattern(4096, 1)).ok());
  const TakenSet set = take_set(machine, {id});
  ASSERT_TRUE(set.status.ok());
  const TakenSet of_copy = take_set(machine, {set.copies[0]});
  ASSERT_TRUE(of_copy.status.ok()) << of_copy.status.message();
  ASSERT_TRUE(write_bytes(machine, lun(set.copies[0]), 0, pattern(4096, 9)).ok());
  EXPECT_EQ(read_bytes(machine, lun(set.copies[0]), 0, 4096), pattern(4096, 9));
  EXPECT_EQ(read_bytes(machine, lun(of_copy.copies[0]), 0, 4096), pattern(4096, 1));
  EXPECT_EQ(read_bytes(machine, lun(id), 0, 4096), pattern(4096, 1));
}

TEST_F(StorageArrayTest, LunsCopiesAndSetsAreThereAgainAfterClosingAndOpening) {
  const Guid id = make_lun();
  ASSERT_TRUE(write_bytes(machine, lun(id), 0, pattern(4096, 1)).ok());
  const TakenSet set = take_set(machine, {id});
  ASSERT_TRUE(write_bytes(machine, lun(id), 0, pattern(4096, 2)).ok());
  ASSERT_TRUE(machine.close_array().ok());
  ASSERT_TRUE(machine.open_array().ok());
  EXPECT_EQ(read_bytes(machine, lun(id), 0, 4096), pattern(4096, 2));
  EXPECT_EQ(read_bytes(machine, lun(set.copies[0]), 0, 4096), pattern(4096, 1));
  ASSERT_EQ(machine.array->list_sets().size(), 1u);
  EXPECT_EQ(machine.array->list_sets()[0].note, "note");
}

TEST_F(StorageArrayTest, ACreatedSetTakesANewNoteThatIsThereAfterReopening) {
  const Guid id = make_lun();
  const TakenSet set = take_set(machine, {id});
  ASSERT_TRUE(machine.run(machine.array->finish_set(set.set, "another note")).ok());
  ASSERT_TRUE(machine.close_array().ok());
  ASSERT_TRUE(machine.open_array().ok());
  ASSERT_EQ(machine.array->list_sets().size(), 1u);
  EXPECT_EQ(machine.array->list_sets()[0].note, "another note");
  EXPECT_TRUE(machine.array->list_sets()[0].created);
}

TEST_F(StorageArrayTest, ASnapshotIdNamedTwiceIsDeletedOnce) {
  const Guid id = make_lun();
  const TakenSet set = take_set(machine, {id});
  EXPECT_TRUE(machine.run(machine.array->delete_copies({set.snapshots[0], set.snapshots[0]})).ok());
  EXPECT_TRUE(machine.array->list_sets().empty());
  EXPECT_EQ(machine.array->describe_lun(id)->copy_count, 0u);
}

TEST_F(StorageArrayTest, AnAutoReleaseSetIsGoneAfterReopening) {
  const Guid id = make_lun();
  const TakenSet set = take_set(machine, {id}, true);
  ASSERT_TRUE(set.status.ok());
  machine.switch_off();
  machine.disk()->process_exit(1);
  Machine again(machine.disk(), 8);
  ASSERT_TRUE(again.open_array().ok());
  EXPECT_TRUE(again.array->list_sets().empty());
  EXPECT_EQ(again.array->find_lun(set.copies[0]), nullptr);
}

TEST_F(StorageArrayTest, CopiesCanBeDeletedInAnyOrderAndTheirSpaceIsUsedAgain) {
  const Guid id = make_lun();
  std::vector<TakenSet> sets;
  for (uint8_t round = 1; round <= 6; ++round) {
    ASSERT_TRUE(write_bytes(machine, lun(id), 0, pattern(65536, round)).ok());
    sets.push_back(take_set(machine, {id}));
    ASSERT_TRUE(sets.back().status.ok());
  }
  ASSERT_TRUE(write_bytes(machine, lun(id), 0, pattern(65536, 99)).ok());
  const uint64_t used_before = machine.array->list_luns()[0].area_bytes;
  for (const size_t doomed : {2, 0, 5, 3}) {
    ASSERT_TRUE(machine.run(machine.array->delete_copies(sets[doomed].snapshots)).ok());
    machine.settle();
    for (const size_t kept : {1, 4}) {
      EXPECT_EQ(read_bytes(machine, lun(sets[kept].copies[0]), 0, 65536),
                pattern(65536, static_cast<uint8_t>(kept + 1)));
    }
    EXPECT_EQ(read_bytes(machine, lun(id), 0, 65536), pattern(65536, 99));
  }
  EXPECT_LT(machine.array->list_luns()[0].area_bytes, used_before);
  EXPECT_TRUE(machine.array->check().faults.empty());
}

TEST_F(StorageArrayTest, DetachingBringsEveryUnitHome) {
  const Guid id = make_lun();
  ASSERT_TRUE(write_bytes(machine, lun(id), 0, pattern(65536, 1)).ok());
  const TakenSet set = take_set(machine, {id});
  ASSERT_TRUE(write_bytes(machine, lun(id), 4096, pattern(4096, 2)).ok());
  EXPECT_EQ(machine.run(machine.array->detach_lun(id)).status().code(), Code::lun_in_use);
  ASSERT_TRUE(machine.run(machine.array->delete_copies(set.snapshots)).ok());
  Result<std::string> base = machine.run(machine.array->detach_lun(id));
  ASSERT_TRUE(base.ok()) << base.status().message();
  std::string expected(65536, '\1');
  std::fill(expected.begin() + 4096, expected.begin() + 8192, '\2');
  EXPECT_EQ(machine.disk()->contents(base.value(), 0, 65536), expected);
}

TEST_F(StorageArrayTest, ASecondOpeningIsRefusedWithThePidOfTheFirst) {
  Result<std::shared_ptr<StorageArray>> second =
      machine.run(StorageArray::open(machine.loop(), machine.leases(), Machine::kPath, {}));
  ASSERT_EQ(second.status().code(), Code::array_locked);
  EXPECT_NE(second.status().message().find(std::to_string(::getpid())), std::string::npos);
}

}  // namespace
}  // namespace holdfast
