// native/base/status.h
//
// The outcome of a native call: a code, and for failures the errno, the place and a sentence.
//
// Success is a null pointer, so a Status costs eight bytes and nothing else on the data path.
// Native code throws nothing; a Status becomes a VssError in one place only, at the seam.
//
// Thread: a value type, owned by whoever holds it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace holdfast {

enum class Code : uint16_t {
#define HOLDFAST_CODE(name, text) name,
#include "base/codes.def"
#undef HOLDFAST_CODE
};

/// The text a code has in JavaScript, for example "ERR_OUT_OF_RANGE".
const char* code_text(Code code);

/// How many codes there are; code_text accepts 0 .. code_count() - 1.
int code_count();

class [[nodiscard]] Status {
 public:
  static constexpr uint64_t kNoOffset = ~uint64_t{0};

  Status() = default;
  Status(Code code, std::string message, int error_number = 0, uint64_t offset_bytes = kNoOffset);

  /// A failed system call: ENOSPC, EDQUOT and EFBIG become no_space, ENOMEM out_of_memory, all else io.
  static Status from_errno(int error_number, std::string message, uint64_t offset_bytes = kNoOffset);

  Status(const Status& other) : detail_(other.detail_ ? std::make_unique<Detail>(*other.detail_) : nullptr) {}
  Status& operator=(const Status& other) {
    if (this != &other) detail_ = other.detail_ ? std::make_unique<Detail>(*other.detail_) : nullptr;
    return *this;
  }
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  bool ok() const { return detail_ == nullptr; }
  Code code() const { return detail_ ? detail_->code : Code::ok; }
  /// The errno behind the failure, or 0.
  int error_number() const { return detail_ ? detail_->error_number : 0; }
  /// Byte offset of the failure in the LUN or file the message names, or kNoOffset.
  uint64_t offset_bytes() const { return detail_ ? detail_->offset_bytes : kNoOffset; }
  const std::string& message() const;

 private:
  struct Detail {
    Code code;
    int error_number;
    uint64_t offset_bytes;
    std::string message;
  };
  std::unique_ptr<Detail> detail_;
};

/// A value or the reason there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}         // NOLINT: implicit on purpose
  Result(Status status) : held_(std::in_place_index<1>, std::move(status)) {}  // NOLINT: implicit on purpose

  bool ok() const { return held_.index() == 0; }
  T& value() { return *std::get_if<0>(&held_); }
  const T& value() const { return *std::get_if<0>(&held_); }
  T take() { return std::move(*std::get_if<0>(&held_)); }
  Status status() const { return ok() ? Status() : *std::get_if<1>(&held_); }

 private:
  std::variant<T, Status> held_;
};

}  // namespace holdfast
