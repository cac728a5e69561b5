/**
 * Partition tables for programs that look at disks without mapping them to a host: read from anything
 * that has bytes at offsets, or made for a disk that is to have one.
 */
import { binding, type DiskEnds, type DiskLayout, type DiskPatch, type NewPartition } from '../binding.ts'
import type { Guid } from '../ids.ts'

export type { DiskEnds, DiskLayout, DiskPatch, NewPartition } from '../binding.ts'

/** A LUN, a volume or an image in a file. */
export interface ReadableDisk {
  readonly sizeBytes: number
  read(offsetBytes: number, lengthBytes: number): Promise<Uint8Array>
}

/** How much of each end of a disk a partition table can take up. */
const END_BYTES = 1 << 20

/** The two ends of a disk, where partition tables lie. */
export async function readDiskEnds(disk: ReadableDisk): Promise<DiskEnds> {
  const { sizeBytes } = disk
  const lengthBytes = Math.min(END_BYTES, sizeBytes)
  const [head, tail] = await Promise.all([
    disk.read(0, lengthBytes),
    disk.read(sizeBytes - lengthBytes, lengthBytes),
  ])
  return { head, tail, sizeBytes }
}

/**
 * What the partition table says. A disk without one has the kind `none`; a GPT of which one copy is
 * damaged is read from the other, and the layout says so.
 *
 * @throws VssError `ERR_DISK_DAMAGED`, `ERR_DISK_LAYOUT` or `ERR_DISK_TOO_SMALL` for a table that
 *   cannot be trusted
 */
export function layoutOf(ends: DiskEnds): DiskLayout {
  return binding.readDiskLayout(ends)
}

/** {@link layoutOf} the disk as it is now. */
export async function readDiskLayout(disk: ReadableDisk): Promise<DiskLayout> {
  return layoutOf(await readDiskEnds(disk))
}

/** The flags that a shadow copy of this disk carries: not all of them on every kind of disk. */
export function vssFlagsForCopy(ends: DiskEnds): bigint {
  return binding.vssFlagsForCopy(ends)
}

/**
 * The bytes of a new GPT, to be written in this order, each durable before the next.
 *
 * @param diskGuid - null for a new one
 * @throws VssError `ERR_DISK_TOO_SMALL`, or `ERR_INVALID_ARGUMENT` for partitions that do not fit
 */
export function makeGpt(
  sizeBytes: number,
  partitions: readonly NewPartition[],
  diskGuid: Guid | null = null,
): DiskPatch[] {
  return binding.makeGpt(sizeBytes, diskGuid, partitions)
}
