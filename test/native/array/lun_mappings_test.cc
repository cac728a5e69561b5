// Who may have a LUN mapped beside whom.

#include "array/lun_mappings.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

const int first_handle = 0;
const int second_handle = 0;

LunMapping mapping(const char* host_name, bool read_only, bool shared, const void* holder = &first_handle) {
  return LunMapping{Guid::random(), host_name, read_only, shared, holder};
}

TEST(LunMappings, ASecondWriterIsRefusedByTheNameOfTheFirstUnlessItIsShared) {
  LunMappings mappings;
  ASSERT_TRUE(mappings.add(mapping("reader", true, false), "LUN x").ok());
  EXPECT_EQ(mappings.writer(), nullptr);
  ASSERT_TRUE(mappings.add(mapping("alpha", false, false), "LUN x").ok());
  const Status refused = mappings.add(mapping("beta", false, false), "LUN x");
  EXPECT_EQ(refused.code(), Code::lun_in_use);
  EXPECT_NE(refused.message().find("host alpha"), std::string::npos) << refused.message();
  EXPECT_TRUE(mappings.add(mapping("beta", true, false), "LUN x").ok());
  EXPECT_TRUE(mappings.add(mapping("gamma", false, true), "LUN x").ok());
  EXPECT_EQ(mappings.add(mapping("delta", false, false), "LUN x").code(), Code::lun_in_use);
  EXPECT_EQ(mappings.list().size(), 4u);
}

TEST(LunMappings, AHostHasALunOnceHoweverItAsks) {
  LunMappings mappings;
  const LunMapping one = mapping("alpha", true, false);
  ASSERT_TRUE(mappings.add(one, "LUN x").ok());
  LunMapping again = one;
  again.shared = true;
  again.read_only = false;
  EXPECT_EQ(mappings.add(again, "LUN x").code(), Code::lun_in_use);
}

TEST(LunMappings, AMappingEndsWithItsHandleAndNobodyElsesDoes) {
  LunMappings mappings;
  const LunMapping kept = mapping("alpha", true, false, &second_handle);
  const LunMapping writer = mapping("beta", false, false);
  ASSERT_TRUE(mappings.add(kept, "LUN x").ok());
  ASSERT_TRUE(mappings.add(writer, "LUN x").ok());
  mappings.remove(&second_handle, writer.host);
  EXPECT_NE(mappings.writer(), nullptr) << "another handle does not end it";
  mappings.remove_holder(&first_handle);
  ASSERT_EQ(mappings.list().size(), 1u);
  EXPECT_EQ(mappings.list()[0].host, kept.host);
  EXPECT_TRUE(mappings.add(mapping("gamma", false, false), "LUN x").ok());
}

}  // namespace
}  // namespace holdfast
