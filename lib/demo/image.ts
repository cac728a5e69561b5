/**
 * A disk image before anybody has touched it, and the errors about images: each names its file and
 * says what can be done.
 */
import { open, stat } from 'node:fs/promises'
import { type VssCode, VssError, type VssErrorOptions } from '../errors.ts'
import { type DiskLayout, readDiskLayout } from '../host/partition-table.ts'
import { type VolumeExtent, volumesOfLayout } from '../host/volume.ts'
import { GUID_NULL } from '../ids.ts'
import { type Remedies, systemErrorAbout } from '../system-error.ts'
import { ImageFile } from './byte-source.ts'
import { hashOf } from './copy-volume.ts'
import { type ByteRange, hashOutside, metadataRanges } from './disk.ts'
import type { DemoProgress } from './progress.ts'

export interface ExaminedImage {
  path: string
  /** With which the names of its volumes' images begin. */
  name: string
  /** Of the images that its volumes will be copied to, without extension. */
  volumeNames: string[]
  /** Where a copy differs by right: the sectors of the partition table. */
  metadata: ByteRange[]
}

export interface ImageBefore extends ExaminedImage {
  sha256: string
  /** SHA-256 of everything else. */
  contents: string
}

/** Where the general advice of a code is about something else than an image. */
const REMEDIES: Partial<Record<VssCode, string>> = {
  ERR_DISK_DAMAGED: 'Repair the partition table of the image, with gdisk for example, or leave it out.',
  ERR_DISK_LAYOUT: 'Mend the partition table of the image, with gdisk for example, or leave it out.',
  ERR_DISK_TOO_SMALL: 'Check that the image is whole, or leave it out.',
  ERR_LUN_SIZE: 'Check that the image is whole, or leave it out.',
  VSS_E_OBJECT_ALREADY_EXISTS: 'Give one of the two: disks with the same identity cannot be on one host.',
}

const NOT_WRITABLE =
  'Make the image writable, or give a copy of it: nothing is written to it, but a LUN must be writable.'

const REMEDIES_OF_THE_SYSTEM: Remedies = {
  VSS_E_OBJECT_NOT_FOUND: 'Check the path of the image.',
  ERR_INVALID_ARGUMENT: 'Give the path of a raw disk image.',
  E_ACCESSDENIED: NOT_WRITABLE,
}

/** What `work` gives; what it throws becomes an error with the image for its culprit. */
export async function blaming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    throw imageError(path, thrown)
  }
}

function imageError(path: string, thrown: unknown): unknown {
  if (thrown instanceof VssError) {
    const { code, text, errno, offsetBytes } = thrown
    const options: VssErrorOptions = { cause: thrown, culprit: path, remedy: REMEDIES[code] ?? thrown.remedy }
    if (errno !== undefined) options.errno = errno
    if (offsetBytes !== undefined) options.offsetBytes = offsetBytes
    return new VssError(code, text.includes(path) ? text : `${path}: ${text}`, options)
  }
  return systemErrorAbout(path, thrown, REMEDIES_OF_THE_SYSTEM)
}

/** @throws VssError naming the image, for one that cannot be backed up */
export function examineImage(path: string, name: string): Promise<ExaminedImage> {
  return blaming(path, async () => {
    await requireUsableFile(path)
    await using file = await ImageFile.open(path)
    const layout = await readDiskLayout(file)
    const volumes = volumesOfLayout(GUID_NULL, layout)
    requireVolume(layout, volumes)
    const volumeNames = volumes.map(({ partition }) => volumeNameOn(name, partition?.index))
    return { path, name, volumeNames, metadata: metadataRanges(layout) }
  })
}

/** Of the image that a volume is copied to, without extension. */
export function volumeNameOn(diskName: string, partitionIndex: number | undefined): string {
  return partitionIndex === undefined ? `${diskName}.volume` : `${diskName}.p${partitionIndex}`
}

/** Reads all of an image, which may take its time. */
export function readImage(
  examined: ExaminedImage,
  progress: DemoProgress,
  signal: AbortSignal,
): Promise<ImageBefore> {
  const { path, metadata } = examined
  return blaming(path, async () => {
    await using file = await ImageFile.open(path)
    const onAdvance = (doneBytes: number, totalBytes: number): void =>
      progress.advance(path, doneBytes, totalBytes)
    const sha256 = await hashOf(file, { signal, onAdvance })
    const contents = metadata.length === 0 ? sha256 : await hashOutside(file, metadata, { signal, onAdvance })
    progress.note(`${path}: ${file.sizeBytes} bytes, SHA-256 ${sha256}`)
    return { ...examined, sha256, contents }
  })
}

/** Opened as an array will open it, but only if it is a file: opening a device or a FIFO does something. */
async function requireUsableFile(path: string): Promise<void> {
  if (!(await stat(path)).isFile()) {
    throw new VssError('ERR_INVALID_ARGUMENT', 'the image is not a regular file', {
      remedy: 'Give the path of a raw disk image.',
    })
  }
  await using file = await open(path, 'r+')
  const { size } = await file.stat()
  if (size === 0) throw new VssError('ERR_DISK_TOO_SMALL', 'the image is empty')
}

/** A disk that has nothing to back up must not look as if it had been. */
function requireVolume(layout: DiskLayout, volumes: readonly VolumeExtent[]): void {
  if (volumes.length > 0) return
  const what =
    layout.partitions.length === 0 ? 'its partition table is empty' : 'no partition of it holds a volume'
  throw new VssError('VSS_E_OBJECT_NOT_FOUND', `there is no volume to back up: ${what}`, {
    remedy: 'Leave the image out, or make a partition on it.',
  })
}
