// Growing, reverting, breaking off and deleting: what each LUN of a family holds afterwards, and after a crash at any
// point of it.

#include <cerrno>
#include <functional>

#include "array_fixture.h"

namespace holdfast {
namespace {

class LunLifeTest : public ArrayTest {
 protected:
  void SetUp() override {
    ArrayTest::SetUp();
    id = make_lun();
  }
  Status revert(const Guid& guid, const Guid& source) { return machine().run(array().revert_lun(guid, source)); }
  Status grow(const Guid& guid, uint64_t size_bytes) { return machine().run(array().grow_lun(guid, size_bytes)); }
  Status remove(const Guid& guid) { return machine().run(array().delete_lun(guid)); }
  Result<std::vector<Guid>> break_off(const std::vector<Guid>& snapshots) {
    return machine().run(array().break_copies(snapshots));
  }
  Guid id;
};

TEST_F(LunLifeTest, ARevertedLunHoldsWhatTheCopyHoldsAndEveryOtherCopyKeepsItsOwn) {
  ASSERT_TRUE(write(id, 0, pattern(16384, 1)).ok());
  const TakenSet first = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(8192, 2)).ok());
  const TakenSet second = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(4096, 3)).ok());
  ASSERT_TRUE(write(first.copies[0], 12288, pattern(4096, 9)).ok());

  ASSERT_TRUE(revert(id, first.copies[0]).ok());
  EXPECT_EQ(read(id, 0, 12288), pattern(12288, 1));
  EXPECT_EQ(read(id, 12288, 4096), pattern(4096, 9)) << "what was written to the copy belongs to it";
  EXPECT_EQ(read(second.copies[0], 0, 8192), pattern(8192, 2));
  ASSERT_TRUE(write(id, 0, pattern(4096, 4)).ok());
  EXPECT_EQ(read(first.copies[0], 0, 4096), pattern(4096, 1)) << "the LUN does not write through to the copy";
  ASSERT_TRUE(write(first.copies[0], 4096, pattern(4096, 5)).ok());
  EXPECT_EQ(read(id, 4096, 4096), pattern(4096, 1)) << "nor the copy to the LUN";

  ASSERT_TRUE(close_and_open().ok());
  EXPECT_EQ(read(id, 0, 4096), pattern(4096, 4));
  EXPECT_EQ(read(id, 4096, 8192), pattern(8192, 1));
  EXPECT_EQ(read(second.copies[0], 0, 8192), pattern(8192, 2));
  expect_consistent();
}

TEST_F(LunLifeTest, ARevertGivesBackWhatOnlyTheLunCouldSee) {
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(kLunBytes, 2)).ok());
  const uint64_t used = array().describe_lun(id)->area_bytes;
  ASSERT_EQ(used, kLunBytes);
  ASSERT_TRUE(revert(id, set.copies[0]).ok());
  settle();
  ASSERT_TRUE(flush(id).ok());
  settle();
  EXPECT_EQ(array().describe_lun(id)->area_bytes, 0u);
  EXPECT_EQ(read(id, 0, 65536), pattern(65536, 0));
}

TEST_F(LunLifeTest, ARevertWaitsForRequestsUnderWayAndRefusesLaterOnesUntilItIsDone) {
  const TakenSet set = take_set(machine(), {id});
  delay(SimulatedOp::write, "*", kSecond, 1);
  const Async writing = start_write(lun(id), 0, pattern(4096, 7));
  Background<Status> reverting(machine(), array().revert_lun(id, set.copies[0]));
  machine().loop().turn(0);
  const Async late = start_write(lun(id), 0, pattern(512, 1));
  ASSERT_TRUE(late->is_done);
  EXPECT_EQ(late->status.code(), Code::lun_in_use);
  settle();
  EXPECT_FALSE(reverting.is_done());
  ASSERT_TRUE(finish(writing).ok());
  ASSERT_TRUE(finish(reverting).ok());
  EXPECT_EQ(read(id, 0, 4096), pattern(4096, 0));
}

TEST_F(LunLifeTest, ALunThatIsHeldOrInASetInProgressIsNotReverted) {
  const TakenSet set = take_set(machine(), {id});
  const TakenSet armed = arm_copies(machine(), {id});
  EXPECT_EQ(revert(id, set.copies[0]).code(), Code::lun_in_use);
  EXPECT_EQ(remove(id).code(), Code::lun_in_use);
  EXPECT_EQ(grow(id, 2 * kLunBytes).code(), Code::lun_in_use);
  ASSERT_TRUE(machine().run(array().abort_set(armed.set)).ok());
  EXPECT_TRUE(revert(id, set.copies[0]).ok());
}

