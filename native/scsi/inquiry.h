// native/scsi/inquiry.h
//
// What a LUN says of itself: standard INQUIRY data and the vital product data pages 00h, 80h and 83h. A host tells
// LUNs apart by these bytes alone, so no two LUNs of an array may give the same page 83h.
//
// Direct access block device, SPC-4, response format 2. Numbers are big-endian, texts ASCII and space padded.
// Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/guid.h"
#include "base/status.h"

namespace holdfast {

inline constexpr uint8_t kVpdSupportedPages = 0x00;
inline constexpr uint8_t kVpdUnitSerialNumber = 0x80;
inline constexpr uint8_t kVpdDeviceIdentification = 0x83;

/// Texts are printable ASCII: vendor up to 8 characters, product 16, revision 4, serial 1 to 128.
struct LunIdentity {
  Guid guid;
  std::string vendor;
  std::string product;
  std::string revision;
  std::string serial;

  /// Vendor HOLDFAST, product "Array LUN" or "Shadow Copy", and the digits of the GUID as serial number.
  static LunIdentity for_lun(const Guid& guid, bool shadow_copy);
};

/// invalid_argument if a text is too long, is not printable ASCII, or the serial number is empty.
Status check_identity(const LunIdentity& identity);

// The identity passed in has been checked.
std::vector<uint8_t> standard_inquiry(const LunIdentity& identity);
std::vector<uint8_t> vpd_supported_pages(const LunIdentity& identity);
std::vector<uint8_t> vpd_unit_serial_number(const LunIdentity& identity);
/// Three designators of the logical unit: T10 vendor id, NAA locally assigned, SCSI name string.
std::vector<uint8_t> vpd_device_identification(const LunIdentity& identity);

/// The answer to an INQUIRY command, cut to the allocation length; the lengths inside stay those of the whole.
/// invalid_argument for what a target answers with INVALID FIELD IN CDB: an unknown page, or a page without EVPD.
Result<std::vector<uint8_t>> inquiry(const LunIdentity& identity, bool evpd, uint8_t page,
                                     size_t allocation_length_bytes);

}  // namespace holdfast
