/**
 * How long a commit holds the writes of a set, and what that depends on.
 *
 *     npm run bench -- commit [--json] [--dir DIR] [--quick] [--check]      in a checkout
 *     npx holdfast bench commit …                                           where the package is installed
 *
 * Sets of 1, 4, 16 and 64 LUNs of 1 GiB and of 1 TiB, without and with 100 earlier copies, while 4 KiB random
 * writes at queue depth 16 on every LUN keep running (within 256 MiB a LUN, 40 MB/s in all, from a thread of
 * their own). Each set is a whole set through requester, coordinator, writer, provider and host, transportable, and
 * is deleted before the next. The hold is timed by the I/O thread. Beside each row: the median of a 4 KiB append +
 * fdatasync on the idle disk.
 *
 * Comparisons are pairs: both configurations open and loaded, sets alternating A B A B.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bar, judge } from './support/bars.ts'
import { CommitSite, type SetFigures, type SiteShape } from './support/commit-site.ts'
import { benchOptions, printMachine, printTable } from './support/report.ts'
import { median, quantile, rounded } from './support/stats.ts'
import { appendSyncMicros } from './support/sync-cost.ts'

const gibibyte = 2 ** 30
const tebibyte = 2 ** 40
const bytesPerSecond = 40e6

const options = benchOptions()
const setsPerRow = options.quick ? 5 : 50
const setsPerSide = options.quick ? 5 : 100
const earlierCopies = options.quick ? 10 : 100
const directory = await mkdtemp(join(options.dir ?? tmpdir(), 'holdfast-bench-'))

function sizeName(bytes: number): string {
  return bytes === tebibyte ? '1 TiB' : '1 GiB'
}

async function measureSets(site: CommitSite, count: number): Promise<SetFigures[]> {
  const figures: SetFigures[] = []
  for (let i = 0; i < count; i++) figures.push(await site.takeSet())
  return figures
}

async function row(shape: SiteShape, site: CommitSite, idleBefore: number) {
  await site.load.report()
  const figures = await measureSets(site, setsPerRow)
  const load = await site.load.report()
  const holds = figures.map(({ holdUs }) => holdUs)
  return {
    luns: shape.luns,
    lunBytes: shape.lunBytes,
    copies: shape.copies,
    sets: figures.length,
    loadIops: Math.round(load.writes / load.seconds),
    holdUs: { p50: median(holds), p99: quantile(holds, 0.99), max: Math.max(...holds) },
    freezeUs: { p50: median(figures.map(({ freezeUs }) => freezeUs)) },
    writeStallUs: { p99: load.p99Us, max: load.maxUs },
    setMs: { p50: rounded(median(figures.map(({ setMs }) => setMs))) },
    recordMs: { p50: rounded(median(figures.map(({ recordMs }) => recordMs))) },
    fdatasyncUs: { p50: Math.round(idleBefore) },
  }
}

/** Without earlier copies, then with them, on one array. */
async function rowsOf(luns: number, lunBytes: number) {
  const before = await appendSyncMicros(directory, 200)
  const site = await CommitSite.open(join(directory, 'rows'), { luns, lunBytes, copies: 0 }, bytesPerSecond)
  const rows = [await row({ luns, lunBytes, copies: 0 }, site, before)]
  await site.takeEarlierCopies(earlierCopies)
  rows.push(await row({ luns, lunBytes, copies: earlierCopies }, site, before))
  await site.close()
  const after = await appendSyncMicros(directory, 200)
  for (const one of rows) one.fdatasyncUs.p50 = Math.round(Math.min(before, after))
  return rows
}

async function pair(name: string, a: SiteShape, b: SiteShape) {
  // Half of the rate each, so that the machine carries the same load as in the rows.
  const first = await CommitSite.open(join(directory, 'a'), a, bytesPerSecond / 2)
  const second = await CommitSite.open(join(directory, 'b'), b, bytesPerSecond / 2)
  const holds: [number[], number[]] = [[], []]
  for (let i = 0; i < setsPerSide; i++) {
    holds[0].push((await first.takeSet()).holdUs)
    holds[1].push((await second.takeSet()).holdUs)
  }
  await first.close()
  await second.close()
  const [high, low] = [median(holds[0]), median(holds[1])]
  return { name, ratio: rounded(high / low, 2), diffUs: Math.round(high - low) }
}

/** The hold of every row, beside what one sync of that disk costs. */
function worstRow(rows: readonly { holdUs: { p50: number }; fdatasyncUs: { p50: number } }[]): Bar {
  const worst = Math.max(...rows.map(({ holdUs, fdatasyncUs }) => holdUs.p50 / fdatasyncUs.p50))
  return { name: 'hold p50 : fdatasync p50, worst row', measured: rounded(worst, 2), limit: 3, kind: 'most' }
}

/** A ratio of two short times says little: a difference nobody can feel will do. */
function barOf({ name, ratio, diffUs }: { name: string; ratio: number; diffUs: number }): Bar {
  const limit = name === '64:1' ? 6 : 1.5
  return ratio > limit && diffUs <= 150
    ? { name: `${name}, difference in µs`, measured: diffUs, limit: 150, kind: 'most' }
    : { name: `${name}, ratio of hold p50`, measured: ratio, limit, kind: 'most' }
}

try {
  const rows = []
  for (const lunBytes of [gibibyte, tebibyte]) {
    for (const luns of [1, 4, 16, 64]) {
      console.error(`${luns} LUNs of ${sizeName(lunBytes)} …`)
      rows.push(...(await rowsOf(luns, lunBytes)))
    }
  }
  const plain: SiteShape = { luns: 4, lunBytes: gibibyte, copies: 0 }
  console.error('pairs …')
  const pairs = [
    await pair('64:1', { ...plain, luns: 64 }, { ...plain, luns: 1 }),
    await pair('1TiB:1GiB', { ...plain, lunBytes: tebibyte }, plain),
    await pair('100:0', { ...plain, copies: earlierCopies }, plain),
  ]
  printMachine()
  printTable(
    [
      'LUNs',
      'size',
      'copies',
      'load IOPS',
      'hold µs p50',
      'p99',
      'max',
      'fdatasync µs',
      '×',
      'freeze µs',
      'stall p99',
      'set ms',
      'record ms',
    ],
    rows.map((one) => [
      ...[one.luns, sizeName(one.lunBytes), one.copies, one.loadIops],
      ...[one.holdUs.p50, one.holdUs.p99, one.holdUs.max, one.fdatasyncUs.p50],
      ...[rounded(one.holdUs.p50 / one.fdatasyncUs.p50, 2), one.freezeUs.p50, one.writeStallUs.p99],
      ...[one.setMs.p50, one.recordMs.p50],
    ]),
  )
  printTable(
    ['pair', 'ratio of hold p50', 'difference µs'],
    pairs.map(({ name, ratio, diffUs }) => [name, ratio, diffUs]),
  )
  judge([worstRow(rows), ...pairs.map(barOf)], options.check)
  if (options.json) console.log(JSON.stringify({ bench: 'commit', rows, pairs }))
} finally {
  await rm(directory, { recursive: true, force: true })
}
