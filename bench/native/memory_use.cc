// memory_use DIR UNITS: what units changed since a copy cost in memory, in this process and nothing else.
//
// Random 4 KiB writes over the whole of a LUN of 8 TiB, each to a unit that the copy still sees; their data are
// discarded. One line of JSON with private bytes before and after.

#include "bench_array.h"
#include "discarding_io.h"

using namespace holdfast;
using namespace holdfast::bench;

namespace {

constexpr uint64_t kLunBytes = uint64_t{8} << 40;
constexpr uint64_t kIdleCopies = 256;

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) die("usage: memory_use DIR UNITS");
  const uint64_t units = std::strtoull(argv[2], nullptr, 10);
  Result<std::unique_ptr<UringIo>> uring = UringIo::create();
  require(uring.status(), "io_uring");
  DiscardingIo io(*uring.value());
  BenchArray site(io);
  site.create(std::string(argv[1]) + "/array");

  const uint64_t empty = private_bytes();
  const std::shared_ptr<Lun> lun = site.create_lun(kLunBytes);
  const uint64_t untouched = private_bytes();
  site.take_copy(lun->guid());
  const uint64_t before = private_bytes();
  uint64_t peak = 0;
  {
    Shuffle order(kLunBytes / kUnitBytes);
    uint64_t written = 0;
    ClosedLoop load(site.loop(), *lun, 32, kUnitBytes);
    load.run([&](LunRequest& request) {
      if (written == units) return false;
      if (written % (units / 64) == 0) peak = std::max(peak, private_bytes());
      request.op = LunOp::write;
      request.offset_bytes = order.next() * kUnitBytes;
      ++written;
      return true;
    });
  }
  const uint64_t after = private_bytes();
  const uint64_t versions = lun->family().map().entry_count();
  if (versions != units) die("the map has " + std::to_string(versions) + " versions, not " + std::to_string(units));
  for (uint64_t i = 0; i < kIdleCopies; ++i) site.take_copy(lun->guid());
  const uint64_t with_copies = private_bytes();
  std::printf(
      "{\"units\":%llu,\"untouchedBytes\":%lld,\"changedBytes\":%lld,\"peakBytes\":%lld,\"idleCopies\":%llu,"
      "\"idleCopyBytes\":%lld}\n",
      static_cast<unsigned long long>(units), static_cast<long long>(untouched - empty),
      static_cast<long long>(after - before), static_cast<long long>(std::max(peak, after) - before),
      static_cast<unsigned long long>(kIdleCopies), static_cast<long long>(with_copies - after));
  // The figures are out; an orderly end would write a checkpoint of it all.
  std::fflush(stdout);
  std::_Exit(0);
}
