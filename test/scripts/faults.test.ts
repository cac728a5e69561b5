// What keeps a binary out of a release. The facts are made up here; test/release/inspect.test.ts reads them from files.
import test from 'ava'
import { type Facts, glibcFacts, muslFacts, muslNames, scripts } from './release.ts'

const { faultsOf, targets } = scripts

const known = new Set(muslNames)
const ofGlibc = (change: Partial<Facts>): string[] =>
  faultsOf(targets['x64-glibc'], { ...glibcFacts, ...change })
const ofMusl = (change: Partial<Facts>): string[] =>
  faultsOf(targets['arm64-musl'], { ...muslFacts, ...change }, known)
const wanting = (library: string, version: string, facts = glibcFacts): Partial<Facts> => ({
  versions: [...facts.versions, { library, version }],
})

test('a binary as it should be has no fault', (t) => {
  t.deepEqual(ofGlibc({}), [])
  t.deepEqual(ofMusl({}), [])
})

const faultyGlibc: [string, Partial<Facts>, RegExp][] = [
  ['another machine', { arch: 'arm64' }, /was built for arm64/],
  ['an unknown machine', { arch: undefined }, /was built for an unknown machine/],
  ['a glibc newer than the floor', wanting('libc.so.6', 'GLIBC_2.34'), /asks for GLIBC_2\.34 of libc\.so\.6/],
  ['a glibc of another major version', wanting('libc.so.6', 'GLIBC_3.1'), /asks for GLIBC_3\.1/],
  ['what glibc keeps to itself', wanting('libc.so.6', 'GLIBC_PRIVATE'), /asks for GLIBC_PRIVATE/],
  ['packed relocations of glibc', wanting('libc.so.6', 'GLIBC_ABI_DT_RELR'), /asks for GLIBC_ABI_DT_RELR/],
  ['a version of libstdc++', wanting('libstdc++.so.6', 'GLIBCXX_3.4.30'), /asks for GLIBCXX_3\.4\.30/],
  ['a version of libgcc', wanting('libgcc_s.so.1', 'GCC_3.0'), /asks for GCC_3\.0 of libgcc_s\.so\.1/],
  ['no glibc at all', { versions: [], imported: [] }, /asks for no glibc/],
  ['another library', { libraries: ['libc.so.6', 'liburing.so.2'] }, /needs liburing\.so\.2/],
  ["musl's library", { libraries: ['libc.so'] }, /needs libc\.so/],
  ['a search path', { searchPaths: ['/opt/lib'] }, /searches \/opt\/lib for libraries/],
  ['an empty search path', { searchPaths: [''] }, /searches {2}for libraries/],
  ['a symbol of its own', { exported: [...glibcFacts.exported, 'crc32c'] }, /exports crc32c/],
  ['no entry', { exported: glibcFacts.exported.slice(1) }, /does not export napi_register_module_v1/],
  [
    'a function without a version',
    { imported: [...glibcFacts.imported, { name: 'io_uring_setup', version: null, isWeak: false }] },
    /uses io_uring_setup, which nothing it needs has/,
  ],
  [
    'a function of a later Node-API',
    { imported: [...glibcFacts.imported, { name: 'node_api_symbol_for', version: null, isWeak: false }] },
    /uses node_api_symbol_for, which Node-API 8 has not/,
  ],
  [
    'a weak function of a later Node-API',
    { imported: [...glibcFacts.imported, { name: 'node_api_symbol_for', version: null, isWeak: true }] },
    /uses node_api_symbol_for, which Node-API 8 has not/,
  ],
  ['another Node-API', { nodeApiVersion: 9 }, /was made for Node-API 9/],
  ['no readable version of Node-API', { nodeApiVersion: undefined }, /was made for an unknown Node-API/],
  ['an executable stack', { hasExecutableStack: true }, /asks for an executable stack/],
  ['text relocations', { hasTextRelocations: true }, /has relocations in its code/],
  ['packed relocations', { hasPackedRelocations: true }, /has packed relocations/],
  ['static thread-local storage', { hasStaticTls: true }, /wants static thread-local storage/],
  ['relocations that stay writable', { relro: 'none' }, /is writable where its relocations were/],
  ['lazy binding', { relro: 'partial' }, /is writable where its relocations were/],
  ['symbols', { isStripped: false }, /is not stripped/],
]
for (const [what, change, fault] of faultyGlibc) {
  test(`a binary for glibc with ${what} has that one fault`, (t) => {
    const faults = ofGlibc(change)
    t.is(faults.length, 1, faults.join('\n'))
    t.regex(String(faults[0]), fault)
  })
}

const faultyMusl: [string, Partial<Facts>, RegExp][] = [
  [
    'a version of glibc',
    wanting('libc.so.6', 'GLIBC_2.14', muslFacts),
    /asks for GLIBC_2\.14 of libc\.so\.6/,
  ],
  ["glibc's library", { libraries: ['libc.so.6'] }, /needs libc\.so\.6/],
  [
    'a function that musl has not',
    { imported: [...muslFacts.imported, { name: '__xstat64', version: null, isWeak: false }] },
    /uses __xstat64, which musl has not/,
  ],
  ['segments for 4 KiB pages only', { segmentAlignmentBytes: 4096 }, /cannot be mapped with pages of 64 KiB/],
]
for (const [what, change, fault] of faultyMusl) {
  test(`a binary for arm64 and musl with ${what} has that one fault`, (t) => {
    const faults = ofMusl(change)
    t.is(faults.length, 1, faults.join('\n'))
    t.regex(String(faults[0]), fault)
  })
}

test('a weak symbol that nothing defines is no fault, and x64 has pages of 4 KiB', (t) => {
  const weak = { name: '__gmon_start__', version: null, isWeak: true }
  t.deepEqual(ofGlibc({ imported: [...glibcFacts.imported, weak] }), [])
  t.deepEqual(ofMusl({ imported: [...muslFacts.imported, weak] }), [])
  t.deepEqual(ofGlibc({ segmentAlignmentBytes: 4096 }), [])
})
