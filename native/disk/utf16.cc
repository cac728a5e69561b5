#include "disk/utf16.h"

#include <algorithm>

#include "base/endian.h"
#include "base/utf8.h"

namespace holdfast {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;

bool is_high_surrogate(uint32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low_surrogate(uint32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

void append_utf8(uint32_t code_point, std::string* text) {
  auto put = [text](uint32_t byte) { text->push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

}  // namespace

std::string utf16le_to_utf8(std::span<const uint8_t> field) {
  std::string text;
  const size_t units = field.size() / 2;
  for (size_t i = 0; i < units; ++i) {
    const uint32_t unit = load_le16(field.data() + 2 * i);
    if (unit == 0) break;
    if (is_high_surrogate(unit) && i + 1 < units) {
      const uint32_t next = load_le16(field.data() + 2 * (i + 1));
      if (is_low_surrogate(next)) {
        append_utf8(0x10000 + ((unit - 0xD800) << 10) + (next - 0xDC00), &text);
        ++i;
        continue;
      }
    }
    append_utf8(is_high_surrogate(unit) || is_low_surrogate(unit) ? kReplacement : unit, &text);
  }
  return text;
}

bool utf8_to_utf16le(std::string_view text, std::span<uint8_t> field) {
  std::fill(field.begin(), field.end(), uint8_t{0});
  const size_t units = field.size() / 2;
  size_t unit = 0;
  size_t at = 0;
  while (at < text.size()) {
    const int32_t code_point = next_code_point(text, &at);
    if (code_point <= 0) return false;
    const size_t needed = code_point >= 0x10000 ? 2 : 1;
    if (unit + needed > units) return false;
    if (needed == 2) {
      const uint32_t rest = static_cast<uint32_t>(code_point) - 0x10000;
      store_le16(field.data() + 2 * unit, static_cast<uint16_t>(0xD800 + (rest >> 10)));
      store_le16(field.data() + 2 * (unit + 1), static_cast<uint16_t>(0xDC00 + (rest & 0x3FF)));
    } else {
      store_le16(field.data() + 2 * unit, static_cast<uint16_t>(code_point));
    }
    unit += needed;
  }
  return true;
}

}  // namespace holdfast
