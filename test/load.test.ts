// The loader in packages that are not as they should be, each in a process of its own.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import test, { type ExecutionContext } from 'ava'
import { loadNative } from '../lib/load.ts'
import type { LoadFacts } from '../lib/load-failure.ts'
import { VERSION } from '../lib/version.ts'
import { programAsking } from './helpers/elf-program.ts'

const parts = [
  'load',
  'load-failure',
  'load-commands',
  'libc',
  'elf',
  'addon-file',
  'addon-registry',
  'version',
].map((name) => `lib/${name}.ts`)
const root = fileURLToPath(new URL('..', import.meta.url))
const addon = join(root, 'build/Release/holdfast.node')
const built = 'build/Release/holdfast.node'
const prebuild = `prebuilds/linux-${process.arch}/holdfast.glibc.node`

interface Outcome {
  loaded?: string[]
  code?: string
  message?: string
  hasCause?: boolean
  facts?: LoadFacts
}

/** A package with the loader and these files in it, and what loading it gives. */
function load(
  t: ExecutionContext,
  files: Record<string, (path: string) => void>,
  env = {},
  before = '',
): Outcome {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-load-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const path of ['package.json', ...parts]) cpSync(join(root, path), join(folder, path))
  for (const [path, make] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    make(join(folder, path))
  }
  const probe = join(folder, 'probe.ts')
  writeFileSync(
    probe,
    `${before}
     import { loadNative } from './lib/load.ts'
     try { console.log(JSON.stringify({ loaded: Object.keys(loadNative()) })) }
     catch (e) {
       const hasCause = e.cause instanceof Error
       console.log(JSON.stringify({ code: e.code, message: e.message, hasCause, facts: e.facts }))
     }\n`,
  )
  const loader = 'typescript' in process.features && process.features.typescript ? [] : ['--import=tsx']
  const run = spawnSync(process.execPath, [...loader, probe], {
    cwd: root,
    env: { ...process.env, HOLDFAST_PREBUILD: '', ...env },
    encoding: 'utf8',
  })
  t.is(run.status, 0, run.stderr)
  return JSON.parse(run.stdout) as Outcome
}

const whole = (path: string): void => copyFileSync(addon, path)
const cut =
  (bytes: number) =>
  (path: string): void => {
    whole(path)
    truncateSync(path, bytes)
  }
const answers = ({ facts }: Outcome): (string | undefined)[] =>
  (facts?.attempts ?? []).map(({ answer }) => answer)

// Outside node_modules a package is a checkout.
const checkoutCommand = /What to do: npm --prefix \S+\/holdfast-load-\w+\/ run build:native$/

