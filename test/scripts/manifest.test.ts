// The manifest of a release, and what is told by it: missing, foreign, stale and mixed binaries.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { scripts } from './release.ts'

const { manifestFaults, recordBinary, targets } = scripts

const addon = fileURLToPath(new URL('../../build/Release/holdfast.node', import.meta.url))
const files = Object.values(targets).map(({ file }) => file)
const manifestOf = (folder: string): { format: number; files: Record<string, Record<string, unknown>> } =>
  JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as ReturnType<typeof manifestOf>

function scratch(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-manifest-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A folder with the addon in the place of all four, made of `sources`. */
function prebuilds(t: ExecutionContext, sources = 'now'): string {
  const folder = scratch(t)
  for (const file of files) place(folder, file, sources)
  writeFileSync(join(folder, 'README.md'), 'a page\n')
  return folder
}

function place(folder: string, file: string, sources: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  cpSync(addon, join(folder, file))
  recordBinary(folder, file, sources)
}

test('four binaries that were made of these sources are those of a release', (t) => {
  const folder = prebuilds(t)
  t.deepEqual(manifestFaults(folder, 'now'), [])
  t.deepEqual(Object.keys(manifestOf(folder).files), [...files].sort())
  const described = manifestOf(folder).files['linux-x64/holdfast.musl.node']
  t.like(described, { arch: process.arch, libc: 'musl', nodeApiVersion: 8, sourcesSha256: 'now' })
})

test('binaries of older sources are told from current ones, each with the command that makes it', (t) => {
  const folder = prebuilds(t, 'before')
  place(folder, 'linux-arm64/holdfast.musl.node', 'now')
  t.deepEqual(manifestFaults(folder, 'now'), [
    'linux-x64/holdfast.glibc.node was made of other sources: npm run prebuilds -- x64-glibc',
    'linux-arm64/holdfast.glibc.node was made of other sources: npm run prebuilds -- arm64-glibc',
    'linux-x64/holdfast.musl.node was made of other sources: npm run prebuilds -- x64-musl',
  ])
})

test('recording one binary leaves the entries of the others as they are, and no other file', (t) => {
  const folder = prebuilds(t, 'before')
  const before = manifestOf(folder).files
  place(folder, 'linux-x64/holdfast.glibc.node', 'now')
  const after = manifestOf(folder).files
  for (const file of files.filter((name) => name !== 'linux-x64/holdfast.glibc.node'))
    t.deepEqual(after[file], before[file])
  t.is(after['linux-x64/holdfast.glibc.node']?.['sourcesSha256'], 'now')
  t.deepEqual(readdirSync(folder).sort(), ['README.md', 'linux-arm64', 'linux-x64', 'manifest.json'])
})

test('a binary that was replaced after its build is not the one of the manifest', (t) => {
  const folder = prebuilds(t)
  writeFileSync(join(folder, 'linux-x64/holdfast.glibc.node'), 'made by another compiler')
  t.deepEqual(manifestFaults(folder, 'now'), [
    'linux-x64/holdfast.glibc.node is not the file that manifest.json describes: npm run prebuilds -- x64-glibc',
  ])
})

test('a missing binary, one without an entry, and what has no business there are named', (t) => {
  const folder = prebuilds(t)
  rmSync(join(folder, 'linux-arm64/holdfast.glibc.node'))
  const manifest = manifestOf(folder)
  manifest.files['linux-riscv64/holdfast.glibc.node'] = {}
  delete manifest.files['linux-x64/holdfast.musl.node']
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
  writeFileSync(join(folder, 'linux-x64/notes.txt'), '')
  t.deepEqual(manifestFaults(folder, 'now'), [
    'linux-arm64/holdfast.glibc.node is missing: npm run prebuilds -- arm64-glibc',
    'linux-x64/holdfast.musl.node is not in manifest.json: npm run prebuilds -- x64-musl',
    'manifest.json names linux-riscv64/holdfast.glibc.node, which is no target of a release',
    'linux-x64/notes.txt is no part of a release: remove it',
  ])
})

for (const [what, text] of [
  ['cut short', '{ "format": 1, "files": {'],
  ['of another format', '{ "format": 9, "files": {} }'],
]) {
  test(`a manifest that is ${String(what)} vouches for nothing`, (t) => {
    const folder = prebuilds(t)
    writeFileSync(join(folder, 'manifest.json'), String(text))
    const faults = manifestFaults(folder, 'now')
    t.is(faults.length, 4)
    for (const fault of faults) t.regex(fault, /is not in manifest\.json/)
  })
}

test('a folder that is not there has none of the four', (t) => {
  t.is(manifestFaults(join(scratch(t), 'nowhere'), 'now').length, 4)
})
