{
  "includes": ["native/sources.gypi"],
  "targets": [
    {
      "target_name": "holdfast",
      "sources": ["<@(core_sources)", "<@(addon_sources)"],
      "include_dirs": ["native"],
      "dependencies": ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except"],
      "defines": ["NAPI_VERSION=8"],
      # Node's common.gypi asks for its own C++ standard. Warnings stay warnings here: a compiler newer
      # than ours must not fail an installation. The CMake build turns them into errors.
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti"],
      "cflags_cc": ["-std=c++20", "-O2", "-Wall", "-Wextra", "-Wno-missing-field-initializers", "-fvisibility=hidden"],
      "ldflags": [
        "-pthread",
        "-Wl,--version-script=<(module_root_dir)/native/exports.map",
        "-Wl,-z,now"
      ]
    }
  ]
}
