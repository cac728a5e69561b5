/**
 * The main job on disk images that exist: each is adopted as a LUN without being copied, backed up, and
 * given back as it was. Nothing is ever written to one.
 */
import { mkdir, realpath } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import type { StorageArray } from '../array/storage-array.ts'
import { VssError } from '../errors.ts'
import { readDiskLayout } from '../host/partition-table.ts'
import type { Guid } from '../ids.ts'
import { BackupComponents } from '../requester/backup-components.ts'
import { type LocalService, openLocalService } from '../service/local-service.ts'
import { type BackupOutcome, runBackup, type VolumeToBackUp } from './backup.ts'
import { ImageFile } from './byte-source.ts'
import { type Check, checkOf } from './check.ts'
import { hashOf } from './copy-volume.ts'
import { type ByteRange, hashOutside, metadataRanges } from './disk.ts'
import { isExt, proveFileSystems } from './file-system-check.ts'
import { MetadataWitness } from './metadata-witness.ts'
import type { DemoProgress } from './progress.ts'
import { proveSet } from './prove-set.ts'
import { type DemoReport, writeReport } from './report.ts'
import { makeWorkspace } from './workspace.ts'

export interface ImageDemoOptions {
  images: readonly string[]
  /** The directory for what stays; made if need be. */
  out: string
  progress: DemoProgress
  signal: AbortSignal
}

/** An image as it was before anybody touched it. */
interface ImageBefore {
  path: string
  /** Of the volumes' images. */
  name: string
  sha256: string
  /** Where a copy differs by right: the sectors of the partition table. */
  metadata: ByteRange[]
  /** SHA-256 of everything else. */
  contents: string
}

type AdoptedImage = ImageBefore & { guid: Guid }

/** Room for the journal and for what the copies' own partition tables take. */
const SPACE_BYTES_EACH: number = 16 << 20

export async function runImageDemo(options: ImageDemoOptions): Promise<DemoReport> {
  const { images, out, progress, signal } = options
  progress.phase('Reading the images')
  const before: ImageBefore[] = []
  for (const path of await distinct(images)) {
    before.push(await readImage(path, nameFor(path, before), progress, signal))
  }
  await mkdir(out, { recursive: true })

  progress.phase('Setting up')
  await using workspace = await makeWorkspace(SPACE_BYTES_EACH * before.length, (array) =>
    adopt(array, before),
  )
  const adopted = workspace.filled
  const [outcome, checks] = await backUp(workspace.arrayPath, adopted, options)

  progress.phase('Giving the images back')
  checks.push(await proveGivenBack(adopted, options))
  return await writeReport(outcome, checks, null, out)
}

async function backUp(
  arrayPath: string,
  adopted: readonly AdoptedImage[],
  { out, progress, signal }: ImageDemoOptions,
): Promise<[BackupOutcome, Check[]]> {
  await using service = await openLocalService({ arrayPath })
  for (const { path, guid } of adopted) progress.note(`${path} is LUN ${guid}`)
  const witness = await MetadataWitness.watch(adopted.map(({ guid }) => service.lun(guid)))
  let outcome: BackupOutcome
  const checks: Check[] = []
  try {
    await using backup = new BackupComponents(service.coordinator)
    const volumes = adopted.flatMap((image) => volumesOn(service, image))
    if (volumes.length === 0)
      throw new VssError('VSS_E_OBJECT_NOT_FOUND', 'there is no volume on any of the images')
    outcome = await runBackup(backup, service, { volumes, out, progress, signal })
    progress.phase('Proving the copies')
    checks.push(
      ...(await proveSet(outcome, service)),
      ...(await witness.prove()),
      await proveContents(outcome, adopted, service, signal),
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
  return [...new Set(await Promise.all(images.map((path) => realpath(path))))]
}

function nameFor(path: string, others: readonly ImageBefore[]): string {
  const name = basename(path, extname(path))
  return others.some((other) => other.name === name) ? `${name}-${others.length + 1}` : name
}

async function readImage(
  path: string,
  name: string,
  progress: DemoProgress,
  signal: AbortSignal,
): Promise<ImageBefore> {
  await using file = await ImageFile.open(path)
  const metadata = metadataRanges(await readDiskLayout(file))
  const onAdvance = (doneBytes: number, totalBytes: number): void =>
    progress.advance(path, doneBytes, totalBytes)
  const sha256 = await hashOf(file, { signal, onAdvance })
  const contents = metadata.length === 0 ? sha256 : await hashOutside(file, metadata, { signal, onAdvance })
  progress.note(`${path}: ${file.sizeBytes} bytes, SHA-256 ${sha256}`)
  return { path, name, sha256, metadata, contents }
}

async function adopt(array: StorageArray, images: readonly ImageBefore[]): Promise<AdoptedImage[]> {
  const adopted: AdoptedImage[] = []
  for (const image of images) adopted.push({ ...image, guid: await array.adoptLun(image.path) })
  return adopted
}

function volumesOn(service: LocalService, { guid, name }: AdoptedImage): VolumeToBackUp[] {
  return service.host
    .volumes()
    .filter(({ lunGuid }) => lunGuid === guid)
    .map((volume) => ({
      volumeName: volume.name,
      imageName: volume.partition === null ? `${name}.volume` : `${name}.p${volume.partition.index}`,
    }))
}

async function proveContents(
  outcome: BackupOutcome,
  adopted: readonly AdoptedImage[],
  service: LocalService,
  signal: AbortSignal,
): Promise<Check> {
  const problems: string[] = []
  for (const { guid, path, metadata, contents } of adopted) {
    const copyLun = outcome.volumes.find(({ originalLun }) => originalLun === guid)?.copyLun
    if (copyLun === undefined) continue
    await using copy = await service.array.openLun(copyLun)
    if ((await hashOutside(copy, metadata, { signal })) !== contents)
      problems.push(`the copy of ${path} differs`)
  }
  return checkOf(
    'the copies are equal to the images read before',
    problems,
    `${adopted.length} disk(s), all bytes but those of the partition tables`,
  )
}

async function extImages(outcome: BackupOutcome): Promise<string[]> {
  const paths: string[] = []
  for (const { image } of outcome.volumes) {
    await using file = await ImageFile.open(image.path)
    if (await isExt(file)) paths.push(image.path)
  }
  return paths
}

async function proveGivenBack(
  images: readonly ImageBefore[],
  { signal, progress }: ImageDemoOptions,
): Promise<Check> {
  const problems: string[] = []
  for (const { path, sha256 } of images) {
    await using file = await ImageFile.open(path)
    const onAdvance = (doneBytes: number, totalBytes: number): void =>
      progress.advance(path, doneBytes, totalBytes)
    const now = await hashOf(file, { signal, onAdvance })
    if (now !== sha256) problems.push(`${path} had SHA-256 ${sha256} and has ${now}`)
  }
  return checkOf(
    'the images are as they were before',
    problems,
    `${images.length} image(s) detached and read again`,
  )
}
