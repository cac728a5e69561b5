// Systems other than this one: an old glibc, another architecture, a sandbox. The other C library: musl.test.ts.
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { cleanEnv, install, nodes, program, root, run, scratch, succeed, takenFrom } from './consumer.ts'

const works = { kept: true, live: true }
const source = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url))
const debian11 = process.env['HOLDFAST_DEBIAN11'] ?? ''

test('where a seccomp filter denies io_uring, the thread pool does the work and the engine says why', async (t) => {
  const folder = scratch(t)
  const consumer = await install(join(folder, 'consumer'))
  program(consumer, 'take.mjs')
  const argv = [process.execPath, program(consumer, 'esm.mjs')] as const
  const options = { cwd: consumer, env: cleanEnv() }
  const free = takenFrom(await succeed(argv[0], argv.slice(1), options))
  t.is(
    free.engine.engine,
    'io_uring',
    `this kernel gives no io_uring without the filter either (${free.engine.why}), so nothing would be proved here`,
  )
  const deny = join(folder, 'deny-io-uring')
  await succeed('cc', ['-O1', '-Wall', '-Werror', '-o', deny, source('deny-io-uring.c')], { cwd: folder })
  const taken = takenFrom(await succeed(deny, argv, options))
  t.like(taken, works)
  t.is(taken.engine.engine, 'threads')
  t.regex(taken.engine.why, /refused/)
})

/** A consumer inside the file system of Debian 11, whose glibc is 2.31. */
async function inDebian11(
  folder: string,
): Promise<{ path: string; run: (name: string) => ReturnType<typeof run> }> {
  if (debian11 === '') throw new Error('there is no Debian 11 here; see what npm run verify:prebuilds says')
  const consumer = await install(join(folder, 'consumer'))
  program(consumer, 'take.mjs')
  program(consumer, 'esm.mjs')
  const name = `consumer-${process.pid}-${Date.now()}`
  const path = join(debian11, 'srv', name)
  mkdirSync(path, { recursive: true })
  cpSync(consumer, path, { recursive: true })
  copyFileSync(String(nodes['20']), join(path, 'node'))
  chmodSync(join(path, 'node'), 0o755)
  const inside = ['/usr/bin/env', '-i', 'PATH=/usr/bin:/bin', `/srv/${name}/node`]
  return {
    path,
    run: (script) =>
      run('chroot', [debian11, ...inside, `/srv/${name}/${script}`], { cwd: '/', env: cleanEnv() }),
  }
}

test('in Debian 11, with glibc 2.31, the package takes a shadow copy', async (t) => {
  const system = await inDebian11(scratch(t))
  t.teardown(() => rmSync(system.path, { recursive: true, force: true }))
  const { status, stdout, stderr } = await system.run('esm.mjs')
  t.is(status, 0, stderr)
  t.like(takenFrom(stdout), works)
})

test('a binary that wants a newer glibc than there is fails with both versions and the command', async (t) => {
  const system = await inDebian11(scratch(t))
  t.teardown(() => rmSync(system.path, { recursive: true, force: true }))
  // What the compiler of this machine makes, instead of what is shipped.
  const shipped = join(system.path, 'node_modules/holdfast/prebuilds/linux-x64/holdfast.glibc.node')
  copyFileSync(join(root, 'build/Release/holdfast.node'), shipped)
  // With the manifest beside it the loader would see that this is not the file that was shipped.
  rmSync(join(shipped, '../../manifest.json'))
  const { status, stderr } = await system.run('esm.mjs')
  t.is(status, 1)
  t.regex(stderr, /version `GLIBC(XX)?_[\d.]+' not found/)
  t.regex(stderr, /older than the binary: it wants GLIBC(XX)?_[\d.]+, and glibc here is 2\.31/)
  t.regex(
    stderr,
    /What to do: npm --prefix \/srv\/consumer-[\d-]+ explore holdfast -- node scripts\/native\.mjs gyp$/m,
  )
})

/** A program of a consumer on arm64, by an emulated processor, whose kernel interface has no io_uring. */
function onArm64(
  consumer: string,
  name: string,
  { emulator = [], env = {} }: { emulator?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): ReturnType<typeof run> {
  const node = process.env['HOLDFAST_NODE_ARM64'] ?? ''
  if (node === '') throw new Error('there is no Node for arm64 here; see what npm run verify:prebuilds says')
  program(consumer, 'take.mjs')
  const argv = [...emulator, '-L', '/usr/aarch64-linux-gnu', node, program(consumer, name)]
  return run('qemu-aarch64-static', argv, { cwd: consumer, env: cleanEnv(env) })
}

for (const name of ['esm.mjs', 'commonjs.cjs']) {
  test(`on arm64 the package takes a shadow copy over the thread pool, loaded from ${name}`, async (t) => {
    const consumer = await install(join(scratch(t), 'consumer'))
    const { status, stdout, stderr } = await onArm64(consumer, name)
    t.is(status, 0, stderr)
    const taken = takenFrom(stdout)
    t.like(taken, { ...works, arch: 'arm64' })
    t.is(taken.engine.engine, 'threads')
  })
}

test('arm64 refuses nothing: every symbol is bound, on the oldest processor of ARMv8, without a word', async (t) => {
  const consumer = await install(join(scratch(t), 'consumer'))
  // Of the processors that qemu knows it has the fewest instructions; one too new for it would end the process.
  const emulator = ['-cpu', 'cortex-a53', '-E', 'LD_BIND_NOW=1']
  const { status, signal, stdout, stderr } = await onArm64(consumer, 'esm.mjs', { emulator })
  t.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: '' })
  t.like(takenFrom(stdout), { ...works, arch: 'arm64' })
})

test('a musl binary in the place of the glibc one fails as another C library, with the command', async (t) => {
  const consumer = await install(join(scratch(t), 'consumer'))
  const prebuilds = join(consumer, 'node_modules/holdfast/prebuilds/linux-x64')
  copyFileSync(join(prebuilds, 'holdfast.musl.node'), join(prebuilds, 'holdfast.glibc.node'))
  // With the manifest beside it the loader would see that this is not the file that was shipped.
  rmSync(join(prebuilds, '../manifest.json'))
  program(consumer, 'take.mjs')
  const { status, stderr } = await run(process.execPath, [program(consumer, 'esm.mjs')], {
    cwd: consumer,
    env: cleanEnv(),
  })
  t.is(status, 1)
  t.regex(stderr, /another C library than the glibc of this process/)
  // Whole paths: the one who reads this may be anywhere.
  const installed = join(consumer, 'node_modules/holdfast')
  t.true(stderr.includes(`What to do: rm -rf ${installed} && npm install --prefix ${consumer}\n`), stderr)
})

test('the judges of this file are there', (t) => {
  for (const [tool, ...args] of [
    ['qemu-aarch64-static', '--version'],
    ['chroot', '--version'],
  ]) {
    t.is(spawnSync(String(tool), args).status, 0, tool)
  }
})
