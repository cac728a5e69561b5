#include "io/io_thread.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "io/uring.h"

#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup 425
#endif

namespace holdfast {
namespace {

struct Ask : Message {
  explicit Ask(void (*what_)(Ask&, Loop&)) : what(what_) {
    run = [](Message* message, Loop& loop) {
      auto* self = static_cast<Ask*>(message);
      self->what(*self, loop);
      self->answered.store(true, std::memory_order_release);
      self->answered.notify_one();
    };
  }
  void wait() { answered.wait(false, std::memory_order_acquire); }

  void (*what)(Ask&, Loop&);
  std::atomic<bool> answered{false};
  std::string text;
  bool flag = false;
};

class IoThreadTest : public ::testing::TestWithParam<EngineChoice> {
 protected:
  void SetUp() override {
    Result<std::unique_ptr<IoThread>> started = IoThread::start(GetParam());
    if (!started.ok() && GetParam() == EngineChoice::uring) GTEST_SKIP() << started.status().message();
    ASSERT_TRUE(started.ok()) << started.status().message();
    thread_ = started.take();
  }
  std::unique_ptr<IoThread> thread_;
};

TEST_P(IoThreadTest, MessagesRunOnAThreadOfTheirOwnThatTakesNoSignals) {
  Ask ask([](Ask& self, Loop&) {
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof(name));
    self.text = name;
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    self.flag = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGINT) == 1;
  });
  thread_->post(ask);
  ask.wait();
  EXPECT_EQ(ask.text, "holdfast-io");
  EXPECT_TRUE(ask.flag);
}

TEST_P(IoThreadTest, EveryMessageOfManyThreadsRunsOnceAndInOrderPerThread) {
  struct Count : Message {
    int* last;
    int number;
    std::atomic<int>* ran;
  };
  constexpr int kThreads = 3;
  constexpr int kMessages = 5000;
  std::atomic<int> ran{0};
  std::vector<int> last(kThreads, -1);
  std::vector<std::vector<Count>> messages(kThreads);
  for (auto& of_thread : messages) of_thread = std::vector<Count>(kMessages);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; t++) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kMessages; i++) {
        Count& message = messages[t][i];
        message.last = &last[t];
        message.number = i;
        message.ran = &ran;
        message.run = [](Message* posted, Loop&) {
          auto* self = static_cast<Count*>(posted);
          EXPECT_EQ(self->number, ++*self->last);
          self->ran->fetch_add(1);
        };
        thread_->post(message);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  thread_.reset();
  EXPECT_EQ(ran.load(), kThreads * kMessages);
}

TEST_P(IoThreadTest, ATaskSpawnedByAMessageDoesIo) {
  struct Job : Message {
    std::atomic<int64_t> result{-1};
  } job;
  job.run = [](Message* message, Loop& loop) {
    const auto task = [](Loop& on, Job& self) -> Task<void> {
      const int64_t file =
          co_await file_call(on, [](FileSystem& files) { return files.open("/tmp", O_TMPFILE | O_RDWR, 0600); });
      char byte = 'x';
      const int64_t written = co_await IoAwait(on, IoOp::write, static_cast<int>(file), 41, &byte, 1);
      EXPECT_EQ(written, 1);
      FileStat status;
      co_await file_call(on, [&](FileSystem& files) { return files.stat(static_cast<int>(file), &status); });
      co_await file_call(on, [&](FileSystem& files) { return files.close(static_cast<int>(file)); });
      self.result.store(static_cast<int64_t>(status.size_bytes));
      self.result.notify_one();
    };
    loop.spawn(task(loop, *static_cast<Job*>(message)));
  };
  thread_->post(job);
  job.result.wait(-1);
  EXPECT_EQ(job.result.load(), 42);
}

TEST_P(IoThreadTest, EndingDestroysTasksThatWaitAndAwaitsTheirRequests) {
  Ask ask([](Ask&, Loop& loop) {
    const auto task = [](Loop& on) -> Task<void> {
      const int64_t file =
          co_await file_call(on, [](FileSystem& files) { return files.open("/tmp", O_TMPFILE | O_RDWR, 0600); });
      std::vector<char> bytes(1 << 20, 'x');
      for (;;) co_await IoAwait(on, IoOp::write, static_cast<int>(file), 0, bytes.data(), bytes.size());
    };
    for (int i = 0; i < 8; i++) loop.spawn(task(loop));
  });
  thread_->post(ask);
  ask.wait();
  ::usleep(20000);
  thread_.reset();
}

