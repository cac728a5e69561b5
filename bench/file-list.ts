/**
 * What a long file list costs, from documents alone.
 *
 *     npm run bench -- file-list [--json] [--quick] [--check]
 *
 * A fresh process works out the list of a full backup of 1,000 writers with 1,000 named files each (100 writers with
 * --quick), and where each is to be read on the copies of two volumes. A tenth of the files come from an alternate
 * path, and one in a hundred more is named and excluded. Each writer's metadata is loaded from XML when the list
 * reaches it and forgotten afterwards. Loading is the work of the XML library and is timed apart; the memory is the
 * most that the process ever had, loading included.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { judge } from './support/bars.ts'
import type { ListFigures } from './support/file-list-process.ts'
import { benchOptions, printMachine, printTable } from './support/report.ts'
import { rounded } from './support/stats.ts'

const options = benchOptions()
const program = fileURLToPath(new URL('./support/file-list-process.js', import.meta.url))
const { stdout, status } = spawnSync(process.execPath, [program, String(options.quick ? 100 : 1000)], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
})
if (status !== 0) throw new Error(`the process that works out the list ended with ${status}`)
const { files, listMillis, loadMillis, peakBytes } = JSON.parse(stdout) as ListFigures
const listSeconds = rounded(listMillis / 1000, 2)
const peakMiB = rounded(peakBytes / 2 ** 20)
printMachine()
printTable(
  ['figure', 'measured'],
  [
    ['files listed', files],
    ['seconds to list and place them', listSeconds],
    ['microseconds a file', rounded((listMillis * 1000) / files, 2)],
    ['seconds to load the documents', rounded(loadMillis / 1000, 2)],
    ['MiB at the worst moment', peakMiB],
  ],
)
judge(
  [
    {
      name: 'seconds for a million files',
      measured: rounded((listSeconds * 1_000_000) / files, 2),
      limit: 5,
      kind: 'most',
    },
    { name: 'MiB at the worst moment', measured: peakMiB, limit: 300, kind: 'most' },
  ],
  options.check,
)
if (options.json) {
  console.log(
    JSON.stringify({
      ...{ bench: 'file-list', files, listSeconds, peakMiB, loadSeconds: rounded(loadMillis / 1000, 2) },
    }),
  )
}
