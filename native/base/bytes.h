// native/base/bytes.h
//
// Writing and reading of packed little-endian records.
//
// A reader never runs past its end: a read that would gives zero and makes ok() false for good, so that a record is
// decoded in one go and checked once.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/endian.h"
#include "base/guid.h"

namespace holdfast {

class ByteWriter {
 public:
  explicit ByteWriter(std::vector<uint8_t>& out) : out_(out) {}

  void u8(uint8_t value) { out_.push_back(value); }
  void u16(uint16_t value) { store_le16(extend(2), value); }
  void u32(uint32_t value) { store_le32(extend(4), value); }
  void u64(uint64_t value) { store_le64(extend(8), value); }
  void i64(int64_t value) { u64(static_cast<uint64_t>(value)); }
  void guid(const Guid& value) { std::memcpy(extend(16), value.bytes.data(), 16); }
  void string(const std::string& value) {
    u32(static_cast<uint32_t>(value.size()));
    if (!value.empty()) std::memcpy(extend(value.size()), value.data(), value.size());
  }

 private:
  uint8_t* extend(size_t bytes) {
    out_.resize(out_.size() + bytes);
    return out_.data() + out_.size() - bytes;
  }
  std::vector<uint8_t>& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  uint8_t u8() {
    const uint8_t* at = take(1);
    return at ? *at : uint8_t{0};
  }
  uint16_t u16() {
    const uint8_t* at = take(2);
    return at ? load_le16(at) : uint16_t{0};
  }
  uint32_t u32() {
    const uint8_t* at = take(4);
    return at ? load_le32(at) : 0;
  }
  uint64_t u64() {
    const uint8_t* at = take(8);
    return at ? load_le64(at) : 0;
  }
  int64_t i64() { return static_cast<int64_t>(u64()); }
  Guid guid() {
    Guid value;
    if (const uint8_t* at = take(16)) std::memcpy(value.bytes.data(), at, 16);
    return value;
  }
  std::string string() {
    const uint32_t length = u32();
    const uint8_t* at = take(length);
    return at ? std::string(reinterpret_cast<const char*>(at), length) : std::string();
  }

  /// The next bytes as they are; empty if there are not that many.
  std::span<const uint8_t> raw(size_t count) {
    const uint8_t* at = take(count);
    return at ? std::span(at, count) : std::span<const uint8_t>();
  }

  bool ok() const { return ok_; }
  size_t left() const { return bytes_.size(); }
  /// Everything was read and nothing was missing.
  bool done() const { return ok_ && bytes_.empty(); }

 private:
  const uint8_t* take(size_t count) {
    if (!ok_ || count > bytes_.size()) {
      ok_ = false;
      return nullptr;
    }
    const uint8_t* at = bytes_.data();
    bytes_ = bytes_.subspan(count);
    return at;
  }
  std::span<const uint8_t> bytes_;
  bool ok_ = true;
};

}  // namespace holdfast
