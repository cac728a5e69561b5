// The facts that keep a binary out of a release, read from files that a compiler has really made so.

import { cpSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type Facts, scripts } from '../scripts/release.ts'
import { root, scratch, succeed } from './consumer.ts'

const { faultsOf, inspect, targets } = scripts

const entries = `
int node_api_module_get_api_version_v1(void) { return 8; }
void *napi_register_module_v1(void *env, void *exports) { return exports; }
#include <stdlib.h>
void *reserve(void) { return malloc(16); }
`
const map = '{ global: napi_register_module_v1; node_api_module_get_api_version_v1; local: *; };\n'
const release = ['-s', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,--version-script=exports.map']

async function made(t: ExecutionContext, flags: readonly string[], source = entries): Promise<Facts> {
  const folder = scratch(t)
  writeFileSync(join(folder, 'addon.c'), source)
  writeFileSync(join(folder, 'exports.map'), map)
  const argv = ['-shared', '-fPIC', '-O1', '-o', 'addon.node', 'addon.c', ...flags]
  await succeed('cc', argv, { cwd: folder })
  return inspect(join(folder, 'addon.node'))
}

const host = process.arch === 'arm64' ? targets['arm64-glibc'] : targets['x64-glibc']

test('a small addon that is linked as a release is has no fault', async (t) => {
  const facts = await made(t, release)
  t.deepEqual(faultsOf(host, facts), [])
  t.is(facts.nodeApiVersion, 8)
  t.true(facts.imported.some(({ name, version }) => name === 'malloc' && version?.startsWith('GLIBC_2.')))
})

const faulty: [string, string[], string, RegExp][] = [
  ['an executable stack', ['-Wl,-z,execstack'], '', /asks for an executable stack/],
  [
    'relocations in its code',
    ['-Wl,-z,notext'],
    'extern void *environ; __asm__(".text\\n.balign 8\\n.quad environ\\n");',
    /relocations in its code/,
  ],
  ['packed relocations', ['-Wl,-z,pack-relative-relocs'], 'int x; int *p = &x;', /has packed relocations/],
  [
    'packed relocations',
    ['-Wl,-z,pack-relative-relocs'],
    'int x; int *p = &x;',
    /asks for GLIBC_ABI_DT_RELR/,
  ],
  [
    'thread-local storage at a fixed place',
    ['-ftls-model=initial-exec'],
    '__thread int mine; int *other(void) { return &mine; }',
    /static thread-local storage/,
  ],
  ['lazy binding', ['-Wl,-z,lazy'], '', /is writable where its relocations were/],
  ['no RELRO', ['-Wl,-z,norelro'], '', /is writable where its relocations were/],
  ['a RUNPATH', ['-Wl,--enable-new-dtags,-rpath,/nowhere'], '', /searches \/nowhere for libraries/],
  ['an RPATH', ['-Wl,--disable-new-dtags,-rpath,/nowhere'], '', /searches \/nowhere for libraries/],
  [
    'a function of glibc 2.34',
    [],
    'int early(void) { extern int __libc_start_main(); return __libc_start_main(0); }',
    /asks for GLIBC_2\.34 of libc\.so\.6/,
  ],
  [
    'what glibc keeps to itself',
    [],
    'void *own(void) { extern void *__nss_files_fopen(); return __nss_files_fopen(); }',
    /asks for GLIBC_PRIVATE of libc\.so\.6/,
  ],
  ['another library', ['-Wl,--no-as-needed', '-lgcc_s'], '', /needs libgcc_s\.so\.1/],
  [
    'a function that nothing offers',
    [],
    'void *own(void) { extern void *nowhere(); return nowhere(); }',
    /uses nowhere, which nothing it needs has/,
  ],
  [
    'a function of a later Node-API',
    [],
    'void *own(void) { extern void *node_api_symbol_for(); return node_api_symbol_for(); }',
    /uses node_api_symbol_for, which Node-API 8 has not/,
  ],
]
for (const [what, flags, source, fault] of faulty) {
  test(`a file with ${what} is seen to have it: ${fault.source}`, async (t) => {
    const facts = await made(t, [...release, ...flags], `${entries}${source}\n`)
    const faults = faultsOf(host, facts)
    t.true(
      faults.some((found) => fault.test(found)),
      faults.join('\n'),
    )
  })
}

test('a file with its symbols, or with debug information only, is seen not to be stripped', async (t) => {
  const linked = release.filter((flag) => flag !== '-s')
  t.true(faultsOf(host, await made(t, linked)).includes('is not stripped'))
  t.true(faultsOf(host, await made(t, [...linked, '-g'])).includes('is not stripped'))
})

test('a file that shows its own symbols is seen to', async (t) => {
  const facts = await made(
    t,
    release.filter((flag) => !flag.includes('version-script')),
  )
  t.deepEqual(faultsOf(host, facts), ['exports reserve'])
})

test('a file for another version of Node-API is seen to be so', async (t) => {
  const facts = await made(t, release, entries.replace('return 8', 'return 9'))
  t.deepEqual(faultsOf(host, facts), ['was made for Node-API 9'])
})

test('a file that is no ELF file, and one that is cut short, are refused and not judged', async (t) => {
  const folder = scratch(t)
  const path = join(folder, 'addon.node')
  writeFileSync(path, 'no ELF file')
  t.throws(() => inspect(path), { message: /is no readable ELF file/ })
  cpSync(join(root, 'build/Release/holdfast.node'), path)
  truncateSync(path, 4096)
  t.throws(() => inspect(path), { message: /is no readable ELF file/ })
})
