/**
 * The main job on disk images that exist: each is adopted as a LUN without being copied, backed up, and
 * given back as it was. Nothing is ever written to one.
 */
import { realpath } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import type { Lun } from '../array/lun.ts'
import type { StorageArray } from '../array/storage-array.ts'
import type { Guid } from '../ids.ts'
import { BackupComponents } from '../requester/backup-components.ts'
import { type LocalService, openLocalService } from '../service/local-service.ts'
import { type BackupOutcome, filesOf, runBackup, type VolumeToBackUp } from './backup.ts'
import { ImageFile } from './byte-source.ts'
import type { Check } from './check.ts'
import type { OptionsFor } from './copy-volume.ts'
import { isExt, proveFileSystems } from './file-system-check.ts'
import {
  blaming,
  type ExaminedImage,
  examineImage,
  type ImageBefore,
  readImage,
  volumeNameOn,
} from './image.ts'
import { MetadataWitness } from './metadata-witness.ts'
import { DemoOutput } from './output.ts'
import { type DemoProgress, tellingOf } from './progress.ts'
import { type CopiedDisk, proveContents, proveGivenBack } from './prove-images.ts'
import { proveSet } from './prove-set.ts'
import { type DemoReport, writeReport } from './report.ts'
import { makeWorkspace } from './workspace.ts'

export interface ImageDemoOptions {
  images: readonly string[]
  /** The directory for what stays; made if need be. */
  out: string
  /** Plain files in it are replaced, whoever made them; never an image that is given. */
  force?: boolean
  progress: DemoProgress
  signal: AbortSignal
}

type AdoptedImage = ImageBefore & { guid: Guid }

/** Room for the journal and for what the copies' own partition tables take. */
const SPACE_BYTES_EACH: number = 16 << 20

export async function runImageDemo(options: ImageDemoOptions): Promise<DemoReport> {
  const { images, out: directory, force = false, progress, signal } = options
  const examined: ExaminedImage[] = []
  for (const path of await distinct(images)) {
    examined.push(await examineImage(path, nameFor(path, examined)))
  }
  await using output = await DemoOutput.open({
    directory,
    names: filesOf(
      examined.flatMap(({ volumeNames }) => volumeNames),
      0,
    ),
    inputs: examined.map(({ path }) => path),
    force,
  })

  progress.phase('Reading the images')
  const before: ImageBefore[] = []
  for (const image of examined) before.push(await readImage(image, progress, signal))

  const [outcome, checks] = await adoptAndBackUp(before, output, options)
  // Whoever interrupted the proof does not want its result.
  signal.throwIfAborted()
  return await writeReport(outcome, checks, null, output)
}

async function adoptAndBackUp(
  before: readonly ImageBefore[],
  output: DemoOutput,
  options: ImageDemoOptions,
): Promise<[BackupOutcome, Check[]]> {
  const { progress, signal } = options
  progress.phase('Setting up')
  await using workspace = await makeWorkspace(SPACE_BYTES_EACH * before.length, (array) =>
    adopt(array, before),
  )
  const adopted = workspace.filled
  const [outcome, checks] = await backUp(workspace.arrayPath, adopted, output, options)

  progress.phase('Giving the images back')
  checks.push(await proveGivenBack(adopted, tellingOf(progress, signal)))
  return [outcome, checks]
}

async function backUp(
  arrayPath: string,
  adopted: readonly AdoptedImage[],
  output: DemoOutput,
  { progress, signal }: ImageDemoOptions,
): Promise<[BackupOutcome, Check[]]> {
  await using service = await openLocalService({ arrayPath, luns: [] })
  for (const { path, guid } of adopted) {
    await blaming(path, () => service.map(guid))
    progress.note(`${path} is LUN ${guid}`)
  }
  const witness = await MetadataWitness.watch(adopted.map(({ guid }) => service.lun(guid)))
  let outcome: BackupOutcome
  const checks: Check[] = []
  try {
    await using backup = new BackupComponents(service.coordinator)
    const volumes = adopted.flatMap((image) => volumesOn(service, image))
    outcome = await runBackup(backup, service, { volumes, output, progress, signal })
    progress.phase('Proving the copies')
    checks.push(
      ...(await proveSet(
        outcome,
        service,
        (original) => pathOf(adopted, original),
        tellingOf(progress, signal, (what) => output.asPlaced(what)),
      )),
      ...(await witness.prove(outcome.snapshotSetId)),
      await compare(outcome, adopted, service, tellingOf(progress, signal)),
      await proveFileSystems(await extImages(outcome), signal),
    )
  } finally {
    witness.stop()
  }
  // Their copies are gone with the requester object.
  for (const { guid } of adopted) {
    await service.unmap(guid)
    await service.array.detachLun(guid)
  }
  return [outcome, checks]
}

async function distinct(images: readonly string[]): Promise<string[]> {
  return [...new Set(await Promise.all(images.map((path) => blaming(path, () => realpath(path)))))]
}

/** The image's own, or with the first number that gives a name which no other image has. */
function nameFor(path: string, others: readonly ExaminedImage[]): string {
  const name = basename(path, extname(path))
  const isTaken = (wanted: string): boolean => others.some((other) => other.name === wanted)
  let free = name
  for (let number = 2; isTaken(free); number++) free = `${name}-${number}`
  return free
}

async function adopt(array: StorageArray, images: readonly ImageBefore[]): Promise<AdoptedImage[]> {
  const adopted: AdoptedImage[] = []
  for (const image of images) {
    const guid = await blaming(image.path, () => array.adoptLun(image.path))
    adopted.push({ ...image, guid })
  }
  return adopted
}

function volumesOn(service: LocalService, { guid, name }: AdoptedImage): VolumeToBackUp[] {
  return service.host
    .volumes()
    .filter(({ lunGuid }) => lunGuid === guid)
    .map((volume) => ({
      volumeName: volume.name,
      imageName: volumeNameOn(name, volume.partition?.index),
    }))
}

function pathOf(adopted: readonly AdoptedImage[], lun: Guid): string {
  return adopted.find(({ guid }) => guid === lun)?.path ?? `LUN ${lun}`
}

async function compare(
  outcome: BackupOutcome,
  adopted: readonly AdoptedImage[],
  service: LocalService,
  optionsFor: OptionsFor,
): Promise<Check> {
  const copies: Lun[] = []
  try {
    const disks: CopiedDisk[] = []
    for (const before of adopted) {
      const copyLun = outcome.volumes.find(({ originalLun }) => originalLun === before.guid)?.copyLun
      const copy = copyLun === undefined ? undefined : await service.array.openLun(copyLun)
      if (copy !== undefined) copies.push(copy)
      disks.push({ before, copy })
    }
    return await proveContents(disks, optionsFor)
  } finally {
    for (const copy of copies) await copy.close()
  }
}

async function extImages(outcome: BackupOutcome): Promise<string[]> {
  const paths: string[] = []
  for (const { image } of outcome.volumes) {
    await using file = await ImageFile.open(image.path)
    if (await isExt(file)) paths.push(image.path)
  }
  return paths
}
