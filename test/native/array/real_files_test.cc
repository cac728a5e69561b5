// What only a real file system can show: several names of one image, locks between openings, and odd sizes under
// O_DIRECT.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "array/lun_access.h"
#include "array/storage_array.h"
#include "io/interrupted_calls.h"
#include "io/thread_pool.h"

namespace holdfast {
namespace {

class RealFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "holdfast-real-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory = pattern;
    io = ThreadPoolIo::create(2).take();
    loop = std::make_unique<Loop>(*io);
    leases = std::make_unique<LeaseTable>(*loop);
    array = run(StorageArray::create(*loop, *leases, (directory / "array").string(), IoMode::automatic)).take();
  }
  void TearDown() override {
    if (array != nullptr) {
      EXPECT_TRUE(run(array->close()).ok());
    }
    array.reset();
    leases.reset();
    loop.reset();
    io.reset();
    std::filesystem::remove_all(directory);
  }
  template <typename T>
  T run(Task<T> task) {
    std::optional<T> result;
    loop->spawn(store(std::move(task), &result));
    while (!result.has_value()) loop->turn(kNever);
    return std::move(*result);
  }
  template <typename T>
  static Task<void> store(Task<T> task, std::optional<T>* result) {
    T value = co_await task;
    result->emplace(std::move(value));
  }

  std::string make_image(uint64_t size_bytes) {
    const std::string path = (directory / "disk.img").string();
    content.assign(size_bytes, '\0');
    for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i / 512 + i % 5);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  static std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  Status write(const Guid& guid, uint64_t offset, const std::vector<uint8_t>& bytes) {
    LunAccess access(*array->find_lun(guid));
    return run(access.write(offset, bytes));
  }

  std::filesystem::path directory;
  std::unique_ptr<ThreadPoolIo> io;
  std::unique_ptr<Loop> loop;
  std::unique_ptr<LeaseTable> leases;
  std::shared_ptr<StorageArray> array;
  std::string content;
};

TEST_F(RealFilesTest, AnImageIsAdoptedOnceUnderAllItsNames) {
  const std::string path = make_image(65536);
  const std::string hard = (directory / "hard.img").string();
  const std::string soft = (directory / "soft.img").string();
  ASSERT_EQ(::link(path.c_str(), hard.c_str()), 0);
  ASSERT_EQ(::symlink(path.c_str(), soft.c_str()), 0);
  ASSERT_TRUE(run(array->adopt_lun(path)).ok());
  for (const std::string& name : {path, hard, soft}) {
    EXPECT_EQ(run(array->adopt_lun(name)).status().code(), Code::lun_adopted) << name;
  }
  Result<std::shared_ptr<StorageArray>> other =
      run(StorageArray::create(*loop, *leases, (directory / "other").string(), IoMode::automatic));
  ASSERT_TRUE(other.ok()) << other.status().message();
  EXPECT_EQ(run(other.value()->adopt_lun(hard)).status().code(), Code::lun_adopted);
  EXPECT_TRUE(run(other.value()->close()).ok());
}

TEST_F(RealFilesTest, AnOddImageComesBackFromItsAdoptionByteForByte) {
  const std::string path = make_image(65536 + 3 * 512);
  struct stat before {};
  ASSERT_EQ(::stat(path.c_str(), &before), 0);
  const Guid id = run(array->adopt_lun(path)).take();
  ArmRequest request;
  request.set = Guid::random();
  request.copies = {ArmCopy{id, Guid::random(), Guid::random()}};
  ASSERT_TRUE(run(array->arm_set(request)).ok());
  std::optional<Result<LeaseId>> lease;
  array->hold(request.set, 0, {id}, 10 * kSecond, false, [&](Result<LeaseId> result) { lease = result; });
  ASSERT_TRUE(lease.has_value() && lease->ok());
  ASSERT_TRUE(leases->release(lease->value(), 0).value().held_throughout);
  ASSERT_TRUE(run(array->record_set(request.set)).ok());
  ASSERT_TRUE(write(id, 65536 + 512, std::vector<uint8_t>(1024, 9)).ok());
  ASSERT_TRUE(write(id, 512, std::vector<uint8_t>(512, 8)).ok());
  EXPECT_EQ(contents(path), content) << "the copy still reads what the image had";
  EXPECT_EQ(run(array->detach_lun(id)).status().code(), Code::lun_in_use);
  ASSERT_TRUE(run(array->delete_copies({request.copies[0].snapshot})).ok());
  Result<std::string> detached = run(array->detach_lun(id));
  ASSERT_TRUE(detached.ok()) << detached.status().message();
  content.replace(65536 + 512, 1024, std::string(1024, '\x9'));
  content.replace(512, 512, std::string(512, '\x8'));
  EXPECT_EQ(contents(path), content);
  struct stat after {};
  ASSERT_EQ(::stat(path.c_str(), &after), 0);
  EXPECT_EQ(after.st_ino, before.st_ino);
  EXPECT_EQ(after.st_size, before.st_size);
}

TEST_F(RealFilesTest, AnArrayWorksAsEverWhileSignalsInterruptItsCallsAndTransfersGoBySectors) {
  const InterruptedCalls interrupted;
  const Guid id = run(array->create_lun(1 << 20)).take();
  const std::vector<uint8_t> bytes(256 << 10, 7);
  ASSERT_TRUE(write(id, 512, bytes).ok());
  ASSERT_TRUE(run(array->find_lun(id)->family().sync()).ok());
  ASSERT_TRUE(run(array->checkpoint()).ok());
  const std::string where = array->path();
  ASSERT_TRUE(run(array->close()).ok());
  array = run(StorageArray::open(*loop, *leases, where, {})).take();
  LunAccess again(*array->find_lun(id));
  const AlignedBuffer read_back = make_aligned(bytes.size());
  ASSERT_TRUE(run(again.read(512, read_back.get(), static_cast<uint32_t>(bytes.size()))).ok());
  EXPECT_EQ(std::memcmp(read_back.get(), bytes.data(), bytes.size()), 0);
  EXPECT_GT(InterruptedCalls::interruptions(), 100u);
  EXPECT_GT(InterruptedCalls::short_transfers(), 100u);
}

TEST_F(RealFilesTest, AChangeOutsideBetweenClosingAndOpeningIsNoticed) {
  const std::string path = make_image(65536);
  ASSERT_TRUE(run(array->adopt_lun(path)).ok());
  const std::string where = array->path();
  ASSERT_TRUE(run(array->close()).ok());
  array = run(StorageArray::open(*loop, *leases, where, {})).take();
  ASSERT_TRUE(run(array->close()).ok());
  // The same bytes with the same size: only the times tell.
  std::ofstream(path, std::ios::binary | std::ios::in) << content.substr(0, 1);
  const timespec times[2] = {{1, 0}, {1, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  EXPECT_EQ(run(StorageArray::open(*loop, *leases, where, {})).status().code(), Code::lun_changed);
  Result<std::shared_ptr<StorageArray>> accepted = run(StorageArray::open(*loop, *leases, where, OpenOptions{true}));
  ASSERT_TRUE(accepted.ok()) << accepted.status().message();
  array = accepted.take();
}

}  // namespace
}  // namespace holdfast
