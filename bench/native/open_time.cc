// open_time fill DIR UNITS     an array with so many changed units, closed
// open_time tail DIR UNITS     so many more are changed under another copy, flushed, and the process dies
// open_time open DIR           opens it and says how long that took, and what the first reads took; dies
//
// Data are discarded (discarding_io.h); journal and checkpoint are real. One line of JSON.

#include "bench_array.h"
#include "discarding_io.h"

using namespace holdfast;
using namespace holdfast::bench;

namespace {

constexpr uint64_t kLunBytes = uint64_t{1} << 40;
constexpr uint32_t kReads = 1000;

double millis_since(Instant start) { return static_cast<double>(monotonic_now() - start) / 1e6; }

/// Of this thread, which a busy machine does not lengthen much.
double cpu_millis() {
  timespec spent;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e3 + static_cast<double>(spent.tv_nsec) / 1e6;
}

void change_units(BenchArray& site, Lun& lun, uint64_t units) {
  site.take_copy(lun.guid());
  Shuffle order(lun.size_bytes() / kUnitBytes);
  uint64_t written = 0;
  ClosedLoop load(site.loop(), lun, 64, kUnitBytes);
  load.run([&](LunRequest& request) {
    if (written == units) return false;
    ++written;
    request.op = LunOp::write;
    request.offset_bytes = order.next() * kUnitBytes;
    return true;
  });
  ClosedLoop flush(site.loop(), lun, 1, 0);
  bool flushed = false;
  flush.run([&](LunRequest& request) {
    request.op = LunOp::flush;
    return !std::exchange(flushed, true);
  });
}

std::shared_ptr<Lun> original_of(BenchArray& site) {
  for (const LunInfo& info : site.array().list_luns()) {
    if (info.record.snapshot.is_null()) return site.array().find_lun(info.record.guid);
  }
  die("the array has no LUN");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string step = argc > 2 ? argv[1] : "";
  const uint64_t units = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0;
  if (step.empty() || (step != "open" && units == 0)) die("usage: open_time fill|tail|open DIR [UNITS]");
  const std::string path = std::string(argv[2]) + "/array";
  Result<std::unique_ptr<UringIo>> uring = UringIo::create();
  require(uring.status(), "io_uring");
  DiscardingIo io(*uring.value());
  BenchArray site(io);
  if (step == "fill") {
    site.create(path);
    change_units(site, *site.create_lun(kLunBytes), units);
    site.close();
  } else if (step == "tail") {
    site.open(path);
    change_units(site, *original_of(site), units);
  } else {
    const Instant start = monotonic_now();
    const double cpu_before = cpu_millis();
    site.open(path);
    const double open_millis = millis_since(start);
    const double open_cpu_millis = cpu_millis() - cpu_before;
    const std::shared_ptr<Lun> lun = original_of(site);
    Shuffle order(lun->size_bytes() / kUnitBytes);
    uint32_t reads = 0;
    ClosedLoop load(site.loop(), *lun, 1, kUnitBytes);
    load.run([&](LunRequest& request) {
      request.op = LunOp::read;
      request.offset_bytes = order.next() * kUnitBytes;
      return reads++ < kReads;
    });
    const CheckReport report = site.run(site.array().check_all()).take();
    for (const std::string& fault : report.faults) die(fault);
    std::printf(
        "{\"openMillis\":%.2f,\"openCpuMillis\":%.2f,\"versions\":%llu,\"readP50Us\":%.1f,\"readMaxUs\":%.1f,"
        "\"privateBytes\":%llu}\n",
        open_millis, open_cpu_millis, static_cast<unsigned long long>(report.versions),
        static_cast<double>(load.latencies().quantile(0.5)) / 1e3, static_cast<double>(load.latencies().max()) / 1e3,
        static_cast<unsigned long long>(private_bytes()));
  }
  std::fflush(stdout);
  std::_Exit(0);
}
