// What is in the package, and what the judges of packages say of it.
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { scripts } from '../scripts/release.ts'
import { binaryOf, cleanEnv, filesOf, install, root, scratch, succeed, tarball } from './consumer.ts'

const { packedFaults, sourcesSha256 } = scripts

const sizeBytesMax = 4 * 2 ** 20
const binaries = ['linux-arm64/holdfast.glibc.node', 'linux-arm64/holdfast.musl.node'].concat([
  'linux-x64/holdfast.glibc.node',
  'linux-x64/holdfast.musl.node',
])

interface Manifest {
  format: number
  files: Record<
    string,
    {
      glibcFloor: string | null
      sha256: string
      sizeBytes: number
      nodeApiVersion: number
      sourcesSha256: string
    }
  >
}

test('the package holds the library, four binaries, the sources of the addon and nothing of tests', async (t) => {
  const consumer = await install(join(scratch(t), 'consumer'))
  const files = filesOf(consumer)
  for (const needed of [
    'dist/index.js',
    'dist/index.d.ts',
    'lib/index.ts',
    'binding.gyp',
    'LICENSE',
    'CHANGELOG.md',
  ]) {
    t.true(files.includes(needed), needed)
  }
  t.deepEqual(
    files.filter((path) => path.endsWith('.node')),
    binaries.map((path) => `prebuilds/${path}`),
  )
  t.deepEqual(
    files.filter((path) => /^(test|bench|build|build-cmake|tools|node_modules|\.\w+)\b/.test(path)),
    [],
  )
  t.deepEqual(
    files.filter((path) => /^dist\/bench\/[^/]+\.js$/.test(path)),
    ['dist/bench/commit.js'],
  )
  const below = (folder: string): string[] => files.filter((path) => path.startsWith(`${folder}/`))
  t.deepEqual(below('scripts'), ['scripts/native.mjs'])
  t.deepEqual(
    below('prebuilds'),
    [
      'README.md',
      'linux-arm64',
      ...binaries.slice(0, 2),
      'linux-x64',
      ...binaries.slice(2),
      'manifest.json',
    ].map((path) => `prebuilds/${path}`),
  )
  // What lies beside a source of the library or of the addon and is neither.
  t.deepEqual(
    files.filter((path) => /(\.test\.|_test\.|\.tsbuildinfo$|\.orig$|\.o$|~$|(^|\/)\.)/.test(path)),
    [],
  )
  const kinds: Record<string, RegExp> = {
    lib: /\.c?ts$/,
    native: /\.(cc|h|def|gypi|map)$/,
    dist: /\.(d\.c?ts|c?js)(\.map)?$/,
  }
  for (const [folder, kind] of Object.entries(kinds)) {
    t.deepEqual(
      below(folder).filter((path) => /\.[^/]*$/.test(path) && !kind.test(path)),
      [],
    )
  }
})

test('the manifest names every binary with its SHA-256, its size, its floor and the sources of this checkout', async (t) => {
  const consumer = await install(join(scratch(t), 'consumer'))
  const manifest = JSON.parse(binaryOf(consumer, 'manifest.json').toString()) as Manifest
  t.is(manifest.format, 1)
  t.deepEqual(Object.keys(manifest.files).sort(), binaries)
  for (const [path, described] of Object.entries(manifest.files)) {
    const bytes = binaryOf(consumer, path)
    t.is(createHash('sha256').update(bytes).digest('hex'), described.sha256, path)
    t.is(bytes.length, described.sizeBytes, path)
    t.is(described.nodeApiVersion, 8, path)
    t.is(described.sourcesSha256, sourcesSha256(root), path)
    if (path.includes('musl')) t.is(described.glibcFloor, null, path)
    else t.true(Number(described.glibcFloor?.split('.')[1]) <= 28, path)
  }
})

test('the packed package holds what npm run prebuilds:check has checked', (t) => {
  t.deepEqual(packedFaults(tarball(), root), [])
})

test(`the package is smaller than ${sizeBytesMax} bytes`, (t) => {
  const { size } = statSync(tarball())
  t.log(`${size} bytes`)
  t.true(size < sizeBytesMax)
})

test('publint and arethetypeswrong find nothing', async (t) => {
  const tools = join(root, 'tools/release/node_modules/.bin')
  const options = { cwd: root, env: cleanEnv() }
  t.regex(await succeed(join(tools, 'publint'), ['--strict', tarball()], options), /All good!/)
  // It ends with 1 for any problem of a resolution that the profile counts.
  t.regex(await succeed(join(tools, 'attw'), [tarball(), '--profile', 'esm-only'], options), /🟢 \(ESM\)/)
})

test('the package asks npm for provenance and public access when it is published', async (t) => {
  const consumer = await install(join(scratch(t), 'consumer'))
  const manifest = JSON.parse(readFileSync(join(consumer, 'node_modules/holdfast/package.json'), 'utf8')) as {
    license?: string
    publishConfig?: { access?: string; provenance?: boolean }
  }
  t.is(manifest.license, 'MIT')
  t.deepEqual(manifest.publishConfig, { access: 'public', provenance: true })
})
