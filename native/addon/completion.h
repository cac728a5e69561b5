// native/addon/completion.h
//
// What the I/O thread has finished and JavaScript does not know of yet.
//
// Completions are pushed one by one, without a lock, and taken all at once when the doorbell has been answered. Each
// names the slot of its promise (lib/binding.ts keeps the promises). A batch is handed over in one call of the
// environment's settle function: the slots of what simply succeeded as numbers in a shared Int32Array, and only what
// carries a value or a failure as objects beside it, so that a batch of writes enters V8 once and not once per request.
//
// Thread: push() the I/O thread; take_all() and deliver() the environment's; drop() the I/O thread once that has gone.
// Ownership: a completion belongs to the list until it is delivered or dropped; it then frees or recycles itself.
#pragma once

#include <napi.h>

#include <atomic>
#include <cstdint>

#include "base/status.h"

namespace holdfast {

/// {code, message} and, where there is something to say, errno and offsetBytes: what lib/binding.ts calls Failure.
Napi::Object failure_record(Napi::Env env, const Status& status);

/// Collects the outcome of a batch and hands it to the settle function.
class Delivery {
 public:
  static constexpr uint32_t kSlotsMax = 1024;

  Delivery(Napi::Env env, napi_value settle, int32_t* slots) : env_(env), settle_(settle), slots_(slots) {}

  Napi::Env env() const { return env_; }
  void succeeded(uint32_t slot) {
    slots_[count_++] = static_cast<int32_t>(slot);
    if (count_ == kSlotsMax) flush();
  }
  void gave(uint32_t slot, Napi::Value value) { add(slot, true, value); }
  void failed(uint32_t slot, const Status& status) { add(slot, false, failure_record(env_, status)); }
  void flush();

 private:
  void add(uint32_t slot, bool ok, Napi::Value value);

  Napi::Env env_;
  napi_value settle_;
  int32_t* const slots_;
  uint32_t count_ = 0;
  // Triples of slot, success and value.
  Napi::Array others_;
  uint32_t others_count_ = 0;
};

class Completion {
 public:
  virtual void deliver(Delivery& delivery) = 0;
  virtual void drop() = 0;

 protected:
  Completion() = default;
  ~Completion() = default;

 private:
  friend class CompletionList;
  Completion* next_ = nullptr;
};

class CompletionList {
 public:
  /// True if the list was empty: the doorbell has to be rung.
  [[nodiscard]] bool push(Completion& completion) {
    Completion* newest = newest_.load(std::memory_order_relaxed);
    do {
      completion.next_ = newest;
    } while (!newest_.compare_exchange_weak(newest, &completion, std::memory_order_release, std::memory_order_relaxed));
    return newest == nullptr;
  }

  /// Calls `visit` for everything pushed so far, oldest first; the completion may be gone after its visit.
  template <typename Visit>
  void take_all(Visit visit) {
    Completion* newest = newest_.exchange(nullptr, std::memory_order_acquire);
    Completion* oldest = nullptr;
    while (newest != nullptr) {
      Completion* older = newest->next_;
      newest->next_ = oldest;
      oldest = newest;
      newest = older;
    }
    while (oldest != nullptr) {
      Completion* next = oldest->next_;
      visit(*oldest);
      oldest = next;
    }
  }

 private:
  std::atomic<Completion*> newest_{nullptr};
};

}  // namespace holdfast
