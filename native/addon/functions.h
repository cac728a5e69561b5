// native/addon/functions.h
//
// Every function the addon offers, by the file that has it; addon.cc gives them their names, lib/binding.ts their
// types. A function reads its arguments, refuses what is wrong with them, and either answers at once or posts a call
// whose promise is that of its first argument, the slot.
//
// Thread: js.
#pragma once

#include <napi.h>

#include "addon/arguments.h"

namespace holdfast {

// engine_functions.cc
Napi::Value attach(Arguments& in);
Napi::Value engine_info(Arguments& in);
Napi::Value monotonic_micros(Arguments& in);

// array_functions.cc
Napi::Value array_create(Arguments& in);
Napi::Value array_open(Arguments& in);
Napi::Value array_close(Arguments& in);
Napi::Value array_check(Arguments& in);
Napi::Value array_checkpoint(Arguments& in);

// lun_functions.cc
Napi::Value lun_create(Arguments& in);
Napi::Value lun_adopt(Arguments& in);
Napi::Value lun_detach(Arguments& in);
Napi::Value lun_delete(Arguments& in);
Napi::Value lun_grow(Arguments& in);
Napi::Value lun_revert(Arguments& in);
Napi::Value lun_list(Arguments& in);
Napi::Value lun_find(Arguments& in);
Napi::Value lun_open(Arguments& in);
Napi::Value lun_close(Arguments& in);
Napi::Value lun_inspect(Arguments& in);
Napi::Value lun_map(Arguments& in);
Napi::Value lun_unmap(Arguments& in);

// data_functions.cc
Napi::Value lun_read(Arguments& in);
Napi::Value lun_fetch(Arguments& in);
Napi::Value lun_write(Arguments& in);
Napi::Value lun_flush(Arguments& in);

// set_functions.cc
Napi::Value set_arm(Arguments& in);
Napi::Value set_record(Arguments& in);
Napi::Value set_finish(Arguments& in);
Napi::Value set_abort(Arguments& in);
Napi::Value set_list(Arguments& in);
Napi::Value copies_delete(Arguments& in);
Napi::Value copies_break(Arguments& in);
Napi::Value plex_begin(Arguments& in);
Napi::Value plex_progress(Arguments& in);

// space_functions.cc
Napi::Value diff_area_set(Arguments& in);
Napi::Value diff_area_find(Arguments& in);
Napi::Value diff_area_list(Arguments& in);
Napi::Value copies_given_up(Arguments& in);
Napi::Value space_events_next(Arguments& in);
Napi::Value space_events_end(Arguments& in);

// walk_functions.cc
Napi::Value walk_begin(Arguments& in);
Napi::Value walk_continue(Arguments& in);
Napi::Value walk_end(Arguments& in);

// resync_functions.cc
Napi::Value resync_begin(Arguments& in);
Napi::Value resync_continue(Arguments& in);
Napi::Value resync_end(Arguments& in);

// hold_functions.cc
Napi::Value hold(Arguments& in);
Napi::Value release(Arguments& in);

// disk_functions.cc
Napi::Value read_disk_layout(Arguments& in);
Napi::Value read_disk_identity(Arguments& in);
Napi::Value random_disk_identity(Arguments& in);
Napi::Value rewrite_disk_identity(Arguments& in);
Napi::Value vss_flags_for_copy(Arguments& in);
Napi::Value set_vss_flags(Arguments& in);
Napi::Value make_gpt(Arguments& in);

// scsi_functions.cc
Napi::Value inquiry(Arguments& in);
Napi::Value parse_device_identification(Arguments& in);

}  // namespace holdfast
