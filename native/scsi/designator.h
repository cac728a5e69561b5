// native/scsi/designator.h
//
// The designators of VPD page 83h, and the strict reading of a page that any LUN may have sent.
// Thread: any.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"

namespace holdfast {

enum class CodeSet : uint8_t { binary = 1, ascii = 2, utf8 = 3 };

enum class Association : uint8_t { logical_unit = 0, target_port = 1, target_device = 2 };

/// Values from 9 on exist in newer standards and are passed on as they are.
enum class DesignatorType : uint8_t {
  vendor_specific = 0,
  t10_vendor_id = 1,
  eui64 = 2,
  naa = 3,
  relative_target_port = 4,
  target_port_group = 5,
  logical_unit_group = 6,
  md5_logical_unit = 7,
  scsi_name_string = 8,
};

struct Designator {
  static constexpr uint8_t kNoProtocol = 0xFF;

  CodeSet code_set = CodeSet::binary;
  DesignatorType type = DesignatorType::vendor_specific;
  Association association = Association::logical_unit;
  /// Protocol identifier of ports and target devices, kNoProtocol where none is given.
  uint8_t protocol = kNoProtocol;
  std::vector<uint8_t> identifier;

  friend bool operator==(const Designator&, const Designator&) = default;
};

/// Does it identify the logical unit itself, in one of the forms that are unique: types 1, 2, 3 and 8?
bool identifies_logical_unit(const Designator& designator);

/// Reads a whole page, header included. invalid_argument, with the offset of the fault, unless every length adds up,
/// every code exists and every identifier has the form of its type and code set.
Result<std::vector<Designator>> parse_device_identification(std::span<const uint8_t> page);

}  // namespace holdfast
