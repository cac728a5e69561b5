// delete_steps DIR: what the deletion of copies costs the thread that serves everybody.
//
// 1. Deletions of copies between which 0, 1000, 10,000 … units were rewritten: how long until everything is collected.
// 2. Alternating slices with and without a deletion under way, A B B A: p99 of 4 KiB random writes at depth 16.
// 3. The native histogram of the steps of collecting, trimming and freeing; and beside it one of as many steps of the
//    same length that only look at the clock: what the machine adds by taking the thread away.
//
// One line of JSON. Data are real.

#include "bench_array.h"

using namespace holdfast;
using namespace holdfast::bench;

namespace {

constexpr uint64_t kLunBytes = uint64_t{1} << 30;
constexpr uint64_t kUnits = kLunBytes / kUnitBytes;
constexpr int64_t kSliceNanos = kSecond / 4;
constexpr uint32_t kSlicesPerSide = 20;

double micros(uint64_t nanos) { return static_cast<double>(nanos) / 1e3; }

/// Rewrites units from `first` on, in requests of 256 units.
void rewrite(BenchArray& site, Lun& lun, uint64_t first, uint64_t units) {
  constexpr uint32_t kPerRequest = 256;
  uint64_t done = 0;
  ClosedLoop load(site.loop(), lun, 4, kPerRequest * kUnitBytes);
  load.run([&](LunRequest& request) {
    if (done >= units) return false;
    request.op = LunOp::write;
    request.offset_bytes = (first + done) % kUnits * kUnitBytes;
    request.length_bytes = static_cast<uint32_t>(std::min<uint64_t>(kPerRequest, units - done) * kUnitBytes);
    done += kPerRequest;
    return true;
  });
}

/// `count` steps that take as long as the median of the others, if nobody interferes.
Histogram idle_steps(uint64_t count, uint64_t nanos) {
  Histogram steps;
  for (uint64_t i = 0; i < count; ++i) {
    const Instant start = monotonic_now();
    Instant now = start;
    while (now - start < static_cast<int64_t>(nanos)) now = monotonic_now();
    steps.record(static_cast<uint64_t>(now - start));
  }
  return steps;
}

std::string show(const Histogram& steps) {
  char text[200];
  std::snprintf(text, sizeof text, "{\"count\":%llu,\"p50Us\":%.1f,\"p99Us\":%.1f,\"p999Us\":%.1f,\"maxUs\":%.1f}",
                static_cast<unsigned long long>(steps.count()), micros(steps.quantile(0.5)),
                micros(steps.quantile(0.99)), micros(steps.quantile(0.999)), micros(steps.max()));
  return text;
}

struct Slice {
  double p99_micros;
  double iops;
  bool deleted_throughout;
};

Slice run_slice(BenchArray& site, Lun& lun, Shuffle& order, bool deleting) {
  const Instant start = monotonic_now();
  Instant collected_at = 0;
  ClosedLoop load(site.loop(), lun, 16, kUnitBytes);
  load.run([&](LunRequest& request) {
    const Instant now = monotonic_now();
    if (deleting && collected_at == 0 && !lun.family().collecting()) collected_at = now;
    if (now - start >= kSliceNanos || (deleting && collected_at != 0)) return false;
    request.op = LunOp::write;
    request.offset_bytes = order.next() * kUnitBytes;
    return true;
  });
  const double seconds = static_cast<double>(monotonic_now() - start) / 1e9;
  return Slice{micros(load.latencies().quantile(0.99)), static_cast<double>(load.completed()) / seconds,
               deleting && collected_at == 0};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) die("usage: delete_steps DIR");
  Result<std::unique_ptr<UringIo>> uring = UringIo::create();
  require(uring.status(), "io_uring");
  BenchArray site(*uring.value());
  site.create(std::string(argv[1]) + "/array");
  const std::shared_ptr<Lun> lun = site.create_lun(kLunBytes);
  rewrite(site, *lun, 0, kUnits);

  std::string rows;
  for (const uint64_t units : {0, 1000, 10'000, 100'000}) {
    const Guid older = site.take_copy(lun->guid());
    rewrite(site, *lun, 0, units);
    site.take_copy(lun->guid());
    rewrite(site, *lun, 0, units);
    const Instant start = monotonic_now();
    site.delete_copies({older});
    const double deleted = static_cast<double>(monotonic_now() - start) / 1e6;
    site.collected(*lun);
    const double collected = static_cast<double>(monotonic_now() - start) / 1e6;
    char row[200];
    std::snprintf(row, sizeof row, "%s{\"units\":%llu,\"deletedMillis\":%.3f,\"collectedMillis\":%.3f}",
                  rows.empty() ? "" : ",", static_cast<unsigned long long>(units), deleted, collected);
    rows += row;
  }

  Shuffle order(kUnits);
  std::string slices;
  for (uint32_t i = 0; i < kSlicesPerSide; ++i) {
    for (const bool deleting : {i % 2 != 0, i % 2 == 0}) {
      const Guid older = site.take_copy(lun->guid());
      rewrite(site, *lun, i * 1000, kUnits / 2);
      const Guid newer = site.take_copy(lun->guid());
      rewrite(site, *lun, i * 1000, kUnits / 2);
      // The same state on both sides; only the deletion differs.
      if (deleting) site.delete_copies({older});
      const Slice slice = run_slice(site, *lun, order, deleting);
      char row[200];
      std::snprintf(row, sizeof row, "%s{\"deleting\":%s,\"p99Us\":%.1f,\"iops\":%.0f,\"throughout\":%s}",
                    slices.empty() ? "" : ",", deleting ? "true" : "false", slice.p99_micros, slice.iops,
                    slice.deleted_throughout ? "true" : "false");
      slices += row;
      site.collected(*lun);
      site.delete_copies(deleting ? std::vector<Guid>{newer} : std::vector<Guid>{older, newer});
      site.collected(*lun);
    }
  }
  const Histogram steps = lun->family().background_steps();
  const Histogram idle = idle_steps(steps.count(), steps.quantile(0.5));
  std::printf("{\"deletions\":[%s],\"slices\":[%s],\"steps\":%s,\"idleSteps\":%s}\n", rows.c_str(), slices.c_str(),
              show(steps).c_str(), show(idle).c_str());
  std::fflush(stdout);
  std::_Exit(0);
}
