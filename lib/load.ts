// lib/load.ts
//
// Finds the addon and, where that fails, says what was looked for, what was found and what to do.
// The only file that loads a .node; lib/binding.ts is the only one that imports this.
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What is known about a failed load. Plain values, so that the explanation can be tested anywhere. */
export interface LoadFacts {
  platform: string
  arch: string
  nodeVersion: string
  /** The glibc the process runs on; undefined where it runs on another C library, or none is known. */
  glibc: string | undefined
  /** Folders that were searched, in order. */
  searched: readonly string[]
  /** The .node files found in them. */
  found: readonly string[]
  /** What the loader said. */
  reason: string
}

/** One paragraph for whoever sees the failure, ending with what to do. */
export function explainLoadFailure(facts: LoadFacts): string {
  const libc = facts.glibc === undefined ? 'a C library other than glibc' : `glibc ${facts.glibc}`
  const lines = [
    'ERR_NATIVE_NOT_LOADED: the native addon of holdfast could not be loaded.',
    `  Needed: linux-${facts.arch}, Node-API 8; running: ${facts.platform}-${facts.arch}, Node ${facts.nodeVersion}, ${libc}.`,
    `  Searched: ${facts.searched.join(', ')}.`,
    `  Found: ${facts.found.length > 0 ? facts.found.join(', ') : 'no .node file'}.`,
    `  Reason: ${facts.reason.split('\n', 1)[0]}`,
    `  What to do: ${remedy(facts)}`,
  ]
  return lines.join('\n')
}

function remedy(facts: LoadFacts): string {
  if (facts.platform !== 'linux') return 'holdfast runs on Linux only.'
  const tools = 'g++, make and python3'
  const needs = /version `((?:GLIBC|GLIBCXX|CXXABI)_[\d.]+)' not found/.exec(facts.reason)
  if (needs) {
    return (
      `this binary was built for a newer system (it needs ${needs[1]}). Install ${tools} and build it here: ` +
      'npm rebuild holdfast --build-from-source'
    )
  }
  if (/invalid ELF header|wrong ELF class|cannot open shared object file/.test(facts.reason)) {
    return (
      'the binary belongs to another machine, or node_modules was copied from one. ' +
      'Delete node_modules and install here.'
    )
  }
  return (
    `install ${tools}, then build the addon: npm rebuild holdfast. ` +
    'If npm was told not to run install scripts (--ignore-scripts, or npm 12 without an approval), ' +
    'allow it first: npm install-scripts approve holdfast'
  )
}

/** The addon's exports. Throws an Error with code ERR_NATIVE_NOT_LOADED and the loader's error as cause. */
export function loadNative(): unknown {
  try {
    return createRequire(import.meta.url)('#native')
  } catch (cause) {
    const message = explainLoadFailure(gatherFacts(cause))
    throw Object.assign(new Error(message, { cause }), { code: 'ERR_NATIVE_NOT_LOADED' })
  }
}

function gatherFacts(cause: unknown): LoadFacts {
  // From lib/ and from dist/ alike the package is one folder up.
  const root = fileURLToPath(new URL('..', import.meta.url))
  const override = process.env['HOLDFAST_PREBUILD']
  const searched = [...(override === undefined ? [] : [override]), root].flatMap((folder) => [
    join(folder, 'build/Release'),
    join(folder, 'build/Debug'),
    join(folder, `prebuilds/linux-${process.arch}`),
  ])
  const found = searched
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => path.endsWith('.node'))
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined
  return {
    platform: process.platform,
    arch: process.arch,
    nodeVersion: process.versions.node,
    glibc: report?.header?.glibcVersionRuntime,
    searched,
    found,
    reason: cause instanceof Error ? cause.message : String(cause),
  }
}
