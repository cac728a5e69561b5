#include "base/status.h"

#include <cerrno>
#include <cstring>

namespace holdfast {
namespace {

const char* const kCodeTexts[] = {
#define HOLDFAST_CODE(name, text) text,
#include "base/codes.def"
#undef HOLDFAST_CODE
};

}  // namespace

const char* code_text(Code code) { return kCodeTexts[static_cast<int>(code)]; }

int code_count() { return static_cast<int>(sizeof(kCodeTexts) / sizeof(kCodeTexts[0])); }

Status::Status(Code code, std::string message, int error_number, uint64_t offset_bytes)
    : detail_(code == Code::ok
                  ? nullptr
                  : std::make_unique<Detail>(Detail{code, error_number, offset_bytes, std::move(message)})) {}

Status Status::from_errno(int error_number, std::string message, uint64_t offset_bytes) {
  Code code = Code::io;
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) code = Code::no_space;
  if (error_number == ENOMEM) code = Code::out_of_memory;
  message += ": ";
  message += std::strerror(error_number);
  return Status(code, std::move(message), error_number, offset_bytes);
}

const std::string& Status::message() const {
  // Leaked on purpose: no static object with a destructor may outlive the I/O thread.
  static const std::string* const empty = new std::string();
  return detail_ ? detail_->message : *empty;
}

}  // namespace holdfast
