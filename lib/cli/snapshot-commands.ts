/** holdfast snapshot create | list | export | break | delete */
import { realpath } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { type Command, Option } from 'commander'
import { slice } from '../demo/byte-source.ts'
import { copyToImage } from '../demo/copy-volume.ts'
import { identityOf, requireReplaceable } from '../demo/destination.ts'
import { VSS_OBJECT_TYPE, VSS_SNAPSHOT_CONTEXT, VSS_VOLUME_SNAPSHOT_ATTRIBUTES } from '../enums.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { CopyMethod } from '../provider/interfaces.ts'
import { BackupComponents } from '../requester/backup-components.ts'
import type { LocalService } from '../service/local-service.ts'
import { parseId, parseIds } from './arguments.ts'
import { interruptible } from './interrupt.ts'
import { copyLunsOf, findSnapshot, type KnownSnapshot, knownSnapshots } from './known-snapshots.ts'
import { acceptChangedOption, closing, type OpenFlags, openService } from './opening.ts'
import { bytesText, give, microsText, type OutputOptions, table } from './output.ts'
import { announce, StderrProgress } from './progress.ts'

export function addSnapshotCommands(program: Command): void {
  const snapshot = program.command('snapshot').description('make, export, break off and delete shadow copies')

  snapshot
    .command('create')
    .description('make persistent shadow copies of all volumes on LUNs: of one instant, or none')
    .argument('<array>', 'the directory of the array')
    .argument('<lun...>', 'the ids of the LUNs', parseIds)
    .addOption(
      new Option(
        '--method <method>',
        'differential: shares with its LUN what is not written; plex: filled in full',
      )
        .choices(['differential', 'plex'])
        .default(undefined, 'the array chooses'),
    )
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(
      async (dir: string, luns: Guid[], options: OutputOptions & OpenFlags & { method?: CopyMethod }) => {
        const made = await closing(openService(dir, [...new Set(luns)], options), (service) =>
          interruptible(async (signal) => {
            const set = await announce('making the set', createSet(service, options.method, signal))
            // What nobody waits for ends with this process.
            for (const copy of new Set(set.snapshots.map(({ copyLun }) => copyLun)))
              await fill(service, copy, signal)
            return set
          }),
        )
        give(made, options, () => {
          const { setId, holdMicros, snapshots } = made
          const head = `set ${setId}, writes held for ${microsText(holdMicros)}`
          return `${head}\n${snapshotTable(snapshots)}`
        })
      },
    )

  snapshot
    .command('list')
    .description('list the shadow copies of an array')
    .argument('<array>', 'the directory of the array')
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(async (dir: string, options: OutputOptions & OpenFlags) => {
      const snapshots = await closing(openService(dir, [], options), ({ coordinator }) =>
        knownSnapshots(coordinator.catalogue),
      )
      give({ snapshots }, options, () => snapshotTable(snapshots))
    })

  snapshot
    .command('export')
    .description('write a shadow copy to a raw image: the whole disk, or its volume only')
    .argument('<array>', 'the directory of the array')
    .argument('<snapshot>', 'the id of the shadow copy', parseId)
    .argument('<file>', 'the image to write')
    .option('--volume', 'write the volume without the disk around it')
    .option('--force', 'replace a plain file that is there, unless it belongs to the array')
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(
      async (
        dir: string,
        snapshotId: Guid,
        file: string,
        options: OutputOptions & OpenFlags & { volume?: boolean; force?: boolean },
      ) => {
        const path = resolve(file)
        const image = await closing(openService(dir, [], options), async (service) => {
          const replace = await requireHarmless(path, service, options.force === true)
          const known = findSnapshot(service.coordinator.catalogue, snapshotId)
          await using lun = await service.array.openLun(known.copyLun)
          const source = options.volume === true ? slice(lun, known.offsetBytes, known.lengthBytes) : lun
          const progress = new StderrProgress()
          const copying = interruptible((signal) =>
            copyToImage(source, path, {
              signal,
              replace,
              onAdvance: (doneBytes, totalBytes) => progress.advance(path, doneBytes, totalBytes),
            }),
          )
          return await copying.finally(() => progress.end())
        })
        give(
          { snapshotId, ...image },
          options,
          () => `${path}: ${bytesText(image.sizeBytes)}, SHA-256 ${image.sha256}`,
        )
      },
    )

  snapshot
    .command('break')
    .description('make an ordinary LUN of the one a shadow copy lies on, or of each of a set')
    .argument('<array>', 'the directory of the array')
    .argument('<id>', 'the id of a shadow copy or of a set', parseId)
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(async (dir: string, id: Guid, options: OutputOptions & OpenFlags) => {
      const luns = await closing(openService(dir, [], options), async ({ array, coordinator }) => {
        const copies = copyLunsOf(coordinator.catalogue, id)
        const infos = await Promise.all(copies.map((copy) => array.findLun(copy)))
        return array.breakCopies(infos.flatMap(({ snapshotId }) => snapshotId ?? []))
      })
      give({ id, luns }, options, () => luns.join('\n'))
    })

  snapshot
    .command('delete')
    .description('delete one shadow copy, or all of a set')
    .argument('<array>', 'the directory of the array')
    .argument('<id>', 'the id of a shadow copy or of a set', parseId)
    .addOption(acceptChangedOption())
    .option('--json', 'print one JSON object')
    .action(async (dir: string, id: Guid, options: OutputOptions & OpenFlags) => {
      const deletedSnapshots = await closing(openService(dir, [], options), (service) =>
        announce('deleting', deleteSnapshots(service, id)),
      )
      give(
        { id, deletedSnapshots },
        options,
        () => `deleted ${deletedSnapshots} shadow cop${deletedSnapshots === 1 ? 'y' : 'ies'}`,
      )
    })
}

