#include "base/crc.h"

#include <array>

#include "base/endian.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace holdfast {
namespace {

constexpr uint32_t kPolynomialZlib = 0xEDB88320;
constexpr uint32_t kPolynomialCastagnoli = 0x82F63B78;

// Slicing by eight: slice[k][b] is the effect of byte b followed by k zero bytes.
using SliceTables = std::array<std::array<uint32_t, 256>, 8>;

constexpr SliceTables make_slices(uint32_t polynomial) {
  SliceTables slices{};
  for (uint32_t b = 0; b < 256; ++b) {
    uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ polynomial : crc >> 1;
    slices[0][b] = crc;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (uint32_t b = 0; b < 256; ++b) {
      uint32_t crc = slices[k - 1][b];
      slices[k][b] = crc >> 8 ^ slices[0][crc & 0xFF];
    }
  }
  return slices;
}

constexpr SliceTables kSlicesZlib = make_slices(kPolynomialZlib);
constexpr SliceTables kSlicesCastagnoli = make_slices(kPolynomialCastagnoli);

/// Works on the inverted register, as do all the update functions below.
uint32_t update_slices(const SliceTables& slices, uint32_t crc, const uint8_t* data, size_t length) {
  for (; length >= 8; data += 8, length -= 8) {
    uint32_t low = load_le32(data) ^ crc;
    uint32_t high = load_le32(data + 4);
    crc = slices[7][low & 0xFF] ^ slices[6][low >> 8 & 0xFF] ^ slices[5][low >> 16 & 0xFF] ^ slices[4][low >> 24] ^
          slices[3][high & 0xFF] ^ slices[2][high >> 8 & 0xFF] ^ slices[1][high >> 16 & 0xFF] ^ slices[0][high >> 24];
  }
  for (; length > 0; ++data, --length) crc = crc >> 8 ^ slices[0][(crc ^ *data) & 0xFF];
  return crc;
}

#if defined(__x86_64__)

// The instruction takes three cycles but one can start in each, so three lanes run side by side.
// Lane length: three of them and two words make one unit of 4096 bytes.
constexpr size_t kLaneBytes = 1360;

/// Product of two polynomials modulo Castagnoli's, coefficients reflected (bit 31 is x^0).
constexpr uint32_t multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = uint32_t{1} << 31; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = (b & 1) != 0 ? b >> 1 ^ kPolynomialCastagnoli : b >> 1;
  }
  return product;
}

/// x to the power of 8 * bytes: multiplying a register by it is feeding that many zero bytes.
constexpr uint32_t power_of_zero_bytes(uint64_t bytes) {
  uint32_t result = uint32_t{1} << 31;
  uint32_t square = uint32_t{1} << 23;  // x^8
  for (; bytes != 0; bytes >>= 1) {
    if ((bytes & 1) != 0) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

using ShiftTables = std::array<std::array<uint32_t, 256>, 4>;

constexpr ShiftTables make_lane_shift() {
  ShiftTables tables{};
  const uint32_t power = power_of_zero_bytes(kLaneBytes);
  for (size_t k = 0; k < 4; ++k) {
    for (uint32_t b = 1; b < 256; ++b) {
      // Linear: the entry of a byte is its lowest bit's, plus that of the byte without the bit.
      uint32_t rest = b & (b - 1);
      tables[k][b] = rest != 0 ? tables[k][rest] ^ tables[k][b ^ rest] : multiply(power, b << (8 * k));
    }
  }
  return tables;
}

constexpr ShiftTables kLaneShift = make_lane_shift();

uint32_t shift_lane(uint32_t crc) {
  return kLaneShift[0][crc & 0xFF] ^ kLaneShift[1][crc >> 8 & 0xFF] ^ kLaneShift[2][crc >> 16 & 0xFF] ^
         kLaneShift[3][crc >> 24];
}

__attribute__((target("sse4.2,crc32"))) uint32_t update_sse42(uint32_t crc, const uint8_t* data, size_t length) {
  uint64_t first = crc;
  for (; length >= 3 * kLaneBytes; data += 3 * kLaneBytes, length -= 3 * kLaneBytes) {
    uint64_t second = 0;
    uint64_t third = 0;
    for (size_t i = 0; i < kLaneBytes; i += 8) {
      first = _mm_crc32_u64(first, load_le64(data + i));
      second = _mm_crc32_u64(second, load_le64(data + kLaneBytes + i));
      third = _mm_crc32_u64(third, load_le64(data + 2 * kLaneBytes + i));
    }
    uint32_t joined = shift_lane(static_cast<uint32_t>(first)) ^ static_cast<uint32_t>(second);
    first = shift_lane(joined) ^ static_cast<uint32_t>(third);
  }
  for (; length >= 8; data += 8, length -= 8) first = _mm_crc32_u64(first, load_le64(data));
  uint32_t tail = static_cast<uint32_t>(first);
  for (; length > 0; ++data, --length) tail = _mm_crc32_u8(tail, *data);
  return tail;
}

// Not __builtin_cpu_supports: the variable behind it is not position independent in every compiler's runtime.
bool has_sse42() {
  unsigned int eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_SSE4_2) != 0;
}

#elif defined(__aarch64__)

__attribute__((target("+crc"))) uint32_t update_arm_castagnoli(uint32_t crc, const uint8_t* data, size_t length) {
  for (; length >= 8; data += 8, length -= 8) crc = __crc32cd(crc, load_le64(data));
  for (; length > 0; ++data, --length) crc = __crc32cb(crc, *data);
  return crc;
}

bool has_crc_instructions() { return (::getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }

#endif

}  // namespace

uint32_t crc32(const void* data, size_t length_bytes, uint32_t seed) {
  return ~update_slices(kSlicesZlib, ~seed, static_cast<const uint8_t*>(data), length_bytes);
}

uint32_t crc32c(const void* data, size_t length_bytes, uint32_t seed) {
#if defined(__x86_64__)
  static const bool has_instructions = has_sse42();
  if (has_instructions) return ~update_sse42(~seed, static_cast<const uint8_t*>(data), length_bytes);
#elif defined(__aarch64__)
  static const bool has_instructions = has_crc_instructions();
  if (has_instructions) return ~update_arm_castagnoli(~seed, static_cast<const uint8_t*>(data), length_bytes);
#endif
  return crc_detail::crc32c_table(data, length_bytes, seed);
}

uint32_t crc_detail::crc32c_table(const void* data, size_t length_bytes, uint32_t seed) {
  return ~update_slices(kSlicesCastagnoli, ~seed, static_cast<const uint8_t*>(data), length_bytes);
}

}  // namespace holdfast
