/** holdfast lun diff-area */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { DiffAreaOptions } from '../array/space.ts'
import type { DiffArea, SpacePolicy } from '../binding-values.ts'
import type { Guid } from '../ids.ts'
import { parseId, parseSize } from './arguments.ts'
import { acceptChangedOption, closing, type OpenFlags, openArray } from './opening.ts'
import { bytesText, give, type OutputOptions, properties, table } from './output.ts'

interface DiffAreaFlags {
  maximum?: number | 'none'
  policy?: SpacePolicy
  stall?: number
}

const POLICIES: readonly SpacePolicy[] = ['drop-oldest', 'refuse', 'stall']

export function addDiffAreaCommand(lun: Command): void {
  lun
    .command('diff-area')
    .description('show or set how much room the shadow copies of a LUN have')
    .argument('<array>', 'the directory of the array')
    .argument('<lun>', 'the id of the LUN', parseId)
    .option('--maximum <size>', 'how much they may keep, for example 64GiB, or "none"', parseMaximum)
    .addOption(
      new Option(
        '--policy <policy>',
        'when there is no room: give up the oldest, refuse the write, or let it wait',
      ).choices(POLICIES),
    )
    .option('--stall <millis>', 'how long a write waits at most', parseMillis)
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(async (dir: string, guid: Guid, options: OutputOptions & OpenFlags & DiffAreaFlags) => {
      const { maximum, policy, stall } = options
      const wanted: DiffAreaOptions = {
        ...(maximum === undefined ? {} : { maximumBytes: maximum === 'none' ? null : maximum }),
        ...(policy === undefined ? {} : { policy }),
        ...(stall === undefined ? {} : { stallMillis: stall }),
      }
      const shown = await closing(openArray(dir, options), async (array) => {
        if (Object.keys(wanted).length > 0) await array.setDiffArea(guid, wanted)
        return { ...(await array.diffArea(guid)), givenUp: await array.lostCopies() }
      })
      give(shown, options, () =>
        [
          describeArea(shown),
          ...(shown.copies.length === 0
            ? []
            : [
                table(
                  ['shadow copy', 'keeps'],
                  shown.copies.map(({ snapshotId, ownBytes }) => [snapshotId, bytesText(ownBytes)]),
                ),
              ]),
          ...shown.givenUp.map(({ snapshotId }) => `shadow copy ${snapshotId} was given up`),
        ].join('\n'),
      )
    })
}

function describeArea({
  lunGuid,
  maximumBytes,
  usedBytes,
  allocatedBytes,
  policy,
  stallMillis,
}: DiffArea): string {
  return properties([
    ['LUN', lunGuid],
    ['maximum', maximumBytes === null ? 'none' : bytesText(maximumBytes)],
    ['used', bytesText(usedBytes)],
    ['allocated', bytesText(allocatedBytes)],
    ['without room', policy === 'stall' ? `stall, at most ${stallMillis} ms` : policy],
  ])
}

// Commander takes null for an option that was given without a value.
function parseMaximum(text: string): number | 'none' {
  return text.trim().toLowerCase() === 'none' ? 'none' : parseSize(text)
}

function parseMillis(text: string): number {
  const millis = Number(text)
  if (/^\d+$/.test(text) && millis <= 0xffff_ffff) return millis
  throw new InvalidArgumentError('Expected a number of milliseconds.')
}
