// native/addon/addon.cc
//
// Everything the addon offers, in one list. lib/binding.ts is its other half.
#include <napi.h>

#include "addon/completion.h"
#include "addon/environment.h"
#include "addon/functions.h"

namespace holdfast {
namespace {

void throw_failure(napi_env env, const Status& status) {
  bool pending = false;
  // A getter of an object that was read may have thrown: that is then what the caller sees.
  if (napi_is_exception_pending(env, &pending) != napi_ok || pending) return;
  (void)napi_throw(env, failure_record(env, status));
}

// The one way from JavaScript into the addon. What a function refuses is thrown as a plain record; no C++ exception
// gets past here, and one that says only that the environment is being terminated is let fall.
template <Napi::Value (*function)(Arguments&)>
napi_value enter(napi_env env, napi_callback_info info) {
  try {
    Arguments in(env, info);
    const Napi::Value value = function(in);
    if (in.ok()) return value;
    throw_failure(env, in.status());
  } catch (const Napi::Error&) {
    // Only while the environment is being terminated can a value not be made.
  } catch (const std::exception& error) {
    throw_failure(env, Status(Code::internal, error.what()));
  }
  return nullptr;
}

template <Napi::Value (*function)(Arguments&)>
void offer(Napi::Object exports, Environment* environment, const char* name) {
  exports.Set(name, Napi::Value(exports.Env(), [&] {
                napi_value made = nullptr;
                (void)napi_create_function(exports.Env(), name, NAPI_AUTO_LENGTH, enter<function>, environment, &made);
                return made;
              }()));
}

Napi::Object load(Napi::Env env, Napi::Object exports) {
  Environment* environment = Environment::create(env);
  if (environment == nullptr) return exports;

  offer<attach>(exports, environment, "attach");
  offer<engine_info>(exports, environment, "engineInfo");
  offer<monotonic_micros>(exports, environment, "monotonicMicros");

  offer<array_create>(exports, environment, "arrayCreate");
  offer<array_open>(exports, environment, "arrayOpen");
  offer<array_close>(exports, environment, "arrayClose");
  offer<array_check>(exports, environment, "arrayCheck");
  offer<array_checkpoint>(exports, environment, "arrayCheckpoint");

  offer<lun_create>(exports, environment, "lunCreate");
  offer<lun_adopt>(exports, environment, "lunAdopt");
  offer<lun_detach>(exports, environment, "lunDetach");
  offer<lun_delete>(exports, environment, "lunDelete");
  offer<lun_grow>(exports, environment, "lunGrow");
  offer<lun_revert>(exports, environment, "lunRevert");
  offer<lun_list>(exports, environment, "lunList");
  offer<lun_find>(exports, environment, "lunFind");
  offer<lun_open>(exports, environment, "lunOpen");
  offer<lun_close>(exports, environment, "lunClose");
  offer<lun_inspect>(exports, environment, "lunInspect");
  offer<lun_map>(exports, environment, "lunMap");
  offer<lun_unmap>(exports, environment, "lunUnmap");

  offer<lun_read>(exports, environment, "lunRead");
  offer<lun_fetch>(exports, environment, "lunFetch");
  offer<lun_write>(exports, environment, "lunWrite");
  offer<lun_flush>(exports, environment, "lunFlush");

  offer<set_arm>(exports, environment, "setArm");
  offer<set_record>(exports, environment, "setRecord");
  offer<set_finish>(exports, environment, "setFinish");
  offer<set_abort>(exports, environment, "setAbort");
  offer<set_list>(exports, environment, "setList");
  offer<copies_delete>(exports, environment, "copiesDelete");
  offer<copies_break>(exports, environment, "copiesBreak");
  offer<plex_begin>(exports, environment, "plexBegin");
  offer<plex_progress>(exports, environment, "plexProgress");
  offer<diff_area_set>(exports, environment, "diffAreaSet");
  offer<diff_area_find>(exports, environment, "diffAreaFind");
  offer<diff_area_list>(exports, environment, "diffAreaList");
  offer<copies_given_up>(exports, environment, "copiesGivenUp");
  offer<space_events_next>(exports, environment, "spaceEventsNext");
  offer<space_events_end>(exports, environment, "spaceEventsEnd");
  offer<walk_begin>(exports, environment, "walkBegin");
  offer<walk_continue>(exports, environment, "walkContinue");
  offer<walk_end>(exports, environment, "walkEnd");
  offer<resync_begin>(exports, environment, "resyncBegin");
  offer<resync_continue>(exports, environment, "resyncContinue");
  offer<resync_end>(exports, environment, "resyncEnd");
  offer<hold>(exports, environment, "hold");
  offer<release>(exports, environment, "release");

  offer<read_disk_layout>(exports, environment, "readDiskLayout");
  offer<read_disk_identity>(exports, environment, "readDiskIdentity");
  offer<random_disk_identity>(exports, environment, "randomDiskIdentity");
  offer<rewrite_disk_identity>(exports, environment, "rewriteDiskIdentity");
  offer<vss_flags_for_copy>(exports, environment, "vssFlagsForCopy");
  offer<set_vss_flags>(exports, environment, "setVssFlags");
  offer<make_gpt>(exports, environment, "makeGpt");
  offer<inquiry>(exports, environment, "inquiry");
  offer<parse_device_identification>(exports, environment, "parseDeviceIdentification");
  return exports;
}

}  // namespace
}  // namespace holdfast

static Napi::Object init(Napi::Env env, Napi::Object exports) { return holdfast::load(env, exports); }

NODE_API_MODULE(holdfast, init)