TEST_F(LunLifeTest, ARevertToSomethingOfAnotherFamilyOrToItselfIsRefused) {
  const Guid other = make_lun();
  EXPECT_EQ(revert(id, other).code(), Code::invalid_argument);
  EXPECT_EQ(revert(id, id).code(), Code::invalid_argument);
  EXPECT_EQ(revert(id, Guid::random()).code(), Code::lun_not_found);
  const TakenSet set = take_set(machine(), {id});
  EXPECT_EQ(revert(set.copies[0], id).code(), Code::lun_in_use) << "a copy is not reverted";
}

TEST_F(LunLifeTest, ARevertWhoseRecordFindsNoSpaceLeavesTheLunAsItWasAndLaterToo) {
  ASSERT_TRUE(write(id, 0, pattern(4096, 1)).ok());
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(4096, 2)).ok());
  ASSERT_TRUE(flush(id).ok());
  fail(SimulatedOp::write, "*/journal*", ENOSPC, 1, 1);
  EXPECT_EQ(revert(id, set.copies[0]).code(), Code::no_space);
  EXPECT_EQ(read(id, 0, 4096), pattern(4096, 2));
  ASSERT_TRUE(write(id, 4096, pattern(4096, 3)).ok());
  ASSERT_TRUE(flush(id).ok());
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_EQ(read(id, 0, 4096), pattern(4096, 2));
  EXPECT_EQ(read(id, 4096, 4096), pattern(4096, 3));
  expect_consistent();
}

TEST_F(LunLifeTest, ACopyThatIsBrokenOffIsAnOrdinaryLunThatOutlivesItsOrigin) {
  ASSERT_TRUE(write(id, 0, pattern(8192, 1)).ok());
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(4096, 2)).ok());
  Result<std::vector<Guid>> broken = break_off(set.snapshots);
  ASSERT_TRUE(broken.ok());
  EXPECT_EQ(broken.value(), set.copies);
  const Guid free = set.copies[0];
  EXPECT_FALSE(lun(free).is_copy());
  EXPECT_TRUE(array().list_sets().empty()) << "the set has no member any more";
  EXPECT_EQ(lun(id).copy_count(), 0u);
  EXPECT_EQ(break_off(set.snapshots).status().code(), Code::object_not_found);

  const TakenSet of_both = take_set(machine(), {id, free});
  EXPECT_TRUE(of_both.status.ok()) << of_both.status.message();
  delete_set(of_both);
  ASSERT_TRUE(remove(id).ok());
  settle();
  EXPECT_EQ(read(free, 0, 8192), pattern(8192, 1));
  ASSERT_TRUE(write(free, 0, pattern(4096, 5)).ok());
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_EQ(array().find_lun(id), nullptr);
  EXPECT_EQ(read(free, 0, 4096), pattern(4096, 5));
  EXPECT_EQ(read(free, 4096, 4096), pattern(4096, 1));
  Result<std::string> path = machine().run(array().detach_lun(free));
  ASSERT_TRUE(path.ok()) << path.status().message();
  expect_consistent();
}

TEST_F(LunLifeTest, ASetThatLosesOneMemberByBreakingKeepsTheOthers) {
  const Guid other = make_lun();
  const TakenSet set = take_set(machine(), {id, other});
  ASSERT_TRUE(break_off({set.snapshots[1]}).ok());
  ASSERT_EQ(array().list_sets().size(), 1u);
  EXPECT_EQ(array().list_sets()[0].copies.size(), 1u);
  EXPECT_EQ(array().list_sets()[0].copies_at_creation, 2u);
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_EQ(array().list_sets()[0].copies.size(), 1u);
  EXPECT_FALSE(lun(set.copies[1]).is_copy());
}

TEST_F(LunLifeTest, ADeletedLunIsGoneWithItsFilesAndOneThatHasCopiesIsNotDeleted) {
  ASSERT_TRUE(write(id, 0, pattern(4096, 1)).ok());
  const TakenSet set = take_set(machine(), {id});
  EXPECT_EQ(remove(id).code(), Code::lun_in_use);
  EXPECT_EQ(remove(set.copies[0]).code(), Code::lun_in_use) << "a copy goes with its snapshot id";
  delete_set(set);
  const std::shared_ptr<Lun> handle = array().find_lun(id);
  const std::string base = array().describe_lun(id)->base_path;
  ASSERT_TRUE(remove(id).ok());
  EXPECT_EQ(start_write(*handle, 0, pattern(512, 1))->status.code(), Code::lun_not_found);
  FileStat stat;
  EXPECT_EQ(machine().disk()->stat(base, &stat), -ENOENT);
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_TRUE(array().list_luns().empty());
}

