/**
 * The demo's eye on disks: what is wrong with their partition tables, what identifies them, and
 * whether the sectors that hold both have been changed.
 */
import { createHash } from 'node:crypto'
import type { Lun } from '../array/lun.ts'
import { uniqueIdentifiers } from '../document/lun-identity.ts'
import type { VdsLunInformation } from '../document/lun-information.ts'
import { type DiskLayout, makeGpt } from '../host/partition-table.ts'
import type { ByteSource } from './byte-source.ts'
import { type CopyOptions, chunksOf } from './copy-volume.ts'

const SECTOR_BYTES = 512
/** Where the first partition begins on a disk that was made as they are made today. */
const FIRST_PARTITION_BYTES = 1 << 20

export interface ByteRange {
  offsetBytes: number
  lengthBytes: number
}

/** Gives an empty LUN one partition over all of it. */
export async function partitionDisk(lun: Lun, name: string): Promise<void> {
  for (const { offsetBytes, bytes } of makeGpt(lun.sizeBytes, [{ name }])) {
    await lun.write(offsetBytes, bytes)
    await lun.flush()
  }
}

/** What the partition table itself occupies: all before the first and behind the last usable sector. */
export function metadataRanges(layout: DiskLayout): ByteRange[] {
  const { kind, sizeBytes, partitions } = layout
  if (kind === 'none') return []
  if (kind === 'mbr') {
    const firstUsed = Math.min(
      FIRST_PARTITION_BYTES,
      sizeBytes,
      ...partitions.map(({ offsetBytes }) => offsetBytes),
    )
    return [{ offsetBytes: 0, lengthBytes: Math.max(SECTOR_BYTES, firstUsed) }]
  }
  const backupOffset = (layout.lastUsableLba + 1) * SECTOR_BYTES
  return [
    { offsetBytes: 0, lengthBytes: layout.firstUsableLba * SECTOR_BYTES },
    { offsetBytes: backupOffset, lengthBytes: sizeBytes - backupOffset },
  ]
}

/** SHA-256 over all metadata sectors, in hexadecimal. */
export async function hashMetadata(disk: ByteSource, ranges: readonly ByteRange[]): Promise<string> {
  const parts = await Promise.all(
    ranges.map(({ offsetBytes, lengthBytes }) => disk.read(offsetBytes, lengthBytes)),
  )
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

/** SHA-256 of a disk with these ranges taken for zeroes, in hexadecimal. */
export async function hashOutside(
  disk: ByteSource,
  ranges: readonly ByteRange[],
  options: CopyOptions = {},
): Promise<string> {
  const hash = createHash('sha256')
  for await (const { offsetBytes, bytes } of chunksOf(disk, options)) {
    for (const range of ranges) {
      const from = Math.max(range.offsetBytes - offsetBytes, 0)
      const to = Math.min(range.offsetBytes + range.lengthBytes - offsetBytes, bytes.length)
      if (from < to) bytes.fill(0, from, to)
    }
    hash.update(bytes)
  }
  return hash.digest('hex')
}

/** What is wrong with a partition table, as sentences; empty for a whole one. */
export function layoutProblems(layout: DiskLayout): string[] {
  const found: [boolean, string][] = [
    [layout.damagedPrimary, 'the primary GPT is damaged'],
    [layout.damagedBackup, 'the backup GPT is damaged'],
    [layout.backupMisplaced, 'the backup GPT is not at the end of the disk'],
    [layout.copiesDiffer, 'the two GPTs differ'],
    [layout.staleGpt, 'there is a GPT without its protective MBR'],
    [layout.partitions.length === 0, 'there is no partition'],
  ]
  return found.flatMap(([isWrong, text]) => (isWrong ? text : []))
}

/** Everything by which a disk and its partitions are told from others. */
export function identifiersOf(layout: DiskLayout, information: VdsLunInformation): string[] {
  const guids = layout.partitions.flatMap(({ uniqueGuid }) => uniqueGuid ?? [])
  return [
    ...(layout.diskGuid === null ? [] : [`disk GUID ${layout.diskGuid}`]),
    ...(layout.kind === 'mbr' ? [`MBR signature ${layout.mbrSignature.toString(16)}`] : []),
    ...guids.map((guid) => `partition GUID ${guid}`),
    ...uniqueIdentifiers(information).map((identifier) => `VPD 83h ${identifier}`),
    `serial number ${information.serialNumber}`,
  ]
}
