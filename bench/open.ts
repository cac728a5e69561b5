/**
 * How long opening an array with 10 million changed units takes.
 *
 *     npm run bench -- open [--json] [--dir DIR] [--quick] [--check]
 *
 * A native process changes units of a LUN of 1 TiB at random, with their data discarded, and closes the array:
 * opened by a fresh process, that is the clean opening. Another process changes 2 million more, which makes a
 * journal of 56 MiB, just below the size at which it becomes a checkpoint, and dies: that opening is the one after a
 * crash. Journal and checkpoint are real and in the page cache.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { runDriver } from './drivers/driver.ts'
import { judge } from './support/bars.ts'
import { benchOptions, printMachine, printTable } from './support/report.ts'
import { median, rounded } from './support/stats.ts'

interface Opened {
  openMillis: number
  versions: number
  readP50Us: number
  readMaxUs: number
  privateBytes: number
}

const options = benchOptions()
const scale = options.quick ? 0.05 : 1
const changedUnits = 10_000_000 * scale
const tailUnits = 2_000_000 * scale
const directory = await mkdtemp(join(options.dir ?? tmpdir(), 'holdfast-bench-'))
const closed = join(directory, 'closed')
const crashed = join(directory, 'crashed')

/** Base files are of the size of their LUN, and empty. */
async function copySparse(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-a', '--sparse=always', from, to])
}

async function openings(path: string, count: number): Promise<Opened[]> {
  const opened: Opened[] = []
  for (let i = 0; i < count; i++) {
    // Opening changes what is opened.
    const copy = join(directory, 'opened')
    await copySparse(path, copy)
    opened.push(await runDriver<Opened>('open_time', ['open', copy]))
    await rm(copy, { recursive: true })
  }
  return opened
}

try {
  await mkdir(closed)
  console.error(`changing ${changedUnits} units …`)
  await runDriver('open_time', ['fill', closed, changedUnits])
  const clean = await openings(closed, 5)
  await copySparse(closed, crashed)
  await runDriver('open_time', ['tail', crashed, tailUnits])
  const crash = await openings(crashed, 3)
  const cleanMillis = rounded(median(clean.map(({ openMillis }) => openMillis)))
  const crashMillis = rounded(median(crash.map(({ openMillis }) => openMillis)))
  printMachine()
  printTable(
    ['opening', 'changed units', 'ms', 'first reads µs p50', 'max'],
    [
      ['after a close', changedUnits, cleanMillis, clean[0]?.readP50Us ?? '', clean[0]?.readMaxUs ?? ''],
      [
        ...['after a crash', changedUnits + tailUnits, crashMillis],
        ...[crash[0]?.readP50Us ?? '', crash[0]?.readMaxUs ?? ''],
      ],
    ],
  )
  judge(
    [
      { name: 'ms to open after a close', measured: cleanMillis, limit: 200, kind: 'most' },
      { name: 'ms to open after a crash', measured: crashMillis, limit: 3000, kind: 'most' },
    ],
    options.check,
  )
  if (options.json) {
    console.log(JSON.stringify({ bench: 'open', changedUnits, cleanMillis, crashMillis, tailUnits }))
  }
} finally {
  await rm(directory, { recursive: true, force: true })
}
