#include "base/guid.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/endian.h"

namespace holdfast {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Where a hyphen stands: before bytes 4, 6, 8 and 10.
bool hyphen_before(size_t byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

/// A sandbox may refuse getrandom(2); the device gives the same bytes.
bool read_urandom(uint8_t* bytes, size_t length) {
  int file = ::open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  size_t done = 0;
  while (done < length) {
    ssize_t got = ::read(file, bytes + done, length - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<size_t>(got);
  }
  ::close(file);
  return done == length;
}

void fill_random(uint8_t* bytes, size_t length) {
  size_t done = 0;
  while (done < length) {
    ssize_t got = ::getrandom(bytes + done, length - done, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<size_t>(got);
  }
  // Two disks with one identity can destroy data; a process without a random source cannot.
  if (done < length && !read_urandom(bytes, length)) std::abort();
}

void (*random_source)(uint8_t*, size_t) = fill_random;

void swap_gpt_fields(std::array<uint8_t, 16>& b) {
  std::swap(b[0], b[3]);
  std::swap(b[1], b[2]);
  std::swap(b[4], b[5]);
  std::swap(b[6], b[7]);
}

}  // namespace

std::string Guid::to_string() const {
  std::string text;
  text.reserve(36);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (hyphen_before(i)) text += '-';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

bool Guid::parse(std::string_view text, Guid* guid) {
  if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
  if (text.size() != 36) return false;
  Guid parsed;
  size_t at = 0;
  for (size_t i = 0; i < parsed.bytes.size(); ++i) {
    if (hyphen_before(i) && text[at++] != '-') return false;
    int high = hex_value(text[at]);
    int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return false;
    parsed.bytes[i] = static_cast<uint8_t>(high << 4 | low);
    at += 2;
  }
  *guid = parsed;
  return true;
}

Guid Guid::random() {
  Guid guid;
  random_source(guid.bytes.data(), guid.bytes.size());
  guid.bytes[6] = static_cast<uint8_t>((guid.bytes[6] & 0x0F) | 0x40);
  guid.bytes[8] = static_cast<uint8_t>((guid.bytes[8] & 0x3F) | 0x80);
  return guid;
}

std::array<uint8_t, 16> Guid::to_gpt_bytes() const {
  std::array<uint8_t, 16> gpt_bytes = bytes;
  swap_gpt_fields(gpt_bytes);
  return gpt_bytes;
}

Guid Guid::from_gpt_bytes(const uint8_t* gpt_bytes) {
  Guid guid;
  for (size_t i = 0; i < guid.bytes.size(); ++i) guid.bytes[i] = gpt_bytes[i];
  swap_gpt_fields(guid.bytes);
  return guid;
}

void set_random_source(void (*fill)(uint8_t*, size_t)) { random_source = fill == nullptr ? fill_random : fill; }

size_t GuidHash::operator()(const Guid& guid) const noexcept {
  uint64_t high = load_le64(guid.bytes.data());
  uint64_t low = load_le64(guid.bytes.data() + 8);
  // Derived ids may differ in a few bits only: spread them over the word.
  uint64_t mixed = (high ^ (low << 29 | low >> 35)) * 0x9E3779B97F4A7C15;
  return static_cast<size_t>(mixed ^ mixed >> 32);
}

}  // namespace holdfast
