// test/native/array/plex_fixture.h
//
// Plexes begun, taken and looked at, one at a time.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "array_fixture.h"

namespace holdfast {

class PlexTest : public ArrayTest {
 protected:
  struct Taken {
    Guid set = Guid::random();
    ArmCopy ids;
  };

  Taken begin(const Guid& source, Status* status = nullptr) {
    Taken taken;
    taken.ids = ArmCopy{source, Guid::random(), Guid::random()};
    Status begun = machine().run(array().begin_plex(taken.set, 1, taken.ids));
    if (status != nullptr) {
      *status = begun;
    } else {
      EXPECT_TRUE(begun.ok()) << begun.message();
    }
    return taken;
  }
  static ArmRequest request_of(const Taken& taken, bool auto_release = false) {
    ArmRequest request;
    request.set = taken.set;
    request.owner = 1;
    request.auto_release = auto_release;
    request.copies = {taken.ids};
    return request;
  }
  Status arm(const Taken& taken) { return machine().run(array().arm_set(request_of(taken))); }
  /// From the arming to the created set.
  Status take(const Taken& taken) {
    Status status = arm(taken);
    if (!status.ok()) return status;
    capture(taken);
    status = machine().run(array().record_set(taken.set));
    if (status.ok()) status = machine().run(array().finish_set(taken.set, "note"));
    return status;
  }
  void capture(const Taken& taken) {
    TakenSet set;
    set.set = taken.set;
    Result<LeaseId> lease = hold_set(machine(), set, {taken.ids.source});
    ASSERT_TRUE(lease.ok()) << lease.status().message();
    ASSERT_TRUE(machine().leases().release(lease.value(), 1).ok());
  }
  Status await(const Taken& taken) { return machine().run(array().await_plex(taken.ids.copy)); }
  Status take_whole(const Taken& taken) {
    Status status = take(taken);
    return status.ok() ? await(taken) : status;
  }
  LunInfo info(const Guid& guid) { return *array().describe_lun(guid); }
  bool has_file(const std::string& directory, const Guid& guid) {
    FileStat stat;
    return machine().disk()->stat(std::string(Machine::kPath) + "/" + directory + "/" + guid.to_string(), &stat) == 0;
  }
  void expect_no_files(const Guid& guid) {
    EXPECT_FALSE(has_file("base", guid));
    EXPECT_FALSE(has_file("area", guid));
  }
};

}  // namespace holdfast
