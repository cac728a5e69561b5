/** holdfast lun create | adopt | grow | revert | resync | detach | delete | list | inspect | diff-area */
import type { Command } from 'commander'
import type { LunInfo } from '../binding-values.ts'
import { VssError } from '../errors.ts'
import { askLun } from '../host/lun-information.ts'
import { type DiskLayout, layoutOf } from '../host/partition-table.ts'
import type { Guid } from '../ids.ts'
import { parseId, parseSize } from './arguments.ts'
import { addDiffAreaCommand } from './diff-area-command.ts'
import { interruptible } from './interrupt.ts'
import { findSnapshot } from './known-snapshots.ts'
import { acceptChangedOption, closing, type OpenFlags, openArray, openService } from './opening.ts'
import { bytesText, give, type OutputOptions, properties, table } from './output.ts'
import { announce, StderrProgress } from './progress.ts'

export function addLunCommands(program: Command): void {
  const lun = program.command('lun').description('make, adopt and examine LUNs')

  lun
    .command('create')
    .description('make a LUN of zeroes, which takes up space as it is written to')
    .argument('<array>', 'the directory of the array')
    .argument('<size>', 'for example 512M or 8GiB', parseSize)
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(async (dir: string, sizeBytes: number, options: OutputOptions & OpenFlags) => {
      const guid = await closing(openArray(dir, options), (array) => array.createLun(sizeBytes))
      give({ guid, sizeBytes }, options, () => guid)
    })

  lun
    .command('adopt')
    .description('make a LUN of a raw disk image, without copying it; then change it through the array only')
    .argument('<array>', 'the directory of the array')
    .argument('<image>', 'the file')
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(async (dir: string, image: string, options: OutputOptions & OpenFlags) => {
      const adopted = await closing(openArray(dir, options), async (array) => {
        const guid = await array.adoptLun(image)
        const info = (await array.listLuns()).find((known) => known.guid === guid)
        return { guid, sizeBytes: info?.sizeBytes, adoptedPath: info?.adoptedPath }
      })
      give(adopted, options, () => adopted.guid)
    })

  lun
    .command('grow')
    .description('make a LUN larger; what is new reads as zeroes, shadow copies keep their size')
    .argument('<array>', 'the directory of the array')
    .argument('<lun>', 'the id of the LUN', parseId)
    .argument('<size>', 'for example 512M or 8GiB', parseSize)
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(async (dir: string, guid: Guid, sizeBytes: number, options: OutputOptions & OpenFlags) => {
      await closing(openArray(dir, options), (array) => array.growLun(guid, sizeBytes))
      give({ guid, sizeBytes }, options, () => `${guid} has ${bytesText(sizeBytes)}`)
    })

  lun
    .command('revert')
    .description(
      'make a LUN hold again what a shadow copy of it holds, with all its volumes; later writes are lost',
    )
    .argument('<array>', 'the directory of the array')
    .argument('<lun>', 'the id of the LUN', parseId)
    .argument('<snapshot>', 'the id of the shadow copy', parseId)
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(async (dir: string, guid: Guid, snapshotId: Guid, options: OutputOptions & OpenFlags) => {
      await closing(openService(dir, [], options), async ({ array, coordinator }) => {
        await array.revertLun(guid, findSnapshot(coordinator.catalogue, snapshotId).copyLun)
      })
      give({ guid, snapshotId }, options, () => `${guid} holds what shadow copy ${snapshotId} holds`)
    })

  lun
    .command('resync')
    .description('make a LUN hold what a shadow copy of another LUN holds; what it held before is lost')
    .argument('<array>', 'the directory of the array')
    .argument('<destination>', 'the id of the LUN', parseId)
    .argument('<snapshot>', 'the id of the shadow copy', parseId)
    .option('--original-identity', 'take the disk signature or GUIDs of the LUN that the copy was taken of')
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(
      async (
        dir: string,
        guid: Guid,
        snapshotId: Guid,
        options: OutputOptions & OpenFlags & { originalIdentity?: boolean },
      ) => {
        const done = await closing(openService(dir, [], options), async ({ array, coordinator }) => {
          const { copyLun } = findSnapshot(coordinator.catalogue, snapshotId)
          const progress = new StderrProgress()
          const resyncing = interruptible((signal) =>
            array.resyncLun(guid, copyLun, {
              signal,
              identity: options.originalIdentity === true ? 'original' : 'destination',
              onProgress: ({ doneBytes, totalBytes }) => progress.advance(guid, doneBytes, totalBytes),
            }),
          )
          return await resyncing.finally(() => progress.end())
        })
        give({ guid, snapshotId, ...done }, options, () => {
          const written = `${done.incremental ? 'changed since the last one: ' : ''}${bytesText(done.writtenBytes)}`
          return `${guid} holds what shadow copy ${snapshotId} holds (${written} written)`
        })
      },
    )

  lun
    .command('delete')
    .description('delete a LUN and its bytes; an adopted image stays where it is')
    .argument('<array>', 'the directory of the array')
    .argument('<lun>', 'the id of the LUN', parseId)
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(async (dir: string, guid: Guid, options: OutputOptions & OpenFlags) => {
      await closing(openArray(dir, options), (array) => array.deleteLun(guid))
      give({ guid }, options, () => `${guid} is deleted`)
    })

  lun
    .command('detach')
    .description('take a LUN out of the array and leave all of it in one raw image')
    .argument('<array>', 'the directory of the array')
    .argument('<lun>', 'the id of the LUN', parseId)
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(async (dir: string, guid: Guid, options: OutputOptions & OpenFlags) => {
      const path = await closing(openArray(dir, options), (array) =>
        announce(`bringing LUN ${guid} home`, array.detachLun(guid)),
      )
      give({ guid, path }, options, () => path)
    })

  lun
    .command('list')
    .description('list the LUNs of an array')
    .argument('<array>', 'the directory of the array')
    .option('--copies', 'list the LUNs of shadow copies too')
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(async (dir: string, options: OutputOptions & OpenFlags & { copies?: boolean }) => {
      const all = await closing(openArray(dir, options), (array) => array.listLuns())
      const luns = options.copies === true ? all : all.filter(({ snapshotId }) => snapshotId === null)
      give({ luns }, options, () =>
        table(
          ['LUN', 'size', 'redirected', 'kind'],
          luns.map((info) => [info.guid, bytesText(info.sizeBytes), bytesText(info.areaBytes), kindOf(info)]),
        ),
      )
    })

  lun
    .command('inspect')
    .description('show what is known of a LUN: its state, its identifiers, its partition table')
    .argument('<array>', 'the directory of the array')
    .argument('<lun>', 'the id of the LUN', parseId)
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(async (dir: string, guid: Guid, options: OutputOptions & OpenFlags) => {
      const inspected = await closing(openArray(dir, options), async (array) => {
        await using opened = await array.openLun(guid)
        const info = await opened.inspect()
        const ends = await opened.readEnds()
        return { ...info, identity: askLun(opened), ...readLayout(() => layoutOf(ends)) }
      })
      const { identity, layout, trouble, ...info } = inspected
      give(inspected, options, () =>
        [
          properties([
            ['LUN', info.guid],
            ['size', bytesText(info.sizeBytes)],
            ['kind', kindOf(info)],
            ['base file', info.basePath],
            ['redirected in its family', bytesText(info.areaBytes)],
            ['pending flags', flagsText(info.pendingVssFlags)],
            ['held', info.held ? 'yes' : 'no'],
            ['content', contentText(info)],
            ['serial number', identity.serialNumber],
            ...identity.deviceIdDescriptor.identifiers.map(
              ({ type, identifier }) => [`identifier of type ${type}`, identifier] as const,
            ),
            ['partition table', trouble ?? describeLayout(layout)],
          ]),
          ...(layout === null || layout.partitions.length === 0 ? [] : [partitionTable(layout)]),
        ].join('\n'),
      )
    })

  addDiffAreaCommand(lun)
}

