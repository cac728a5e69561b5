// What is in the package, and what the judges of packages say of it.
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { binaryOf, cleanEnv, filesOf, install, root, scratch, succeed, tarball } from './consumer.ts'

const sizeBytesMax = 4 * 2 ** 20
const binaries = ['linux-arm64/holdfast.glibc.node', 'linux-arm64/holdfast.musl.node'].concat([
  'linux-x64/holdfast.glibc.node',
  'linux-x64/holdfast.musl.node',
])

interface Manifest {
  format: number
  files: Record<
    string,
    { glibcFloor: string | null; sha256: string; sizeBytes: number; nodeApiVersion: number }
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
})

test('the manifest names every binary with its SHA-256, its size and its floor', async (t) => {
  const consumer = await install(join(scratch(t), 'consumer'))
  const manifest = JSON.parse(binaryOf(consumer, 'manifest.json').toString()) as Manifest
  t.is(manifest.format, 1)
  t.deepEqual(Object.keys(manifest.files).sort(), binaries)
  for (const [path, described] of Object.entries(manifest.files)) {
    const bytes = binaryOf(consumer, path)
    t.is(createHash('sha256').update(bytes).digest('hex'), described.sha256, path)
    t.is(bytes.length, described.sizeBytes, path)
    t.is(described.nodeApiVersion, 8, path)
    if (path.includes('musl')) t.is(described.glibcFloor, null, path)
    else t.true(Number(described.glibcFloor?.split('.')[1]) <= 28, path)
  }
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