test('a package without any binary fails with the code, the attempts and the command', (t) => {
  const outcome = load(t, {})
  t.like(outcome, { code: 'ERR_NATIVE_NOT_LOADED', hasCause: false })
  t.deepEqual(
    outcome.facts?.attempts.map(({ path }) => path.replace(/.*holdfast-load-\w+\//, '')),
    [built, 'build/Debug/holdfast.node', prebuild],
  )
  t.deepEqual(answers(outcome), [undefined, undefined, undefined])
  t.regex(String(outcome.message), checkoutCommand)
})

test('what was compiled here comes first, a prebuilt binary after it', (t) => {
  t.true(load(t, { [built]: whole, [prebuild]: cut(0) }).loaded?.includes('lunWrite'))
  t.true(load(t, { [prebuild]: whole }).loaded?.includes('lunWrite'))
})

test('a file that does not load does not keep out the next', (t) => {
  t.true(load(t, { [built]: cut(20_000), [prebuild]: whole }).loaded?.includes('lunWrite'))
})

test('a truncated file is refused, wherever it ends, without a crash', (t) => {
  for (const bytes of [0, 10, 64, 4096, 100_000]) {
    const outcome = load(t, { [built]: cut(bytes) })
    t.like(outcome, { code: 'ERR_NATIVE_NOT_LOADED', hasCause: true })
    t.regex(String(answers(outcome)[0]), new RegExp(`^it is damaged: ${bytes} bytes`))
    t.regex(String(outcome.message), checkoutCommand)
  }
})

/** Of full length, and naming a library that there is not. */
const altered = (path: string): void => {
  const bytes = readFileSync(addon)
  bytes.write('libX.so.6', bytes.indexOf('libc.so.6'), 'latin1')
  writeFileSync(path, bytes)
}
const manifest =
  (of: string) =>
  (path: string): void => {
    const sha256 = createHash('sha256').update(readFileSync(of)).digest('hex')
    const files = { [prebuild.slice('prebuilds/'.length)]: { sha256 } }
    writeFileSync(path, JSON.stringify({ format: 1, files }))
  }

test('a file of full length that fails and is not the one of the manifest is named as damaged', (t) => {
  const outcome = load(t, { [prebuild]: altered, 'prebuilds/manifest.json': manifest(addon) })
  t.regex(
    String(answers(outcome).at(-1)),
    /^it is damaged: it does not match the manifest \(libX\.so\.6: cannot open/,
  )
})

test('a file that fails and is the one of the manifest, or of no manifest, keeps its own answer', (t) => {
  const outcome = load(t, { [prebuild]: altered })
  t.regex(String(answers(outcome).at(-1)), /^libX\.so\.6: cannot open/)
  const listed = (path: string): void => {
    const copy = join(dirname(path), 'altered')
    altered(copy)
    manifest(copy)(path)
  }
  const again = load(t, { [prebuild]: altered, 'prebuilds/manifest.json': listed })
  t.is(again.facts?.attempts.at(-1)?.manifest, 'same')
  t.regex(String(answers(again).at(-1)), /^libX\.so\.6: cannot open/)
  const broken = (path: string): void => writeFileSync(path, '{')
  const unreadable = load(t, { [prebuild]: altered, 'prebuilds/manifest.json': broken })
  t.regex(String(answers(unreadable).at(-1)), /^libX\.so\.6: cannot open/)
})

test('a prebuilt binary that the manifest names and that is not there is told from one that never was', (t) => {
  const outcome = load(t, { 'prebuilds/manifest.json': manifest(addon) })
  t.is(outcome.facts?.attempts.at(-1)?.manifest, 'missing')
  t.regex(String(outcome.message), /The package is incomplete: \S+holdfast\.glibc\.node was shipped/)
  t.is(load(t, {}).facts?.attempts.at(-1)?.manifest, undefined)
})

test('a process whose program runs on musl looks for the binary of musl', (t) => {
  const program = programAsking(t, '/lib/ld-musl-x86_64.so.1')
  const musl = prebuild.replace('glibc', 'musl')
  const before = `process.execPath = ${JSON.stringify(program)}`
  const outcome = load(t, { [prebuild]: whole }, {}, before)
  t.like(outcome.facts, { libc: 'musl', glibcVersion: undefined })
  t.true(outcome.facts?.attempts.at(-1)?.path.endsWith(`/${musl}`))
  // What lies there stands for it: that it is taken is the question here.
  t.true(load(t, { [musl]: whole }, {}, before).loaded?.includes('lunWrite'))
})

test('the addon of a package of another version is not taken, and the failure says which one is needed', (t) => {
  const other = (path: string): void =>
    writeFileSync(
      path,
      '{"name":"holdfast","version":"99.0.0","exports":{"./package.json":"./package.json"}}',
    )
  const outcome = load(t, { 'package.json': other, [built]: whole })
  t.deepEqual(answers(outcome), [`it is of holdfast 99.0.0, not of ${VERSION}`])
  t.regex(String(outcome.message), /the package that it found is 99\.0\.0/)
  const asked = { HOLDFAST_PREBUILD: root }
  t.true(load(t, { 'package.json': other }, asked).loaded?.includes('lunWrite'), 'unless it is asked for')
  const anybodys = (path: string): void => writeFileSync(path, '{"name":"app","version":"99.0.0"}')
  t.true(load(t, { 'package.json': anybodys, [built]: whole }).loaded?.includes('lunWrite'))
})

test('a file that this user may not read, or in a folder that he may not, is no missing file', (t) => {
  const locked =
    (what: (path: string) => string) =>
    (path: string): void => {
      whole(path)
      // For a user other than root the folder would stay behind.
      t.teardown(() => chmodSync(what(path), 0o755))
      chmodSync(dirname(dirname(dirname(path))), 0o755)
      chmodSync(what(path), 0)
    }
  const asAnybody = 'if (process.getuid() === 0) process.setuid(65534)'
  for (const what of [(path: string) => path, dirname]) {
    const outcome = load(t, { [built]: locked(what) }, {}, asAnybody)
    t.regex(String(answers(outcome)[0]), /^EACCES: permission denied/)
    t.regex(String(outcome.message), /What to do: chmod -R a\+rX \S+\/holdfast-load-\w+\/$/)
  }
})

test('a process that was started with --no-addons is told from one without the permission', (t) => {
  const outcome = load(t, { [built]: whole }, { NODE_OPTIONS: '--no-addons' })
  t.regex(String(outcome.message), /What to do: node --addons$/)
})

/** What an entry of lib/targets does, with something else for the binary. */
const registering = (given: string, libc = 'glibc'): string =>
  `import { registerAddon } from './lib/addon-registry.ts'
   registerAddon(${JSON.stringify(process.arch)}, '${libc}', () => ${given})`

test('an addon that a bundle brings along is taken before any file, unless HOLDFAST_PREBUILD is set', (t) => {
  const before = registering('({ own: true })')
  t.deepEqual(load(t, { [built]: whole }, {}, before).loaded, ['own'])
  t.true(load(t, { [built]: whole }, { HOLDFAST_PREBUILD: root }, before).loaded?.includes('lunWrite'))
})

test('a path that a bundler gives is taken from beside the bundle and looked at as any file', (t) => {
  const before = registering("'./beside.node'")
  t.true(load(t, { 'lib/beside.node': whole }, {}, before).loaded?.includes('lunWrite'))
  const outcome = load(t, { 'lib/beside.node': cut(4096) }, {}, before)
  t.regex(String(answers(outcome)[0]), /^it is damaged: 4096 bytes/)
})

test('an addon of a bundle that does not load, or is for another system, does not keep out the next', (t) => {
  const broken = registering("(() => { throw new Error('cannot be loaded') })()")
  t.true(load(t, { [built]: whole }, {}, broken).loaded?.includes('lunWrite'))
  const outcome = load(t, {}, {}, broken)
  t.deepEqual(answers(outcome), ['cannot be loaded', undefined, undefined, undefined])
  t.is(outcome.facts?.attempts[0]?.path, `holdfast/linux-${process.arch}-glibc`)

  const foreign = load(t, {}, {}, registering("(() => { throw new Error('not for here') })()", 'musl'))
  t.deepEqual(answers(foreign), [undefined, undefined, undefined])
  t.deepEqual(foreign.facts?.bundled, [`linux-${process.arch}-musl`])
})

test('a worker thread in a long synchronous call does not delay the loader', async (t) => {
  // A report of Node would wait for it.
  const worker = new Worker(
    `require('node:worker_threads').parentPort.postMessage('ready')
     require('node:child_process').spawnSync('sleep', ['4'])`,
    { eval: true },
  )
  const ended = once(worker, 'exit')
  await once(worker, 'message')
  await setTimeout(200)
  const started = performance.now()
  t.truthy(loadNative())
  const millis = performance.now() - started
  t.true(millis < 2000, `${millis} ms`)
  await ended
})

test('a file for another architecture is refused by name', (t) => {
  const foreign = (path: string): void => {
    const header = Buffer.alloc(64)
    header.write('\x7fELF\x02\x01\x01', 'latin1')
    header.writeUInt16LE(183, 18)
    writeFileSync(path, header)
  }
  t.regex(String(answers(load(t, { [built]: foreign }))[0]), /^it was built for arm64, not for x64/)
})

test('HOLDFAST_PREBUILD is looked at alone: a build that fails there is not hidden by another', (t) => {
  const nowhere = { HOLDFAST_PREBUILD: '/nonexistent' }
  const outcome = load(t, { [built]: whole }, nowhere)
  t.is(outcome.code, 'ERR_NATIVE_NOT_LOADED')
  t.true(outcome.facts?.attempts.every(({ path }) => path.startsWith('/nonexistent/')))
  t.regex(
    String(outcome.message),
    /HOLDFAST_PREBUILD names \/nonexistent, .*\n {2}What to do: unset HOLDFAST_PREBUILD$/,
  )
  t.true(load(t, {}, { HOLDFAST_PREBUILD: root }).loaded?.includes('lunWrite'))
  t.true(
    load(t, {}, { HOLDFAST_PREBUILD: '.' }).loaded?.includes('lunWrite'),
    'relative to where the process runs',
  )
})
