/** A disk image before anybody has touched it. */
import { readDiskLayout } from '../host/partition-table.ts'
import { ImageFile } from './byte-source.ts'
import { hashOf } from './copy-volume.ts'
import { type ByteRange, hashOutside, metadataRanges } from './disk.ts'
import type { DemoProgress } from './progress.ts'

export interface ImageBefore {
  path: string
  /** Of the volumes' images. */
  name: string
  sha256: string
  /** Where a copy differs by right: the sectors of the partition table. */
  metadata: ByteRange[]
  /** SHA-256 of everything else. */
  contents: string
}

export async function readImage(
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
