#include "base/utf8.h"

namespace holdfast {

int32_t next_code_point(std::string_view text, size_t* at) {
  auto byte_at = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint32_t lead = byte_at(*at);
  size_t length = 1;
  uint32_t smallest = 0;
  uint32_t code_point = lead;
  if (lead >= 0x80) {
    if ((lead & 0xE0) == 0xC0) {
      length = 2, smallest = 0x80, code_point = lead & 0x1F;
    } else if ((lead & 0xF0) == 0xE0) {
      length = 3, smallest = 0x800, code_point = lead & 0x0F;
    } else if ((lead & 0xF8) == 0xF0) {
      length = 4, smallest = 0x10000, code_point = lead & 0x07;
    } else {
      return -1;
    }
  }
  if (text.size() - *at < length) return -1;
  for (size_t i = 1; i < length; ++i) {
    const uint32_t next = byte_at(*at + i);
    if ((next & 0xC0) != 0x80) return -1;
    code_point = code_point << 6 | (next & 0x3F);
  }
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < smallest || code_point > 0x10FFFF || surrogate) return -1;
  *at += length;
  return static_cast<int32_t>(code_point);
}

}  // namespace holdfast
