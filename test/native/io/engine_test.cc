// What io.h promises of requests and file calls, of every engine.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <string>
#include <vector>

#include "engine_fixture.h"

namespace holdfast {
namespace {

TYPED_TEST_SUITE(EngineTest, Engines, EngineNames);

TYPED_TEST(EngineTest, DoneIsCalledFromPollAndNeverFromSubmit) {
  const int file = this->open_file();
  std::string data = pattern(4096, 1);
  OneRequest request(IoOp::write, file, 0, data.data(), data.size());
  this->io_->submit(request);
  OneCall call([](FileSystem&) { return 7; });
  this->io_->call(call);
  EXPECT_EQ(request.completions, 0);
  EXPECT_EQ(call.completions, 0);
  while (request.completions + call.completions < 2) this->io_->poll(kNever, 16);
  EXPECT_EQ(request.result, 4096);
  EXPECT_EQ(call.result, 7);
  this->close_file(file);
}

TYPED_TEST(EngineTest, BytesWrittenAreReadBackAndHolesReadAsZeroes) {
  const int file = this->open_file();
  std::string data = pattern(12288, 2);
  EXPECT_EQ(this->run(IoOp::write, file, 40960, data.data(), data.size()), 12288);
  EXPECT_EQ(this->size_of(file), 53248u);
  std::string back(53248, 'x');
  EXPECT_EQ(this->run(IoOp::read, file, 0, back.data(), back.size()), 53248);
  EXPECT_EQ(back.substr(0, 40960), std::string(40960, '\0'));
  EXPECT_EQ(back.substr(40960), data);
  this->close_file(file);
}

TYPED_TEST(EngineTest, AReadIsShortAtTheEndOfTheFileAndEmptyBeyondIt) {
  const int file = this->open_file();
  std::string data = pattern(10000, 3);
  EXPECT_EQ(this->run(IoOp::write, file, 0, data.data(), data.size()), 10000);
  std::string back(16384, 'x');
  EXPECT_EQ(this->run(IoOp::read, file, 0, back.data(), back.size()), 10000);
  EXPECT_EQ(back.substr(0, 10000), data);
  EXPECT_EQ(this->run(IoOp::read, file, 4096, back.data(), back.size()), 5904);
  EXPECT_EQ(back.substr(0, 5904), data.substr(4096));
  EXPECT_EQ(this->run(IoOp::read, file, 10000, back.data(), back.size()), 0);
  EXPECT_EQ(this->run(IoOp::read, file, 1 << 20, back.data(), back.size()), 0);
  this->close_file(file);
}

TYPED_TEST(EngineTest, ATransferOfManyMegabytesIsDoneInFull) {
  const int file = this->open_file();
  std::string data = pattern(size_t{24} << 20, 4);
  const auto bytes = static_cast<int64_t>(data.size());
  EXPECT_EQ(this->run(IoOp::write, file, 512, data.data(), data.size()), bytes);
  std::string back(data.size(), 'x');
  EXPECT_EQ(this->run(IoOp::read, file, 512, back.data(), back.size()), bytes);
  EXPECT_TRUE(back == data);
  this->close_file(file);
}

TYPED_TEST(EngineTest, ThousandsOfRequestsMayBeInFlightAndEachCompletesOnce) {
  constexpr int kRequests = 5000;
  const int file = this->open_file();
  std::vector<std::string> blocks;
  std::deque<OneRequest> requests;
  for (int i = 0; i < kRequests; i++) blocks.push_back(pattern(512, static_cast<unsigned>(i)));
  for (int i = 0; i < kRequests; i++) {
    requests.emplace_back(IoOp::write, file, uint64_t{512} * static_cast<uint64_t>(i), blocks[i].data(), 512);
    this->io_->submit(requests.back());
  }
  int completed = 0;
  while (completed < kRequests) {
    const int now_completed = this->io_->poll(kNever, 16);
    EXPECT_LE(now_completed, 16);
    completed += now_completed;
  }
  EXPECT_EQ(this->io_->poll(0, 16), 0);
  std::string back(512 * kRequests, 'x');
  EXPECT_EQ(this->run(IoOp::read, file, 0, back.data(), back.size()), 512 * kRequests);
  for (int i = 0; i < kRequests; i++) {
    EXPECT_EQ(requests[i].completions, 1);
    EXPECT_EQ(requests[i].result, 512);
    EXPECT_EQ(back.compare(512 * static_cast<size_t>(i), 512, blocks[i]), 0) << i;
  }
  this->close_file(file);
}

TYPED_TEST(EngineTest, ARequestSubmittedFromDoneCompletesToo) {
  struct Chain : IoRequest {
    Io* io;
    int left;
  };
  const int file = this->open_file();
  std::string data = pattern(512, 5);
  Chain chain;
  chain.io = this->io_.get();
  chain.left = 300;
  chain.op = IoOp::write;
  chain.file = file;
  chain.data = data.data();
  chain.length_bytes = data.size();
  chain.done = [](IoRequest* request) {
    auto* self = static_cast<Chain*>(request);
    EXPECT_EQ(self->result, 512);
    self->offset_bytes += 512;
    if (--self->left > 0) self->io->submit(*self);
  };
  this->io_->submit(chain);
  while (chain.left > 0) this->io_->poll(kNever, 16);
  EXPECT_EQ(this->size_of(file), 300u * 512u);
  this->close_file(file);
}

TYPED_TEST(EngineTest, AllocateGrowsPunchZeroesAndSyncSucceedsAllWithResultZero) {
  const int file = this->open_file();
  EXPECT_EQ(this->run(IoOp::allocate, file, 0, nullptr, 1 << 20), 0);
  EXPECT_EQ(this->size_of(file), uint64_t{1} << 20);
  std::string data = pattern(16384, 6);
  EXPECT_EQ(this->run(IoOp::write, file, 0, data.data(), data.size()), 16384);
  EXPECT_EQ(this->run(IoOp::punch, file, 4096, nullptr, 8192), 0);
  EXPECT_EQ(this->run(IoOp::sync, file), 0);
  EXPECT_EQ(this->size_of(file), uint64_t{1} << 20);
  std::string back(16384, 'x');
  EXPECT_EQ(this->run(IoOp::read, file, 0, back.data(), back.size()), 16384);
  EXPECT_EQ(back, data.substr(0, 4096) + std::string(8192, '\0') + data.substr(12288));
  this->close_file(file);
}

TYPED_TEST(EngineTest, AFailedRequestGivesItsErrno) {
  const int writable = this->open_file();
  const int read_only = this->open_file(O_RDONLY);
  std::string data = pattern(512, 7);
  EXPECT_EQ(this->run(IoOp::write, read_only, 0, data.data(), data.size()), -EBADF);
  EXPECT_EQ(this->run(IoOp::read, 1 << 20, 0, data.data(), data.size()), -EBADF);
  EXPECT_EQ(this->run(IoOp::sync, 1 << 20), -EBADF);
  EXPECT_EQ(this->run(IoOp::allocate, writable, 0, nullptr, 0), -EINVAL);
  this->close_file(writable);
  this->close_file(read_only);
}

TYPED_TEST(EngineTest, AnEmptyTransferCompletesWithZero) {
  const int file = this->open_file();
  char nothing = 0;
  EXPECT_EQ(this->run(IoOp::write, file, 0, &nothing, 0), 0);
  EXPECT_EQ(this->run(IoOp::read, file, 0, &nothing, 0), 0);
  EXPECT_EQ(this->size_of(file), 0u);
  this->close_file(file);
}

TYPED_TEST(EngineTest, FileCallsRunInOrderOfSubmission) {
  std::vector<int> order;
  std::deque<OneCall> calls;
  for (int i = 0; i < 200; i++) {
    calls.emplace_back([&order, i](FileSystem&) {
      order.push_back(i);
      return i;
    });
    this->io_->call(calls.back());
  }
  int completed = 0;
  while (completed < 200) completed += this->io_->poll(kNever, 16);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(order.size(), 200u);
}

TYPED_TEST(EngineTest, FileCallsWorkOnNamesAndAnswerTheUsualErrors) {
  const std::string directory = this->engine_.directory();
  const std::string a = directory + "/a";
  const std::string b = directory + "/b";
  run_call(*this->io_, [&](FileSystem& files) {
    FileStat status;
    EXPECT_EQ(files.open(a, O_RDWR, 0), -ENOENT);
    EXPECT_EQ(files.stat(a, &status), -ENOENT);
    const int file = files.open(a, O_RDWR | O_CREAT | O_EXCL, 0600);
    EXPECT_GE(file, 0);
    EXPECT_EQ(files.open(a, O_RDWR | O_CREAT | O_EXCL, 0600), -EEXIST);
    EXPECT_EQ(files.truncate(file, 5000), 0);
    EXPECT_EQ(files.stat(file, &status), 0);
    EXPECT_EQ(status.size_bytes, 5000u);
    EXPECT_TRUE(status.is_regular);
    FileStat by_name;
    EXPECT_EQ(files.rename(a, b), 0);
    EXPECT_EQ(files.stat(b, &by_name), 0);
    EXPECT_EQ(by_name.inode, status.inode);
    EXPECT_EQ(by_name.device, status.device);
    std::string contents;
    EXPECT_EQ(files.read_small(b, &contents), 0);
    EXPECT_EQ(contents, std::string(5000, '\0'));
    EXPECT_EQ(files.truncate(file, (1 << 20) + 1), 0);
    EXPECT_EQ(files.read_small(b, &contents), -EFBIG);
    EXPECT_EQ(files.make_directory(directory + "/c", 0700), 0);
    EXPECT_EQ(files.make_directory(directory + "/c", 0700), -EEXIST);
    EXPECT_EQ(files.stat(directory + "/c", &status), 0);
    EXPECT_TRUE(status.is_directory);
    std::vector<std::string> names;
    EXPECT_EQ(files.list(directory, &names), 0);
    EXPECT_EQ(names, (std::vector<std::string>{"b", "c"}));
    EXPECT_EQ(files.list(directory + "/none", &names), -ENOENT);
    EXPECT_EQ(files.sync_directory(directory), 0);
    EXPECT_EQ(files.sync_directory(directory + "/none"), -ENOENT);
    EXPECT_GT(files.free_bytes(directory), 0u);
    EXPECT_EQ(files.unlink(b), 0);
    EXPECT_EQ(files.unlink(b), -ENOENT);
    EXPECT_EQ(files.close(file), 0);
    EXPECT_EQ(files.close(file), -EBADF);
    return 0;
  });
}

TYPED_TEST(EngineTest, ALockedFileCannotBeLockedThroughAnotherDescriptorUntilItIsClosed) {
  const std::string path = this->engine_.directory() + "/lock";
  run_call(*this->io_, [&](FileSystem& files) {
    const int first = files.open(path, O_RDWR | O_CREAT, 0600);
    const int second = files.open(path, O_RDWR, 0);
    EXPECT_EQ(files.lock(first), 0);
    EXPECT_EQ(files.lock(second), -EWOULDBLOCK);
    EXPECT_EQ(files.close(first), 0);
    EXPECT_EQ(files.lock(second), 0);
    EXPECT_EQ(files.close(second), 0);
    return 0;
  });
}

TYPED_TEST(EngineTest, PollCompletesAtMostAsManyAsAskedFor) {
  const int file = this->open_file();
  std::string data = pattern(512, 8);
  std::deque<OneRequest> requests;
  for (int i = 0; i < 50; i++) {
    requests.emplace_back(IoOp::write, file, 0, data.data(), data.size());
    this->io_->submit(requests.back());
  }
  int completed = 0;
  while (completed < 50) {
    const int now_completed = this->io_->poll(kNever, 3);
    EXPECT_LE(now_completed, 3);
    completed += now_completed;
  }
  this->close_file(file);
}

TYPED_TEST(EngineTest, AnEngineDestroyedWithRequestsInFlightTouchesNoneOfThemAfterwards) {
  const int file = this->open_file();
  std::string data = pattern(65536, 10);
  std::string back(65536 * 16, 'x');
  std::deque<OneRequest> requests;
  for (int i = 0; i < 600; i++) requests.emplace_back(IoOp::write, file, 0, data.data(), data.size());
  for (int i = 0; i < 16; i++) requests.emplace_back(IoOp::read, file, 0, back.data() + 65536 * i, 65536);
  OneCall call([](FileSystem&) { return 0; });
  for (OneRequest& request : requests) this->io_->submit(request);
  this->io_->call(call);
  this->io_->poll(0, 1);
  std::vector<int> completions;
  for (OneRequest& request : requests) completions.push_back(request.completions);
  this->io_.reset();
  const std::string at_end = back;
  for (size_t i = 0; i < requests.size(); i++) {
    EXPECT_EQ(requests[i].completions, completions[i]);
    EXPECT_FALSE(requests[i].linked());
  }
  EXPECT_FALSE(call.linked());
  EXPECT_TRUE(back == at_end);
  if (TypeParam::kRealTime) ::close(file);
}

}  // namespace
}  // namespace holdfast
