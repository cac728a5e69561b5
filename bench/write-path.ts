/**
 * Reads and writes of a LUN beside fio with io_uring on a plain file of the same size, depth and mode.
 *
 *     npm run bench -- write-path [--json] [--dir DIR] [--slice-millis N] [--check]
 *
 * 4 KiB random writes and reads and sequential 1 MiB writes, at depth 16 and 64, on /dev/shm and with O_DIRECT on
 * disk (DIR, the folder for temporary files unless told otherwise), in four states: no copy; right after a copy,
 * with every unit protected; with 100 copies and ten more a second; while a copy is being deleted. Then 4 KiB write
 * + flush, the oldest of 512 copies, and `Lun.write` from JavaScript.
 *
 * All rows of one medium, pattern and depth share their rounds: in each of 20, every state and fio have a slice,
 * forwards and backwards in turn, and a ratio is that of two slices of one round. To keep all of it within five
 * minutes a slice lasts a tenth of a second; --slice-millis 1000 makes it a second, and the bench an hour's third. A
 * deletion that is over before makes its slice shorter.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fioIsThere, type Pattern } from './drivers/fio.ts'
import { LoadSite, type Side, type State } from './drivers/load-site.ts'
import { geometricMean, type Ratio, ratioOf, type Slice } from './drivers/slices.ts'
import { type Bar, judge } from './support/bars.ts'
import { benchOptions, printMachine, printTable } from './support/report.ts'
import { median, rounded } from './support/stats.ts'

const states: readonly State[] = ['no-copy', 'after-copy', '100-copies', 'deleting']
const patterns: readonly Pattern[] = ['randwrite', 'randread', 'seqwrite']
const depths = [16, 64]

interface Row {
  driver: 'native' | 'js'
  medium: string
  pattern: string
  depth: number
  state: State
  iops: number
  p99Us: number
  ratioToFio: number
  ratioToNoCopy: number
  low: number
  high: number
}
interface Extra extends Ratio {
  name: string
  medium: string
  iops: number
}

const options = benchOptions()
const millis = options.sliceMillis ?? 100
const rounds = options.quick ? 4 : 20

/** Every side has a slice in each round; the order turns round from one to the next, in pairs that stay together. */
async function runRounds<Name extends string>(
  sides: readonly (readonly [Name, () => Promise<Slice>][])[],
): Promise<Record<Name, Slice[]>> {
  const slices = {} as Record<Name, Slice[]>
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? sides : [...sides].reverse()
    for (const group of order) {
      for (const [name, run] of group) {
        slices[name] ??= []
        slices[name].push(await run())
      }
    }
  }
  return slices
}

function rowOf(
  key: Pick<Row, 'driver' | 'medium' | 'pattern' | 'depth' | 'state'>,
  slices: readonly Slice[],
  fio: readonly Slice[],
  noCopy: readonly Slice[],
): Row {
  const toFio = ratioOf(slices, fio)
  const toNoCopy = ratioOf(slices, noCopy)
  // The interval is that of the ratio the goal is about.
  const { low, high } = key.state === 'no-copy' ? toFio : toNoCopy
  return {
    ...key,
    iops: Math.round(median(slices.map(({ iops }) => iops))),
    p99Us: rounded(median(slices.map(({ p99Us }) => p99Us))),
    ratioToFio: toFio.ratio,
    ratioToNoCopy: toNoCopy.ratio,
    low,
    high,
  }
}

async function rowsOf(site: LoadSite, medium: string, pattern: Pattern, depth: number): Promise<Row[]> {
  const run = (side: Side) => () => side(pattern, depth, millis)
  const withJs = pattern === 'randwrite' && depth === 64
  await site.prepareHundred()
  const slices = await runRounds<State | 'fio' | 'js'>([
    [['fio', run(site.fio)]],
    [['no-copy', run(site.native['no-copy'])]],
    [
      ['after-copy', run(site.native['after-copy'])],
      ['deleting', run(site.native.deleting)],
    ],
    [['100-copies', run(site.native['100-copies'])]],
    ...(withJs ? [[['js', run(site.js)] as ['js', () => Promise<Slice>]]] : []),
  ])
  const key = { medium, pattern, depth }
  const rows = states.map((state) =>
    rowOf({ ...key, driver: 'native', state }, slices[state], slices.fio, slices['no-copy']),
  )
  if (withJs)
    rows.push(rowOf({ ...key, driver: 'js', state: 'no-copy' }, slices.js, slices.fio, slices['no-copy']))
  return rows
}

