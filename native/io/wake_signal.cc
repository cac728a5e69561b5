#include "io/wake_signal.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast {

WakeSignal::~WakeSignal() {
  if (file_ >= 0) ::close(file_);
}

int WakeSignal::open() {
  file_ = ::eventfd(0, EFD_CLOEXEC);
  return file_ < 0 ? errno : 0;
}

void WakeSignal::ring() {
  const uint64_t one = 1;
  while (::write(file_, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

}  // namespace holdfast
