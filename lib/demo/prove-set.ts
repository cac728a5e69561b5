/**
 * The part of the proof that is the same whatever was on the disks: of the hold, the copies' disks,
 * the images, and the document.
 */
import { readFile } from 'node:fs/promises'
import type { HoldVerdict } from '../coordinator/kernel-support.ts'
import { BackupComponentsDocument } from '../document/backup-components.ts'
import { describeThrown } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { LocalService } from '../service/local-service.ts'
import type { BackedUpVolume, BackupOutcome } from './backup.ts'
import { type ByteSource, ImageFile } from './byte-source.ts'
import { type Check, checkOf } from './check.ts'
import { type CopiedImage, hashOf, type OptionsFor } from './copy-volume.ts'
import { type DiskPair, proveFlags, proveIdentifiers, proveTables, readDisk } from './prove-disks.ts'

/** VSS allows no more, flushing included. */
const HOLD_MAX_MICROS = 10_000_000

/**
 * To be called while the shadow copies are there.
 *
 * @param nameOf - an original as people know it
 * @param optionsFor - the reading of a whole shadow copy or image
 */
export async function proveSet(
  outcome: BackupOutcome,
  service: LocalService,
  nameOf: (original: Guid) => string,
  optionsFor: OptionsFor = () => ({}),
): Promise<Check[]> {
  const { volumes, report, snapshotSetId, components } = outcome
  const pairs = await readPairs(volumes, service, nameOf)
  const document = await readFile(outcome.backupComponentsDocument, 'utf8')
  return [
    proveHold(
      report.hold,
      volumes.map(({ originalVolumeName }) => originalVolumeName),
    ),
    proveTables(pairs),
    proveFlags(pairs),
    proveIdentifiers(pairs),
    await proveVolumes(volumes, service, optionsFor),
    proveDocument(document, snapshotSetId, components),
  ]
}

async function readPairs(
  volumes: readonly BackedUpVolume[],
  service: LocalService,
  nameOf: (original: Guid) => string,
): Promise<DiskPair[]> {
  // Several volumes may lie on one disk, which then has one copy.
  const luns = new Map(volumes.map(({ copyLun, originalLun }) => [copyLun, originalLun]))
  const pairs: DiskPair[] = []
  for (const [copyLun, originalLun] of luns) {
    const name = nameOf(originalLun)
    await using copy = await service.array.openLun(copyLun)
    pairs.push({
      original: await readDisk(service.lun(originalLun), name),
      copy: await readDisk(copy, `the copy of ${name}`),
    })
  }
  return pairs
}

export function proveHold(hold: HoldVerdict | undefined, volumeNames: readonly string[]): Check {
  const problems: string[] = []
  if (hold === undefined) problems.push('there was no hold')
  else {
    if (!hold.heldThroughout) problems.push(`the hold did not last: it was ended by ${hold.endedBy}`)
    if (hold.holdMicros > HOLD_MAX_MICROS) problems.push(`it took ${Math.round(hold.holdMicros)} µs`)
    const held = new Set(hold.luns.flatMap((lun) => lun.volumeNames))
    for (const name of volumeNames) if (!held.has(name)) problems.push(`${name} was not held`)
  }
  return checkOf(
    'the writes of all volumes were held throughout',
    problems,
    `${Math.round(hold?.holdMicros ?? 0)} µs on ${hold?.luns.length ?? 0} LUNs`,
  )
}

async function proveVolumes(
  volumes: readonly BackedUpVolume[],
  service: LocalService,
  optionsFor: OptionsFor,
): Promise<Check> {
  const handles = volumes.map(({ deviceObject, image }) => ({
    name: deviceObject,
    volume: service.host.openVolume(deviceObject),
    image,
  }))
  try {
    return await proveImages(handles, optionsFor)
  } finally {
    for (const { volume } of handles) volume.close()
  }
}

/** The shadow copy still shows what was copied out of it, and the image holds it. */
export async function proveImages(
  copies: readonly { name: string; volume: ByteSource; image: CopiedImage }[],
  optionsFor: OptionsFor = () => ({}),
): Promise<Check> {
  const problems: string[] = []
  for (const { name, volume, image } of copies) {
    if ((await hashOf(volume, optionsFor(name))) !== image.sha256)
      problems.push(`${name} has changed since it was copied`)
    await using file = await ImageFile.open(image.path)
    if ((await hashOf(file, optionsFor(image.path))) !== image.sha256)
      problems.push(`${image.path} is not what was read`)
  }
  return checkOf(
    'the images are equal to the shadow copies, which do not change',
    problems,
    copies.map(({ image }) => image.sha256.slice(0, 16)).join(', '),
  )
}

/**
 * @param xml - what was saved
 * @param components - the names of all that were included
 */
export function proveDocument(xml: string, snapshotSetId: Guid, components: readonly string[]): Check {
  return checkOf(
    'the Backup Components Document reads back and says that the backup succeeded',
    documentProblems(xml, snapshotSetId, components),
    components.length === 0
      ? 'the id of the set; there was no component to be marked'
      : `the id of the set, ${components.length} component(s) marked`,
  )
}

function documentProblems(xml: string, snapshotSetId: Guid, components: readonly string[]): string[] {
  let document: BackupComponentsDocument
  try {
    document = BackupComponentsDocument.fromXml(xml)
  } catch (thrown) {
    return [describeThrown(thrown)]
  }
  const problems: string[] = []
  if (document.snapshotSetId !== snapshotSetId) problems.push('it names another snapshot set')
  const records = document.writers.flatMap((writer) => writer.components)
  for (const { componentName, backupSucceeded } of records) {
    if (backupSucceeded !== true) problems.push(`component '${componentName}' is not marked as backed up`)
  }
  const recorded = records.map(({ componentName }) => componentName)
  for (const name of components) if (!recorded.includes(name)) problems.push(`component '${name}' is missing`)
  return problems
}
