// Fuzzer of texts from outside: GUIDs, UTF-8, and the UTF-16 of partition names.
#include "base/guid.h"
#include "base/utf8.h"
#include "disk/utf16.h"
#include "fuzz_main.h"

namespace holdfast::test {
namespace {

constexpr size_t kNameBytes = 72;

void read_guid(const std::string& text) {
  Guid guid;
  if (!Guid::parse(text, &guid)) return;
  Guid again;
  require(Guid::parse(guid.to_string(), &again) && again == guid, "a GUID that was read is written and read");
  require(Guid::from_gpt_bytes(guid.to_gpt_bytes().data()) == guid, "a GUID keeps its value in a GPT");
}

void read_utf8(const std::string& text) {
  bool valid = true;
  for (size_t at = 0; at < text.size() && valid;) {
    const size_t before = at;
    valid = next_code_point(text, &at) >= 0;
    require(!valid || (at > before && at - before <= 4 && at <= text.size()), "a code point has 1 to 4 bytes");
  }
  FuzzInput field(kNameBytes);
  const bool fits = utf8_to_utf16le(text, field);
  require(valid || !fits, "what is not UTF-8 is no name");
  if (fits) require(utf16le_to_utf8(field) == text, "a name that fits is read as it was written");
}

void read_utf16(std::span<const uint8_t> bytes) {
  const std::string text = utf16le_to_utf8(bytes.first(bytes.size() / 2 * 2));
  for (size_t at = 0; at < text.size();) require(next_code_point(text, &at) > 0, "a name is valid UTF-8");
}

}  // namespace

std::vector<FuzzInput> fuzz_seeds() {
  std::vector<FuzzInput> seeds;
  for (const char* text : {"{12345678-9abc-def0-1234-56789abcdef0}", "EFI system partition",
                           "Gr\xC3\xB6\xC3\x9F"
                           "e \xE2\x82\xAC",
                           "\xF0\x9F\x92\xBE", "E\0F\0I\0\x3D\xD8\xBE\xDC"}) {
    seeds.emplace_back(text, text + std::strlen(text));
  }
  return seeds;
}

}  // namespace holdfast::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holdfast::test;
  const std::string text(data, data + size);
  read_guid(text);
  read_utf8(text);
  read_utf16(std::span(data, size));
  return 0;
}
