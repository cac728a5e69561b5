// Real images as LUNs: taken as they are, watched, and given back byte for byte.

#include <fcntl.h>

#include "array_fixture.h"

namespace holdfast {
namespace {

class AdoptionTest : public ArrayTest {
 protected:
  std::string make_image(uint64_t size_bytes, const std::string& path = "/images/disk.img") {
    std::string bytes(size_bytes, '\0');
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i / 512 * 7 + i % 3);
    machine().disk()->set_contents(path, 0, bytes);
    return path;
  }
  Result<Guid> adopt(const std::string& path) { return machine().run(array().adopt_lun(path)); }
  static std::vector<uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }
};

TEST_F(AdoptionTest, AnImageOfOddSizeIsServedCapturedAndGivenBackExactly) {
  for (const uint64_t size : {uint64_t{512}, uint64_t{4096}, uint64_t{4608}, uint64_t{65536 + 3584}}) {
    const std::string path = make_image(size, "/images/" + std::to_string(size));
    std::string expected = machine().disk()->contents(path);
    const Guid id = adopt(path).take();
    EXPECT_EQ(lun(id).size_bytes(), size);
    EXPECT_EQ(read(id, 0, static_cast<uint32_t>(size)), bytes_of(expected));
    EXPECT_EQ(start_read(lun(id), size, 512)->status.code(), Code::out_of_range);
    const TakenSet set = take_set(machine(), {id});
    ASSERT_TRUE(set.status.ok()) << set.status.message();
    const std::string before = expected;
    ASSERT_TRUE(write(id, size - 512, pattern(512, 9)).ok());
    expected.replace(size - 512, 512, std::string(512, '\x9'));
    ASSERT_TRUE(flush(id).ok());
    EXPECT_EQ(machine().disk()->contents(path), before) << "what a copy sees is not touched";
    EXPECT_EQ(read(set.copies[0], 0, static_cast<uint32_t>(size)), bytes_of(before));
    ASSERT_TRUE(cut_power_and_open().ok());
    EXPECT_EQ(read(set.copies[0], 0, static_cast<uint32_t>(size)), bytes_of(before));
    EXPECT_EQ(read(id, 0, static_cast<uint32_t>(size)), bytes_of(expected));
    delete_set(set);
    Result<std::string> detached = machine().run(array().detach_lun(id));
    ASSERT_TRUE(detached.ok()) << detached.status().message();
    EXPECT_EQ(detached.value(), path);
    EXPECT_EQ(machine().disk()->contents(path), expected) << "as large as before, and as written";
    ASSERT_TRUE(close_and_open().ok());
  }
  EXPECT_TRUE(array().list_luns().empty());
}

TEST_F(AdoptionTest, WhatIsNoDiskImageIsRefused) {
  EXPECT_EQ(adopt("/images/none").status().code(), Code::lun_not_found);
  EXPECT_EQ(adopt(Machine::kPath).status().code(), Code::invalid_argument);
  for (const uint64_t size : {uint64_t{0}, uint64_t{511}, uint64_t{513}, uint64_t{4095}}) {
    EXPECT_EQ(adopt(make_image(size, "/images/" + std::to_string(size))).status().code(), Code::lun_size) << size;
  }
  EXPECT_TRUE(array().list_luns().empty());
}

TEST_F(AdoptionTest, AnImageIsAdoptedOnce) {
  const std::string path = make_image(65536);
  ASSERT_TRUE(adopt(path).ok());
  EXPECT_EQ(adopt(path).status().code(), Code::lun_adopted);
  EXPECT_EQ(adopt("/images/../images/disk.img").ok(), false);
  // By another array, too.
  Result<std::shared_ptr<StorageArray>> other =
      machine().run(StorageArray::create(machine().loop(), machine().leases(), "/other", IoMode::automatic));
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(machine().run(other.value()->adopt_lun(path)).status().code(), Code::lun_adopted);
  ASSERT_TRUE(machine().run(other.value()->close()).ok());
}

