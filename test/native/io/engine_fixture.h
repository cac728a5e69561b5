// What a test of every engine runs on: one engine, its directory, and bytes to write.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>

#include "engines.h"

namespace holdfast {

template <typename Engine>
class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<std::unique_ptr<Io>> io = Engine::create();
    if (!io.ok()) GTEST_SKIP() << "no engine: " << io.status().message();
    io_ = io.take();
  }

  int open_file(int flags = O_RDWR | O_CREAT, const std::string& name = "file") {
    const std::string path = engine_.directory() + "/" + name;
    const int file = run_call(*io_, [&](FileSystem& files) { return files.open(path, flags, 0600); });
    EXPECT_GE(file, 0) << std::strerror(-file);
    return file;
  }
  void close_file(int file) {
    EXPECT_EQ(run_call(*io_, [&](FileSystem& files) { return files.close(file); }), 0);
  }
  int64_t run(IoOp op, int file, uint64_t offset_bytes = 0, void* data = nullptr, uint64_t length_bytes = 0) {
    return run_request(*io_, op, file, offset_bytes, data, length_bytes);
  }
  uint64_t size_of(int file) {
    FileStat status;
    EXPECT_EQ(run_call(*io_, [&](FileSystem& files) { return files.stat(file, &status); }), 0);
    return status.size_bytes;
  }

  Engine engine_;
  std::unique_ptr<Io> io_;
};

using Engines = ::testing::Types<UringEngine, UringInMemoryEngine, OldUringEngine, ThreadPoolEngine, SimulatorEngine>;

struct EngineNames {
  template <typename Engine>
  static std::string GetName(int) {
    if (std::is_same_v<Engine, UringEngine>) return "Uring";
    if (std::is_same_v<Engine, UringInMemoryEngine>) return "UringInMemory";
    if (std::is_same_v<Engine, OldUringEngine>) return "UringOfAnOldKernel";
    return std::is_same_v<Engine, ThreadPoolEngine> ? "Threads" : "Simulator";
  }
};

inline std::string pattern(size_t bytes, unsigned salt) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; i++) text[i] = static_cast<char>((i * 31 + (i >> 12) * 7 + salt) & 0xFF);
  return text;
}

}  // namespace holdfast
