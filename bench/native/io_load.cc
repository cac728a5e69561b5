// io_load ARRAY_DIR LUN_BYTES: a LUN under load, slice by slice, as the lines of the standard input say.
//
//   slice PATTERN DEPTH MILLIS COPIES   randwrite, randread (4 KiB) or seqwrite (1 MiB); takes so many copies on the
//   way,
//                                       at equal distances
//   deleting PATTERN DEPTH MILLIS       the same while every copy is being deleted; ends with the deletion
//   syncs MILLIS                        4 KiB writes, each followed by a flush, one after the other
//   oldest MILLIS | newest MILLIS       4 KiB random reads of a copy at depth 16
//   copy N                              takes N copies
//   clear                               deletes every copy and waits for the room
//   sparse UNITS                        writes so many random units
//
// Each answer is one line of JSON. The first says what the array is. Every unit of the LUN is written before.

#include <iostream>
#include <sstream>

#include "bench_array.h"

using namespace holdfast;
using namespace holdfast::bench;

namespace {

constexpr uint32_t kSequentialBytes = 1 << 20;

class Site {
 public:
  Site(Io& io, const std::string& path, uint64_t lun_bytes) : site_(io), random_(lun_bytes / kUnitBytes) {
    site_.create(path);
    lun_ = site_.create_lun(lun_bytes);
    uint64_t at = 0;
    ClosedLoop fill(site_.loop(), *lun_, 4, kSequentialBytes);
    fill.run([&](LunRequest& request) {
      if (at >= lun_bytes) return false;
      request.op = LunOp::write;
      request.offset_bytes = at;
      at += kSequentialBytes;
      return true;
    });
    flush();
  }

  void hello() {
    const LunInfo info = site_.array().describe_lun(lun_->guid()).value();
    std::printf("{\"mode\":\"%s\",\"basePath\":\"%s\"}\n",
                site_.array().mode() == IoMode::direct ? "direct" : "writeback", info.base_path.c_str());
  }

  void slice(const std::string& pattern, uint32_t depth, int64_t millis, uint32_t copies) {
    run(*lun_, pattern, depth, millis, copies, false);
  }
  void deleting(const std::string& pattern, uint32_t depth, int64_t millis) {
    site_.delete_copies(std::exchange(copies_, {}));
    run(*lun_, pattern, depth, millis, 0, true);
  }
  void syncs(int64_t millis) {
    ClosedLoop load(site_.loop(), *lun_, 1, kUnitBytes);
    const Instant start = monotonic_now();
    const Instant end = start + millis * kMillisecond;
    bool writes = false;
    load.run([&](LunRequest& request) {
      if (monotonic_now() >= end && !writes) return false;
      writes = !writes;
      request.op = writes ? LunOp::write : LunOp::flush;
      if (writes) request.offset_bytes = random_.next() * kUnitBytes;
      return true;
    });
    answer(load, start, load.completed() / 2);
  }
  void read_copy(bool oldest, int64_t millis) {
    const Guid wanted = oldest ? copies_.front() : copies_.back();
    for (const LunInfo& info : site_.array().list_luns()) {
      if (info.record.snapshot != wanted) continue;
      return run(*site_.array().find_lun(info.record.guid), "randread", 16, millis, 0, false);
    }
    die("the copy is gone");
  }
  void copy(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) copies_.push_back(site_.take_copy(lun_->guid()));
    std::printf("{\"copies\":%zu}\n", copies_.size());
  }
  void clear() {
    site_.delete_copies(std::exchange(copies_, {}));
    site_.collected(*lun_);
    flush();
    const Instant until = monotonic_now() + kSecond / 20;
    while (monotonic_now() < until) site_.loop().turn(until);
    std::printf("{\"copies\":0}\n");
  }
  void sparse(uint64_t units) {
    ClosedLoop load(site_.loop(), *lun_, 32, kUnitBytes);
    load.run([&](LunRequest& request) {
      if (units == 0) return false;
      --units;
      request.op = LunOp::write;
      request.offset_bytes = random_.next() * kUnitBytes;
      return true;
    });
    std::printf("{}\n");
  }

