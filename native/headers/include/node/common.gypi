# What node-gyp asks the headers of Node for, as far as an addon of Node-API needs it. The headers themselves are the
# package node-api-headers (binding.gyp names it), the same for every Node: so that a build downloads nothing, and does
# not depend on which Node it was made with. scripts/native.mjs hands this folder to node-gyp as its nodedir.
{
  "target_defaults": {
    "default_configuration": "Release",
    "configurations": {
      "Release": { "cflags": ["-O2"] },
      "Debug": { "cflags": ["-g", "-O0"], "defines": ["DEBUG"] }
    },
    "cflags": ["-pthread", "-fPIC"],
    "ldflags": ["-pthread"]
  }
}
