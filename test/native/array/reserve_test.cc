// A disk with nothing left on it: the array opens, and a deletion makes room.

#include <cerrno>

#include "array_fixture.h"

namespace holdfast {
namespace {

class ReserveTest : public ArrayTest {
 protected:
  static constexpr uint64_t kBytes = 8 << 20;

  void SetUp() override {
    ArrayTest::SetUp();
    id = make_lun(kBytes);
    ASSERT_TRUE(write(id, 0, pattern(kBytes, 1)).ok());
    set = take_set(machine(), {id});
    ASSERT_TRUE(set.status.ok());
    ASSERT_TRUE(write(id, 0, pattern(kBytes, 2)).ok());
    ASSERT_TRUE(flush(id).ok());
  }
  void leave_no_space() { machine().disk()->set_capacity_bytes(machine().disk()->used_bytes()); }
  bool has_reserve() {
    const std::string contents = machine().disk()->contents("/array/reserve");
    return !contents.empty();
  }

  Guid id;
  TakenSet set;
};

TEST_F(ReserveTest, AnArrayOnAFullDiskOpensHoweverItWasLeftAndADeletionMakesRoom) {
  leave_no_space();
  ASSERT_TRUE(die_and_open().ok());
  EXPECT_EQ(read(id, 0, kBytes), pattern(kBytes, 2));
  EXPECT_EQ(read(set.copies[0], 0, kBytes), pattern(kBytes, 1));
  delete_set(set);
  ASSERT_TRUE(flush(id).ok());
  EXPECT_TRUE(write(id, 0, pattern(kBytes / 2, 3)).ok()) << "in the places of the deleted copies";
  EXPECT_TRUE(flush(id).ok());
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_TRUE(has_reserve()) << "the deletion has made room for it too";
  machine().disk()->set_capacity_bytes(~uint64_t{0});
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_TRUE(has_reserve()) << "there is space again";
  EXPECT_EQ(read(id, 0, kBytes / 2), pattern(kBytes / 2, 3));
  expect_consistent();
}

TEST_F(ReserveTest, AnArrayOnAFullDiskCanBeClosedAndOpenedManyTimes) {
  leave_no_space();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(close_and_open().ok()) << "opening " << i;
    EXPECT_EQ(read(id, 0, kBytes), pattern(kBytes, 2));
    EXPECT_FALSE(has_reserve()) << "where there is so little, it is better left free";
  }
  delete_set(set);
  EXPECT_TRUE(write(id, 0, pattern(4096, 3)).ok());
}

TEST_F(ReserveTest, WithoutAReserveAFullDiskIsATypedErrorAfterACrashAndNothingIsLost) {
  ASSERT_TRUE(flush(id).ok());
  die();
  ASSERT_EQ(machine().disk()->unlink("/array/reserve"), 0);
  leave_no_space();
  EXPECT_EQ(machine().open_array().code(), Code::no_space);
  machine().disk()->set_capacity_bytes(~uint64_t{0});
  ASSERT_TRUE(machine().open_array().ok());
  EXPECT_EQ(read(id, 0, kBytes), pattern(kBytes, 2));
  EXPECT_EQ(read(set.copies[0], 0, kBytes), pattern(kBytes, 1));
}

TEST_F(ReserveTest, AReserveThatCannotBeMadeKeepsNobodyFromAnything) {
  fail(SimulatedOp::allocate, "*/reserve", ENOSPC, 1, 1000);
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_FALSE(has_reserve());
  fail(SimulatedOp::open, "*/reserve", EACCES, 1, 1000);
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_EQ(read(id, 0, kBytes), pattern(kBytes, 2));
}

}  // namespace
}  // namespace holdfast
