// native/base/utf8.h
//
// Strict decoding of UTF-8: partition names on the way in, identifiers that LUNs send.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace holdfast {

/// Decodes the code point at *at, which is inside the text, and moves past it. -1 if the bytes there are not valid
/// UTF-8; overlong forms, surrogates and anything above U+10FFFF are not.
int32_t next_code_point(std::string_view text, size_t* at);

}  // namespace holdfast
