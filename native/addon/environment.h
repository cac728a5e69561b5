// native/addon/environment.h
//
// What belongs to one JavaScript environment (the main thread, or one worker) and to one loading of the addon in it:
// its handles, its requests under way, and the doorbell by which the I/O thread tells it of completions.
//
// The doorbell is one thread-safe function. It is rung once per batch, when the list of completions was empty, and it
// keeps the process alive only while promises are pending.
//
// The end. When an environment ends, its cleanup hook tells the I/O thread and waits for the answer. In that one turn
// the I/O thread ends the holds of this owner, discards its unfinished sets, lets go of its handles and forgets the
// doorbell, which is destroyed right after the hook has returned. Requests under way go on to their end and are dropped
// there. process.exit(), an uncaught error and signals run no hook: then the process is gone, and opening recovers.
//
// Thread: members say theirs. The I/O thread is `io`, the environment's own thread is `js`.
// Ownership: shared by the environment itself, its handles, and the engine while the I/O thread may come across it.
#pragma once

#include <napi.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "addon/completion.h"
#include "addon/engine.h"
#include "addon/handles.h"
#include "base/status.h"
#include "hold/lease.h"
#include "io/buffer_pool.h"

namespace holdfast {

class DataRequest;

class Environment : public std::enable_shared_from_this<Environment> {
 public:
  /// js. The environment of an addon being loaded; lives until that ends. Null if that is ending already.
  static Environment* create(napi_env env);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  OwnerId owner() const { return owner_; }

  // js. ----------------------------------------------------------------------------------------------------------

  /// Takes the function that settles promises and the array it reads slots from. Once.
  Status attach(Napi::Function settle, Napi::Int32Array slots);
  bool ended() const { return ended_; }
  /// The engine, started if need be, with this environment known to it.
  Result<Engine*> engine();
  /// The request that belongs to a slot, made on first use; null if there is no such slot.
  DataRequest* request(uint32_t slot);
  BufferPool& read_pool() { return read_pool_; }
  BufferPool& write_pool() { return write_pool_; }
  /// Before a message that ends in a completion is posted.
  void call_begun();
  /// For each completion, when it is delivered.
  void call_ended() { --calls_pending_; }

  // io. ----------------------------------------------------------------------------------------------------------

  bool dead() const { return dead_; }
  /// A call has arrived; complete() is its end.
  void call_arrived() { ++calls_under_way_; }
  void complete(Completion& completion);
  std::set<std::shared_ptr<Handle>>& handles() { return handles_; }
  bool has_handle_of(const OpenArray& array) const;

 private:
  struct Greeting : Message {
    Environment* environment = nullptr;
  };
  struct Ring : Work {
    Environment* environment = nullptr;
  };
  struct Death : Message {
    Environment* environment = nullptr;
    std::mutex mutex;
    std::condition_variable acknowledged;
    bool done = false;  // guarded by mutex
  };

  explicit Environment(napi_env env);
  bool open_doorbell();
  static void answer_doorbell(napi_env env, napi_value, void* context, void*);
  void deliver_all();
  static void end(void* holder);
  void die();
  void forget_if_idle();

  const OwnerId owner_;
  const napi_env env_;

  // js
  bool ended_ = false;
  Engine* engine_ = nullptr;
  napi_ref settle_ = nullptr;
  napi_ref slots_ = nullptr;
  uint64_t calls_pending_ = 0;
  bool keeps_process_alive_ = false;
  // By slot. io only from die() on.
  std::vector<std::unique_ptr<DataRequest>> requests_;
  BufferPool read_pool_;
  BufferPool write_pool_;

  // Either: js takes, io pushes.
  CompletionList completions_;

  // io. The function is made and destroyed by js; io calls it while it is not dead_.
  napi_threadsafe_function doorbell_ = nullptr;
  bool dead_ = false;
  Greeting greeting_;
  uint64_t calls_under_way_ = 0;
  Ring ring_;
  Death death_;
  // Every handle that is not closed. A handle keeps its environment, so the circle is cut by closing.
  std::set<std::shared_ptr<Handle>> handles_;
};

}  // namespace holdfast
