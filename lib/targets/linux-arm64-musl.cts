// import 'holdfast/linux-arm64-musl': takes the binary for this system into a bundle.
//
// CommonJS, because require() of a .node file is what Node and every bundler understand.
const registry: typeof import('../addon-registry.ts') = require('../addon-registry.js')

registry.registerAddon({
  arch: 'arm64',
  libc: 'musl',
  load: (): unknown => require('../../prebuilds/linux-arm64/holdfast.musl.node'),
})
