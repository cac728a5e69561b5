// Builds one binary of a release.
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { nodeGyp } from './npm.mjs'
import { counted, requireLockedPackages, root, sourcesSha256 } from './sources.mjs'
import { targets } from './targets.mjs'
import { compilers } from './tools.mjs'

const require = createRequire(import.meta.url)
const headers = ['node-addon-api', 'node-api-headers']

/**
 * A copy of all that a binary is made of, headers included: then the compiler is called with the same relative paths
 * wherever the copy lies, and no path with a space comes in from where the checkout lies.
 */
export function stage(folder) {
  rmSync(folder, { recursive: true, force: true })
  for (const path of [...counted, ...headers.map((name) => `node_modules/${name}`)]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    cpSync(join(root, path), join(folder, path), { recursive: true })
  }
}

/**
 * Builds one target into `out`, a folder shaped like prebuilds/, and gives the hash of what it was made of. `folder` is
 * emptied and built in; `zigCache` is where the compiler keeps objects, instead of its place in the user's home.
 */
export function buildTarget(name, out, { folder = join(root, '.cache/release', name), zigCache } = {}) {
  const { arch, libc, triple, file } = targets[name]
  requireLockedPackages()
  stage(folder)
  // Of the copy: an edit in the checkout meanwhile is none of this binary's.
  const sources = sourcesSha256(folder)
  const argv = ['--napi', '-t', process.versions.node, '--node-gyp', nodeGyp()]
  const where = ['--arch', arch, '--platform', 'linux', '--tag-libc', libc]
  const run = spawnSync(process.execPath, [require.resolve('prebuildify/bin.js'), ...argv, ...where], {
    cwd: folder,
    encoding: 'utf8',
    env: compilers(triple, folder, zigCache),
    maxBuffer: 256 * 2 ** 20,
  })
  const built = join(folder, 'prebuilds', file)
  if (run.status !== 0 || !existsSync(built)) {
    const said = `${run.stdout}\n${run.stderr}`.slice(-20_000)
    throw new Error(`${name} was not built (${run.error?.message ?? `exit code ${run.status}`})\n${said}`)
  }
  // Renamed into place: a process that has the old one mapped keeps it.
  const placed = join(out, file)
  mkdirSync(dirname(placed), { recursive: true })
  copyFileSync(built, `${placed}.new`)
  renameSync(`${placed}.new`, placed)
  return sources
}
