// The package as a user gets it: packed, installed into an empty project without a compiler on PATH and with
// install scripts off, and put to work.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const root = fileURLToPath(new URL('../..', import.meta.url))
const sh = realpathSync('/bin/sh')

/** Runs a program to its end and returns what it printed; throws with all of its output if it failed. */
function run(cwd: string, program: string, args: readonly string[], env = process.env): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}\n${stdout}\n${stderr}`)
  return stdout
}

/**
 * Packs a fresh checkout without a prebuild, and builds the prebuild from what was packed: so the package is proven
 * to hold every source that a build on a user's machine needs. Nothing of this happens in the project's own folder,
 * where a rebuild would delete the addon under running tests.
 */
function packWithPrebuild(scratch: string): string {
  const checkout = join(scratch, 'checkout')
  const listed = run(root, 'git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'])
  for (const path of listed.split('\0').filter((name) => name !== '' && existsSync(join(root, name)))) {
    cpSync(join(root, path), join(checkout, path))
  }
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
  run(checkout, 'npm', ['run', 'build:ts'])
  run(scratch, 'tar', ['-xzf', pack(checkout)])

  const unpacked = join(scratch, 'package')
  symlinkSync(join(root, 'node_modules'), join(unpacked, 'node_modules'))
  run(unpacked, 'npm', ['run', 'prebuilds:host'])
  return pack(unpacked)
}

function pack(folder: string): string {
  run(folder, 'npm', ['pack', '--ignore-scripts'])
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? 'no tarball')
}

/** A PATH with node and a shell on it and nothing that compiles. */
function pathWithoutCompiler(folder: string): string {
  mkdirSync(folder)
  symlinkSync(process.execPath, join(folder, 'node'))
  symlinkSync(sh, join(folder, 'sh'))
  return folder
}

test('the packed package works where there is no compiler and no install script runs', (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'holdfast-package-'))
  t.teardown(() => rmSync(scratch, { recursive: true, force: true }))

  const tarball = packWithPrebuild(scratch)

  const consumer = join(scratch, 'consumer')
  mkdirSync(consumer)
  writeFileSync(join(consumer, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n')
  const npm = process.env['npm_execpath'] ?? realpathSync(run(root, sh, ['-c', 'command -v npm']).trim())
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: pathWithoutCompiler(join(scratch, 'bin')) }
  for (const name of ['HOLDFAST_PREBUILD', 'NODE_OPTIONS', 'NODE_PATH']) delete env[name]
  const options = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund']
  run(consumer, process.execPath, [npm, 'install', tarball, ...options], env)

  const installed = join(consumer, 'node_modules/holdfast')
  const shipped = readdirSync(installed, { recursive: true }).map(String)
  for (const needed of ['dist/index.js', 'dist/index.d.ts', 'lib/index.ts', 'binding.gyp', 'LICENSE']) {
    t.true(shipped.includes(needed), `${needed} is in the package`)
  }
  t.is(shipped.filter((path) => /^prebuilds\/linux-\w+\/holdfast\.\w+\.node$/.test(path)).length, 1)
  t.deepEqual(
    shipped.filter((path) => /^(test|build|bench|build-cmake|node_modules|\.\w+)\b/.test(path)),
    [],
  )

  // With --ignore-scripts nothing was compiled, so that what runs now is the prebuild.
  const programs = fileURLToPath(new URL('../release/programs/', import.meta.url))
  for (const name of ['take.mjs', 'esm.mjs']) cpSync(join(programs, name), join(consumer, name))
  const script = join(consumer, 'esm.mjs')
  const lines = run(consumer, process.execPath, [script], env).trim().split('\n')
  const result = JSON.parse(String(lines.at(-1))) as Record<string, unknown>
  t.is(typeof result['engine'], 'object')
  t.is(result['kept'], true, 'the copy shows what was there at its instant')
  t.is(result['live'], true, 'the volume shows what was written since')
})
