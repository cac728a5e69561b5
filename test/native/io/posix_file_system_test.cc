// What the files of a real file system do that those of the simulator need not.

#include "io/posix_file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace holdfast {
namespace {

TEST(PosixFileSystem, ALockEndsWithTheCloseEvenWhileAChildThatIsBeingStartedHasACopyOfTheDescriptor) {
  char name[] = "/tmp/holdfast-lock-XXXXXX";
  const int made = ::mkstemp(name);
  ASSERT_GE(made, 0);
  ::close(made);
  PosixFileSystem files;
  const int first = files.open(name, O_RDWR, 0);
  ASSERT_EQ(files.lock(first), 0);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    // As between fork and exec: every descriptor is there, until the parent closes its end.
    char byte;
    ::close(ends[1]);
    (void)!::read(ends[0], &byte, 1);
    ::_exit(0);
  }
  ASSERT_GT(child, 0);
  EXPECT_EQ(files.close(first), 0);
  const int second = files.open(name, O_RDWR, 0);
  EXPECT_EQ(files.lock(second), 0);
  files.close(second);
  ::close(ends[1]);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  ::unlink(name);
}

}  // namespace
}  // namespace holdfast
