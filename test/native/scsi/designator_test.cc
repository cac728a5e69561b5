#include "scsi/designator.h"

#include <gtest/gtest.h>

#include <random>

#include "base/endian.h"
#include "scsi/inquiry.h"

namespace holdfast::test {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes page_of(const std::vector<Bytes>& designators) {
  Bytes page = {0, 0x83, 0, 0};
  for (const Bytes& designator : designators) page.insert(page.end(), designator.begin(), designator.end());
  store_be16(page.data() + 2, static_cast<uint16_t>(page.size() - 4));
  return page;
}

Bytes designator(uint8_t code_set, uint8_t type, const Bytes& identifier) {
  Bytes bytes = {code_set, type, 0, static_cast<uint8_t>(identifier.size())};
  bytes.insert(bytes.end(), identifier.begin(), identifier.end());
  return bytes;
}

Bytes text(const std::string& characters) { return {characters.begin(), characters.end()}; }

TEST(Designator, ReadsEveryFieldOfARealisticPage) {
  const Bytes naa = {0x60, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const Result<std::vector<Designator>> parsed = parse_device_identification(page_of({
      designator(1, 0x03, naa),
      {0x61, 0x94, 0, 4, 0, 0, 0, 1},
      designator(1, 0x02, Bytes(8, 0x11)),
      designator(3, 0x28, text("iqn.2003-01.org.example:disk")),
      designator(2, 0x01, text("VENDOR  serial")),
      designator(1, 0x0A, Bytes(18, 0x10)),
  }));
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  const std::vector<Designator>& d = parsed.value();
  ASSERT_EQ(d.size(), 6u);
  EXPECT_EQ(d[0].identifier, naa);
  EXPECT_EQ(d[0].protocol, Designator::kNoProtocol);
  EXPECT_TRUE(identifies_logical_unit(d[0]));
  EXPECT_EQ(d[1].association, Association::target_port);
  EXPECT_EQ(d[1].protocol, 6);
  EXPECT_EQ(d[1].type, DesignatorType::relative_target_port);
  EXPECT_FALSE(identifies_logical_unit(d[1]));
  EXPECT_TRUE(identifies_logical_unit(d[2]));
  EXPECT_EQ(d[3].association, Association::target_device);
  EXPECT_FALSE(identifies_logical_unit(d[3]));
  EXPECT_TRUE(identifies_logical_unit(d[4]));
  EXPECT_FALSE(identifies_logical_unit(d[5]));
  EXPECT_TRUE(parse_device_identification(page_of({})).ok());
}

TEST(Designator, RefusesWhatBreaksTheFormatAndNamesTheByte) {
  struct Case {
    Bytes page;
    uint64_t offset;
  };
  Bytes longer = page_of({});
  longer.push_back(0);
  const Case cases[] = {
      {{}, 0},
      {{0, 0x83, 0}, 3},
      {{0, 0x80, 0, 0}, 1},
      {{0, 0x83, 0, 1}, 2},
      {longer, 2},
      {{0, 0x83, 0, 3, 1, 3, 0}, 4},
      {page_of({designator(0, 0, {1})}), 4},
      {page_of({designator(4, 0, {1})}), 4},
      {page_of({designator(1, 0x30, {1})}), 5},
      {page_of({designator(1, 0, {})}), 7},
      {page_of({{1, 3, 0, 9, 0x30, 0, 0, 0, 0, 0, 0, 0}}), 7},
      {page_of({designator(1, 0, {1}), {1, 0, 0, 2, 9}}), 12},
      {page_of({designator(1, 3, Bytes(8, 0x60))}), 8},
      {page_of({designator(1, 3, Bytes(16, 0x50))}), 8},
      {page_of({designator(1, 3, Bytes(8, 0x10))}), 8},
      {page_of({designator(2, 3, text("30000000"))}), 8},
      {page_of({designator(1, 2, Bytes(9, 1))}), 8},
      {page_of({designator(2, 1, text("VENDOR  "))}), 8},
      {page_of({designator(2, 1, text("VENDOR  a\x01"))}), 8},
      {page_of({designator(2, 0, Bytes(4, 0))}), 8},
      {page_of({designator(3, 8, text("naa.\xFF"))}), 8},
      {page_of({designator(3, 8, text("nba.30"))}), 8},
      {page_of({designator(2, 8, text("naa.30"))}), 8},
      {page_of({designator(3, 8, text("naa."))}), 8},
  };
  for (const Case& c : cases) {
    const Status status = parse_device_identification(c.page).status();
    EXPECT_EQ(status.code(), Code::invalid_argument) << ::testing::PrintToString(c.page);
    EXPECT_EQ(status.offset_bytes(), c.offset) << status.message();
  }
}

TEST(Designator, NeverReadsATruncatedPageAsAWholeOne) {
  const Bytes page = vpd_device_identification(LunIdentity::for_lun(Guid::random(), false));
  for (size_t length = 0; length < page.size(); ++length) {
    const Bytes cut(page.begin(), page.begin() + static_cast<long>(length));
    EXPECT_EQ(parse_device_identification(cut).status().code(), Code::invalid_argument) << length;
    if (length < 4) continue;
    // Cut in the middle of a designator, with a length that says it is all there.
    Bytes sealed = cut;
    store_be16(sealed.data() + 2, static_cast<uint16_t>(length - 4));
    const Result<std::vector<Designator>> parsed = parse_device_identification(sealed);
    if (parsed.ok()) {
      EXPECT_LT(parsed.value().size(), 3u);
    }
  }
}

TEST(Designator, SurvivesRandomDamage) {
  std::mt19937 random(17);
  const Bytes sound = vpd_device_identification(LunIdentity::for_lun(Guid::random(), true));
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    Bytes page = sound;
    for (size_t flips = 1 + random() % 4; flips > 0; --flips) {
      page[random() % page.size()] ^= static_cast<uint8_t>(1 << random() % 8);
    }
    const Result<std::vector<Designator>> parsed = parse_device_identification(page);
    if (!parsed.ok()) {
      ASSERT_EQ(parsed.status().code(), Code::invalid_argument);
      continue;
    }
    ++accepted;
    size_t bytes = 4;
    for (const Designator& designator : parsed.value()) bytes += 4 + designator.identifier.size();
    ASSERT_EQ(bytes, page.size());
  }
  EXPECT_GT(accepted, 0);
}

}  // namespace
}  // namespace holdfast::test
