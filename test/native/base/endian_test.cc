#include "base/endian.h"

#include <gtest/gtest.h>

#include "base/checked.h"

namespace holdfast {
namespace {

constexpr uint8_t kBytes[9] = {0xAA, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88};

TEST(Endian, ReadsBothOrdersFromUnalignedBytes) {
  const uint8_t* at = kBytes + 1;
  EXPECT_EQ(load_le16(at), 0x0201);
  EXPECT_EQ(load_be16(at), 0x0102);
  EXPECT_EQ(load_le32(at), 0x04030201u);
  EXPECT_EQ(load_be32(at), 0x01020304u);
  EXPECT_EQ(load_le64(at), 0x8807060504030201u);
  EXPECT_EQ(load_be64(at), 0x0102030405060788u);
}

TEST(Endian, WritesWhatItReadsAndNothingBeside) {
  uint8_t bytes[12];
  const auto untouched = [&bytes](size_t length) { return bytes[1] == 0xEE && bytes[2 + length] == 0xEE; };
  const auto clear = [&bytes] { std::memset(bytes, 0xEE, sizeof bytes); };
  clear();
  store_le16(bytes + 2, 0x1234);
  EXPECT_TRUE(load_le16(bytes + 2) == 0x1234 && bytes[2] == 0x34 && untouched(2));
  clear();
  store_be16(bytes + 2, 0x1234);
  EXPECT_TRUE(load_be16(bytes + 2) == 0x1234 && bytes[2] == 0x12 && untouched(2));
  clear();
  store_le32(bytes + 2, 0x12345678);
  EXPECT_TRUE(load_le32(bytes + 2) == 0x12345678 && bytes[2] == 0x78 && untouched(4));
  clear();
  store_be32(bytes + 2, 0x12345678);
  EXPECT_TRUE(load_be32(bytes + 2) == 0x12345678 && bytes[2] == 0x12 && untouched(4));
  clear();
  store_le64(bytes + 2, 0x123456789ABCDEF0);
  EXPECT_TRUE(load_le64(bytes + 2) == 0x123456789ABCDEF0 && bytes[2] == 0xF0 && untouched(8));
  clear();
  store_be64(bytes + 2, 0x123456789ABCDEF0);
  EXPECT_TRUE(load_be64(bytes + 2) == 0x123456789ABCDEF0 && bytes[2] == 0x12 && untouched(8));
}

TEST(Checked, TellsWhereArithmeticLeavesItsType) {
  uint64_t out = 0;
  EXPECT_FALSE(add_overflows(UINT64_MAX - 1, 1, &out));
  EXPECT_EQ(out, UINT64_MAX);
  EXPECT_TRUE(add_overflows(UINT64_MAX, 1, &out));
  EXPECT_FALSE(sub_overflows(uint64_t{5}, 5, &out));
  EXPECT_EQ(out, 0u);
  EXPECT_TRUE(sub_overflows(uint64_t{5}, 6, &out));
  EXPECT_FALSE(mul_overflows(uint64_t{1} << 54, 512, &out));
  EXPECT_TRUE(mul_overflows(uint64_t{1} << 55, 512, &out));
}

TEST(Checked, RangeFitsNeverWrapsAround) {
  EXPECT_TRUE(range_fits(0, 0, 0));
  EXPECT_TRUE(range_fits(10, 0, 10));
  EXPECT_TRUE(range_fits(4, 6, 10));
  EXPECT_FALSE(range_fits(4, 7, 10));
  EXPECT_FALSE(range_fits(11, 0, 10));
  EXPECT_FALSE(range_fits(UINT64_MAX, 2, 10));
  EXPECT_FALSE(range_fits(2, UINT64_MAX, 10));
}

TEST(Checked, AlignsToPowersOfTwo) {
  EXPECT_EQ(align_up(0, 4096), 0u);
  EXPECT_EQ(align_up(1, 4096), 4096u);
  EXPECT_EQ(align_up(4096, 4096), 4096u);
  EXPECT_EQ(align_down(8191, 4096), 4096u);
  EXPECT_TRUE(is_aligned(8192, 4096));
  EXPECT_FALSE(is_aligned(8193, 4096));
  EXPECT_TRUE(is_power_of_two(128));
  EXPECT_FALSE(is_power_of_two(0));
  EXPECT_FALSE(is_power_of_two(384));
}

}  // namespace
}  // namespace holdfast
