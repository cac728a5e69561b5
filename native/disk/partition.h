// native/disk/partition.h
//
// One partition as read from an MBR or a GPT, and the attribute bits that shadow copies use.
// Thread: a value type.
#pragma once

#include <cstdint>
#include <string>

#include "base/guid.h"

namespace holdfast {

enum class LayoutKind : uint8_t { none, mbr, gpt };

// Bits of the GPT attribute field as the basic data type defines them; on MBR disks the same bits lie in a sector of
// our own (mbr_flags.h).
inline constexpr uint64_t kAttributeReadOnly = uint64_t{1} << 60;
inline constexpr uint64_t kAttributeShadowCopy = uint64_t{1} << 61;
inline constexpr uint64_t kAttributeHidden = uint64_t{1} << 62;
inline constexpr uint64_t kAttributeNoDriveLetter = uint64_t{1} << 63;
inline constexpr uint64_t kVssFlagsMask =
    kAttributeReadOnly | kAttributeShadowCopy | kAttributeHidden | kAttributeNoDriveLetter;

inline constexpr Guid kTypeBasicData{
    {0xEB, 0xD0, 0xA0, 0xA2, 0xB9, 0xE5, 0x44, 0x33, 0x87, 0xC0, 0x68, 0xB6, 0xB7, 0x26, 0x99, 0xC7}};
inline constexpr Guid kTypeLinuxData{
    {0x0F, 0xC6, 0x3D, 0xAF, 0x84, 0x83, 0x47, 0x72, 0x8E, 0x79, 0x3D, 0x69, 0xD8, 0x47, 0x7D, 0xE4}};
inline constexpr Guid kTypeLdmMetadata{
    {0x58, 0x08, 0xC8, 0xAA, 0x7E, 0x8F, 0x42, 0xE0, 0x85, 0xD2, 0xE1, 0xE9, 0x04, 0x34, 0xCF, 0xB3}};

struct Partition {
  /// As other tools count: GPT the slot of its entry, MBR 1..4 for primary and 5.. for logical ones.
  uint32_t index = 0;
  /// GPT only; null on MBR.
  Guid type_guid;
  Guid unique_guid;
  /// MBR only; 0 on GPT.
  uint8_t mbr_type = 0;
  uint64_t first_lba = 0;
  /// Inclusive.
  uint64_t last_lba = 0;
  /// The whole GPT attribute field; 0 on MBR.
  uint64_t attributes = 0;
  /// The four bits above, wherever this kind of disk keeps them.
  uint64_t vss_flags = 0;
  /// UTF-8; what was no valid UTF-16 shows as U+FFFD. Empty on MBR.
  std::string name;
  uint64_t offset_bytes = 0;
  uint64_t length_bytes = 0;
  /// GPT basic data: the type for which the meaning of the four bits is defined.
  bool is_basic_data = false;
  /// An extended MBR partition: it holds logical ones and is no volume itself.
  bool is_extended = false;
};

}  // namespace holdfast
