// Fuzzer of the page 83h parser: any bytes as a page. With HOLDFAST_FUZZ_MAIN a plain program, see fuzz_main.h.
#include <cstdint>
#include <cstdlib>

#include "scsi/designator.h"
#include "scsi/inquiry.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parsed = holdfast::parse_device_identification({data, size});
  if (!parsed.ok()) {
    if (parsed.status().code() != holdfast::Code::invalid_argument || parsed.status().offset_bytes() > size)
      std::abort();
    return 0;
  }
  // Every byte of an accepted page belongs to its header or to exactly one designator.
  size_t bytes = 4;
  for (const holdfast::Designator& designator : parsed.value()) bytes += 4 + designator.identifier.size();
  if (bytes != size) std::abort();
  return 0;
}

#ifdef HOLDFAST_FUZZ_MAIN
#include "fuzz_main.h"

int main(int argc, char** argv) {
  const std::vector<std::vector<uint8_t>> seeds = {
      holdfast::vpd_device_identification(holdfast::LunIdentity::for_lun(holdfast::Guid(), true)),
      {0, 0x83, 0,  28, 1,  3,  0,  16, 0x60, 1,    2, 3, 4, 5, 6, 7,
       8, 9,    10, 11, 12, 13, 14, 15, 0x61, 0x94, 0, 4, 0, 0, 0, 1},
      {0, 0x83, 0, 12, 1, 2, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8},
  };
  return holdfast::test::fuzz_main(argc, argv, seeds);
}
#endif
