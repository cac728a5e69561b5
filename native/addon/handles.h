// native/addon/handles.h
//
// What JavaScript holds of an open array or LUN: an external value with a type tag that points to a Handle.
//
// A handle is closed by arrayClose or lunClose, by the end of its environment, or, as a last resort, by its collection;
// each way ends in close() on the I/O thread. Requests made before are carried out first. The tag is random per load
// of the addon, so no value of another addon, and none of another copy of this one, passes for a handle.
//
// Thread: members say theirs. Ownership: shared by the external value and, until it is closed, by the environment.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>

#include "addon/open_arrays.h"
#include "array/lun.h"
#include "hold/lease.h"

namespace holdfast {

class Engine;
class Environment;

enum class HandleKind : uint8_t { array, lun };

class Handle : public std::enable_shared_from_this<Handle> {
 public:
  Handle(HandleKind kind, Loop& loop, std::shared_ptr<Environment> environment, std::shared_ptr<OpenArray> array);
  ~Handle();

  const HandleKind kind;
  const std::shared_ptr<Environment> environment;

  // js: set by the call that closes it; refuses every later one.
  bool closed = false;

  // io. ----------------------------------------------------------------------------------------------------------

  std::shared_ptr<OpenArray> array;  // null: let go of
  std::shared_ptr<Lun> lun;          // of a LUN handle
  LeaseId lease = 0;                 // of the hold that was last taken through this handle
  uint32_t requests_under_way = 0;

  /// Makes it known to its environment; the OpenArray counts it already. If that has died meanwhile, it is closed.
  static std::shared_ptr<Handle> make(HandleKind kind, Engine& engine, Environment& environment,
                                      std::shared_ptr<OpenArray> array, std::shared_ptr<Lun> lun);
  /// Returns when requests made before are done and the array is let go of; closes the array if nobody else has it.
  Task<Status> close(Engine& engine);
  void close_later(Engine& engine);
  void request_done();

 private:
  static Task<void> run_close(std::shared_ptr<Handle> handle, Engine& engine);

  Event idle_;
  bool closing_ = false;
};

/// io. Counts as a request of the handle for as long as it lives.
class HandleUse {
 public:
  explicit HandleUse(Handle& handle) : handle_(handle) { ++handle_.requests_under_way; }
  ~HandleUse() { handle_.request_done(); }
  HandleUse(const HandleUse&) = delete;
  HandleUse& operator=(const HandleUse&) = delete;

 private:
  Handle& handle_;
};

/// js. A new external value for the handle.
Napi::Value wrap_handle(Napi::Env env, std::shared_ptr<Handle> handle);
/// js. Null if the value is none of our handles, or one of the other kind.
Handle* unwrap_handle(napi_env env, napi_value value, HandleKind kind);

}  // namespace holdfast
