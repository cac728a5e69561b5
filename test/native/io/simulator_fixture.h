// A simulated disk with an engine over it, and contents written one letter a sector.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "engines.h"
#include "io/simulator.h"

namespace holdfast {

/// The bytes of `letters`, one sector each, '.' for zeroes.
inline std::string sectors(const std::string& letters) {
  std::string bytes;
  for (const char letter : letters) bytes.append(kSectorBytes, letter == '.' ? '\0' : letter);
  return bytes;
}

/// The reverse: one letter a sector, '.' for zeroes, '?' for a mixture.
inline std::string letters(const std::string& bytes) {
  std::string text;
  for (size_t begin = 0; begin < bytes.size(); begin += kSectorBytes) {
    const std::string sector = bytes.substr(begin, kSectorBytes);
    const bool pure = sector.find_first_not_of(sector[0]) == std::string::npos;
    text += !pure ? '?' : (sector[0] == '\0' ? '.' : sector[0]);
  }
  return text;
}

class SimulatorTest : public ::testing::Test {
 protected:
  int open(const std::string& path, int flags = O_RDWR | O_CREAT) {
    return run_call(*io_, [&](FileSystem& files) { return files.open(path, flags, 0600); });
  }
  int sync_directory(const std::string& path) {
    return run_call(*io_, [&](FileSystem& files) { return files.sync_directory(path); });
  }
  void write(int file, uint64_t sector, const std::string& text) {
    std::string bytes = sectors(text);
    EXPECT_EQ(run_request(*io_, IoOp::write, file, sector * kSectorBytes, bytes.data(), bytes.size()),
              static_cast<int64_t>(bytes.size()));
  }
  void sync(int file) { EXPECT_EQ(run_request(*io_, IoOp::sync, file), 0); }
  /// A file with `text` in it, all of it durable.
  int durable_file(const std::string& text) {
    const int file = open("/file");
    write(file, 0, text);
    sync(file);
    EXPECT_EQ(sync_directory("/"), 0);
    return file;
  }

  std::shared_ptr<SimulatedDisk> disk_ = std::make_shared<SimulatedDisk>();
  std::unique_ptr<SimulatorIo> io_ = std::make_unique<SimulatorIo>(disk_, 7);
};

}  // namespace holdfast
