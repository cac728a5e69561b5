{
  "variables": {
    "core_sources": [
      "native/array/unit_holds.cc",
      "native/array/version_map.cc",
      "native/base/crc.cc",
      "native/base/guid.cc",
      "native/base/status.cc",
      "native/hold/gate.cc",
      "native/hold/lease.cc",
      "native/io/loop.cc"
    ],
    "addon_sources": [
      "native/addon/addon.cc"
    ],
    "test_sources": [],
    "bench_sources": []
  }
}
