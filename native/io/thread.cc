#include "io/thread.h"

#include <csignal>

namespace holdfast {

int Thread::start(const char* name, void (*run)(void* context), void* context) {
  name_ = name;
  run_ = run;
  context_ = context;
  // A thread inherits its creator's mask.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error_number = pthread_create(&handle_, nullptr, &Thread::enter, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  started_ = error_number == 0;
  return error_number;
}

void Thread::join() {
  if (!started_) return;
  pthread_join(handle_, nullptr);
  started_ = false;
}

void* Thread::enter(void* self) {
  auto* thread = static_cast<Thread*>(self);
  pthread_setname_np(pthread_self(), thread->name_);
  thread->run_(thread->context_);
  return nullptr;
}

}  // namespace holdfast
