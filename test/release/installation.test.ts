// Installing the package under the conditions people have.
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import {
  binaryOf,
  cleanEnv,
  type Ended,
  install,
  type Manager,
  managers,
  npm,
  npmInstall,
  pathWithoutCompiler,
  program,
  project,
  root,
  run,
  scratch,
  succeed,
  type Taken,
  takenFrom,
  tarball,
} from './consumer.ts'
import { packedManifest, registry } from './registry.ts'

const works = { kept: true, live: true }
const installed = (consumer: string, path = ''): string => join(consumer, 'node_modules/holdfast', path)
const wasBuilt = (consumer: string): boolean => existsSync(installed(consumer, 'build'))
/** A tarball is approved by its address: the name of a package counts where it comes from a registry. */
const approvedTarball = (): object => ({ allowScripts: { [`file:${tarball()}`]: true } })

/** Both npm print what they run, each in its own words and to its own stream. */
function scriptRan({ stdout, stderr }: Ended): boolean {
  return /^(?:> |npm notice run )node scripts\/native\.mjs install$/m.test(`${stdout}\n${stderr}`)
}

async function take(consumer: string, env: NodeJS.ProcessEnv, node = process.execPath): Promise<Taken> {
  program(consumer, 'take.mjs')
  return takenFrom(await succeed(node, [program(consumer, 'esm.mjs')], { cwd: consumer, env }))
}

/** What stands last in the failure of a package that does not load. */
async function commandThatHelps(consumer: string): Promise<{ command: string; message: string }> {
  program(consumer, 'take.mjs')
  const options = { cwd: consumer, env: cleanEnv() }
  const { status, stderr } = await run(process.execPath, [program(consumer, 'esm.mjs')], options)
  if (status === 0) throw new Error('the package loads')
  const [, command] = /What to do: (.+)/.exec(stderr) ?? []
  return { command: String(command), message: stderr }
}

/** Runs a line of shell where `npm` is the given one; the compilers are those of this machine. */
function runAsUser(
  folder: string,
  line: string,
  { node, cli }: Manager,
  { cwd, env = {} }: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Ended> {
  const bin = join(folder, 'user')
  mkdirSync(bin)
  symlinkSync(node, join(bin, 'node'))
  writeFileSync(join(bin, 'npm'), `#!/bin/sh\nexec '${node}' '${cli}' "$@"\n`)
  chmodSync(join(bin, 'npm'), 0o755)
  return run('sh', ['-c', line], { cwd, env: cleanEnv({ ...env, PATH: `${bin}:/usr/bin:/bin` }) })
}

test('the tarball holds the version and the binaries of this checkout', async (t) => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  t.is(packedManifest().version, version)
  const manifest = readFileSync(join(root, 'prebuilds/manifest.json'), 'utf8')
  const { files } = JSON.parse(manifest) as { files: Record<string, { sha256: string }> }
  t.true(Object.keys(files).length > 0)
  const consumer = await install(join(scratch(t), 'consumer'))
  for (const [path, { sha256 }] of Object.entries(files))
    t.is(createHash('sha256').update(binaryOf(consumer, path)).digest('hex'), sha256, path)
})

test('without a compiler, make and python on PATH, and with install scripts off', async (t) => {
  const folder = scratch(t)
  const env = cleanEnv({ PATH: pathWithoutCompiler(join(folder, 'bin')) })
  const consumer = project(join(folder, 'consumer'), approvedTarball())
  const ended = await npmInstall(consumer, [tarball(), '--ignore-scripts', '--foreground-scripts'], env)
  t.is(ended.status, 0, ended.stderr)
  t.false(scriptRan(ended))
  t.like(await take(consumer, env), works)
})

for (const name of ['npm11', 'npm12'] as const) {
  test(`without a compiler, the install script that ${name} runs once it is approved finds nothing to build`, async (t) => {
    const folder = scratch(t)
    const manager = await managers[name]()
    const env = cleanEnv({
      PATH: pathWithoutCompiler(join(folder, 'bin'), manager.node),
      npm_config_registry: await registry(t),
    })
    const consumer = project(join(folder, 'consumer'), { allowScripts: { holdfast: true } })
    const ended = await npmInstall(consumer, ['holdfast', '--foreground-scripts'], env, manager)
    t.is(ended.status, 0, ended.stderr)
    t.true(scriptRan(ended), ended.stderr)
    t.notRegex(ended.stderr, /allowScripts/)
    t.false(wasBuilt(consumer))
    t.like(await take(consumer, env, manager.node), works)
  })
}

test('npm 12 runs no install script that is not approved, and the package works from its binary', async (t) => {
  const folder = scratch(t)
  const manager = await managers.npm12()
  const env = cleanEnv({
    PATH: pathWithoutCompiler(join(folder, 'bin'), manager.node),
    npm_config_registry: await registry(t),
  })
  const consumer = project(join(folder, 'consumer'))
  const ended = await npmInstall(consumer, ['holdfast', '--foreground-scripts'], env, manager)
  t.is(ended.status, 0, ended.stderr)
  t.false(scriptRan(ended))
  t.regex(ended.stderr, /1 package had install scripts blocked/)
  t.like(await take(consumer, env, manager.node), works)
})

// Those that compile run one after the other: each takes every processor there is.
test.serial(
  'npm_config_build_from_source=true builds here, from what is in the package and without a download',
  async (t) => {
    const folder = scratch(t)
    // Whatever went out to fetch headers would go there.
    const env = cleanEnv({ npm_config_build_from_source: 'true', npm_config_disturl: 'http://127.0.0.1:9/' })
    const consumer = project(join(folder, 'with a space'), approvedTarball())
    const ended = await npmInstall(consumer, [tarball(), '--foreground-scripts'], env)
    t.is(ended.status, 0, ended.stderr)
    t.true(scriptRan(ended))
    t.true(existsSync(installed(consumer, 'build/Release/holdfast.node')))
    rmSync(installed(consumer, 'prebuilds'), { recursive: true })
    t.like(await take(consumer, cleanEnv()), works)
  },
)