INSTANTIATE_TEST_SUITE_P(Engines, IoThreadTest, ::testing::Values(EngineChoice::uring, EngineChoice::threads),
                         [](const auto& choice) { return choice.param == EngineChoice::uring ? "Uring" : "Threads"; });

TEST(EngineInfoTest, AForcedThreadPoolSaysSoAndNamesTheKernel) {
  Result<std::unique_ptr<IoThread>> thread = IoThread::start(EngineChoice::threads);
  ASSERT_TRUE(thread.ok());
  EXPECT_EQ(thread.value()->info().engine, "threads");
  EXPECT_EQ(thread.value()->info().why, "asked for");
  EXPECT_FALSE(thread.value()->info().kernel.empty());
}

/// Runs `body` in a process in which io_uring_setup answers `error_number`, as under a container's seccomp profile.
/// Its return value is the exit code.
int in_process_without_uring(int error_number, int (*body)()) {
  const pid_t child = ::fork();
  if (child == 0) {
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<uint32_t>(error_number)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(100);
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) ::_exit(101);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

TEST(EngineFallbackTest, ARefusalBySeccompFallsBackToThreadsAndKeepsTheReason) {
  EXPECT_EQ(in_process_without_uring(EPERM,
                                     [] {
                                       Result<IoThread*> thread = IoThread::process();
                                       if (!thread.ok()) return 1;
                                       const EngineInfo& info = thread.value()->info();
                                       if (info.engine != "threads") return 2;
                                       if (info.why.find("seccomp") == std::string::npos) return 3;
                                       if (info.why.find("Operation not permitted") == std::string::npos) return 4;
                                       Ask ask([](Ask& self, Loop&) { self.flag = true; });
                                       thread.value()->post(ask);
                                       ask.wait();
                                       return ask.flag ? 0 : 5;
                                     }),
            0);
}

TEST(EngineFallbackTest, AKernelWithoutIoUringFallsBackToThreads) {
  EXPECT_EQ(in_process_without_uring(ENOSYS,
                                     [] {
                                       Result<IoThread*> thread = IoThread::process();
                                       if (!thread.ok()) return 1;
                                       if (thread.value()->info().engine != "threads") return 2;
                                       const bool told = thread.value()->info().why.find("kernel") != std::string::npos;
                                       return told ? 0 : 3;
                                     }),
            0);
}

TEST(EngineFallbackTest, AForcedIoUringThatIsRefusedIsAnErrorAndNoFallback) {
  EXPECT_EQ(in_process_without_uring(EPERM,
                                     [] {
                                       ::setenv("HOLDFAST_IO", "uring", 1);
                                       const Result<IoThread*> thread = IoThread::process();
                                       if (thread.ok()) return 1;
                                       if (thread.status().error_number() != EPERM) return 2;
                                       // Not remembered: the next call may choose another.
                                       ::setenv("HOLDFAST_IO", "threads", 1);
                                       return IoThread::process().ok() ? 0 : 3;
                                     }),
            0);
}

TEST(EngineFallbackTest, AnUnknownEngineIsAnInvalidArgument) {
  EXPECT_EQ(in_process_without_uring(EPERM,
                                     [] {
                                       ::setenv("HOLDFAST_IO", "fast", 1);
                                       const Result<IoThread*> thread = IoThread::process();
                                       if (thread.ok()) return 1;
                                       return thread.status().code() == Code::invalid_argument ? 0 : 2;
                                     }),
            0);
}

TEST(EngineFallbackTest, TheProcessHasOneIoThreadAndExitsWithoutEndingIt) {
  const pid_t child = ::fork();
  if (child == 0) {
    const Result<IoThread*> first = IoThread::process();
    const Result<IoThread*> second = IoThread::process();
    const bool same = first.ok() && second.ok() && first.value() == second.value();
    // exit() and not _exit(): static destructors run while the thread does.
    std::exit(same ? 17 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 17);
}

}  // namespace
}  // namespace holdfast