async function extrasOf(site: LoadSite, medium: string): Promise<Extra[]> {
  const pairs = await runRounds<'file' | 'no-copy' | 'after-copy'>([
    [['file', () => site.fileSyncs(millis)]],
    [['no-copy', () => site.syncs['no-copy'](millis)]],
    [['after-copy', () => site.syncs['after-copy'](millis)]],
  ])
  await site.prepareDeep()
  const reads = await runRounds<'oldest' | 'newest'>([
    [['newest', () => site.readCopy('newest', millis)]],
    [['oldest', () => site.readCopy('oldest', millis)]],
  ])
  const extra = (name: string, ours: readonly Slice[], reference: readonly Slice[]): Extra => ({
    name,
    medium,
    iops: Math.round(median(ours.map(({ iops }) => iops))),
    ...ratioOf(ours, reference),
  })
  return [
    extra('write + flush : pwrite + fdatasync, no-copy', pairs['no-copy'], pairs.file),
    extra('write + flush : pwrite + fdatasync, after-copy', pairs['after-copy'], pairs.file),
    extra('oldest of 512 copies : newest', reads.oldest, reads.newest),
  ]
}

function barsOf(rows: readonly Row[], extras: readonly Extra[]): Bar[] {
  const bars: Bar[] = []
  const goals: Record<State, number> = {
    'no-copy': 0.85,
    'after-copy': 0.8,
    '100-copies': 0.75,
    deleting: 0.8,
  }
  for (const state of states) {
    const native = rows.filter((row) => row.driver === 'native' && row.state === state)
    const ratio = (row: Row): number => (state === 'no-copy' ? row.ratioToFio : row.ratioToNoCopy)
    const beside = state === 'no-copy' ? 'fio' : 'no-copy'
    bars.push(
      {
        name: `${state} : ${beside}, geometric mean`,
        measured: rounded(geometricMean(native.map(ratio)), 2),
        limit: goals[state],
        kind: 'least',
      },
      {
        name: `${state} : ${beside}, worst row's upper end`,
        measured: Math.min(...native.map(({ high }) => high)),
        limit: 0.6,
        kind: 'least',
      },
    )
  }
  for (const row of rows.filter(({ driver }) => driver === 'js')) {
    bars.push({
      name: `Lun.write : native, ${row.medium}`,
      measured: row.ratioToNoCopy,
      limit: 0.5,
      kind: 'least',
    })
  }
  for (const { name, medium, ratio } of extras) {
    bars.push({
      name: `${name}, ${medium}`,
      measured: ratio,
      limit: name.endsWith('after-copy') ? 0.5 : 0.8,
      kind: 'least',
    })
  }
  return bars
}

if (!fioIsThere()) {
  console.error('write-path measures beside fio, which is not installed: apt-get install fio')
  process.exit(2)
}
const rows: Row[] = []
const extras: Extra[] = []
for (const root of ['/dev/shm', options.dir ?? tmpdir()]) {
  const directory = await mkdtemp(join(root, 'holdfast-bench-'))
  try {
    const site = await LoadSite.open(join(directory, 'site'))
    const medium = root === '/dev/shm' ? root : site.direct ? 'disk, O_DIRECT' : 'disk, buffered'
    for (const pattern of patterns) {
      for (const depth of depths) {
        console.error(`${medium}: ${pattern} at depth ${depth} …`)
        rows.push(...(await rowsOf(site, medium, pattern, depth)))
      }
    }
    extras.push(...(await extrasOf(site, medium)))
    await site.close()
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
printMachine()
console.log(`slices of ${millis} ms, ${rounds} a side, in rounds that all states share`)
printTable(
  [
    'driver',
    'medium',
    'pattern',
    'depth',
    'state',
    'IOPS',
    'p99 µs',
    ': fio',
    ': no-copy',
    '95 % from',
    'to',
  ],
  rows.map((row) => [
    ...[row.driver, row.medium, row.pattern, row.depth, row.state, row.iops, row.p99Us],
    ...[row.ratioToFio, row.ratioToNoCopy, row.low, row.high],
  ]),
)
printTable(
  ['comparison', 'medium', 'a second', 'ratio', '95 % from', 'to'],
  extras.map(({ name, medium, iops, ratio, low, high }) => [name, medium, iops, ratio, low, high]),
)
judge(barsOf(rows, extras), options.check)
if (options.json) {
  console.log(
    JSON.stringify({ bench: 'write-path', rows, extras, sliceMillis: millis, slicesPerSide: rounds }),
  )
}