/** A table that cannot be read is something to show, not a failure of the command. */
function readLayout(read: () => DiskLayout): { layout: DiskLayout | null; trouble: string | null } {
  try {
    return { layout: read(), trouble: null }
  } catch (thrown) {
    if (thrown instanceof VssError) return { layout: null, trouble: thrown.text }
    throw thrown
  }
}

function kindOf({ snapshotId, sourceGuid, adoptedPath }: LunInfo): string {
  if (snapshotId !== null) return `shadow copy ${snapshotId} of ${sourceGuid ?? 'a LUN that is gone'}`
  return adoptedPath === null ? 'original' : `adopted from ${adoptedPath}`
}

function contentText({ content, contentOf }: LunInfo): string {
  if (content === 'partial') return `half of shadow copy LUN ${contentOf}: resync it again, or revert it`
  return content === 'copied' ? `what shadow copy LUN ${contentOf} held` : 'its own'
}

function flagsText(flags: bigint): string {
  return flags === 0n ? 'none' : `0x${flags.toString(16)}`
}

function describeLayout(layout: DiskLayout | null): string {
  if (layout === null) return 'unreadable'
  if (layout.kind === 'none') return 'none'
  if (layout.kind === 'mbr') return `MBR, signature ${layout.mbrSignature.toString(16).padStart(8, '0')}`
  const damage = [
    layout.damagedPrimary ? 'primary damaged' : '',
    layout.damagedBackup ? 'backup damaged' : '',
    layout.copiesDiffer ? 'copies differ' : '',
  ].filter((text) => text !== '')
  return [`GPT, disk GUID ${layout.diskGuid}`, ...damage].join(', ')
}

function partitionTable({ partitions }: DiskLayout): string {
  return table(
    ['#', 'name', 'offset', 'length', 'GUID', 'flags'],
    partitions.map(({ index, name, offsetBytes, lengthBytes, uniqueGuid, vssFlags }) => [
      String(index),
      name,
      String(offsetBytes),
      bytesText(lengthBytes),
      uniqueGuid ?? '',
      flagsText(vssFlags),
    ]),
  )
}
