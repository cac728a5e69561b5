// test/native/base/judge.h
//
// Tools that nobody here wrote, asked for their opinion of our bytes.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::test {

struct CommandResult {
  int exit_code = -1;
  /// Standard output and standard error together.
  std::string output;
};

CommandResult run_command(const std::string& command);
bool has_command(const std::string& name);

/// With CI=true a missing judge is a failure, elsewhere the test is skipped.
bool judges_are_required();

/// A file in a directory of its own, removed with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::vector<uint8_t>& bytes);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }
  std::vector<uint8_t> read() const;

 private:
  std::string directory_;
  std::string path_;
};

std::vector<uint8_t> read_file(const std::string& path);

}  // namespace holdfast::test

#define HOLDFAST_NEEDS_JUDGE(name)                                                                     \
  do {                                                                                                 \
    if (!holdfast::test::has_command(name)) {                                                          \
      if (holdfast::test::judges_are_required()) FAIL() << name << " is not installed, and CI is set"; \
      GTEST_SKIP() << name << " is not installed";                                                     \
    }                                                                                                  \
  } while (false)