TEST_F(LunLifeTest, AGrownLunHasZeroesBehindItsOldEndAndItsCopiesEndWhereTheyDid) {
  const uint64_t odd = kLunBytes + 512;
  const Guid odd_id = make_lun(odd);
  ASSERT_TRUE(write(odd_id, kLunBytes, pattern(512, 1)).ok());
  const TakenSet set = take_set(machine(), {odd_id});
  EXPECT_EQ(grow(odd_id, odd - 512).code(), Code::lun_size);
  EXPECT_EQ(grow(odd_id, odd + 1).code(), Code::lun_size);
  EXPECT_EQ(grow(set.copies[0], 2 * kLunBytes).code(), Code::lun_in_use);
  ASSERT_TRUE(grow(odd_id, 2 * kLunBytes).ok());
  EXPECT_EQ(lun(odd_id).size_bytes(), 2 * kLunBytes);
  EXPECT_EQ(read(odd_id, kLunBytes, 512), pattern(512, 1));
  EXPECT_EQ(read(odd_id, odd, 8192), pattern(8192, 0));
  ASSERT_TRUE(write(odd_id, odd, pattern(3584, 2)).ok());
  ASSERT_TRUE(write(odd_id, 2 * kLunBytes - 4096, pattern(4096, 3)).ok());
  EXPECT_EQ(lun(set.copies[0]).size_bytes(), odd);
  EXPECT_EQ(read(set.copies[0], kLunBytes, 512), pattern(512, 1));
  ASSERT_TRUE(flush(odd_id).ok());
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_EQ(lun(odd_id).size_bytes(), 2 * kLunBytes);
  EXPECT_EQ(read(odd_id, kLunBytes, 512), pattern(512, 1));
  EXPECT_EQ(read(odd_id, odd, 3584), pattern(3584, 2));
  EXPECT_EQ(read(odd_id, 2 * kLunBytes - 4096, 4096), pattern(4096, 3));
  EXPECT_EQ(read(set.copies[0], kLunBytes, 512), pattern(512, 1));
  ASSERT_TRUE(revert(odd_id, set.copies[0]).ok());
  EXPECT_EQ(read(odd_id, kLunBytes, 512), pattern(512, 1));
  EXPECT_EQ(read(odd_id, odd, 8192), pattern(8192, 0)) << "what lay behind the copy's end is gone";
  expect_consistent();
}

TEST_F(LunLifeTest, AWriteToTheLastOddUnitThatWasUnderWayWhenTheLunGrewIsWhole) {
  const Guid odd_id = make_lun(kLunBytes + 512);
  const TakenSet set = take_set(machine(), {odd_id});
  ASSERT_TRUE(write(odd_id, 0, pattern(4096, 1)).ok()) << "which has the area prepared";
  settle();
  delay(SimulatedOp::write, "*/area/*", kSecond, 1);
  const Async writing = start_write(lun(odd_id), kLunBytes, pattern(512, 7));
  Background<Status> growing(machine(), array().grow_lun(odd_id, 2 * kLunBytes));
  settle();
  EXPECT_FALSE(growing.is_done());
  ASSERT_TRUE(finish(writing).ok());
  ASSERT_TRUE(finish(growing).ok());
  ASSERT_TRUE(flush(odd_id).ok());
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_EQ(read(odd_id, kLunBytes, 512), pattern(512, 7));
}

// What a machine looks like before and after one change, and the change. The power fails after each of its operations.
struct Change {
  const char* name;
  std::function<Task<Status>(StorageArray&, Guid lun, const TakenSet& set)> make;
  // What may be found: as before, or as after; empty where it is neither.
  std::function<std::string(Machine&, Guid lun, const TakenSet& set)> outcome;
};

Task<Status> break_all(StorageArray& array, std::vector<Guid> snapshots) {
  Result<std::vector<Guid>> broken = co_await array.break_copies(std::move(snapshots));
  co_return broken.status();
}

Task<Status> break_and_delete(StorageArray& array, Guid lun, std::vector<Guid> snapshots) {
  Result<std::vector<Guid>> broken = co_await array.break_copies(std::move(snapshots));
  if (!broken.ok()) co_return broken.status();
  co_return co_await array.delete_lun(lun);
}

