{
  "variables": {
    "core_sources": [
      "native/array/branches.cc",
      "native/array/journal.cc",
      "native/array/places.cc",
      "native/array/records.cc",
      "native/array/unit_holds.cc",
      "native/array/version_map.cc",
      "native/base/crc.cc",
      "native/base/guid.cc",
      "native/base/status.cc",
      "native/disk/gpt.cc",
      "native/disk/mbr.cc",
      "native/disk/mbr_flags.cc",
      "native/disk/utf16.cc",
      "native/disk/view.cc",
      "native/hold/gate.cc",
      "native/hold/lease.cc",
      "native/io/helper_thread.cc",
      "native/io/loop.cc",
      "native/io/posix_file_system.cc",
      "native/io/thread.cc",
      "native/io/uring.cc",
      "native/io/uring_ring.cc",
      "native/io/wake_signal.cc"
    ],
    "addon_sources": [
      "native/addon/addon.cc"
    ],
    "test_sources": [],
    "bench_sources": []
  }
}
