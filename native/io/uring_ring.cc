#include "io/uring_ring.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "io/clock.h"

// Younger than the oldest kernel header we build with (5.10); the numbers are the kernel's and never change.
#ifndef IORING_FEAT_EXT_ARG
#define IORING_FEAT_EXT_ARG (1U << 8)
#endif
#ifndef IORING_ENTER_EXT_ARG
#define IORING_ENTER_EXT_ARG (1U << 3)
#endif
#ifndef IORING_SETUP_COOP_TASKRUN
#define IORING_SETUP_COOP_TASKRUN (1U << 8)
#endif
#ifndef IORING_SETUP_TASKRUN_FLAG
#define IORING_SETUP_TASKRUN_FLAG (1U << 9)
#endif
#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER (1U << 12)
#endif
#ifndef IORING_SQ_TASKRUN
#define IORING_SQ_TASKRUN (1U << 2)
#endif
#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup 425
#define __NR_io_uring_enter 426
#define __NR_io_uring_register 427
#endif

namespace holdfast {
namespace {

// Layout of io_uring_getevents_arg, which 5.10 headers lack.
struct EnterArgument {
  uint64_t signal_mask = 0;
  uint32_t signal_mask_bytes = 0;
  uint32_t reserved = 0;
  uint64_t timeout = 0;
};
static_assert(sizeof(EnterArgument) == 24);

struct KernelTimespec {
  int64_t seconds = 0;
  long long nanoseconds = 0;
};

// How long to let the kernel recover when it is short of memory for new requests.
constexpr Instant kCongestionPause = kMillisecond;

uint32_t load_acquire(const uint32_t* word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
void store_release(uint32_t* word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }

int setup(uint32_t entries, io_uring_params* params) {
  return static_cast<int>(::syscall(__NR_io_uring_setup, entries, params));
}

[[noreturn]] void fail(const char* call, int error_number) {
  // Not an I/O error but a broken ring: what is in flight can be neither completed nor taken back.
  std::fprintf(stderr, "holdfast: %s: %s\n", call, std::strerror(error_number));
  std::abort();
}

/// The value of kernel.io_uring_disabled, 0 where there is none.
int disabled_setting() {
  int value = 0;
  if (std::FILE* file = std::fopen("/proc/sys/kernel/io_uring_disabled", "re")) {
    if (std::fscanf(file, "%d", &value) != 1) value = 0;
    std::fclose(file);
  }
  return value;
}

std::string refusal(int error_number) {
  std::string message = "io_uring_setup was refused";
  switch (error_number) {
    case ENOSYS:
      return message + " (this kernel, or a seccomp profile, does not offer io_uring)";
    case EPERM:
    case EACCES:
      if (const int setting = disabled_setting()) {
        return message + " (kernel.io_uring_disabled is " + std::to_string(setting) +
               "; https://docs.kernel.org/admin-guide/sysctl/kernel.html#io-uring-disabled)";
      }
      return message +
             " (a seccomp profile or security module forbids it, as container runtimes do by default; "
             "https://docs.docker.com/engine/security/seccomp/)";
    case ENOMEM:
      return message + " (memory, or the locked-memory limit: see ulimit -l)";
    case EMFILE:
    case ENFILE:
      return message + " (no file descriptor is left)";
    default:
      return message;
  }
}

}  // namespace

UringRing::~UringRing() {
  if (entries_ != nullptr) ::munmap(entries_, entries_bytes_);
  if (rings_ != nullptr) ::munmap(rings_, rings_bytes_);
  if (file_ >= 0) ::close(file_);
}

Status UringRing::create(uint32_t submissions, uint32_t completions, Options options) {
  // Newest first; a kernel answers EINVAL to flags it does not know. IORING_SETUP_DEFER_TASKRUN would be newer still,
  // but wakes for the first completion alone: at depth 8 and more it was a tenth to a fifth slower.
  const uint32_t flavours[] = {
      IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SINGLE_ISSUER,
      IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
      0,
  };
  io_uring_params params;
  for (const uint32_t flavour : flavours) {
    if (flavour != 0 && !options.cooperative_work) continue;
    std::memset(&params, 0, sizeof(params));
    params.flags = IORING_SETUP_CQSIZE | flavour;
    params.cq_entries = completions;
    file_ = setup(submissions, &params);
    if (file_ >= 0 || errno != EINVAL) break;
  }
  if (file_ < 0) {
    const int error_number = errno;
    return Status::from_errno(error_number, refusal(error_number));
  }
  if ((params.features & IORING_FEAT_SINGLE_MMAP) == 0 || !offers_operations()) {
    return Status(Code::io, "io_uring of this kernel lacks operations that came with Linux 5.6", ENOSYS);
  }
  wait_with_deadline_ = options.wait_with_deadline && (params.features & IORING_FEAT_EXT_ARG) != 0;
  work_is_announced_ = (params.flags & IORING_SETUP_TASKRUN_FLAG) != 0;
  return map(params);
}

bool UringRing::offers_operations() const {
  constexpr unsigned kOperations = 64;
  alignas(io_uring_probe) uint8_t memory[sizeof(io_uring_probe) + kOperations * sizeof(io_uring_probe_op)] = {};
  if (::syscall(__NR_io_uring_register, file_, IORING_REGISTER_PROBE, memory, kOperations) < 0) return false;
  const auto* probe = reinterpret_cast<const io_uring_probe*>(memory);
  for (const unsigned operation : {IORING_OP_READ, IORING_OP_WRITE, IORING_OP_FSYNC, IORING_OP_FALLOCATE}) {
    if (operation > probe->last_op) return false;
    const auto* offered = reinterpret_cast<const io_uring_probe_op*>(memory + sizeof(io_uring_probe)) + operation;
    if ((offered->flags & IO_URING_OP_SUPPORTED) == 0) return false;
  }
  return true;
}

Status UringRing::map(const io_uring_params& params) {
  const size_t submission_bytes = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
  const size_t completion_bytes = params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe);
  const size_t rings_bytes = submission_bytes > completion_bytes ? submission_bytes : completion_bytes;
  void* rings = ::mmap(nullptr, rings_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file_,
                       static_cast<off_t>(IORING_OFF_SQ_RING));
  if (rings == MAP_FAILED) return Status::from_errno(errno, "mapping the rings of io_uring");
  rings_ = rings;
  rings_bytes_ = rings_bytes;

