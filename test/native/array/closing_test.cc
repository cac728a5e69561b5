// close() while everything else is under way, and what may be asked of an array afterwards.

#include "array_fixture.h"

namespace holdfast {
namespace {

class ClosingTest : public ArrayTest {};

TEST_F(ClosingTest, EverythingUnderWayIsAnsweredAndWhatWasAcceptedIsThereAfterwards) {
  for (uint64_t turns = 0; turns < 24; ++turns) {
    machine_ = std::make_unique<Machine>(turns + 1);
    ASSERT_TRUE(machine().create_array().ok());
    const Guid id = make_lun(), other = make_lun();
    ASSERT_TRUE(write(id, 0, pattern(4096, 1)).ok());
    const TakenSet kept = take_set(machine(), {id});
    const TakenSet doomed = take_set(machine(), {id});
    const TakenSet armed = arm_copies(machine(), {other});
    const TakenSet held = arm_copies(machine(), {id});
    ASSERT_TRUE(hold_set(machine(), held, {id}).ok());
    const Async waiting = start_write(lun(id), 0, pattern(4096, 2));
    const Async writing = start_write(lun(other), 0, pattern(4096, 3));
    const Async flushing = start_flush(lun(other));
    const Async reading = start_read(lun(kept.copies[0]), 0, 4096);
    Background<Status> deleting(machine(), array().delete_copies(doomed.snapshots));
    Background<Status> checkpointing(machine(), array().checkpoint());
    Background<Result<Guid>> creating(machine(), array().create_lun(65536));
    Background<Status> recording(machine(), array().record_set(held.set));
    for (uint64_t i = 0; i < turns; ++i) machine().loop().turn(0);
    Background<Status> closing(machine(), array().close());
    Background<Status> closing_again(machine(), array().close());
    EXPECT_TRUE(finish(closing).ok()) << closing.result().message();
    EXPECT_TRUE(finish(closing_again).ok());
    for (const Async* request : {&waiting, &writing, &flushing, &reading}) {
      ASSERT_TRUE((*request)->is_done);
      EXPECT_TRUE((*request)->status.ok()) << (*request)->status.message();
    }
    EXPECT_TRUE(deleting.is_done() && checkpointing.is_done() && creating.is_done() && recording.is_done());
    EXPECT_FALSE(recording.result().ok());
    machine().array.reset();

    ASSERT_TRUE(machine().open_array().ok());
    EXPECT_EQ(read(id, 0, 4096), pattern(4096, 2));
    EXPECT_EQ(read(other, 0, 4096), pattern(4096, 3));
    EXPECT_EQ(read(kept.copies[0], 0, 4096), pattern(4096, 1));
    EXPECT_EQ(array().find_lun(held.copies[0]), nullptr);
    EXPECT_EQ(array().find_lun(armed.copies[0]), nullptr);
    EXPECT_EQ(array().find_lun(doomed.copies[0]) == nullptr, deleting.result().ok());
    if (creating.result().ok()) {
      EXPECT_NE(array().find_lun(creating.result().value()), nullptr);
    }
    EXPECT_EQ(array().list_luns().size(), creating.result().ok() ? 4u : 3u);
    expect_consistent();
  }
}

TEST_F(ClosingTest, AClosedArrayRefusesEverythingByNameAndLendsNoHolds) {
  const Guid id = make_lun();
  const TakenSet set = take_set(machine(), {id});
  const std::shared_ptr<Lun> handle = array().find_lun(id);
  ASSERT_TRUE(machine().run(array().close()).ok());
  EXPECT_EQ(machine().run(array().create_lun(4096)).status().code(), Code::array_closed);
  EXPECT_EQ(machine().run(array().adopt_lun("/image")).status().code(), Code::array_closed);
  EXPECT_EQ(machine().run(array().detach_lun(id)).status().code(), Code::array_closed);
  EXPECT_EQ(machine().run(array().delete_copies(set.snapshots)).code(), Code::array_closed);
  EXPECT_EQ(machine().run(array().checkpoint()).code(), Code::array_closed);
  EXPECT_EQ(arm_copies(machine(), {id}).status.code(), Code::array_closed);
  EXPECT_EQ(hold_set(machine(), set, {id}).status().code(), Code::array_closed);
  EXPECT_EQ(start_write(*handle, 0, pattern(512, 1))->status.code(), Code::lun_closed);
  machine().array.reset();
  EXPECT_EQ(start_read(*handle, 0, 512)->status.code(), Code::lun_closed) << "a handle outlives its array";
}

TEST_F(ClosingTest, ALunThatIsBeingDetachedTakesPartInNothingNew) {
  const Guid id = make_lun();
  ASSERT_TRUE(write(id, 0, pattern(65536, 1)).ok());
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(65536, 2)).ok());
  delete_set(set);
  Background<Result<std::string>> detaching(machine(), array().detach_lun(id));
  machine().loop().turn(0);
  ASSERT_FALSE(detaching.is_done());
  EXPECT_EQ(arm_copies(machine(), {id}).status.code(), Code::lun_closed);
  EXPECT_EQ(hold_set(machine(), TakenSet{Guid::random(), {}, {}, {}}, {id}).status().code(), Code::lun_closed);
  EXPECT_EQ(machine().run(array().detach_lun(id)).status().code(), Code::lun_not_found) << "it waits for the first";
  ASSERT_TRUE(finish(detaching).ok());
  EXPECT_EQ(machine().disk()->contents(detaching.result().value(), 0, 65536), std::string(65536, '\2'));
  ASSERT_TRUE(close_and_open().ok());
  EXPECT_TRUE(array().list_luns().empty());
}

TEST_F(ClosingTest, ADetachmentIsFinishedBeforeTheArrayCloses) {
  const Guid id = make_lun();
  ASSERT_TRUE(write(id, 0, pattern(65536, 1)).ok());
  const TakenSet set = take_set(machine(), {id});
  ASSERT_TRUE(write(id, 0, pattern(65536, 2)).ok());
  delete_set(set);
  Background<Result<std::string>> detaching(machine(), array().detach_lun(id));
  machine().loop().turn(0);
  Background<Status> checkpointing(machine(), array().checkpoint());
  machine().loop().turn(0);
  ASSERT_TRUE(machine().close_array().ok());
  ASSERT_TRUE(detaching.is_done());
  ASSERT_TRUE(detaching.result().ok()) << detaching.result().status().message();
  EXPECT_EQ(machine().disk()->contents(detaching.result().value(), 0, 65536), std::string(65536, '\2'));
}

}  // namespace
}  // namespace holdfast
