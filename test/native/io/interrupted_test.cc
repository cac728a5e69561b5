// Calls that signals interrupt and that do a part of what they were asked for: the real engines finish them, and nobody
// above hears of it.

#include <algorithm>
#include <memory>
#include <vector>

#include "engine_fixture.h"
#include "interrupted_calls.h"

namespace holdfast {
namespace {

template <typename Engine>
class InterruptedTest : public EngineTest<Engine> {};

using RealEngines = ::testing::Types<UringEngine, UringInMemoryEngine, OldUringEngine, ThreadPoolEngine>;
TYPED_TEST_SUITE(InterruptedTest, RealEngines, EngineNames);

TYPED_TEST(InterruptedTest, EveryOperationIsDoneInFull) {
  const int file = this->open_file();
  std::string written = pattern(64 << 10, 3);
  std::string read_back(written.size(), '\0');
  {
    const InterruptedCalls interrupted;
    const auto length = static_cast<int64_t>(written.size());
    EXPECT_EQ(this->run(IoOp::write, file, 4096, written.data(), written.size()), length);
    EXPECT_EQ(this->run(IoOp::read, file, 4096, read_back.data(), read_back.size()), length);
    EXPECT_EQ(this->run(IoOp::sync, file), 0);
    EXPECT_EQ(this->run(IoOp::allocate, file, 0, nullptr, 128 << 10), 0);
    EXPECT_EQ(this->run(IoOp::punch, file, 0, nullptr, 8192), 0);
    EXPECT_EQ(run_call(*this->io_, [&](FileSystem& files) { return files.truncate(file, 96 << 10); }), 0);
    const std::string directory = this->engine_.directory();
    EXPECT_EQ(run_call(*this->io_, [&](FileSystem& files) { return files.sync_directory(directory); }), 0);
    EXPECT_GT(InterruptedCalls::interruptions(), 2u);
  }
  EXPECT_EQ(read_back, written);
  EXPECT_EQ(this->size_of(file), 96u << 10);
  EXPECT_EQ(this->run(IoOp::read, file, 4096, read_back.data(), read_back.size()), 64 << 10);
  EXPECT_EQ(read_back.substr(0, 4096), std::string(4096, '\0'));
  EXPECT_EQ(read_back.substr(4096), written.substr(4096));
  this->close_file(file);
}

TYPED_TEST(InterruptedTest, ManyRequestsAtOnceAllComplete) {
  const int file = this->open_file();
  std::string bytes = pattern(64 * 4096, 5);
  const InterruptedCalls interrupted;
  std::vector<std::unique_ptr<OneRequest>> requests;
  for (uint64_t i = 0; i < 64; ++i) {
    requests.push_back(std::make_unique<OneRequest>(IoOp::write, file, i * 4096, bytes.data() + i * 4096, 4096));
    this->io_->submit(*requests.back());
  }
  const auto busy = [](const auto& request) { return request->completions == 0; };
  while (std::any_of(requests.begin(), requests.end(), busy)) this->io_->poll(kNever, 16);
  for (const auto& request : requests) EXPECT_EQ(request->result, 4096);
  std::string read_back(bytes.size(), '\0');
  EXPECT_EQ(this->run(IoOp::read, file, 0, read_back.data(), read_back.size()), static_cast<int64_t>(bytes.size()));
  EXPECT_EQ(read_back, bytes);
  EXPECT_GT(InterruptedCalls::interruptions(), 0u);
  this->close_file(file);
}

TYPED_TEST(InterruptedTest, AReadEndsAtTheEndOfTheFileAllTheSame) {
  const int file = this->open_file();
  std::string written = pattern(5000, 7);
  std::string read_back(8192, '\0');
  const InterruptedCalls interrupted;
  EXPECT_EQ(this->run(IoOp::write, file, 0, written.data(), written.size()), 5000);
  EXPECT_EQ(this->run(IoOp::read, file, 0, read_back.data(), read_back.size()), 5000);
  EXPECT_EQ(read_back.substr(0, 5000), written);
  EXPECT_EQ(this->run(IoOp::read, file, 1 << 20, read_back.data(), read_back.size()), 0);
  this->close_file(file);
}

}  // namespace
}  // namespace holdfast