interface CreatedSnapshots {
  setId: Guid
  holdMicros: number
  summary: string
  snapshots: KnownSnapshot[]
}

const ATTRIBUTE_OF: Record<CopyMethod, number> = {
  differential: VSS_VOLUME_SNAPSHOT_ATTRIBUTES.VSS_VOLSNAP_ATTR_DIFFERENTIAL,
  plex: VSS_VOLUME_SNAPSHOT_ATTRIBUTES.VSS_VOLSNAP_ATTR_PLEX,
}

/** No writer can be subscribed to this process, so the context is the persistent one without writers. */
async function createSet(
  service: LocalService,
  method: CopyMethod | undefined,
  signal: AbortSignal,
): Promise<CreatedSnapshots> {
  const volumes = service.host.volumes()
  if (volumes.length === 0) throw new VssError('VSS_E_OBJECT_NOT_FOUND', 'there is no volume on these LUNs')
  await using backup = new BackupComponents(service.coordinator)
  backup.initializeForBackup()
  backup.setContext(
    VSS_SNAPSHOT_CONTEXT.VSS_CTX_NAS_ROLLBACK | (method === undefined ? 0 : ATTRIBUTE_OF[method]),
  )
  const setId = backup.startSnapshotSet()
  for (const { name } of volumes) await backup.addToSnapshotSet(name, undefined, { signal })
  const { report } = await backup.doSnapshotSet({ signal })
  return {
    setId,
    holdMicros: Math.round(report.hold?.holdMicros ?? 0),
    summary: report.summary,
    snapshots: knownSnapshots(service.coordinator.catalogue).filter((known) => known.setId === setId),
  }
}

async function fill({ array }: LocalService, copyLun: Guid, signal: AbortSignal): Promise<void> {
  const progress = new StderrProgress()
  try {
    await array.whenFilled(copyLun, {
      signal,
      onProgress: ({ filledBytes, totalBytes }) =>
        progress.advance('filling the copy', filledBytes, totalBytes),
    })
  } finally {
    progress.end()
  }
}

/**
 * An export must not be the end of what it is taken from: nothing of the array is replaced, and nothing is
 * put beside its own files.
 *
 * @returns whether there is a file to be replaced
 */
async function requireHarmless(path: string, { array }: LocalService, force: boolean): Promise<boolean> {
  const precious = new Map<string, string>()
  for (const { guid, basePath, adoptedPath } of await array.listLuns()) {
    for (const file of [basePath, adoptedPath ?? '']) {
      const identity = file === '' ? undefined : await identityOf(file)
      if (identity !== undefined) precious.set(identity, `the file of LUN ${guid}`)
    }
  }
  const remedy = 'Choose another name, or replace it with --force.'
  const replace = await requireReplaceable(path, { precious, isAllowed: force, remedy })
  const [directory, ofArray] = [await realpathOrSame(dirname(path)), await realpathOrSame(array.path)]
  if (directory !== ofArray && !directory.startsWith(`${ofArray}${sep}`)) return replace
  throw new VssError('VSS_E_OBJECT_ALREADY_EXISTS', `${path} would lie in the directory of the array`, {
    culprit: path,
    remedy: 'Choose another directory: this one belongs to the array.',
  })
}

/** Of a directory that is not there, opening a file in it says more. */
async function realpathOrSame(path: string): Promise<string> {
  return await realpath(path).catch(() => path)
}

/** Gives how many there were. */
async function deleteSnapshots({ coordinator }: LocalService, id: Guid): Promise<number> {
  const isSet = knownSnapshots(coordinator.catalogue).some(({ setId }) => setId === id)
  await using requester = new BackupComponents(coordinator)
  requester.initializeForBackup()
  requester.setContext(VSS_SNAPSHOT_CONTEXT.VSS_CTX_ALL)
  const type = isSet ? VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT_SET : VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT
  const { deletedSnapshots, error } = await requester.deleteSnapshots(id, type, true)
  if (error !== undefined) throw error
  return deletedSnapshots
}

function snapshotTable(snapshots: readonly KnownSnapshot[]): string {
  return table(
    ['set', 'shadow copy', 'of LUN', 'volume', 'made'],
    snapshots.map(({ setId, snapshotId, sourceLun, lengthBytes, createdAt }) => [
      setId,
      snapshotId,
      sourceLun,
      bytesText(lengthBytes),
      createdAt,
    ]),
  )
}
