// native/base/crc.h
//
// Two checksums: CRC-32 (polynomial of zlib and GPT) for partition tables, CRC-32C (Castagnoli) for
// everything of ours, because processors compute it.
//
// Both continue: crc(b, n, crc(a, m)) is the checksum of a followed by b.
// Thread: any. The tables are constants; which instructions are used is looked up on each call.
#pragma once

#include <cstddef>
#include <cstdint>

namespace holdfast {

uint32_t crc32(const void* data, size_t length_bytes, uint32_t seed = 0);
uint32_t crc32c(const void* data, size_t length_bytes, uint32_t seed = 0);

namespace crc_detail {

/// The portable way of crc32c. Public so that the tests can compare it with the processor's.
uint32_t crc32c_table(const void* data, size_t length_bytes, uint32_t seed);

}  // namespace crc_detail
}  // namespace holdfast
