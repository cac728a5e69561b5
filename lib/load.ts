/**
 * Finds the addon and loads it. The only file that does; lib/binding.ts is the only one that imports
 * this.
 *
 * Tried in order, until one loads: what a bundle brings along (lib/targets), what was compiled here
 * (build/Release, build/Debug), then the prebuilt binary for this architecture and C library.
 * `HOLDFAST_PREBUILD=DIR` puts another folder in the place of all of them.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { askManifest, type ManifestAnswer, refuseForeign } from './addon-file.ts'
import { type RegisteredAddon, registeredAddons } from './addon-registry.ts'
import { type Libc, runningGlibcVersion, runningLibc } from './libc.ts'
import { explainLoadFailure, type LoadAttempt, type LoadFacts } from './load-failure.ts'
import { VERSION } from './version.ts'

/** The addon's exports. Throws an Error with code ERR_NATIVE_NOT_LOADED and what the loader said as cause. */
export function loadNative(): unknown {
  const here = thisFile()
  const require = createRequire(here)
  const override = process.env['HOLDFAST_PREBUILD'] ?? ''
  const installed = override === '' ? installedPackage(require) : undefined
  // From lib/ and from dist/ alike the package is one folder up.
  const above = join(dirname(here), '..', '/')
  const roots = override === '' ? [...new Set([above, installed ?? above])] : [resolve(override)]
  const bundled = override === '' ? registeredAddons() : []
  const libc = runningLibc()

  const attempts: LoadAttempt[] = []
  const causes: unknown[] = []
  /** Gives undefined where the file does not load. */
  const attempt = (path: string, load: () => unknown): unknown => {
    try {
      return load()
    } catch (cause) {
      causes.push(cause)
      attempts.push({ path, answer: answerOf(cause, path), ...manifestOf(path) })
      return undefined
    }
  }
  const attemptFile = (path: string): unknown => {
    if (!isAbsent(path)) return attempt(path, () => loadFile(path, require))
    attempts.push({ path, ...manifestOf(path) })
    return undefined
  }

  for (const addon of bundled) {
    if (addon.arch !== process.arch || addon.libc !== libc) continue
    const given = attempt(`holdfast/${targetOf(addon)}`, () => addon.load())
    const loaded = typeof given === 'string' ? attemptFile(resolve(dirname(here), given)) : given
    if (loaded !== undefined) return loaded
  }
  for (const root of roots) {
    const stranger = override === '' ? strangerIn(root) : undefined
    if (stranger !== undefined) attempts.push(stranger)
    for (const path of stranger === undefined ? pathsBelow(root, libc) : []) {
      const loaded = attemptFile(path)
      if (loaded !== undefined) return loaded
    }
  }

  const facts: LoadFacts = {
    platform: process.platform,
    arch: process.arch,
    libc,
    glibcVersion: libc === 'glibc' ? runningGlibcVersion() : undefined,
    nodeVersion: process.versions.node,
    nodeApiVersion: Number(process.versions['napi'] ?? 0),
    nodeOptions: [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)],
    version: VERSION,
    override: override === '' ? undefined : resolve(override),
    attempts,
    shipped: [...new Set(roots.flatMap(shippedIn))],
    bundled: bundled.map(targetOf),
    installed,
    bundle: /^load\.[jt]s$/.test(basename(here)) ? undefined : here,
  }
  throw Object.assign(new Error(explainLoadFailure(facts), { cause: causes[0] }), {
    code: 'ERR_NATIVE_NOT_LOADED',
    facts,
  })
}

/** The file that this code lies in: this one, or a bundle. In a CommonJS bundle `import.meta` is empty. */
function thisFile(): string {
  const url = import.meta.url as string | undefined
  if (url?.startsWith('file:') === true) return fileURLToPath(url)
  return resolve(typeof __filename === 'string' ? __filename : 'bundle.js')
}

/** The folder of the package, by its name; a bundle that is on its own has none. */
function installedPackage(require: NodeJS.Require): string | undefined {
  try {
    return join(dirname(require.resolve('holdfast/package.json')), '/')
  } catch {
    return undefined
  }
}

/**
 * Why the package below `root` is none to take an addon from: it is another version than this library,
 * which may be part of a bundle. A folder that is no package of ours, or none at all, is no stranger.
 */
function strangerIn(root: string): LoadAttempt | undefined {
  const path = join(root, 'package.json')
  try {
    const { name, version } = JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string }
    if (name !== 'holdfast' || version === VERSION) return undefined
    return { path, answer: `it is of holdfast ${version}, not of ${VERSION}` }
  } catch {
    return undefined
  }
}

function pathsBelow(root: string, libc: Libc): string[] {
  const prebuild = join('prebuilds', `linux-${process.arch}`, `holdfast.${libc}.node`)
  return ['build/Release/holdfast.node', 'build/Debug/holdfast.node', prebuild].map((name) =>
    join(root, name),
  )
}

function shippedIn(root: string): string[] {
  const folder = join(root, 'prebuilds')
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.node'))
      .sort()
  } catch {
    // None, or not for this user to see: what was tried says more.
    return []
  }
}

/** False where a folder above it keeps this user from knowing: the attempt then says so. */
function isAbsent(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined
  } catch {
    return false
  }
}

function loadFile(path: string, require: NodeJS.Require): unknown {
  refuseForeign(path)
  try {
    return require(path)
  } catch (cause) {
    if (askManifest(path) !== 'different') throw cause
    throw new Error(`it is damaged: it does not match the manifest (${answerOf(cause, path)})`, { cause })
  }
}

function manifestOf(path: string): { manifest?: ManifestAnswer } {
  const manifest = askManifest(path)
  return manifest === undefined ? {} : { manifest }
}

function targetOf({ arch, libc }: RegisteredAddon): string {
  return `linux-${arch}-${libc}`
}

/** Its first line, without the path, which is shown beside it. */
function answerOf(cause: unknown, path: string): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  return (text.split('\n', 1)[0] ?? '').replace(`${path}: `, '')
}