TEST_F(AdoptionTest, TwoAdoptionsOfOneImageAtOnceMakeOneLun) {
  const std::string path = make_image(65536);
  Background<Result<Guid>> first(machine(), array().adopt_lun(path));
  Background<Result<Guid>> second(machine(), array().adopt_lun(path));
  (void)finish(first);
  (void)finish(second);
  EXPECT_NE(first.result().ok(), second.result().ok());
  EXPECT_EQ((first.result().ok() ? second : first).result().status().code(), Code::lun_adopted);
  EXPECT_EQ(array().list_luns().size(), 1u);
}

TEST_F(AdoptionTest, AnAdoptionThatFailsLetsGoOfTheImage) {
  const std::string path = make_image(65536);
  fail(SimulatedOp::sync_directory, "*/area", EIO);
  EXPECT_FALSE(adopt(path).ok());
  fail(SimulatedOp::write, "*/journal.*", ENOSPC);
  EXPECT_EQ(adopt(path).status().code(), Code::no_space);
  EXPECT_TRUE(array().list_luns().empty());
  Result<Guid> adopted = adopt(path);
  ASSERT_TRUE(adopted.ok()) << adopted.status().message();
  ASSERT_TRUE(cut_power_and_open().ok());
  ASSERT_EQ(array().list_luns().size(), 1u);
  EXPECT_NE(array().find_lun(adopted.value()), nullptr);
}

TEST_F(AdoptionTest, AnImageChangedOutsideIsRefusedUntilTheChangeIsAccepted) {
  const std::string path = make_image(65536);
  const Guid id = adopt(path).take();
  ASSERT_TRUE(write(id, 0, pattern(4096, 1)).ok());
  ASSERT_TRUE(close_and_open().ok()) << "its own writes are no change outside";
  ASSERT_TRUE(machine().close_array().ok());
  machine().disk()->advance_to(machine().disk()->now() + kSecond);
  const int file = machine().disk()->open(path, O_RDWR, 0);
  const std::string changed(512, 'x');
  ASSERT_EQ(machine().disk()->write(file, 8192, changed.data(), changed.size()), 512);
  machine().disk()->close(file);
  Status refused = machine().open_array();
  EXPECT_EQ(refused.code(), Code::lun_changed);
  EXPECT_NE(refused.message().find(path), std::string::npos);
  EXPECT_EQ(machine().open_array().code(), Code::lun_changed) << "a refusal accepts nothing";
  ASSERT_TRUE(machine().open_array(OpenOptions{true}).ok());
  EXPECT_EQ(read(id, 8192, 512), bytes_of(changed));
  EXPECT_EQ(read(id, 0, 4096), pattern(4096, 1));
  EXPECT_TRUE(close_and_open().ok()) << "accepted once and for all";
}

TEST_F(AdoptionTest, AnImageOfAnotherSizeOrAnotherFileIsRefused) {
  const std::string path = make_image(65536);
  ASSERT_TRUE(adopt(path).ok());
  ASSERT_TRUE(machine().close_array().ok());
  const int file = machine().disk()->open(path, O_RDWR, 0);
  ASSERT_EQ(machine().disk()->truncate(file, 32768), 0);
  EXPECT_EQ(machine().open_array().code(), Code::lun_changed);
  EXPECT_EQ(machine().open_array(OpenOptions{true}).code(), Code::lun_changed) << "a LUN cannot lose its end";
  ASSERT_EQ(machine().disk()->truncate(file, 65536), 0);
  machine().disk()->close(file);
  ASSERT_EQ(machine().disk()->rename(path, "/images/elsewhere"), 0);
  Status missing = machine().open_array();
  EXPECT_EQ(missing.code(), Code::lun_changed);
  EXPECT_NE(missing.message().find(path), std::string::npos);
  make_image(65536);
  EXPECT_EQ(machine().open_array().code(), Code::lun_changed) << "another file under the same name";
  EXPECT_TRUE(machine().open_array(OpenOptions{true}).ok());
}