bool holds(Machine& machine, const Guid& guid, uint64_t offset, uint8_t value) {
  const std::shared_ptr<Lun> lun = machine.array->find_lun(guid);
  return lun != nullptr && read_bytes(machine, *lun, offset, 4096) == pattern(4096, value);
}

const Change kChanges[] = {
    {"revert", [](StorageArray& array, Guid lun, const TakenSet& set) { return array.revert_lun(lun, set.copies[0]); },
     [](Machine& machine, Guid lun, const TakenSet& set) -> std::string {
       if (!holds(machine, set.copies[0], 0, 1) || !holds(machine, set.copies[0], 4096, 1)) return "";
       if (holds(machine, lun, 0, 2) && holds(machine, lun, 4096, 1)) return "before";
       return holds(machine, lun, 0, 1) && holds(machine, lun, 4096, 1) ? "after" : "";
     }},
    {"break", [](StorageArray& array, Guid, const TakenSet& set) { return break_all(array, set.snapshots); },
     [](Machine& machine, Guid lun, const TakenSet& set) -> std::string {
       if (!holds(machine, lun, 0, 2) || !holds(machine, set.copies[0], 0, 1)) return "";
       const bool is_copy = machine.array->find_lun(set.copies[0])->is_copy();
       if (is_copy != (machine.array->list_sets().size() == 1)) return "";
       return is_copy ? "before" : "after";
     }},
    {"break and delete the origin",
     [](StorageArray& array, Guid lun, const TakenSet& set) { return break_and_delete(array, lun, set.snapshots); },
     [](Machine& machine, Guid lun, const TakenSet& set) -> std::string {
       if (!holds(machine, set.copies[0], 0, 1) || !holds(machine, set.copies[0], 4096, 1)) return "";
       if (machine.array->find_lun(lun) == nullptr) return "after";
       return holds(machine, lun, 0, 2) ? "before" : "";
     }},
    {"grow", [](StorageArray& array, Guid lun, const TakenSet&) { return array.grow_lun(lun, 131072); },
     [](Machine& machine, Guid lun, const TakenSet& set) -> std::string {
       if (!holds(machine, lun, 0, 2) || !holds(machine, set.copies[0], 0, 1)) return "";
       if (machine.array->find_lun(lun)->size_bytes() == 65536) return "before";
       return holds(machine, lun, 126976, 0) ? "after" : "";
     }},
};

TEST(LunLifeCrashTest, APowerCutAtAnyPointOfAChangeFindsItMadeOrNotMade) {
  for (const Change& change : kChanges) {
    for (const CrashPolicy policy : {CrashPolicy::drop_all, CrashPolicy::keep_all, CrashPolicy::random_sectors}) {
      bool completed = false;
      for (uint64_t stop = 1; !completed; ++stop) {
        Machine cut(stop);
        ASSERT_TRUE(cut.create_array().ok());
        const Guid lun = cut.run(cut.array->create_lun(65536)).take();
        ASSERT_TRUE(write_bytes(cut, *cut.array->find_lun(lun), 0, pattern(8192, 1)).ok());
        const TakenSet set = take_set(cut, {lun});
        ASSERT_TRUE(write_bytes(cut, *cut.array->find_lun(lun), 0, pattern(4096, 2)).ok());
        const Async flushing = start_flush(*cut.array->find_lun(lun));
        cut.settle();
        ASSERT_TRUE(flushing->is_done && flushing->status.ok());

        cut.io().set_stop_after(cut.io().operations() + stop);
        Background<Status> changing(cut, change.make(*cut.array, lun, set));
        while (!cut.io().stopped() && cut.loop().turn(0)) {
        }
        completed = !cut.io().stopped();
        const bool acknowledged = changing.is_done();
        if (acknowledged) {
          ASSERT_TRUE(changing.result().ok()) << change.name << ": " << changing.result().message();
        }
        cut.switch_off();
        cut.disk()->power_cut(stop, policy);
        Machine again(cut.disk(), stop);
        Status opened = again.open_array();
        ASSERT_TRUE(opened.ok()) << change.name << ", stop after " << stop << ": " << opened.message();
        const std::string found = change.outcome(again, lun, set);
        EXPECT_NE(found, "") << change.name << ", stop after " << stop << ", policy " << static_cast<int>(policy);
        if (acknowledged) {
          EXPECT_EQ(found, "after") << change.name << ", stop after " << stop;
        }
        for (const std::string& fault : again.array->check().faults) ADD_FAILURE() << fault;
      }
    }
  }
}

}  // namespace
}  // namespace holdfast
