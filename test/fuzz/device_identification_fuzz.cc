// Fuzzer of VPD pages. The first byte chooses: any bytes as page 83h, or any texts as the identity of a LUN, whose
// pages then have to be well-formed.
#include "base/endian.h"
#include "fuzz_main.h"
#include "scsi/designator.h"
#include "scsi/inquiry.h"

namespace holdfast::test {
namespace {

void read_page(std::span<const uint8_t> page) {
  const auto parsed = parse_device_identification(page);
  if (!parsed.ok()) {
    require(parsed.status().code() == Code::invalid_argument && parsed.status().offset_bytes() <= page.size(),
            "a page is refused with the offset of its fault");
    return;
  }
  size_t bytes = 4;
  for (const Designator& designator : parsed.value()) bytes += 4 + designator.identifier.size();
  require(bytes == page.size(), "every byte of a page belongs to its header or to exactly one designator");
}

void write_pages(FuzzBytes in) {
  LunIdentity identity;
  identity.guid = Guid::from_gpt_bytes(FuzzInput(16, static_cast<uint8_t>(in.number(1))).data());
  identity.vendor = in.text(in.number(1));
  identity.product = in.text(in.number(1));
  identity.revision = in.text(in.number(1));
  identity.serial = in.text(in.number(1));
  const size_t allocated_bytes = in.number(2);
  const uint8_t page = static_cast<uint8_t>(in.number(1));
  if (!check_identity(identity).ok()) return;
  require(standard_inquiry(identity).size() >= 36, "standard INQUIRY data have at least 36 bytes");
  for (const auto& made : {vpd_supported_pages(identity), vpd_unit_serial_number(identity)}) {
    require(made.size() == 4u + load_be16(made.data() + 2), "a page has the length that it states");
  }
  require(parse_device_identification(vpd_device_identification(identity)).ok(), "our own page 83h is read");
  const auto answer = inquiry(identity, true, page, allocated_bytes);
  require(!answer.ok() || answer.value().size() <= allocated_bytes, "an answer is cut to its allocation length");
}

}  // namespace

std::vector<FuzzInput> fuzz_seeds() {
  FuzzInput ours = {0};
  const FuzzInput page = vpd_device_identification(LunIdentity::for_lun(Guid(), true));
  ours.insert(ours.end(), page.begin(), page.end());
  return {
      ours,
      {0, 0, 0x83, 0,  28, 1,  3,  0,  16,   0x60, 1, 2, 3, 4, 5, 6, 7,
       8, 9, 10,   11, 12, 13, 14, 15, 0x61, 0x94, 0, 4, 0, 0, 0, 1},
      {0, 0, 0x83, 0, 12, 1, 2, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8},
      {1, 7, 4, 'A', 'C', 'M', 'E', 3, 'B', 'O', 'X', 1, '1', 2, '4', '2', 0xFF, 0, 0x83},
  };
}

}  // namespace holdfast::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const uint8_t> rest(data + 1, size - 1);
  if ((data[0] & 1) == 0) {
    holdfast::test::read_page(rest);
  } else {
    holdfast::test::write_pages(holdfast::test::FuzzBytes(rest));
  }
  return 0;
}
