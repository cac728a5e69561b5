{
  "includes": ["native/sources.gypi"],
  "targets": [
    {
      "target_name": "holdfast",
      "sources": ["<@(core_sources)", "<@(addon_sources)"],
      # The headers of Node-API are a package like any other: see native/headers.
      "include_dirs": ["native", "<!(node -p \"require('path').relative('.', require('node-api-headers').include_dir)\")"],
      "dependencies": ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except"],
      "defines": ["NAPI_VERSION=8"],
      # Warnings stay warnings here: a compiler newer than ours must not fail an installation. The CMake build turns
      # them into errors.
      "cflags_cc": ["-std=c++20", "-Wall", "-Wextra", "-Wno-missing-field-initializers", "-fvisibility=hidden"],
      # What nothing reaches is left out: most of a C++ runtime that is linked in.
      "cflags": ["-ffunction-sections", "-fdata-sections"],
      "ldflags": [
        "-Wl,--gc-sections",
        "-pthread",
        "-Wl,--version-script=../native/exports.map",
        "-Wl,-z,now"
      ]
    }
  ]
}
