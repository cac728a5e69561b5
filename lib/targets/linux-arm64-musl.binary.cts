// CommonJS, because require() of a .node file is what Node and every bundler understand; and a module that requires none
// of ours, for in early versions of Node 20 and 22 it may not while they are being imported.
module.exports = (): unknown => require('../../prebuilds/linux-arm64/holdfast.musl.node')