// The flag is one of npm 11; npm 12 knows it no more.
for (const [asked, args, variables] of [
  ['npm_config_build_from_source=true', [], { npm_config_build_from_source: 'true' }],
  ['npm_config_build_from_source=1', [], { npm_config_build_from_source: '1' }],
  ['npm_config_build_from_source=holdfast', [], { npm_config_build_from_source: 'holdfast' }],
  ['--build-from-source', ['--build-from-source'], {}],
  ['--build-from-source=holdfast', ['--build-from-source=holdfast'], {}],
] as const) {
  test(`without a compiler, an installation with ${asked} fails and says last what it needs`, async (t) => {
    const folder = scratch(t)
    const env = cleanEnv({ PATH: pathWithoutCompiler(join(folder, 'bin')), ...variables })
    const consumer = project(join(folder, 'consumer'), approvedTarball())
    const argv = [tarball(), '--foreground-scripts', ...args]
    const ended = await npmInstall(consumer, argv, env, await managers.npm11())
    t.not(ended.status, 0)
    t.regex(ended.stderr, /holdfast could not be built on this machine/)
    t.regex(ended.stderr, /Why it was tried: a build from source was asked for/)
    t.regex(ended.stderr, /apt-get install -y g\+\+ make python3/)
  })
}

test('npm_config_build_from_source that names another package builds nothing here', async (t) => {
  const folder = scratch(t)
  const bin = pathWithoutCompiler(join(folder, 'bin'))
  const env = cleanEnv({ PATH: bin, npm_config_build_from_source: 'sharp' })
  const consumer = project(join(folder, 'consumer'), approvedTarball())
  const ended = await npmInstall(consumer, [tarball(), '--foreground-scripts'], env)
  t.is(ended.status, 0, ended.stderr)
  t.true(scriptRan(ended))
  t.false(wasBuilt(consumer))
  t.like(await take(consumer, env), works)
})

test.serial(
  'where no binary fits and scripts were blocked, the command that the failure ends with builds one',
  async (t) => {
    const folder = scratch(t)
    const manager = await managers.npm12()
    const consumer = project(join(folder, 'consumer'))
    const ended = await npmInstall(consumer, [tarball()], cleanEnv(), manager)
    t.is(ended.status, 0, ended.stderr)
    t.regex(ended.stderr, /install scripts blocked/)
    const prebuilds = installed(consumer, 'prebuilds')
    for (const name of readdirSync(prebuilds))
      if (name.endsWith(process.arch)) rmSync(join(prebuilds, name), { recursive: true })
    // As for a system that no binary is released for.
    const manifest = join(prebuilds, 'manifest.json')
    const { files, ...rest } = JSON.parse(readFileSync(manifest, 'utf8')) as { files: object }
    const others = Object.entries(files).filter(([path]) => !path.startsWith(`linux-${process.arch}/`))
    t.true(others.length > 0)
    writeFileSync(manifest, JSON.stringify({ ...rest, files: Object.fromEntries(others) }))

    const { command, message } = await commandThatHelps(consumer)
    t.regex(message, /ERR_NATIVE_NOT_LOADED/)
    t.regex(message, new RegExp(`Looked for: linux-${process.arch}, glibc [\\d.]+, Node-API 8`))
    t.regex(message, /holdfast\.glibc\.node: no such file/)
    t.regex(message, /run no install scripts/)

    const helped = await runAsUser(folder, command, manager, { cwd: '/' })
    t.is(helped.status, 0, `${command}\n${helped.stderr}`)
    t.like(await take(consumer, cleanEnv()), works)
  },
)

for (const [what, harm, told] of [
  ['cut off', (path: string) => truncateSync(path, 100_000), /The file was not written in full/],
  ['gone', (path: string) => rmSync(path), /The package is incomplete/],
] as const) {
  test(`where the binary is ${what}, the command that the failure ends with brings a whole one`, async (t) => {
    const folder = scratch(t)
    const env = { npm_config_registry: await registry(t) }
    const consumer = project(join(folder, 'consumer'))
    const ended = await npmInstall(consumer, ['holdfast', '--ignore-scripts'], cleanEnv(env))
    t.is(ended.status, 0, ended.stderr)
    harm(installed(consumer, `prebuilds/linux-${process.arch}/holdfast.glibc.node`))

    const { command, message } = await commandThatHelps(consumer)
    t.regex(message, /ERR_NATIVE_NOT_LOADED/)
    t.regex(message, told)
    const helped = await runAsUser(folder, command, await managers.npm12(), { cwd: '/', env })
    t.is(helped.status, 0, `${command}\n${helped.stderr}`)
    t.like(await take(consumer, cleanEnv()), works)
  })
}

test('npx holdfast bench commit runs from the package', async (t) => {
  const folder = scratch(t)
  const consumer = await install(join(folder, 'consumer'))
  const exec = [npm, 'exec', '--offline', '--', 'holdfast']
  const argv = [...exec, 'bench', 'commit', '--quick', '--json', '--dir', folder]
  const stdout = await succeed(process.execPath, argv, { cwd: consumer, env: cleanEnv() })
  const result = JSON.parse(String(stdout.trim().split('\n').at(-1))) as {
    bench: string
    rows: unknown[]
    pairs: unknown[]
  }
  t.is(result.bench, 'commit')
  t.is(result.rows.length, 16)
  t.is(result.pairs.length, 3)
})
