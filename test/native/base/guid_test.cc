#include "base/guid.h"

#include <gtest/gtest.h>

#include <set>
#include <unordered_set>

#include "base/utf8.h"

namespace holdfast {
namespace {

Guid parsed(std::string_view text) {
  Guid guid;
  EXPECT_TRUE(Guid::parse(text, &guid)) << text;
  return guid;
}

TEST(Guid, WritesAndReadsItsText) {
  const Guid guid = parsed("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7");
  EXPECT_EQ(guid.bytes[0], 0xEB);
  EXPECT_EQ(guid.bytes[15], 0xC7);
  EXPECT_EQ(guid.to_string(), "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7");
  EXPECT_EQ(parsed("{EBD0A0A2-b9e5-4433-87C0-68B6B72699C7}"), guid);
  EXPECT_EQ(parsed("00000000-0000-0000-0000-000000000000"), Guid{});
}

TEST(Guid, RefusesWhatIsNoGuidAndLeavesTheOldValue) {
  const Guid old = Guid::random();
  for (std::string_view text : {"", "{", "{}", "ebd0a0a2-b9e5-4433-87c0-68b6b72699c",
                                "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7 ", "{ebd0a0a2-b9e5-4433-87c0-68b6b72699c7",
                                "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7}", "ebd0a0a2b9e5-4433-87c0-68b6b72699c7-",
                                "ebd0a0a2-b9e5-4433-87c0-68b6b72699g7", "ebd0a0a2 b9e5 4433 87c0 68b6b72699c7",
                                "ebd0a0a2-b9e5-4433-87c0--8b6b72699c7", "(ebd0a0a2-b9e5-4433-87c0-68b6b72699c7)"}) {
    Guid guid = old;
    EXPECT_FALSE(Guid::parse(text, &guid)) << text;
    EXPECT_EQ(guid, old);
  }
}

TEST(Guid, StoresTheFirstThreeFieldsLittleEndianForGpt) {
  const Guid guid = parsed("00112233-4455-6677-8899-aabbccddeeff");
  const std::array<uint8_t, 16> wanted = {0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
                                          0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF};
  EXPECT_EQ(guid.to_gpt_bytes(), wanted);
  EXPECT_EQ(Guid::from_gpt_bytes(wanted.data()), guid);
}

TEST(Guid, MakesRandomOnesOfVersionFourThatDiffer) {
  std::set<Guid> ordered;
  std::unordered_set<Guid, GuidHash> hashed;
  std::set<size_t> hashes;
  for (int i = 0; i < 2000; ++i) {
    const Guid guid = Guid::random();
    EXPECT_EQ(guid.bytes[6] >> 4, 4);
    EXPECT_EQ(guid.bytes[8] >> 6, 2);
    EXPECT_FALSE(guid.is_null());
    ordered.insert(guid);
    hashed.insert(guid);
    hashes.insert(GuidHash()(guid));
  }
  EXPECT_EQ(ordered.size(), 2000u);
  EXPECT_EQ(hashed.size(), 2000u);
  EXPECT_GE(hashes.size(), 1999u);
}

TEST(Utf8, DecodesValidTextAndNothingElse) {
  const auto decode = [](std::string_view text) {
    size_t at = 0;
    const int32_t code_point = next_code_point(text, &at);
    return code_point >= 0 && at != text.size() ? -2 : code_point;
  };
  EXPECT_EQ(decode("A"), 'A');
  EXPECT_EQ(decode("\xC3\xA9"), 0xE9);
  EXPECT_EQ(decode("\xE2\x82\xAC"), 0x20AC);
  EXPECT_EQ(decode("\xF0\x9F\x92\xBE"), 0x1F4BE);
  EXPECT_EQ(decode("\xF4\x8F\xBF\xBF"), 0x10FFFF);
  for (const char* bad : {"\x80", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                          "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xFF", "\xE2\x82", "\xC3\x41"}) {
    EXPECT_EQ(decode(bad), -1) << bad;
  }
}

}  // namespace
}  // namespace holdfast
