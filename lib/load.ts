/**
 * Finds the addon and loads it. The only file that does; lib/binding.ts is the only one that imports
 * this.
 *
 * Tried in order, until one loads: what was compiled here (build/Release, build/Debug), then the
 * prebuilt binary for this architecture and C library. `HOLDFAST_PREBUILD=DIR` puts another folder in
 * the place of the package, and nothing else is tried then.
 *
 * A file is looked at before it is loaded: a truncated one can kill the process instead of failing.
 */
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { explainLoadFailure, type LoadAttempt, type LoadFacts } from './load-failure.ts'

const require = createRequire(import.meta.url)

/** EM_ of the ELF header. */
const MACHINES: Record<number, string> = { 3: 'ia32', 40: 'arm', 62: 'x64', 183: 'arm64', 243: 'riscv64' }
const ELF64_HEADER_BYTES = 64

/** The addon's exports. Throws an Error with code ERR_NATIVE_NOT_LOADED and what the loader said as cause. */
export function loadNative(): unknown {
  const libc = runningLibc()
  const roots = packageRoots()
  const attempts: LoadAttempt[] = []
  const causes: unknown[] = []
  for (const path of candidates(roots, libc.libc)) {
    try {
      if (!existsSync(path)) {
        attempts.push({ path })
        continue
      }
      refuseForeign(path)
      return require(path)
    } catch (cause) {
      causes.push(cause)
      attempts.push({ path, answer: firstLine(cause, path) })
    }
  }
  const facts: LoadFacts = {
    platform: process.platform,
    arch: process.arch,
    ...libc,
    nodeVersion: process.versions.node,
    nodeApiVersion: Number(process.versions['napi'] ?? 0),
    attempts,
    shipped: [...new Set(roots.flatMap(shippedIn))],
  }
  throw Object.assign(new Error(explainLoadFailure(facts), { cause: causes[0] }), {
    code: 'ERR_NATIVE_NOT_LOADED',
    facts,
  })
}

/** The folders that may hold binaries, in the layout of the package. */
function packageRoots(): string[] {
  const override = process.env['HOLDFAST_PREBUILD']
  if (override !== undefined && override !== '') return [resolve(override)]
  // From lib/ and from dist/ alike the package is one folder up.
  const roots = [fileURLToPath(new URL('..', import.meta.url))]
  try {
    // Where a bundler has put this code into another file, the package still lies where it was installed.
    roots.push(join(dirname(require.resolve('holdfast/package.json')), '/'))
  } catch {
    // Not installed as a package: a checkout.
  }
  return [...new Set(roots)]
}

function candidates(roots: readonly string[], libc: string): string[] {
  const prebuild = join('prebuilds', `linux-${process.arch}`, `holdfast.${libc}.node`)
  const names = ['build/Release/holdfast.node', 'build/Debug/holdfast.node', prebuild]
  return roots.flatMap((root) => names.map((name) => join(root, name)))
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

/**
 * The C library of this process. Its own report knows: what a distribution calls itself does not, for
 * both libraries can be installed on one.
 */
function runningLibc(): Pick<LoadFacts, 'libc' | 'glibcVersion'> {
  const report = process.report as (NodeJS.ProcessReport & { excludeNetwork?: boolean }) | undefined
  if (report === undefined) return { libc: 'glibc', glibcVersion: undefined }
  const { excludeNetwork } = report
  // Asking for the names of the network's interfaces may take seconds.
  report.excludeNetwork = true
  try {
    const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
    const glibcVersion = header.glibcVersionRuntime
    return { libc: glibcVersion === undefined ? 'musl' : 'glibc', glibcVersion }
  } finally {
    report.excludeNetwork = excludeNetwork ?? false
  }
}

/** Throws if the file is no whole ELF file for this machine. */
function refuseForeign(path: string): void {
  const header = Buffer.alloc(ELF64_HEADER_BYTES)
  const file = openSync(path, 'r')
  let sizeBytes: number
  let readBytes: number
  try {
    sizeBytes = fstatSync(file).size
    readBytes = readSync(file, header, 0, header.length, 0)
  } finally {
    closeSync(file)
  }
  const isElf = readBytes === header.length && header.readUInt32BE(0) === 0x7f454c46
  if (!isElf) throw new Error(`it is damaged: ${sizeBytes} bytes that are no ELF file`)
  const machine = header.readUInt16LE(18)
  if (MACHINES[machine] !== process.arch) {
    throw new Error(`it was built for ${MACHINES[machine] ?? `machine ${machine}`}, not for ${process.arch}`)
  }
  // The table of sections is what a linker writes last.
  const wholeBytes = Number(header.readBigUInt64LE(40)) + header.readUInt16LE(58) * header.readUInt16LE(60)
  if (sizeBytes < wholeBytes) {
    throw new Error(`it is damaged: ${sizeBytes} bytes of at least ${wholeBytes}`)
  }
}

/** Without the path, which is shown beside it. */
function firstLine(cause: unknown, path: string): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  return (text.split('\n', 1)[0] ?? '').replace(`${path}: `, '')
}
