#include "scsi/inquiry.h"

#include <algorithm>
#include <string_view>

#include "base/endian.h"
#include "scsi/designator.h"

namespace holdfast {
namespace {

constexpr size_t kVendorBytes = 8;
constexpr size_t kProductBytes = 16;
constexpr size_t kRevisionBytes = 4;
constexpr size_t kSerialBytesMax = 128;
constexpr size_t kInquiryBytes = 74;

constexpr uint8_t kVersionSpc4 = 0x06;
constexpr uint8_t kResponseFormat = 0x02;
constexpr uint8_t kCommandQueueing = 0x02;

// Version descriptors "no version claimed".
constexpr uint16_t kStandardSam5 = 0x00A0;
constexpr uint16_t kStandardSpc4 = 0x0460;
constexpr uint16_t kStandardSbc3 = 0x04C0;

void append(std::string_view text, std::vector<uint8_t>* bytes) {
  bytes->insert(bytes->end(), text.begin(), text.end());
}

std::string padded(std::string_view text, size_t width) {
  std::string field(text.substr(0, width));
  field.resize(width, ' ');
  return field;
}

Status check_text(const char* what, std::string_view text, size_t bytes_max) {
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
  if (printable && text.size() <= bytes_max) return Status();
  return Status(Code::invalid_argument, std::string("the ") + what + " of a LUN is printable ASCII of at most " +
                                            std::to_string(bytes_max) + " characters");
}

/// A page with its four-byte header; `body` stays far below 64 KiB.
std::vector<uint8_t> make_page(uint8_t page, const std::vector<uint8_t>& body) {
  std::vector<uint8_t> bytes(4);
  bytes[1] = page;
  store_be16(bytes.data() + 2, static_cast<uint16_t>(body.size()));
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

void append_designator(CodeSet code_set, DesignatorType type, const std::vector<uint8_t>& identifier,
                       std::vector<uint8_t>* body) {
  body->push_back(static_cast<uint8_t>(code_set));
  body->push_back(
      static_cast<uint8_t>(static_cast<uint8_t>(Association::logical_unit) << 4 | static_cast<uint8_t>(type)));
  body->push_back(0);
  body->push_back(static_cast<uint8_t>(identifier.size()));
  body->insert(body->end(), identifier.begin(), identifier.end());
}

/// One to one, and every bit of the result depends on every bit of the word.
uint64_t mix(uint64_t word) {
  word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9;
  word = (word ^ word >> 27) * 0x94D049BB133111EB;
  return word ^ word >> 31;
}

/// NAA 3h, locally assigned: 60 bits that depend on every bit of the GUID.
std::vector<uint8_t> naa_identifier(const Guid& guid) {
  const uint64_t high = mix(load_be64(guid.bytes.data()) + 0x9E3779B97F4A7C15);
  const uint64_t mixed = mix(high + load_be64(guid.bytes.data() + 8));
  std::vector<uint8_t> identifier(8);
  store_be64(identifier.data(), uint64_t{3} << 60 | mixed >> 4);
  return identifier;
}

/// "naa." and the digits, zero terminated and zero padded to a multiple of four.
std::vector<uint8_t> scsi_name_identifier(const std::vector<uint8_t>& naa) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::vector<uint8_t> identifier;
  append("naa.", &identifier);
  for (uint8_t byte : naa) {
    identifier.push_back(static_cast<uint8_t>(kDigits[byte >> 4]));
    identifier.push_back(static_cast<uint8_t>(kDigits[byte & 15]));
  }
  do identifier.push_back(0);
  while (identifier.size() % 4 != 0);
  return identifier;
}

}  // namespace

LunIdentity LunIdentity::for_lun(const Guid& guid, bool shadow_copy) {
  std::string serial = guid.to_string();
  serial.erase(std::remove(serial.begin(), serial.end(), '-'), serial.end());
  return LunIdentity{guid, "HOLDFAST", shadow_copy ? "Shadow Copy" : "Array LUN", "1", serial};
}

Status check_identity(const LunIdentity& identity) {
  Status status = check_text("vendor", identity.vendor, kVendorBytes);
  if (status.ok()) status = check_text("product", identity.product, kProductBytes);
  if (status.ok()) status = check_text("revision", identity.revision, kRevisionBytes);
  if (status.ok()) status = check_text("serial number", identity.serial, kSerialBytesMax);
  if (status.ok() && identity.serial.empty()) {
    status = Status(Code::invalid_argument, "a LUN without a serial number cannot be told from others");
  }
  return status;
}

std::vector<uint8_t> standard_inquiry(const LunIdentity& identity) {
  std::vector<uint8_t> bytes(8);
  bytes[2] = kVersionSpc4;
  bytes[3] = kResponseFormat;
  bytes[4] = kInquiryBytes - 5;
  bytes[7] = kCommandQueueing;
  append(padded(identity.vendor, kVendorBytes), &bytes);
  append(padded(identity.product, kProductBytes), &bytes);
  append(padded(identity.revision, kRevisionBytes), &bytes);
  bytes.resize(kInquiryBytes);
  store_be16(bytes.data() + 58, kStandardSam5);
  store_be16(bytes.data() + 60, kStandardSpc4);
  store_be16(bytes.data() + 62, kStandardSbc3);
  return bytes;
}

std::vector<uint8_t> vpd_supported_pages(const LunIdentity&) {
  return make_page(kVpdSupportedPages, {kVpdSupportedPages, kVpdUnitSerialNumber, kVpdDeviceIdentification});
}

std::vector<uint8_t> vpd_unit_serial_number(const LunIdentity& identity) {
  return make_page(kVpdUnitSerialNumber, {identity.serial.begin(), identity.serial.end()});
}

std::vector<uint8_t> vpd_device_identification(const LunIdentity& identity) {
  std::vector<uint8_t> t10;
  append(padded(identity.vendor, kVendorBytes), &t10);
  append(identity.serial, &t10);
  const std::vector<uint8_t> naa = naa_identifier(identity.guid);
  std::vector<uint8_t> body;
  append_designator(CodeSet::ascii, DesignatorType::t10_vendor_id, t10, &body);
  append_designator(CodeSet::binary, DesignatorType::naa, naa, &body);
  append_designator(CodeSet::utf8, DesignatorType::scsi_name_string, scsi_name_identifier(naa), &body);
  return make_page(kVpdDeviceIdentification, body);
}

Result<std::vector<uint8_t>> inquiry(const LunIdentity& identity, bool evpd, uint8_t page,
                                     size_t allocation_length_bytes) {
  Status status = check_identity(identity);
  if (!status.ok()) return status;
  std::vector<uint8_t> bytes;
  if (!evpd) {
    if (page != 0) return Status(Code::invalid_argument, "INQUIRY: a page code without EVPD");
    bytes = standard_inquiry(identity);
  } else if (page == kVpdSupportedPages) {
    bytes = vpd_supported_pages(identity);
  } else if (page == kVpdUnitSerialNumber) {
    bytes = vpd_unit_serial_number(identity);
  } else if (page == kVpdDeviceIdentification) {
    bytes = vpd_device_identification(identity);
  } else {
    return Status(Code::invalid_argument, "INQUIRY: the LUN has no page " + std::to_string(page));
  }
  if (bytes.size() > allocation_length_bytes) bytes.resize(allocation_length_bytes);
  return bytes;
}

}  // namespace holdfast
