/**
 * The part of the proof that is the same whatever was on the disks: of the hold, the copies' disks,
 * their identifiers, and the images.
 */
import { readFile } from 'node:fs/promises'
import type { Lun } from '../array/lun.ts'
import { BackupComponentsDocument } from '../document/backup-components.ts'
import { askLun } from '../host/lun-information.ts'
import { layoutOf, readDiskEnds, readDiskLayout, vssFlagsForCopy } from '../host/partition-table.ts'
import type { Guid } from '../ids.ts'
import type { LocalService } from '../service/local-service.ts'
import type { BackedUpVolume, BackupOutcome } from './backup.ts'
import { ImageFile } from './byte-source.ts'
import { type Check, checkOf } from './check.ts'
import { hashOf } from './copy-volume.ts'
import { identifiersOf, layoutProblems } from './disk.ts'

/** VSS allows no more, flushing included. */
const HOLD_MAX_MICROS = 10_000_000

/** To be called while the shadow copies are there. */
export async function proveSet(outcome: BackupOutcome, service: LocalService): Promise<Check[]> {
  const pairs = new Map(outcome.volumes.map(({ copyLun, originalLun }) => [copyLun, originalLun]))
  const originals: Lun[] = [...pairs.values()].map((guid) => service.lun(guid))
  const copies: Lun[] = []
  try {
    for (const guid of pairs.keys()) copies.push(await service.array.openLun(guid))
    return [
      proveHold(outcome),
      ...(await proveTables(originals, copies)),
      await proveIdentifiers(originals, copies),
      await proveImages(outcome.volumes, service),
      await proveDocuments(outcome),
    ]
  } finally {
    for (const copy of copies) await copy.close()
  }
}

function proveHold({ report }: BackupOutcome): Check {
  const { hold } = report
  const problems: string[] = []
  if (hold === undefined) problems.push('there was no hold')
  else {
    if (!hold.heldThroughout) problems.push(`the hold did not last: it was ended by ${hold.endedBy}`)
    if (hold.holdMicros > HOLD_MAX_MICROS) problems.push(`it took ${Math.round(hold.holdMicros)} µs`)
  }
  return checkOf(
    'the writes of all volumes were held throughout',
    problems,
    `${Math.round(hold?.holdMicros ?? 0)} µs`,
  )
}

async function proveTables(originals: readonly Lun[], copies: readonly Lun[]): Promise<Check[]> {
  const tables: string[] = []
  const flags: string[] = []
  let partitionCount = 0
  for (const lun of [...originals, ...copies]) {
    const ends = await readDiskEnds(lun)
    const layout = layoutOf(ends)
    if (layout.kind === 'none') continue
    const whose = `${lun.isCopy ? 'copy' : 'original'} ${lun.guid}`
    tables.push(...layoutProblems(layout).map((problem) => `${whose}: ${problem}`))
    partitionCount += layout.partitions.length
    const wanted = lun.isCopy ? vssFlagsForCopy(ends) : 0n
    for (const { index, vssFlags, isExtended } of layout.partitions) {
      if (isExtended || !lun.isCopy || (vssFlags & wanted) === wanted) continue
      flags.push(`${whose}: partition ${index} has flags 0x${vssFlags.toString(16)}`)
    }
  }
  const nameOfTables = 'the partition tables of originals and copies are valid'
  const nameOfFlags = 'the partitions of the copies carry the flags of shadow copies'
  if (partitionCount === 0 && tables.length === 0) {
    const skipped = 'no disk has a partition table'
    return [
      { name: nameOfTables, skipped },
      { name: nameOfFlags, skipped },
    ]
  }
  return [
    checkOf(
      nameOfTables,
      tables,
      `${partitionCount} partitions on ${originals.length + copies.length} disks`,
    ),
    checkOf(nameOfFlags, flags, `read back from ${copies.length} copies`),
  ]
}

async function proveIdentifiers(originals: readonly Lun[], copies: readonly Lun[]): Promise<Check> {
  const problems: string[] = []
  const owners = new Map<string, Guid>()
  for (const lun of [...originals, ...copies]) {
    for (const identifier of identifiersOf(await readDiskLayout(lun), askLun(lun))) {
      const owner = owners.get(identifier)
      if (owner !== undefined && owner !== lun.guid)
        problems.push(`${owner} and ${lun.guid} share ${identifier}`)
      owners.set(identifier, lun.guid)
    }
  }
  return checkOf(
    "the copies' disks have new identifiers",
    problems,
    `${owners.size} identifiers (disk, partitions, serial number, VPD page 83h), no two alike`,
  )
}

/** The shadow copy still shows what was copied out of it, and the image holds it. */
async function proveImages(volumes: readonly BackedUpVolume[], service: LocalService): Promise<Check> {
  const problems: string[] = []
  for (const { deviceObject, image } of volumes) {
    using handle = service.host.openVolume(deviceObject)
    if ((await hashOf(handle)) !== image.sha256)
      problems.push(`${deviceObject} has changed since it was copied`)
    await using file = await ImageFile.open(image.path)
    if ((await hashOf(file)) !== image.sha256) problems.push(`${image.path} is not what was read`)
  }
  return checkOf(
    'the images are equal to the shadow copies, which do not change',
    problems,
    volumes.map(({ image }) => image.sha256.slice(0, 16)).join(', '),
  )
}

async function proveDocuments(outcome: BackupOutcome): Promise<Check> {
  const xml = await readFile(outcome.backupComponentsDocument, 'utf8')
  const document = BackupComponentsDocument.fromXml(xml)
  const components = document.writers.flatMap((writer) => writer.components)
  const problems = components
    .filter(({ backupSucceeded }) => backupSucceeded !== true)
    .map(({ componentName }) => `component '${componentName}' is not marked as backed up`)
  if (document.snapshotSetId !== outcome.snapshotSetId) problems.push('it names another snapshot set')
  return checkOf(
    'the Backup Components Document reads back and says that the backup succeeded',
    problems,
    `${components.length} component(s)`,
  )
}
