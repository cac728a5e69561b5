// native/base/endian.h
//
// Integers in foreign bytes: little-endian for disks and our own files, big-endian for SCSI, NBD and LDM.
// No alignment is required; the caller has checked that the bytes are there.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace holdfast {
namespace endian_detail {

inline uint16_t swap_bytes(uint16_t value) { return __builtin_bswap16(value); }
inline uint32_t swap_bytes(uint32_t value) { return __builtin_bswap32(value); }
inline uint64_t swap_bytes(uint64_t value) { return __builtin_bswap64(value); }

template <typename T, std::endian order>
inline T load(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  if constexpr (std::endian::native != order) value = swap_bytes(value);
  return value;
}

template <typename T, std::endian order>
inline void store(uint8_t* bytes, T value) {
  if constexpr (std::endian::native != order) value = swap_bytes(value);
  std::memcpy(bytes, &value, sizeof value);
}

}  // namespace endian_detail

inline uint16_t load_le16(const uint8_t* bytes) { return endian_detail::load<uint16_t, std::endian::little>(bytes); }
inline uint32_t load_le32(const uint8_t* bytes) { return endian_detail::load<uint32_t, std::endian::little>(bytes); }
inline uint64_t load_le64(const uint8_t* bytes) { return endian_detail::load<uint64_t, std::endian::little>(bytes); }
inline uint16_t load_be16(const uint8_t* bytes) { return endian_detail::load<uint16_t, std::endian::big>(bytes); }
inline uint32_t load_be32(const uint8_t* bytes) { return endian_detail::load<uint32_t, std::endian::big>(bytes); }
inline uint64_t load_be64(const uint8_t* bytes) { return endian_detail::load<uint64_t, std::endian::big>(bytes); }

inline void store_le16(uint8_t* bytes, uint16_t value) {
  endian_detail::store<uint16_t, std::endian::little>(bytes, value);
}
inline void store_le32(uint8_t* bytes, uint32_t value) {
  endian_detail::store<uint32_t, std::endian::little>(bytes, value);
}
inline void store_le64(uint8_t* bytes, uint64_t value) {
  endian_detail::store<uint64_t, std::endian::little>(bytes, value);
}
inline void store_be16(uint8_t* bytes, uint16_t value) {
  endian_detail::store<uint16_t, std::endian::big>(bytes, value);
}
inline void store_be32(uint8_t* bytes, uint32_t value) {
  endian_detail::store<uint32_t, std::endian::big>(bytes, value);
}
inline void store_be64(uint8_t* bytes, uint64_t value) {
  endian_detail::store<uint64_t, std::endian::big>(bytes, value);
}

}  // namespace holdfast
