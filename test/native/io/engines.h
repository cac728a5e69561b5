// The engines under one typed test suite, each with a directory to work in and ways to run one request or call.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "io/simulator.h"
#include "io/thread_pool.h"
#include "io/uring.h"

namespace holdfast {

struct OneRequest : IoRequest {
  OneRequest(IoOp op_, int file_, uint64_t offset_bytes_ = 0, void* data_ = nullptr, uint64_t length_bytes_ = 0) {
    op = op_;
    file = file_;
    offset_bytes = offset_bytes_;
    data = data_;
    length_bytes = length_bytes_;
    done = [](IoRequest* request) { static_cast<OneRequest*>(request)->completions++; };
  }
  int completions = 0;
};

struct OneCall : FileCall {
  explicit OneCall(std::function<int(FileSystem&)> function_) : function(std::move(function_)) {
    run = [](FileCall* call, FileSystem& files) {
      auto* self = static_cast<OneCall*>(call);
      self->result = self->function(files);
    };
    done = [](FileCall* call) { static_cast<OneCall*>(call)->completions++; };
  }
  std::function<int(FileSystem&)> function;
  int result = 0;
  int completions = 0;
};

inline int64_t run_request(Io& io, IoOp op, int file, uint64_t offset_bytes = 0, void* data = nullptr,
                           uint64_t length_bytes = 0) {
  OneRequest request(op, file, offset_bytes, data, length_bytes);
  io.submit(request);
  while (request.completions == 0) io.poll(kNever, 16);
  return request.result;
}

inline int run_call(Io& io, std::function<int(FileSystem&)> function) {
  OneCall call(std::move(function));
  io.call(call);
  while (call.completions == 0) io.poll(kNever, 16);
  return call.result;
}

/// A directory of the real file system that goes away with the test.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string pattern = (parent / "holdfast-io-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data()) == nullptr ? "" : pattern;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct UringEngine {
  static constexpr bool kRealTime = true;
  static Result<std::unique_ptr<Io>> create() { return create_with({}); }
  static Result<std::unique_ptr<Io>> create_with(UringRing::Options options) {
    Result<std::unique_ptr<UringIo>> io = UringIo::create(options);
    if (!io.ok()) return io.status();
    return std::unique_ptr<Io>(io.take());
  }
  ScratchDirectory scratch;
  std::string directory() const { return scratch.path(); }
};

/// Files that the engine reads and writes without the ring.
struct UringInMemoryEngine : UringEngine {
  ScratchDirectory memory{"/dev/shm"};
  std::string directory() const { return memory.path(); }
};

/// The ways a ring works on kernels before 5.11 and 5.19.
struct OldUringEngine : UringEngine {
  static Result<std::unique_ptr<Io>> create() { return create_with({false, false}); }
};

struct ThreadPoolEngine {
  static constexpr bool kRealTime = true;
  static Result<std::unique_ptr<Io>> create() {
    Result<std::unique_ptr<ThreadPoolIo>> io = ThreadPoolIo::create();
    if (!io.ok()) return io.status();
    return std::unique_ptr<Io>(io.take());
  }
  ScratchDirectory scratch;
  std::string directory() const { return scratch.path(); }
};

struct SimulatorEngine {
  static constexpr bool kRealTime = false;
  static Result<std::unique_ptr<Io>> create() {
    auto disk = std::make_shared<SimulatedDisk>();
    disk->make_directory("/scratch", 0700);
    return std::unique_ptr<Io>(std::make_unique<SimulatorIo>(disk, 1));
  }
  std::string directory() const { return "/scratch"; }
};

}  // namespace holdfast
