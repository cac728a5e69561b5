// test/native/array/space_fixture.h
//
// A LUN whose copies have little room.
#pragma once

#include <cerrno>
#include "array_fixture.h"

namespace holdfast {

class SpaceTest : public ArrayTest {
 protected:
  static constexpr uint32_t kUnit = kUnitBytes;

  void SetUp() override {
    ArrayTest::SetUp();
    id = make_lun();
    ASSERT_TRUE(write(id, 0, pattern(kLunBytes, 1)).ok());
  }
  Status set_area(uint64_t maximum_units, SpacePolicy policy, uint32_t stall_millis = 1000) {
    DiffAreaSetting setting;
    setting.maximum_bytes = maximum_units == kNoMaximum ? kNoMaximum : unit_offset(maximum_units);
    setting.policy = policy;
    setting.stall_millis = stall_millis;
    return machine().run(array().set_diff_area(id, setting));
  }
  Status write_units(uint64_t first, uint64_t count, uint8_t value) {
    return write(id, unit_offset(first), pattern(unit_offset(count), value));
  }
  uint64_t used_units() { return array().diff_area(id).value().used_bytes / kUnit; }
  bool has(const TakenSet& set) { return array().find_lun(set.copies[0]) != nullptr; }
  Status read_status(const std::shared_ptr<Lun>& copy) { return finish(start_read(*copy, 0, kUnit)); }
  std::vector<SpaceEvent> events(uint64_t behind = 0) {
    Background<std::vector<SpaceEvent>> next(machine(), array().space_events().behind(9, behind));
    settle();
    if (!next.is_done()) array().space_events().end(9);
    return finish(next);
  }

  Guid id;
};

}  // namespace holdfast