  const size_t entries_bytes = params.sq_entries * sizeof(io_uring_sqe);
  void* entries = ::mmap(nullptr, entries_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file_,
                         static_cast<off_t>(IORING_OFF_SQES));
  if (entries == MAP_FAILED) return Status::from_errno(errno, "mapping the entries of io_uring");
  entries_ = static_cast<io_uring_sqe*>(entries);
  entries_bytes_ = entries_bytes;

  auto* base = static_cast<uint8_t*>(rings);
  const auto word = [base](uint32_t offset) { return reinterpret_cast<uint32_t*>(base + offset); };
  submission_head_ = word(params.sq_off.head);
  submission_tail_shared_ = word(params.sq_off.tail);
  submission_flags_ = word(params.sq_off.flags);
  submission_entries_ = params.sq_entries;
  submission_tail_ = *submission_tail_shared_;
  completion_head_ = word(params.cq_off.head);
  completion_tail_ = word(params.cq_off.tail);
  completions_ = reinterpret_cast<io_uring_cqe*>(base + params.cq_off.cqes);
  completion_entries_ = params.cq_entries;
  // Entry i is always announced in slot i.
  for (uint32_t i = 0; i < params.sq_entries; i++) word(params.sq_off.array)[i] = i;
  return Status();
}

uint32_t UringRing::consumed() const { return load_acquire(submission_head_); }

io_uring_sqe* UringRing::next_entry() {
  if (unsubmitted() == submission_entries_) return nullptr;
  io_uring_sqe* entry = &entries_[submission_tail_ & (submission_entries_ - 1)];
  submission_tail_++;
  std::memset(entry, 0, sizeof(*entry));
  return entry;
}

bool UringRing::has_completion() const { return *completion_head_ != load_acquire(completion_tail_); }

bool UringRing::pop_completion(io_uring_cqe* out) {
  const uint32_t head = *completion_head_;
  if (head == load_acquire(completion_tail_)) return false;
  const io_uring_cqe& completion = completions_[head & (completion_entries_ - 1)];
  out->user_data = completion.user_data;
  out->res = completion.res;
  out->flags = completion.flags;
  store_release(completion_head_, head + 1);
  return true;
}

void UringRing::submit() {
  const uint32_t to_submit = unsubmitted();
  // Without SQPOLL the kernel looks at the ring in io_uring_enter only; finished work it has not yet turned into
  // completions is announced by a flag.
  const bool work_waits = work_is_announced_ && (load_acquire(submission_flags_) & IORING_SQ_TASKRUN) != 0;
  if (to_submit > 0 || work_waits) enter(to_submit, false, 0);
}

void UringRing::submit_and_wait(Instant deadline) { enter(unsubmitted(), true, deadline); }

void UringRing::enter(uint32_t to_submit, bool wait, Instant deadline) {
  store_release(submission_tail_shared_, submission_tail_);
  uint32_t flags = IORING_ENTER_GETEVENTS;
  uint32_t least_completions = wait ? 1 : 0;
  KernelTimespec timeout;
  EnterArgument argument;
  const void* extra = nullptr;
  size_t extra_bytes = 0;
  if (wait && deadline != kNever) {
    if (wait_with_deadline_) {
      const timespec span = time_until(deadline, monotonic_now());
      timeout = {span.tv_sec, span.tv_nsec};
      argument.timeout = reinterpret_cast<uint64_t>(&timeout);
      flags |= IORING_ENTER_EXT_ARG;
      extra = &argument;
      extra_bytes = sizeof(argument);
    } else {
      least_completions = 0;
    }
  }
  if (::syscall(__NR_io_uring_enter, file_, to_submit, least_completions, flags, extra, extra_bytes) < 0) {
    switch (errno) {
      case EINTR:
      case ETIME:
        return;
      case EAGAIN:
      case EBUSY: {
        // No memory for more requests now, or completions to be taken first. The entries stay in the ring.
        const Instant limit = monotonic_now() + kCongestionPause;
        if (!has_completion()) pause_for_completions(wait && deadline < limit ? deadline : limit);
        return;
      }
      default:
        fail("io_uring_enter", errno);
    }
  }
  if (wait && deadline != kNever && !wait_with_deadline_ && !has_completion()) pause_for_completions(deadline);
}

void UringRing::pause_for_completions(Instant deadline) {
  pollfd ring = {file_, POLLIN, 0};
  const timespec span = time_until(deadline, monotonic_now());
  if (::ppoll(&ring, 1, &span, nullptr) < 0 && errno != EINTR && errno != ENOMEM) fail("ppoll", errno);
}

}  // namespace holdfast
