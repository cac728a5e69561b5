/**
 * What units changed since a copy cost in memory.
 *
 *     npm run bench -- memory [--json] [--dir DIR] [--quick] [--check]
 *
 * A fresh native process writes 4 KiB to 3 million units of a LUN of 8 TiB, chosen at random, each of which a copy
 * still sees: enough for a checkpoint in the background to fall into it. Their data are discarded; map, journal and
 * checkpoint are real. Counted is memory private to the process: afterwards, and at the worst of 64 moments on the
 * way. Then it takes 256 more copies, between which nothing is written.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runDriver } from './drivers/driver.ts'
import { judge } from './support/bars.ts'
import { benchOptions, printMachine, printTable } from './support/report.ts'
import { rounded } from './support/stats.ts'

interface Figures {
  units: number
  untouchedBytes: number
  changedBytes: number
  peakBytes: number
  idleCopies: number
  idleCopyBytes: number
}

const options = benchOptions()
const directory = await mkdtemp(join(options.dir ?? '/dev/shm', 'holdfast-bench-'))
try {
  const units = options.quick ? 500_000 : 3_000_000
  const figures = await runDriver<Figures>('memory_use', [directory, units])
  const bytesPerChangedUnit = rounded(figures.changedBytes / units, 2)
  const peakBytesPerChangedUnit = rounded(figures.peakBytes / units, 2)
  const untouched8TiBBytes = figures.untouchedBytes
  const bytesPerIdleCopy = Math.round(figures.idleCopyBytes / figures.idleCopies)
  printMachine()
  printTable(
    ['figure', 'bytes'],
    [
      [`for each of ${units} changed units`, bytesPerChangedUnit],
      ['the same at its worst moment', peakBytesPerChangedUnit],
      ['an untouched LUN of 8 TiB', untouched8TiBBytes],
      ['a copy that saw no writes', bytesPerIdleCopy],
    ],
  )
  judge(
    [
      { name: 'bytes for each changed unit', measured: bytesPerChangedUnit, limit: 24, kind: 'most' },
      {
        name: 'bytes of an untouched LUN of 8 TiB',
        measured: untouched8TiBBytes,
        limit: 2 ** 20,
        kind: 'most',
      },
    ],
    options.check,
  )
  if (options.json) {
    console.log(
      JSON.stringify({
        bench: 'memory',
        bytesPerChangedUnit,
        untouched8TiBBytes,
        changedUnits: units,
        peakBytesPerChangedUnit,
        bytesPerIdleCopy,
      }),
    )
  }
} finally {
  await rm(directory, { recursive: true, force: true })
}
