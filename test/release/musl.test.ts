// The C library of Alpine. There is no package of a Node for it, so the binaries are put to the test one by one: that
// for x64 in another runtime that has Node-API and is made for musl, that for arm64 in the dynamic linker of musl.
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { explainLoadFailure } from '../../lib/load-failure.ts'
import { VERSION } from '../../lib/version.ts'
import { scripts } from '../scripts/release.ts'
import { cleanEnv, install, program, run, scratch, succeed, takenFrom } from './consumer.ts'

const { compilers, inspect } = scripts

const source = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url))

function provided(name: string): string {
  const path = process.env[name] ?? ''
  if (path === '') throw new Error(`${name} is not set; see what npm run verify:prebuilds says`)
  return path
}

/** A folder with the libraries that Bun looks for: musl under its name in Alpine, and a libstdc++ that runs on it. */
async function librariesFor(bun: string, folder: string): Promise<string> {
  const libraries = join(folder, 'libraries')
  mkdirSync(libraries)
  symlinkSync('/usr/lib/x86_64-linux-musl/libc.so', join(libraries, 'libc.musl-x86_64.so.1'))
  const archives = await Promise.all(
    ['libstdc++.a', 'libgcc_eh.a', 'libgcc.a'].map(async (name) =>
      (await succeed('g++', [`-print-file-name=${name}`], { cwd: folder })).trim(),
    ),
  )
  const relocations = await succeed('readelf', ['-W', '-r', bun], { cwd: folder })
  const wanted = new Set(
    [...relocations.matchAll(/^[\da-f]+ +[\da-f]+ R_X86_64_\w+ +[\da-f]+ ([\w.]+)/gm)].map(
      ([, name]) => name,
    ),
  )
  const offered = await succeed('nm', ['--defined-only', '--format=just-symbols', String(archives[0])], {
    cwd: folder,
  })
  const taken = [...new Set(offered.split('\n'))].filter((name) => wanted.has(name))
  const argv = ['-shared', '-fPIC', '-o', join(libraries, 'libstdc++.so.6'), '-Wl,-soname,libstdc++.so.6']
  const undefinedFirst = taken.map((name) => `-Wl,-u,${name}`)
  await succeed('musl-gcc', [...argv, ...undefinedFirst, source('libstdcxx-for-bun.c'), ...archives], {
    cwd: folder,
  })
  return libraries
}

test('in a runtime made for musl the loader takes the musl binary, which takes a shadow copy', async (t) => {
  const folder = scratch(t)
  const bun = provided('HOLDFAST_BUN_MUSL')
  const consumer = await install(join(folder, 'consumer'))
  program(consumer, 'take.mjs')
  const env = cleanEnv({ LD_LIBRARY_PATH: await librariesFor(bun, folder) })
  const { status, stdout, stderr } = await run(bun, [program(consumer, 'esm.mjs')], { cwd: consumer, env })
  t.is(status, 0, stderr)
  t.like(takenFrom(stdout), { kept: true, live: true, arch: 'x64' })
  const musl = join(consumer, 'node_modules/holdfast/prebuilds/linux-x64/holdfast.musl.node')
  const mapped =
    "import('holdfast').then(() => console.log(require('node:fs').readFileSync('/proc/self/maps', 'utf8')))"
  t.true((await succeed(bun, ['-e', mapped], { cwd: consumer, env })).includes(musl))
})

/** Compiles programs/musl-host.c, which offers what of Node-API the file imports. */
async function muslHost(
  folder: string,
  file: string,
  compiler: string,
  options: { env: NodeJS.ProcessEnv; args: readonly string[] },
): Promise<string> {
  const nodeApi = inspect(file).imported.flatMap(({ name }) => (/^(napi|node_api)_/.test(name) ? [name] : []))
  if (nodeApi.length < 20) throw new Error(`${file} imports ${nodeApi.length} functions of Node-API`)
  writeFileSync(join(folder, 'stubs.inc'), nodeApi.map((name) => `STUB(${name})\n`).join(''))
  const host = join(folder, 'musl-host')
  const argv = [...options.args, '-O1', '-rdynamic', '-I', folder, '-o', host, source('musl-host.c'), '-ldl']
  await succeed(compiler, argv, { cwd: folder, env: options.env })
  return host
}

test("musl's dynamic linker takes the binary with every symbol bound, and refuses the one of glibc", async (t) => {
  const folder = scratch(t)
  const consumer = await install(join(folder, 'consumer'))
  const prebuilds = join(consumer, 'node_modules/holdfast/prebuilds/linux-x64')
  const musl = join(prebuilds, 'holdfast.musl.node')
  const host = await muslHost(folder, musl, 'musl-gcc', { env: process.env, args: [] })
  t.is(await succeed(host, [musl], { cwd: folder }), 'Node-API 8\n')
  const path = join(prebuilds, 'holdfast.glibc.node')
  const wrong = await run(host, [path], { cwd: folder })
  t.is(wrong.status, 1)
  const explained = explainLoadFailure({
    platform: 'linux',
    arch: 'x64',
    libc: 'musl',
    glibcVersion: undefined,
    nodeVersion: process.versions.node,
    nodeApiVersion: Number(process.versions['napi']),
    nodeOptions: [],
    version: VERSION,
    override: undefined,
    attempts: [{ path, answer: String(wrong.stderr.split('\n', 1)[0]) }],
    shipped: [],
    bundled: [],
    bundle: undefined,
    installed: join(consumer, 'node_modules/holdfast/'),
  })
  t.regex(explained, /another C library than the musl of this process/, wrong.stderr)
})

test('on arm64 too, in the musl that Debian has, older than the one the binary is compiled for', async (t) => {
  const folder = scratch(t)
  const linker = provided('HOLDFAST_MUSL_ARM64')
  const consumer = await install(join(folder, 'consumer'))
  const musl = join(consumer, 'node_modules/holdfast/prebuilds/linux-arm64/holdfast.musl.node')
  const args = ['cc', '-target', 'aarch64-linux-musl', '-dynamic']
  const env = compilers('aarch64-linux-musl', folder)
  const host = await muslHost(folder, musl, join(folder, 'compiler/zig'), { env, args })
  t.is(await succeed('qemu-aarch64-static', [linker, host, musl], { cwd: folder }), 'Node-API 8\n')
  const damaged = join(folder, 'damaged.node')
  writeFileSync(damaged, 'no binary')
  t.is((await run('qemu-aarch64-static', [linker, host, damaged], { cwd: folder })).status, 1)
})

test('the judges of this file are there', (t) => {
  for (const tool of ['qemu-aarch64-static', 'musl-gcc', 'readelf', 'nm']) {
    t.is(spawnSync(tool, ['--version']).status, 0, tool)
  }
})
