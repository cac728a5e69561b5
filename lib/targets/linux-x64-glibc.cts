// import 'holdfast/linux-x64-glibc': takes the binary for this system into a bundle.
//
// CommonJS, because require() of a .node file is what Node and every bundler understand.
const registry: typeof import('../addon-registry.ts') = require('../addon-registry.js')

registry.registerAddon({
  arch: 'x64',
  libc: 'glibc',
  load: (): unknown => require('../../prebuilds/linux-x64/holdfast.glibc.node'),
})
