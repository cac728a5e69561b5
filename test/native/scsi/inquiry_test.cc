#include "scsi/inquiry.h"

#include <gtest/gtest.h>

#include <set>

#include "base/judge.h"
#include "scsi/designator.h"

namespace holdfast::test {
namespace {

LunIdentity sample() {
  Guid guid;
  EXPECT_TRUE(Guid::parse("3f2504e0-4f89-41d3-9a0c-0305e82c3301", &guid));
  return LunIdentity::for_lun(guid, true);
}

std::string text(const std::vector<uint8_t>& bytes, size_t at, size_t length) {
  return {reinterpret_cast<const char*>(bytes.data()) + at, length};
}

/// The hexadecimal form that the tools of sg3-utils read with --inhex.
std::vector<uint8_t> hex_dump(const std::vector<uint8_t>& bytes) {
  std::vector<uint8_t> dump;
  for (size_t i = 0; i < bytes.size(); ++i) {
    char item[8];
    const int length = std::snprintf(item, sizeof item, "%02x%c", bytes[i], i % 16 == 15 ? '\n' : ' ');
    dump.insert(dump.end(), item, item + length);
  }
  dump.push_back('\n');
  return dump;
}

TEST(Inquiry, StandardDataNamesTheProduct) {
  const std::vector<uint8_t> bytes = standard_inquiry(sample());
  ASSERT_EQ(bytes.size(), 74u);
  EXPECT_EQ(bytes[0], 0);
  EXPECT_EQ(bytes[2], 6);
  EXPECT_EQ(bytes[3] & 0x0F, 2);
  EXPECT_EQ(bytes[4], bytes.size() - 5);
  EXPECT_EQ(text(bytes, 8, 8), "HOLDFAST");
  EXPECT_EQ(text(bytes, 16, 16), "Shadow Copy     ");
  EXPECT_EQ(text(bytes, 32, 4), "1   ");
  EXPECT_EQ(text(standard_inquiry(LunIdentity::for_lun(Guid(), false)), 16, 16), "Array LUN       ");
}

TEST(Inquiry, EveryPageListedIsAnsweredWithItsOwnCodeAndLength) {
  const LunIdentity identity = sample();
  const std::vector<uint8_t> list = inquiry(identity, true, 0x00, 255).take();
  EXPECT_EQ(list, (std::vector<uint8_t>{0, 0, 0, 3, 0x00, 0x80, 0x83}));
  for (size_t i = 4; i < list.size(); ++i) {
    const std::vector<uint8_t> page = inquiry(identity, true, list[i], 65535).take();
    EXPECT_EQ(page[0], 0);
    EXPECT_EQ(page[1], list[i]);
    EXPECT_EQ(page.size(), 4u + page[2] * 256u + page[3]);
  }
  EXPECT_EQ(text(vpd_unit_serial_number(identity), 4, 32), "3f2504e04f8941d39a0c0305e82c3301");
}

TEST(Inquiry, DeviceIdentificationHoldsThreeUniqueDesignatorsOfTheUnit) {
  Result<std::vector<Designator>> parsed = parse_device_identification(vpd_device_identification(sample()));
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  const std::vector<Designator>& designators = parsed.value();
  ASSERT_EQ(designators.size(), 3u);
  for (const Designator& designator : designators) EXPECT_TRUE(identifies_logical_unit(designator));
  EXPECT_EQ(designators[0].type, DesignatorType::t10_vendor_id);
  EXPECT_EQ(text(designators[0].identifier, 0, 40), "HOLDFAST3f2504e04f8941d39a0c0305e82c3301");
  EXPECT_EQ(designators[1].type, DesignatorType::naa);
  ASSERT_EQ(designators[1].identifier.size(), 8u);
  EXPECT_EQ(designators[1].identifier[0] >> 4, 3);
  EXPECT_EQ(designators[2].type, DesignatorType::scsi_name_string);
  EXPECT_EQ(text(designators[2].identifier, 0, 5), "naa.3");
  EXPECT_EQ(designators[2].identifier.size() % 4, 0u);
  EXPECT_EQ(designators[2].identifier.back(), 0);
}

TEST(Inquiry, NoTwoLunsShareADesignator) {
  std::set<std::vector<uint8_t>> seen;
  const auto add = [&seen](const Guid& guid) {
    const std::vector<uint8_t> page = vpd_device_identification(LunIdentity::for_lun(guid, false));
    const std::vector<Designator> designators = parse_device_identification(page).take();
    for (const Designator& designator : designators) {
      EXPECT_TRUE(seen.insert(designator.identifier).second) << guid.to_string();
    }
  };
  for (int i = 0; i < 2000; ++i) add(Guid::random());
  // GUIDs that differ in one bit, as made by hand.
  add(Guid());
  for (size_t bit = 0; bit < 128; ++bit) {
    Guid guid;
    guid.bytes[bit / 8] = static_cast<uint8_t>(1 << bit % 8);
    add(guid);
  }
}

TEST(Inquiry, CutsToTheAllocationLengthAndKeepsTheInnerLengths) {
  const LunIdentity identity = sample();
  const std::vector<uint8_t> whole = inquiry(identity, true, 0x83, 65535).take();
  for (size_t length : {0, 1, 4, 5, 36, 1000}) {
    const std::vector<uint8_t> cut = inquiry(identity, true, 0x83, length).take();
    ASSERT_EQ(cut.size(), std::min(length, whole.size()));
    EXPECT_TRUE(std::equal(cut.begin(), cut.end(), whole.begin()));
  }
}

TEST(Inquiry, RefusesUnknownPagesAndIdentitiesThatDoNotFit) {
  EXPECT_EQ(inquiry(sample(), true, 0x81, 255).status().code(), Code::invalid_argument);
  EXPECT_EQ(inquiry(sample(), false, 0x80, 255).status().code(), Code::invalid_argument);
  const auto refused = [](void (*change)(LunIdentity&)) {
    LunIdentity identity = sample();
    change(identity);
    return inquiry(identity, true, 0x83, 255).status().code() == Code::invalid_argument;
  };
  EXPECT_TRUE(refused([](LunIdentity& identity) { identity.vendor = "NINECHARS"; }));
  EXPECT_TRUE(refused([](LunIdentity& identity) { identity.product = std::string(17, 'x'); }));
  EXPECT_TRUE(refused([](LunIdentity& identity) { identity.revision = "12345"; }));
  EXPECT_TRUE(refused([](LunIdentity& identity) { identity.serial = ""; }));
  EXPECT_TRUE(refused([](LunIdentity& identity) { identity.serial = std::string(129, 's'); }));
  EXPECT_TRUE(refused([](LunIdentity& identity) { identity.product = "caf\xC3\xA9"; }));
  EXPECT_TRUE(refused([](LunIdentity& identity) { identity.serial = "a\nb"; }));
  EXPECT_FALSE(refused([](LunIdentity& identity) { identity.serial = std::string(128, 's'); }));
}

TEST(Inquiry, IsDecodedBySgVpdAndSgInqWithoutComplaint) {
  HOLDFAST_NEEDS_JUDGE("sg_vpd");
  HOLDFAST_NEEDS_JUDGE("sg_inq");
  const LunIdentity identity = sample();
  const auto run = [](const std::string& tool, const std::vector<uint8_t>& bytes) {
    const TemporaryFile file(hex_dump(bytes));
    const CommandResult result = run_command(tool + " --inhex=" + file.path());
    EXPECT_EQ(result.exit_code, 0) << result.output;
    for (const char* complaint : {"rror", "malformed", "unexpected", "short", "expected", "<<", "reserved"}) {
      EXPECT_EQ(result.output.find(complaint), std::string::npos) << complaint << " in " << result.output;
    }
    return result.output;
  };
  const auto expect = [](const std::string& output, const char* part) {
    EXPECT_NE(output.find(part), std::string::npos) << part << " not in " << output;
  };
  const std::string standard = run("sg_inq", standard_inquiry(identity));
  expect(standard, "Vendor identification: HOLDFAST");
  expect(standard, "Product identification: Shadow Copy");
  expect(standard, "[SPC-4]");
  expect(run("sg_inq --descriptors", standard_inquiry(identity)), "SBC-3");
  const std::string pages = run("sg_vpd", vpd_supported_pages(identity));
  expect(pages, "Device identification");
  expect(pages, "Unit serial number");
  expect(run("sg_vpd", vpd_unit_serial_number(identity)), "3f2504e04f8941d39a0c0305e82c3301");
  const std::string identification = run("sg_vpd --page=0x83", vpd_device_identification(identity));
  expect(identification, "vendor id: HOLDFAST");
  expect(identification, "designator type: NAA");
  expect(identification, "SCSI name string");
  expect(run("sg_inq --export --page=0x83", vpd_device_identification(identity)), "SCSI_IDENT_LUN_NAA_LOCAL=3");
}

}  // namespace
}  // namespace holdfast::test
