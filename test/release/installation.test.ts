// Installing the package under the conditions people have.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import {
  cleanEnv,
  install,
  npm,
  pathWithoutCompiler,
  program,
  run,
  scratch,
  succeed,
  takenFrom,
  tarball,
} from './consumer.ts'

const works = { kept: true, live: true }
const loadedFrom = (folder: string): string[] =>
  ['build/Release/holdfast.node'].filter((path) => existsSync(join(folder, 'node_modules/holdfast', path)))

test('without a compiler, make and python on PATH, and with install scripts off', async (t) => {
  const folder = scratch(t)
  const env = cleanEnv({ PATH: pathWithoutCompiler(join(folder, 'bin')) })
  const consumer = await install(join(folder, 'consumer'), ['--ignore-scripts'], env)
  program(consumer, 'take.mjs')
  const taken = takenFrom(
    await succeed(process.execPath, [program(consumer, 'esm.mjs')], { cwd: consumer, env }),
  )
  t.like(taken, works)
})

test('without a compiler but with install scripts, which find that there is nothing to build', async (t) => {
  const folder = scratch(t)
  const env = cleanEnv({ PATH: pathWithoutCompiler(join(folder, 'bin')) })
  const consumer = await install(join(folder, 'consumer'), [], env)
  t.deepEqual(loadedFrom(consumer), [])
  program(consumer, 'take.mjs')
  const taken = takenFrom(
    await succeed(process.execPath, [program(consumer, 'esm.mjs')], { cwd: consumer, env }),
  )
  t.like(taken, works)
})

test('npm_config_build_from_source=true builds here, from what is in the package and without a download', async (t) => {
  const folder = scratch(t)
  // Whatever went out to fetch headers would go there.
  const env = cleanEnv({ npm_config_build_from_source: 'true', npm_config_disturl: 'http://127.0.0.1:9/' })
  const consumer = await install(join(folder, 'with a space'), ['--foreground-scripts'], env)
  t.deepEqual(loadedFrom(consumer), ['build/Release/holdfast.node'])
  rmSync(join(consumer, 'node_modules/holdfast/prebuilds'), { recursive: true })
  program(consumer, 'take.mjs')
  const taken = takenFrom(
    await succeed(process.execPath, [program(consumer, 'esm.mjs')], { cwd: consumer, env: cleanEnv() }),
  )
  t.like(taken, works)
})

test('where no binary fits and scripts were blocked, the failure says what was tried and ends with the command', async (t) => {
  const folder = scratch(t)
  const env = cleanEnv({ PATH: pathWithoutCompiler(join(folder, 'bin')) })
  const consumer = await install(join(folder, 'consumer'), ['--ignore-scripts'], env)
  const prebuilds = join(consumer, 'node_modules/holdfast/prebuilds')
  for (const name of readdirSync(prebuilds))
    if (name.endsWith(process.arch)) rmSync(join(prebuilds, name), { recursive: true })
  program(consumer, 'take.mjs')
  const { status, stderr } = await run(process.execPath, [program(consumer, 'esm.mjs')], {
    cwd: consumer,
    env,
  })
  t.is(status, 1)
  t.regex(stderr, /ERR_NATIVE_NOT_LOADED/)
  t.regex(stderr, new RegExp(`Looked for: linux-${process.arch}, glibc [\\d.]+, Node-API 8`))
  t.regex(stderr, /holdfast\.glibc\.node: no such file/)
  t.regex(stderr, /run no install scripts/)
  t.regex(stderr, /What to do: npm explore holdfast -- node scripts\/native\.mjs gyp/)
})

test('where no binary fits and there is no compiler, the installation says so last', async (t) => {
  const folder = scratch(t)
  const env = cleanEnv({
    PATH: pathWithoutCompiler(join(folder, 'bin')),
    npm_config_build_from_source: 'true',
  })
  const { rejected } = await install(join(folder, 'consumer'), ['--foreground-scripts'], env).then(
    () => ({ rejected: undefined }),
    (error: unknown) => ({ rejected: (error as Error).message }),
  )
  t.regex(String(rejected), /holdfast could not be built on this machine/)
  t.regex(String(rejected), /apt-get install -y g\+\+ make python3/)
})

test('npx holdfast bench commit runs from the package', async (t) => {
  const folder = scratch(t)
  const consumer = await install(join(folder, 'consumer'))
  const bench = [
    'exec',
    '--offline',
    '--',
    'holdfast',
    'bench',
    'commit',
    '--quick',
    '--json',
    '--dir',
    folder,
  ]
  const stdout = await succeed(process.execPath, [npm, ...bench], { cwd: consumer, env: cleanEnv() })
  const result = JSON.parse(String(stdout.trim().split('\n').at(-1))) as {
    bench: string
    rows: unknown[]
    pairs: unknown[]
  }
  t.is(result.bench, 'commit')
  t.is(result.rows.length, 16)
  t.is(result.pairs.length, 3)
})

test('the tarball that is tested is the one that was packed', (t) => {
  t.regex(tarball(), /holdfast-\d+\.\d+\.\d+\.tgz$/)
})
