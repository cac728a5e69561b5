'use strict'

// Finds the addon: build/Release or build/Debug of a checkout, else the fitting file under prebuilds/.
// HOLDFAST_PREBUILD=DIR looks below another directory first (the developer's CMake build, sanitizers).
const path = require('node:path')
module.exports = require('node-gyp-build')(path.join(__dirname, '..'))
