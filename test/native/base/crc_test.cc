#include "base/crc.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

namespace holdfast {
namespace {

uint32_t bit_by_bit(uint32_t polynomial, const uint8_t* data, size_t length, uint32_t seed) {
  uint32_t crc = ~seed;
  for (size_t i = 0; i < length; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ polynomial : crc >> 1;
  }
  return ~crc;
}

std::vector<uint8_t> random_bytes(size_t length) {
  std::mt19937 random(20240917);
  std::vector<uint8_t> bytes(length);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

TEST(Crc, GivesThePublishedCheckValues) {
  EXPECT_EQ(crc32("123456789", 9), 0xCBF43926u);
  EXPECT_EQ(crc32c("123456789", 9), 0xE3069283u);
  EXPECT_EQ(crc_detail::crc32c_table("123456789", 9, 0), 0xE3069283u);
  // RFC 3720, appendix B.4.
  uint8_t block[32] = {};
  EXPECT_EQ(crc32c(block, sizeof block), 0x8A9136AAu);
  std::memset(block, 0xFF, sizeof block);
  EXPECT_EQ(crc32c(block, sizeof block), 0x62A8AB43u);
  for (uint8_t i = 0; i < 32; ++i) block[i] = i;
  EXPECT_EQ(crc32c(block, sizeof block), 0x46DD794Eu);
  EXPECT_EQ(crc32("", 0), 0u);
  EXPECT_EQ(crc32c("", 0), 0u);
}

TEST(Crc, AgreesWithTheDefinitionAtEveryLengthAroundTheLanes) {
  const std::vector<uint8_t> bytes = random_bytes(13000);
  std::vector<size_t> lengths;
  for (size_t near : {0, 8, 16, 1360, 4080, 4096, 8160, 12240}) {
    for (size_t length = near > 9 ? near - 9 : 0; length <= near + 9; ++length) lengths.push_back(length);
  }
  for (size_t length : lengths) {
    for (size_t start : {0, 1, 3, 7}) {
      const uint8_t* data = bytes.data() + start;
      const uint32_t seed = static_cast<uint32_t>(length * 2654435761u);
      ASSERT_EQ(crc32(data, length, seed), bit_by_bit(0xEDB88320, data, length, seed)) << length;
      const uint32_t wanted = bit_by_bit(0x82F63B78, data, length, seed);
      ASSERT_EQ(crc32c(data, length, seed), wanted) << length;
      ASSERT_EQ(crc_detail::crc32c_table(data, length, seed), wanted) << length;
    }
  }
}

TEST(Crc, ContinuesFromAnEarlierPart) {
  const std::vector<uint8_t> bytes = random_bytes(9000);
  for (size_t cut : {0, 1, 7, 4095, 4096, 4097, 8999, 9000}) {
    const size_t rest = bytes.size() - cut;
    EXPECT_EQ(crc32(bytes.data() + cut, rest, crc32(bytes.data(), cut)), crc32(bytes.data(), bytes.size()));
    EXPECT_EQ(crc32c(bytes.data() + cut, rest, crc32c(bytes.data(), cut)), crc32c(bytes.data(), bytes.size()));
  }
}

}  // namespace
}  // namespace holdfast
