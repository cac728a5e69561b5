// native/disk/utf16.h
//
// Partition names: UTF-16LE in a fixed field on disk, UTF-8 everywhere else.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace holdfast {

/// Reads up to the first zero unit or the end of the field. A lone surrogate becomes U+FFFD.
std::string utf16le_to_utf8(std::span<const uint8_t> field);

/// Fills the field, zero padded. False if the text is not valid UTF-8, holds a zero, or is too long for the field.
bool utf8_to_utf16le(std::string_view text, std::span<uint8_t> field);

}  // namespace holdfast
