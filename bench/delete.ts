/**
 * What deleting copies costs, and whom.
 *
 *     npm run bench -- delete [--json] [--dir DIR] [--check]
 *
 * The time until a copy is deleted for good and until what only it saw is collected, for copies between which more
 * and more was rewritten; p99 of 4 KiB random writes at depth 16 with and without a deletion under way, in
 * alternating slices of a quarter of a second (a deletion that ends before makes its slice shorter); and the native
 * histogram of how long each step of the deletions had the I/O thread, beside that of steps which do nothing.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runDriver } from './drivers/driver.ts'
import { judge } from './support/bars.ts'
import { benchOptions, printMachine, printTable } from './support/report.ts'
import { median, medianInterval, rounded } from './support/stats.ts'

interface Slice {
  deleting: boolean
  p99Us: number
  iops: number
  throughout: boolean
}
interface Figures {
  deletions: { units: number; deletedMillis: number; collectedMillis: number }[]
  slices: Slice[]
  steps: Steps
  /** As many steps of the same length that do nothing: what the machine adds by taking the thread away. */
  idleSteps: Steps
}
interface Steps {
  count: number
  p50Us: number
  p99Us: number
  p999Us: number
  maxUs: number
}

const options = benchOptions()
const directory = await mkdtemp(join(options.dir ?? '/dev/shm', 'holdfast-bench-'))
try {
  const { deletions, slices, steps, idleSteps } = await runDriver<Figures>('delete_steps', [directory])
  const side = (deleting: boolean): Slice[] => slices.filter((slice) => slice.deleting === deleting)
  const ratios = side(true).map((slice, i) => slice.p99Us / (side(false)[i] as Slice).p99Us)
  const interval = medianInterval(ratios)
  const p99Ratio = rounded(median(ratios), 2)
  printMachine()
  printTable(
    ['units rewritten', 'deleted ms', 'collected ms'],
    deletions.map((row) => [row.units, row.deletedMillis, row.collectedMillis]),
  )
  printTable(
    ['load', 'IOPS', 'p99 µs'],
    [false, true].map((deleting) => [
      deleting ? 'while a copy is being deleted' : 'alone',
      Math.round(median(side(deleting).map(({ iops }) => iops))),
      rounded(median(side(deleting).map(({ p99Us }) => p99Us))),
    ]),
  )
  printTable(
    ['steps', 'count', 'p50 µs', 'p99', 'p99.9', 'max'],
    Object.entries({ 'of deletions': steps, 'that do nothing': idleSteps }).map(([name, row]) => [
      ...[name, row.count, row.p50Us, row.p99Us, row.p999Us, row.maxUs],
    ]),
  )
  judge(
    [
      { name: 'µs of the longest step', measured: steps.maxUs, limit: 200, kind: 'most' },
      { name: 'p99 while deleting : p99 alone', measured: p99Ratio, limit: 1.5, kind: 'most' },
    ],
    options.check,
  )
  if (options.json) {
    const { low, high } = interval
    console.log(
      JSON.stringify({
        bench: 'delete',
        deletions,
        steps,
        p99Ratio,
        low: rounded(low, 2),
        high: rounded(high, 2),
      }),
    )
  }
} finally {
  await rm(directory, { recursive: true, force: true })
}
