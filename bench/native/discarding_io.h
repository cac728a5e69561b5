// bench/native/discarding_io.h
//
// An engine that throws away what is written to base and area files: journal and checkpoint are as real as ever, and an
// array with millions of changed units needs no room for their data.
//
// What is discarded reads as zeroes, so a load that writes zeroes finds what it wrote, and so does the CRC of a record.
#pragma once

#include <unistd.h>

#include <cstring>
#include <string>
#include <unordered_set>

#include "io/clock.h"
#include "io/io.h"

namespace holdfast::bench {

class DiscardingIo final : public Io {
 public:
  explicit DiscardingIo(Io& real) : real_(real) {}

  const char* name() const override { return "discarding"; }
  Instant now() const override { return real_.now(); }
  void submit(IoRequest& request) override {
    if (!discards(request.file)) return real_.submit(request);
    discarded_.push_back(&request);
  }
  void call(FileCall& call) override { real_.call(call); }
  int poll(Instant deadline, int completions_max) override {
    List<IoRequest> ready;
    int count = 0;
    while (count < completions_max) {
      IoRequest* request = discarded_.pop_front();
      if (request == nullptr) break;
      ready.push_back(request);
      ++count;
    }
    // Real requests get their turn however many are discarded.
    const int real = real_.poll(count > 0 ? 0 : deadline, completions_max);
    while (IoRequest* request = ready.pop_front()) {
      const bool transfers = request->op == IoOp::read || request->op == IoOp::write;
      if (request->op == IoOp::read) std::memset(request->data, 0, request->length_bytes);
      request->result = transfers ? static_cast<int64_t>(request->length_bytes) : 0;
      request->done(request);
    }
    return count + real;
  }
  void wake() override { real_.wake(); }

 private:
  // Base and area files stay open as long as their array; other descriptors come and go, so only these are remembered.
  bool discards(int file) {
    if (known_.count(file) != 0) return true;
    char path[4096];
    const std::string link = "/proc/self/fd/" + std::to_string(file);
    const ssize_t length = ::readlink(link.c_str(), path, sizeof path - 1);
    if (length <= 0) return false;
    const std::string name(path, static_cast<size_t>(length));
    const bool found = name.find("/base/") != std::string::npos || name.find("/area/") != std::string::npos;
    if (found) known_.insert(file);
    return found;
  }

  Io& real_;
  List<IoRequest> discarded_;
  std::unordered_set<int> known_;
};

}  // namespace holdfast::bench
