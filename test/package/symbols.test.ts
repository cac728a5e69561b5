// What the addon shows to the process that loads it. A symbol that leaks can be taken for, or replaced by, one of
// the same name in another addon.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const addon = fileURLToPath(new URL('../../build/Release/holdfast.node', import.meta.url))
const readelf = (...args: string[]): string =>
  spawnSync('readelf', ['--wide', ...args, addon], { encoding: 'utf8' }).stdout
const hasReadelf = spawnSync('readelf', ['--version']).status === 0
const required = process.env['HOLDFAST_REQUIRE_JUDGES'] === '1'
const judged = hasReadelf || required ? test : test.skip

judged('the addon exports its two Node-API entry points and nothing else (needs readelf)', (t) => {
  t.true(existsSync(addon), 'built by npm ci or npm run build:native')
  const exported = readelf('--dyn-syms')
    .split('\n')
    .filter((line) => /\b(GLOBAL|WEAK|UNIQUE)\s+DEFAULT\s+\d/.test(line))
    .map((line) => line.trim().split(/\s+/).at(-1))
  t.deepEqual(exported.sort(), ['napi_register_module_v1', 'node_api_module_get_api_version_v1'])
})

judged('the addon needs no library but those of the C and C++ runtime (needs readelf)', (t) => {
  const needed = [...readelf('--dynamic').matchAll(/NEEDED.*\[(.*)\]/g)].map((match) => String(match[1]))
  t.not(needed.length, 0)
  const runtime = /^(libstdc\+\+\.so\.6|libgcc_s\.so\.1|lib(c|m|pthread|dl|rt)\.so\.\d|ld-linux-.*\.so\.\d)$/
  t.deepEqual(
    needed.filter((name) => !runtime.test(name)),
    [],
  )
})
