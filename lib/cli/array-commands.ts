/** holdfast array create | info | check */
import { type Command, Option } from 'commander'
import type { ArrayInfo } from '../array/array-options.ts'
import { engineInfo } from '../array/engine.ts'
import type { IoMode } from '../binding-values.ts'
import { EXIT } from './exit-codes.ts'
import { acceptChangedOption, closing, createArray, type OpenFlags, openArray } from './opening.ts'
import { bytesText, give, type OutputOptions, properties } from './output.ts'
import { announce } from './progress.ts'

export function addArrayCommands(program: Command): void {
  const array = program.command('array').description('make and examine storage arrays')

  array
    .command('create')
    .description('make an array in a directory that is not there yet, or empty')
    .argument('<dir>', 'the directory')
    .addOption(
      new Option('--mode <mode>', 'how its files are read and written')
        .choices(['automatic', 'direct', 'writeback'])
        .default('automatic'),
    )
    .option('--json', 'print one JSON object')
    .action(async (dir: string, options: OutputOptions & { mode: IoMode }) => {
      const info = await closing(createArray(dir, options.mode), (array) => array.info())
      give(info, options, () => describe(info))
    })

  array
    .command('info')
    .description('show what an array holds')
    .argument('<dir>', 'the directory of the array')
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(async (dir: string, options: OutputOptions & OpenFlags) => {
      const info = await closing(openArray(dir, options), async (array) => ({
        ...(await array.info()),
        engine: engineInfo(),
      }))
      give(info, options, () => describe(info))
    })

  array
    .command('check')
    .description('look for contradictions in what an array knows of itself; 1 if there are any')
    .argument('<dir>', 'the directory of the array')
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(async (dir: string, options: OutputOptions & OpenFlags) => {
      const report = await closing(openArray(dir, options), (array) => announce('checking', array.check()))
      give(report, options, () => {
        const { lunCount, copyCount, versionCount, faults } = report
        const looked = `${lunCount} LUNs, ${copyCount} copies of LUNs, ${versionCount} versions of units`
        return faults.length === 0 ? `${looked}: no fault` : [`${looked}:`, ...faults].join('\n  ')
      })
      if (report.faults.length > 0) process.exitCode = EXIT.failed
    })
}

function describe(info: ArrayInfo): string {
  return properties([
    ['array', info.path],
    ['id', info.id],
    ['mode', info.mode],
    ['LUNs', String(info.lunCount)],
    ['copies of LUNs', `${info.copyCount} (with the shadow copies of all their volumes: snapshot list)`],
    ['sets', String(info.setCount)],
    ['redirected', bytesText(info.areaBytes)],
  ])
}
