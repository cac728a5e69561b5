/** The proof of a backup of images that exist: the copies equal them, and they are given back as they were. */
import { type ByteSource, ImageFile } from './byte-source.ts'
import { type Check, checkOf } from './check.ts'
import { hashOf, type OptionsFor } from './copy-volume.ts'
import { hashOutside } from './disk.ts'
import type { ImageBefore } from './image.ts'

/** An image and the disk of its shadow copy, which is absent if none was made. */
export interface CopiedDisk {
  before: ImageBefore
  copy: ByteSource | undefined
}

export async function proveContents(
  disks: readonly CopiedDisk[],
  optionsFor: OptionsFor = () => ({}),
): Promise<Check> {
  const problems: string[] = []
  let comparedCount = 0
  for (const { before, copy } of disks) {
    if (copy === undefined) {
      problems.push(`there is no copy of ${before.path}`)
      continue
    }
    comparedCount++
    if (
      (await hashOutside(copy, before.metadata, optionsFor(`the copy of ${before.path}`))) !== before.contents
    )
      problems.push(`the copy of ${before.path} differs`)
  }
  return checkOf(
    'the copies are equal to the images read before',
    problems,
    `${comparedCount} disk(s) compared, all bytes but those of the partition tables`,
  )
}

export async function proveGivenBack(
  images: readonly ImageBefore[],
  optionsFor: OptionsFor = () => ({}),
): Promise<Check> {
  const problems: string[] = []
  for (const { path, sha256 } of images) {
    await using file = await ImageFile.open(path)
    const now = await hashOf(file, optionsFor(path))
    if (now !== sha256) problems.push(`${path} had SHA-256 ${sha256} and has ${now}`)
  }
  return checkOf(
    'the images are as they were before',
    problems,
    `${images.length} image(s) detached and read again`,
  )
}
