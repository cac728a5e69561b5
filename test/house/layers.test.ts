// Who may import whom. The two tables are the layers of ARCHITECTURE.md; a new edge is a decision, made here.
import test from 'ava'
import {
  type Edge,
  edgesIn,
  filesBelow,
  findCycle,
  libEdges,
  nativeEdges,
  reachable,
  textOf,
} from './tree.ts'

// Folder of native/ → folders it may include besides itself.
const nativeMayInclude: Record<string, readonly string[]> = {
  base: [],
  io: ['base'],
  hold: ['io', 'base'],
  disk: ['base'],
  scsi: ['base'],
  nbd: ['io', 'base'],
  // A copy's disk gets its VSS flags and its new identifiers as part of the capture.
  array: ['hold', 'disk', 'io', 'base'],
  addon: ['array', 'hold', 'nbd', 'disk', 'scsi', 'io', 'base'],
}

// Room of lib/ → rooms it may import besides itself and the leaves. A room is a folder, or a file directly in lib/.
const libMayImport: Record<string, readonly string[]> = {
  'elf.ts': [],
  'libc.ts': ['elf.ts'],
  'addon-file.ts': ['elf.ts'],
  'addon-registry.ts': ['libc.ts'],
  targets: ['addon-registry.ts'],
  'load-commands.ts': [],
  'load-failure.ts': ['load-commands.ts', 'addon-file.ts'],
  'load.ts': ['load-failure.ts', 'addon-file.ts', 'addon-registry.ts', 'libc.ts'],
  'binding-values.ts': [],
  'binding.ts': ['load.ts', 'binding-values.ts'],
  document: [],
  cabinet: ['document'],
  express: ['document', 'writer'],
  ports: ['document'],
  writer: ['document'],
  array: ['binding.ts', 'ports'],
  host: ['array', 'binding.ts', 'ports', 'document'],
  provider: ['host', 'array', 'binding.ts', 'ports', 'document'],
  coordinator: ['ports', 'writer', 'provider', 'document'],
  requester: ['coordinator', 'ports', 'writer', 'provider', 'document'],
  // Works on documents and names; what a requester's object gives it, it declares itself.
  backup: ['document', 'ports', 'provider'],
}
// What the coordinator demands of host and kernel support, implemented below it: a room of its own.
const ports = ['lib/coordinator/host.ts', 'lib/coordinator/kernel-support.ts']
// These see whatever is public, and never the seam itself.
const libTop = ['index.ts', 'service', 'demo', 'test-kit', 'cli']
// These may be imported from everywhere and import only one another.
const libLeaves = [
  'version.ts',
  'errors.ts',
  'ids.ts',
  'clock.ts',
  'serial.ts',
  'collected.ts',
  'cancellation.ts',
  'enums.ts',
  'enums-management.ts',
  'diagnostics.ts',
  'system-error.ts',
  'durable-files.ts',
]

const nodeHeaders =
  /^<(napi|node_api|node_api_types|js_native_api|js_native_api_types|node|uv|v8)\.h>$|^<napi[-.]/
const roomOf = (path: string): string => (ports.includes(path) ? 'ports' : (path.split('/')[1] ?? ''))
const show = (edges: readonly Edge[]): string[] => edges.map(({ from, to }) => `${from} → ${to}`)
const within = (edges: readonly Edge[], folder: string): Edge[] =>
  edges.filter(({ to }) => to.startsWith(`${folder}/`))

test('native folders include only the layers below them', (t) => {
  const wrong = within(nativeEdges(), 'native').filter(({ from, to }) => {
    const [room, target] = [roomOf(from), roomOf(to)]
    return room !== target && !nativeMayInclude[room]?.includes(target)
  })
  t.deepEqual(show(wrong), [])
})

test('an NBD session is bytes in, bytes out: it includes base only', (t) => {
  const wrong = within(nativeEdges(), 'native').filter(
    ({ from, to }) => /^native\/nbd\/session\b/.test(from) && !['base', 'nbd'].includes(roomOf(to)),
  )
  t.deepEqual(show(wrong), [])
})

test('only native/addon includes Node headers, and of those only Node-API', (t) => {
  const wrong = nativeEdges().filter(
    ({ from, to }) => nodeHeaders.test(to) && (roomOf(from) !== 'addon' || /^<(node|uv|v8)\.h>$/.test(to)),
  )
  t.deepEqual(show(wrong), [])
})

test('native files include one another without a cycle', (t) => {
  t.is(findCycle(within(nativeEdges(), 'native')), undefined)
})