 private:
  void flush() {
    ClosedLoop load(site_.loop(), *lun_, 1, 0);
    bool flushed = false;
    load.run([&](LunRequest& request) {
      request.op = LunOp::flush;
      return !std::exchange(flushed, true);
    });
  }
  void run(Lun& lun, const std::string& pattern, uint32_t depth, int64_t millis, uint32_t copies, bool deleting) {
    const bool sequential = pattern == "seqwrite";
    const uint32_t length = sequential ? kSequentialBytes : kUnitBytes;
    ClosedLoop load(site_.loop(), lun, depth, length);
    const Instant start = monotonic_now();
    const Instant end = start + millis * kMillisecond;
    uint32_t begun = 0;
    std::vector<std::optional<Guid>> taken(copies);
    load.run([&](LunRequest& request) {
      const Instant now = monotonic_now();
      if (now >= end || (deleting && !lun.family().collecting())) return false;
      if (begun < copies && now - start >= (end - start) * begun / copies) {
        site_.loop().spawn(site_.take_copy_of(lun_->guid(), &taken[begun++]));
      }
      request.op = pattern == "randread" ? LunOp::read : LunOp::write;
      request.offset_bytes = sequential ? sequential_at_ : random_.next() * kUnitBytes;
      if (sequential) sequential_at_ = (sequential_at_ + length) % lun.size_bytes();
      return true;
    });
    answer(load, start, load.completed());
    for (uint32_t i = 0; i < begun; ++i) {
      while (!taken[i].has_value()) site_.loop().turn(kNever);
      copies_.push_back(*taken[i]);
    }
  }
  void answer(const ClosedLoop& load, Instant start, uint64_t count) {
    const double seconds = static_cast<double>(monotonic_now() - start) / 1e9;
    std::printf("{\"iops\":%.1f,\"seconds\":%.4f,\"p99Us\":%.1f,\"maxUs\":%.1f}\n",
                static_cast<double>(count) / seconds, seconds,
                static_cast<double>(load.latencies().quantile(0.99)) / 1e3,
                static_cast<double>(load.latencies().max()) / 1e3);
  }

  BenchArray site_;
  std::shared_ptr<Lun> lun_;
  // Oldest first.
  std::vector<Guid> copies_;
  Shuffle random_;
  uint64_t sequential_at_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) die("usage: io_load ARRAY_DIR LUN_BYTES");
  Result<std::unique_ptr<UringIo>> uring = UringIo::create();
  require(uring.status(), "io_uring");
  Site site(*uring.value(), argv[1], std::strtoull(argv[2], nullptr, 10));
  site.hello();
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command, pattern;
    uint64_t depth = 0, millis = 0, count = 0;
    words >> command;
    if (command == "slice" && words >> pattern >> depth >> millis >> count) {
      site.slice(pattern, static_cast<uint32_t>(depth), static_cast<int64_t>(millis), static_cast<uint32_t>(count));
    } else if (command == "deleting" && words >> pattern >> depth >> millis) {
      site.deleting(pattern, static_cast<uint32_t>(depth), static_cast<int64_t>(millis));
    } else if (command == "syncs" && words >> millis) {
      site.syncs(static_cast<int64_t>(millis));
    } else if ((command == "oldest" || command == "newest") && words >> millis) {
      site.read_copy(command == "oldest", static_cast<int64_t>(millis));
    } else if (command == "copy" && words >> count) {
      site.copy(static_cast<uint32_t>(count));
    } else if (command == "clear") {
      site.clear();
    } else if (command == "sparse" && words >> count) {
      site.sparse(count);
    } else {
      die("not understood: " + line);
    }
    std::fflush(stdout);
  }
  std::_Exit(0);
}