TEST_F(AdoptionTest, ACrashIsNoChangeOutside) {
  const std::string path = make_image(65536);
  const Guid id = adopt(path).take();
  ASSERT_TRUE(write(id, 0, pattern(4096, 1)).ok());
  ASSERT_TRUE(flush(id).ok());
  ASSERT_TRUE(cut_power_and_open().ok());
  EXPECT_EQ(read(id, 0, 4096), pattern(4096, 1));
  ASSERT_TRUE(write(id, 0, pattern(4096, 2)).ok());
  ASSERT_TRUE(die_and_open().ok());
  EXPECT_EQ(read(id, 0, 4096), pattern(4096, 2));
}

TEST_F(AdoptionTest, AnImageIsNeverPunchedNorMadeLargerHoweverCopiesComeAndGo) {
  const std::string path = make_image(65536);
  const Guid id = adopt(path).take();
  const size_t punches = fail(SimulatedOp::punch, "/images/*", EIO, 1, Fault::kForever);
  const size_t allocations = fail(SimulatedOp::allocate, "/images/*", EIO, 1, Fault::kForever);
  const size_t truncations = fail(SimulatedOp::truncate, "/images/*", EIO, 1, Fault::kForever);
  FileStat before;
  ASSERT_EQ(machine().disk()->stat(path, &before), 0);
  for (uint8_t round = 0; round < 5; ++round) {
    const TakenSet set = take_set(machine(), {id});
    ASSERT_TRUE(write(id, 0, pattern(65536, round)).ok());
    ASSERT_TRUE(flush(id).ok());
    delete_set(set);
    ASSERT_TRUE(flush(id).ok());
  }
  ASSERT_TRUE(machine().run(array().detach_lun(id)).ok());
  FileStat after;
  ASSERT_EQ(machine().disk()->stat(path, &after), 0);
  EXPECT_EQ(after.size_bytes, before.size_bytes);
  EXPECT_EQ(after.allocated_bytes, before.allocated_bytes);
  for (const size_t fault : {punches, allocations, truncations}) EXPECT_EQ(machine().io().fault_hits(fault), 0u);
  EXPECT_EQ(machine().disk()->contents(path), std::string(65536, '\4'));
}

// The power fails after every operation of a detachment: the LUN is there, or its image is what the LUN was.
TEST_F(AdoptionTest, ADetachmentCutOffAnywhereLosesNothing) {
  bool completed = false;
  for (uint64_t stop = 1; !completed; ++stop) {
    machine_ = std::make_unique<Machine>(stop);
    ASSERT_TRUE(machine().create_array().ok());
    const std::string path = make_image(65536);
    const Guid id = adopt(path).take();
    const TakenSet set = take_set(machine(), {id});
    ASSERT_TRUE(write(id, 0, pattern(32768, 1)).ok());
    ASSERT_TRUE(flush(id).ok());
    machine().io().set_stop_after(machine().io().operations() + stop);
    std::optional<Status> deleted = machine().try_run(array().delete_copies(set.snapshots));
    if (deleted.has_value()) completed = machine().try_run(array().detach_lun(id)).has_value();
    machine().switch_off();
    machine().disk()->power_cut(stop, stop % 2 == 0 ? CrashPolicy::random_sectors : CrashPolicy::reordered_writes);
    const std::string image = machine().disk()->contents(path);
    machine_ = std::make_unique<Machine>(machine().disk(), stop);
    Status opened = machine().open_array();
    ASSERT_TRUE(opened.ok()) << "stop " << stop << ": " << opened.message();
    if (array().find_lun(id) == nullptr) {
      EXPECT_EQ(image.substr(0, 32768), std::string(32768, '\1')) << "stop " << stop;
      EXPECT_EQ(image.size(), 65536u);
      continue;
    }
    EXPECT_FALSE(completed);
    EXPECT_EQ(read(id, 0, 32768), pattern(32768, 1)) << "stop " << stop;
    if (array().find_lun(set.copies[0]) != nullptr) {
      std::string original(32768, '\0');
      for (size_t i = 0; i < original.size(); ++i) original[i] = static_cast<char>(i / 512 * 7 + i % 3);
      EXPECT_EQ(read(set.copies[0], 0, 32768), bytes_of(original)) << "stop " << stop;
    }
  }
}

}  // namespace
}  // namespace holdfast
