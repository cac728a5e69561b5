// The loader in packages that are not as they should be, each in a process of its own.
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import type { LoadFacts } from '../lib/load-failure.ts'

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
function load(t: ExecutionContext, files: Record<string, (path: string) => void>, env = {}): Outcome {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-load-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const path of ['package.json', 'lib/load.ts', 'lib/load-failure.ts']) {
    cpSync(join(root, path), join(folder, path), { recursive: true })
  }
  for (const [path, make] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    make(join(folder, path))
  }
  const probe = join(folder, 'probe.ts')
  writeFileSync(
    probe,
    `import { loadNative } from './lib/load.ts'
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

test('a package without any binary fails with the code, the attempts and the command', (t) => {
  const outcome = load(t, {})
  t.like(outcome, { code: 'ERR_NATIVE_NOT_LOADED', hasCause: false })
  t.deepEqual(
    outcome.facts?.attempts.map(({ path }) => path.replace(/.*holdfast-load-\w+\//, '')),
    [built, 'build/Debug/holdfast.node', prebuild],
  )
  t.deepEqual(answers(outcome), [undefined, undefined, undefined])
  t.regex(String(outcome.message), /What to do: npm explore holdfast -- node scripts\/native\.mjs gyp$/)
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
    t.regex(String(outcome.message), /rm -rf node_modules\/holdfast && npm install holdfast$/)
  }
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
  t.true(load(t, {}, { HOLDFAST_PREBUILD: root }).loaded?.includes('lunWrite'))
  t.true(
    load(t, {}, { HOLDFAST_PREBUILD: '.' }).loaded?.includes('lunWrite'),
    'relative to where the process runs',
  )
})
