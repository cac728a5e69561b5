import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { explainLoadFailure, type LoadFacts } from '../lib/load.ts'

const facts: LoadFacts = {
  platform: 'linux',
  arch: 'x64',
  nodeVersion: '20.19.0',
  glibc: '2.31',
  searched: ['/app/node_modules/holdfast/build/Release'],
  found: [],
  reason: 'No native build was found for platform=linux\n  second line',
}

test('a load failure says what was needed, searched, found and why, in one line each', (t) => {
  const text = explainLoadFailure(facts)
  t.regex(text, /^ERR_NATIVE_NOT_LOADED: /)
  t.regex(text, /Needed: linux-x64, Node-API 8; running: linux-x64, Node 20\.19\.0, glibc 2\.31/)
  t.regex(text, /Searched: \/app\/node_modules\/holdfast\/build\/Release/)
  t.regex(text, /Found: no \.node file/)
  t.notRegex(text, /second line/)
})

test('where nothing was found the remedy is a compiler and an allowed install script', (t) => {
  const text = explainLoadFailure(facts)
  t.regex(text, /g\+\+, make and python3/)
  t.regex(text, /npm rebuild holdfast/)
  t.regex(text, /--ignore-scripts/)
})

test('where the binary wants a newer glibc the remedy names the version and a source build', (t) => {
  const reason = "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by holdfast.node)"
  const text = explainLoadFailure({ ...facts, reason })
  t.regex(text, /needs GLIBC_2\.34/)
  t.regex(text, /--build-from-source/)
})

test('where the binary is of another machine the remedy is a fresh installation', (t) => {
  t.regex(explainLoadFailure({ ...facts, reason: 'x.node: invalid ELF header' }), /Delete node_modules/)
})

test('elsewhere than on Linux nothing helps, and the message says so', (t) => {
  t.regex(explainLoadFailure({ ...facts, platform: 'darwin', glibc: undefined }), /runs on Linux only/)
})

test('a package without any binary fails to load with the code, the explanation and the cause', (t) => {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-load-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const path of ['package.json', 'lib/load.ts', 'native/binding.cjs', 'node_modules/node-gyp-build']) {
    cpSync(join(root, path), join(folder, path), { recursive: true })
  }
  const probe = join(folder, 'probe.ts')
  writeFileSync(
    probe,
    "import { loadNative } from './lib/load.ts'\n" +
      'try { loadNative() } catch (e) { console.log(e.code, e.cause instanceof Error, e.message) }\n',
  )
  const loader = 'typescript' in process.features && process.features.typescript ? [] : ['--import=tsx']
  const env = { ...process.env }
  delete env['HOLDFAST_PREBUILD']
  const { stdout } = spawnSync(process.execPath, [...loader, probe], { cwd: root, env, encoding: 'utf8' })
  t.regex(stdout, /^ERR_NATIVE_NOT_LOADED true ERR_NATIVE_NOT_LOADED: /)
  t.true(stdout.includes(join(folder, 'build/Release')))
})
