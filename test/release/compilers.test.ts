// The compiler of a release: found wherever the checkout lies, and out of reach of whoever builds.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { scripts } from '../scripts/release.ts'
import { scratch } from './consumer.ts'

const { compilers } = scripts

test('the compiler runs in a folder with spaces, and with an empty cache where it is given one', (t) => {
  const folder = join(scratch(t), 'a folder with spaces')
  const cache = join(folder, 'an empty cache')
  mkdirSync(folder)
  const env = compilers('aarch64-linux-musl', folder, cache)
  writeFileSync(join(folder, 'one.c'), 'int one(void) { return 1; }\n')
  // As make does: split at spaces, by a shell.
  const command = `${String(env['CC'])} -c -o one.o one.c && ${String(env['AR'])} rcs one.a one.o`
  const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: folder, env, encoding: 'utf8' })
  t.is(status, 0, stderr)
  t.true(existsSync(join(folder, 'one.a')))
  t.true(existsSync(join(cache, 'local')) || existsSync(join(cache, 'global')))
})

test('flags and settings of whoever builds do not reach the compiler', (t) => {
  const foreign = { CXXFLAGS: '-march=native', CFLAGS: '-g', GYP_DEFINES: 'a=b', npm_config_debug: 'true' }
  const before = { ...process.env }
  t.teardown(() => {
    process.env = before
  })
  Object.assign(process.env, foreign)
  const env = compilers('x86_64-linux-gnu.2.28', scratch(t))
  for (const name of Object.keys(foreign)) t.is(env[name], undefined, name)
  t.is(env['CC'], 'zig cc -target x86_64-linux-gnu.2.28')
})