test('library folders import only the layers below them', (t) => {
  const wrong = within(libEdges(), 'lib').filter(({ from, to }) => {
    const [room, target] = [roomOf(from), roomOf(to)]
    if (room === target) return false
    if (libLeaves.includes(room)) return !libLeaves.includes(target)
    if (libLeaves.includes(target)) return false
    if (libTop.includes(room)) return target === 'load.ts'
    return !libMayImport[room]?.includes(target)
  })
  t.deepEqual(show(wrong), [])
})

/** Rooms that get what lies below the seam from array and host, which own it, and never from the seam. */
const aboveTheSeam = ['service', 'demo', 'test-kit', 'cli']

function loadsOfTheSeam(edges: readonly Edge[]): Edge[] {
  return edges.filter(
    ({ from, to, typeOnly }) => !typeOnly && to === 'lib/binding.ts' && aboveTheSeam.includes(roomOf(from)),
  )
}

test('service, demo, test kit and command line never load the seam themselves', (t) => {
  t.deepEqual(show(loadsOfTheSeam(libEdges())), [])
})

test('the seam is not loaded by an import that takes a value beside its types, and types may be taken', (t) => {
  const edges = (from: string, text: string): Edge[] => loadsOfTheSeam(edgesIn(from, text))
  const mixed = "import { binding, type LunInfo } from '../binding.ts'"
  t.is(edges('lib/demo/disk.ts', mixed).length, 1)
  t.is(edges('lib/cli/program.ts', "const { binding } = await import('../binding.ts')").length, 1)
  t.is(edges('lib/service/a.ts', "export * from '../binding.ts'").length, 1)
  t.deepEqual(edges('lib/host/disk.ts', mixed), [])
  t.deepEqual(edges('lib/demo/disk.ts', "import type { LunInfo } from '../binding.ts'"), [])
  t.deepEqual(edges('lib/demo/disk.ts', "import { Initiator } from '../binding-values.ts'"), [])
})

test('library files load one another without a cycle', (t) => {
  const loads = within(libEdges(), 'lib').filter(({ typeOnly }) => !typeOnly)
  t.is(findCycle(loads), undefined)
})

test('the tables themselves have no cycle', (t) => {
  for (const table of [nativeMayInclude, libMayImport]) {
    const edges = Object.entries(table).flatMap(([from, targets]) =>
      targets.map((to) => ({ from, to, typeOnly: false })),
    )
    t.is(findCycle(edges), undefined)
  }
})

test('only lib/load.ts loads the addon, only entries for bundlers name its files, and only lib/binding.ts imports lib/load.ts', (t) => {
  const namesAddon = /\.node['"`]|\bdlopen\b|node-gyp-build/
  const loaders = filesBelow('lib', /\.c?ts$/).filter((path) => namesAddon.test(textOf(path)))
  t.deepEqual(
    loaders.filter((path) => !path.startsWith('lib/targets/')),
    ['lib/load.ts'],
  )
  const users = libEdges().filter(({ to }) => to === 'lib/load.ts')
  t.deepEqual([...new Set(users.map(({ from }) => from))], ['lib/binding.ts'])
})

test('loading the coordinator, a writer or a document never loads the binding', (t) => {
  const edges = libEdges()
  const pure = edges
    .map(({ from }) => from)
    .filter((file) => /^lib\/(coordinator|writer|document)\//.test(file))
  const reached = reachable(pure, edges)
  t.is(reached.get('lib/binding.ts'), undefined)
  t.is(reached.get('lib/load.ts'), undefined)
})

test('the reader of imports sees every form of import and ignores comments', (t) => {
  const text = [
    "import a from './a.ts'",
    "import type { B } from './b.ts'",
    "export { c } from './c.ts'",
    "export * from './d.ts'",
    "import {\n  e,\n  f,\n} from './e.ts'",
    "import './g.ts'",
    "const h = await import('./h.ts')",
    "createRequire(import.meta.url)('outside')",
    "// import x from './x.ts'",
    "/* import y from './y.ts' */",
  ].join('\n')
  const seen = edgesIn('lib/room/file.ts', text)
  t.deepEqual(
    seen.map(({ to }) => to),
    [...'abcdeg'].map((name) => `lib/room/${name}.ts`).concat('lib/room/h.ts', 'outside'),
  )
  t.deepEqual(
    seen.filter(({ typeOnly }) => typeOnly).map(({ to }) => to),
    ['lib/room/b.ts'],
  )
})

test('the search for cycles finds one, and none where there is none', (t) => {
  const edge = (from: string, to: string): Edge => ({ from, to, typeOnly: false })
  t.deepEqual(findCycle([edge('a', 'b'), edge('b', 'c'), edge('c', 'b')]), ['b', 'c', 'b'])
  t.is(findCycle([edge('a', 'b'), edge('a', 'c'), edge('b', 'c')]), undefined)
})
