// group_load ARRAY_DIR DEPTH MILLIS SETS IMAGE…: the images, adopted as LUNs, under 4 KiB random writes at a depth
// each, while so many shadow copy sets of all of them are taken, at equal distances, and deleted again.
//
// One line of JSON: how long each set took from its arming to its being created, writes a second, the longest write.

#include "bench_array.h"

using namespace holdfast;
using namespace holdfast::bench;

namespace {

struct Writer {
  Writer(BenchArray& site, const std::shared_ptr<Lun>& lun, uint32_t depth)
      : order(lun->size_bytes() / kUnitBytes), load(site.loop(), *lun, depth, kUnitBytes) {}
  Shuffle order;
  ClosedLoop load;
  ClosedLoop::Next next;
};

Task<void> time_set(BenchArray& site, std::vector<Guid> luns, std::vector<double>* millis, bool* done) {
  const Instant start = monotonic_now();
  std::optional<std::vector<Guid>> snapshots;
  Task<void> taking = site.take_set_of(std::move(luns), &snapshots);
  co_await taking;
  millis->push_back(static_cast<double>(monotonic_now() - start) / 1e6);
  require(co_await site.array().delete_copies(*snapshots), "deleting a set");
  *done = true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) die("usage: group_load ARRAY_DIR DEPTH MILLIS SETS IMAGE...");
  const auto depth = static_cast<uint32_t>(std::strtoul(argv[2], nullptr, 10));
  const int64_t duration = std::strtoll(argv[3], nullptr, 10) * kMillisecond;
  const int64_t sets = std::strtoll(argv[4], nullptr, 10);
  Result<std::unique_ptr<UringIo>> uring = UringIo::create();
  require(uring.status(), "io_uring");
  BenchArray site(*uring.value());
  site.create(argv[1]);
  std::vector<Guid> luns;
  std::vector<std::unique_ptr<Writer>> writers;
  for (int i = 5; i < argc; ++i) {
    Result<Guid> adopted = site.run(site.array().adopt_lun(argv[i]));
    require(adopted.status(), "adopting an image");
    luns.push_back(adopted.value());
    writers.push_back(std::make_unique<Writer>(site, site.array().find_lun(luns.back()), depth));
  }
  const Instant start = monotonic_now();
  for (auto& writer : writers) {
    writer->next = [&start, duration, self = writer.get()](LunRequest& request) {
      request.op = LunOp::write;
      request.offset_bytes = self->order.next() * kUnitBytes;
      return monotonic_now() - start < duration;
    };
    writer->load.start(writer->next);
  }
  std::vector<double> millis;
  int64_t begun = 0;
  bool set_done = true;
  const auto is_busy = [&] {
    for (const auto& writer : writers) {
      if (writer->load.busy()) return true;
    }
    return !set_done;
  };
  while (is_busy()) {
    const Instant elapsed = monotonic_now() - start;
    if (set_done && begun < sets && elapsed < duration && elapsed * (sets + 1) >= duration * (begun + 1)) {
      ++begun;
      set_done = false;
      site.loop().spawn(time_set(site, luns, &millis, &set_done));
    }
    site.loop().turn(monotonic_now() + kMillisecond);
  }
  uint64_t writes = 0;
  uint64_t longest = 0;
  for (const auto& writer : writers) {
    writes += writer->load.completed();
    longest = std::max(longest, writer->load.latencies().max());
  }
  std::string list;
  for (const double one : millis) list += (list.empty() ? "" : ",") + std::to_string(one);
  std::printf("{\"setMillis\":[%s],\"iops\":%.0f,\"longestWriteMillis\":%.2f}\n", list.c_str(),
              static_cast<double>(writes) / (static_cast<double>(duration) / 1e9), static_cast<double>(longest) / 1e6);
  std::fflush(stdout);
  std::_Exit(0);
}
