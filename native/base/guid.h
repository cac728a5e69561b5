// native/base/guid.h
//
// A GUID as 16 bytes in the order in which its text shows them. GPT stores the first three fields
// little-endian; to_gpt_bytes and from_gpt_bytes convert, and nothing else does.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast {

struct Guid {
  std::array<uint8_t, 16> bytes{};

  friend bool operator==(const Guid&, const Guid&) = default;
  friend auto operator<=>(const Guid&, const Guid&) = default;

  bool is_null() const { return *this == Guid{}; }

  /// 36 characters, lower case, without braces.
  std::string to_string() const;

  /// Accepts either case, and braces only as a pair. False leaves *guid as it was.
  static bool parse(std::string_view text, Guid* guid);

  /// Version 4 from the kernel's random source, never null.
  static Guid random();

  std::array<uint8_t, 16> to_gpt_bytes() const;
  /// Reads 16 bytes.
  static Guid from_gpt_bytes(const uint8_t* gpt_bytes);
};

/// For unordered containers. Not for keys an outsider chooses: the hash is not keyed.
/// Where Guid::random() takes its bytes from; null puts the kernel's source back. For runs that a seed must reproduce;
/// not to be called while another thread makes identities.
void set_random_source(void (*fill)(uint8_t* bytes, size_t length));

struct GuidHash {
  size_t operator()(const Guid& guid) const noexcept;
};

}  // namespace holdfast
