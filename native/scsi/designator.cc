#include "scsi/designator.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/endian.h"
#include "base/utf8.h"
#include "scsi/inquiry.h"

namespace holdfast {
namespace {

constexpr size_t kPageHeaderBytes = 4;
constexpr size_t kDesignatorHeaderBytes = 4;
constexpr size_t kT10VendorBytes = 8;

Status fault(size_t offset, const std::string& what) {
  return Status(Code::invalid_argument, "VPD page 83h, byte " + std::to_string(offset) + ": " + what, 0, offset);
}

/// A text may be padded with zeroes, and holds nothing but characters before them.
std::string_view text_of(const std::vector<uint8_t>& identifier) {
  std::string_view text(reinterpret_cast<const char*>(identifier.data()), identifier.size());
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  return text;
}

bool is_printable_ascii(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
}

/// Well-formed UTF-8 without control characters.
bool is_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const int32_t code_point = next_code_point(text, &at);
    if (code_point < 0x20 || code_point == 0x7F) return false;
  }
  return !text.empty();
}

bool is_naa(const Designator& designator) {
  if (designator.code_set != CodeSet::binary) return false;
  switch (designator.identifier[0] >> 4) {
    case 2:  // IEEE extended
    case 3:  // locally assigned
    case 5:  // IEEE registered
      return designator.identifier.size() == 8;
    case 6:  // IEEE registered extended
      return designator.identifier.size() == 16;
    default:
      return false;
  }
}

bool is_scsi_name(const Designator& designator) {
  if (designator.code_set != CodeSet::utf8) return false;
  const std::string_view text = text_of(designator.identifier);
  for (std::string_view prefix : {"naa.", "eui.", "iqn."}) {
    if (text.size() > prefix.size() && text.substr(0, prefix.size()) == prefix) return true;
  }
  return false;
}

/// `offset` is where the identifier begins in the page. It is not empty.
Status check_form(const Designator& designator, size_t offset) {
  const size_t length = designator.identifier.size();
  const std::string_view text = text_of(designator.identifier);
  if (designator.code_set == CodeSet::ascii && !is_printable_ascii(text)) {
    return fault(offset, "the identifier is not the ASCII text it says it is");
  }
  if (designator.code_set == CodeSet::utf8 && !is_utf8(text)) {
    return fault(offset, "the identifier is not the UTF-8 text it says it is");
  }
  switch (designator.type) {
    case DesignatorType::t10_vendor_id:
      if (length > kT10VendorBytes) return Status();
      return fault(offset, "a T10 vendor id needs more than 8 bytes, not " + std::to_string(length));
    case DesignatorType::eui64:
      if (designator.code_set == CodeSet::binary && (length == 8 || length == 12 || length == 16)) return Status();
      return fault(offset, "an EUI-64 identifier is binary and has 8, 12 or 16 bytes, not " + std::to_string(length));
    case DesignatorType::naa:
      if (is_naa(designator)) return Status();
      return fault(offset, "not an NAA identifier of a known form");
    case DesignatorType::scsi_name_string:
      if (is_scsi_name(designator)) return Status();
      return fault(offset, "a SCSI name string is UTF-8 and begins with naa., eui. or iqn.");
    default:
      return Status();
  }
}

/// Reads the designator at *offset and moves past it.
Result<Designator> read_designator(std::span<const uint8_t> page, size_t* offset) {
  const size_t start = *offset;
  if (page.size() - start < kDesignatorHeaderBytes) return fault(start, "the page ends inside a designator's header");
  const uint8_t* header = page.data() + start;
  const uint8_t code_set = header[0] & 0x0F;
  const uint8_t association = header[1] >> 4 & 0x03;
  const bool protocol_valid = (header[1] & 0x80) != 0;
  const size_t length = header[3];
  if (code_set < 1 || code_set > 3) return fault(start, "code set " + std::to_string(code_set) + " is reserved");
  if (association > 2) return fault(start + 1, "association 3 is reserved");
  if (length == 0) return fault(start + 3, "an empty identifier");
  if (length > page.size() - start - kDesignatorHeaderBytes) {
    return fault(start + 3, "an identifier of " + std::to_string(length) + " bytes goes beyond the end of the page");
  }
  Designator designator;
  designator.code_set = static_cast<CodeSet>(code_set);
  designator.type = static_cast<DesignatorType>(header[1] & 0x0F);
  designator.association = static_cast<Association>(association);
  if (protocol_valid && designator.association != Association::logical_unit) designator.protocol = header[0] >> 4;
  const uint8_t* identifier = header + kDesignatorHeaderBytes;
  designator.identifier.assign(identifier, identifier + length);
  Status status = check_form(designator, start + kDesignatorHeaderBytes);
  if (!status.ok()) return status;
  *offset = start + kDesignatorHeaderBytes + length;
  return designator;
}

}  // namespace

bool identifies_logical_unit(const Designator& designator) {
  if (designator.association != Association::logical_unit) return false;
  return designator.type == DesignatorType::t10_vendor_id || designator.type == DesignatorType::eui64 ||
         designator.type == DesignatorType::naa || designator.type == DesignatorType::scsi_name_string;
}

Result<std::vector<Designator>> parse_device_identification(std::span<const uint8_t> page) {
  if (page.size() < kPageHeaderBytes) return fault(page.size(), "the page ends inside its header");
  if (page[1] != kVpdDeviceIdentification) return fault(1, "it is page " + std::to_string(page[1]));
  const size_t end = kPageHeaderBytes + load_be16(page.data() + 2);
  if (end != page.size()) {
    return fault(
        2, "the page says that it has " + std::to_string(end) + " bytes, but there are " + std::to_string(page.size()));
  }
  std::vector<Designator> designators;
  for (size_t offset = kPageHeaderBytes; offset < end;) {
    Result<Designator> designator = read_designator(page, &offset);
    if (!designator.ok()) return designator.status();
    designators.push_back(designator.take());
  }
  return designators;
}

}  // namespace holdfast
