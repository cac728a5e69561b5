/**
 * A disk in memory that answers as a LUN does, with a real partition table on it.
 */
import { crc32 } from 'node:zlib'
import { binding } from '../../lib/binding.ts'
import { type Check, isVerified } from '../../lib/demo/check.ts'
import { type DiskPatch, makeGpt, type NewPartition, readDiskEnds } from '../../lib/host/partition-table.ts'
import { type Guid, newGuid } from '../../lib/ids.ts'

export const MiB = 1_048_576
export const SECTOR_BYTES = 512

export class MemoryDisk {
  readonly guid: Guid
  bytes: Buffer
  isCopy = false
  /** What inspect shows. */
  pendingVssFlags = 0n
  /** Pages that are not this disk's own. */
  readonly forgedPages: Map<number, Buffer> = new Map()

  constructor(bytes: Buffer, guid: Guid = newGuid()) {
    this.bytes = bytes
    this.guid = guid
  }

  get sizeBytes(): number {
    return this.bytes.length
  }

  async read(offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    return Buffer.from(this.bytes.subarray(offsetBytes, offsetBytes + lengthBytes))
  }

  async inspect(): Promise<{ pendingVssFlags: bigint }> {
    return { pendingVssFlags: this.pendingVssFlags }
  }

  inquiry(): Buffer {
    return binding.inquiry(this.guid, this.isCopy, false, 0, 0xffff)
  }

  vpd(page: number): Buffer {
    return this.forgedPages.get(page) ?? binding.inquiry(this.guid, this.isCopy, true, page, 0xffff)
  }

  apply(patches: readonly DiskPatch[]): this {
    for (const { offsetBytes, bytes } of patches) bytes.copy(this.bytes, offsetBytes)
    return this
  }

  flip(offsetBytes: number): this {
    this.bytes.writeUInt8(this.bytes.readUInt8(offsetBytes) ^ 1, offsetBytes)
    return this
  }

  /** A shadow copy as an array makes it: the same bytes, a new identity, and the flags. */
  async copy(): Promise<MemoryDisk> {
    const copy = new MemoryDisk(Buffer.from(this.bytes))
    copy.isCopy = true
    const ends = await readDiskEnds(copy)
    if (binding.readDiskLayout(ends).kind === 'none') return copy
    copy.apply(binding.rewriteDiskIdentity(ends, binding.randomDiskIdentity(ends)))
    const renewed = await readDiskEnds(copy)
    return copy.apply(binding.setVssFlags(renewed, binding.vssFlagsForCopy(renewed), 0n))
  }
}

export function gptBytes(
  partitions: readonly NewPartition[] = [{ name: 'data' }],
  sizeBytes: number = 8 * MiB,
  diskGuid: Guid | null = null,
): Buffer {
  return new MemoryDisk(Buffer.alloc(sizeBytes)).apply(makeGpt(sizeBytes, partitions, diskGuid)).bytes
}

/** A signature and two partitions of 2 MiB. */
export function mbrBytes(signature: number): Buffer {
  const bytes = Buffer.alloc(8 * MiB)
  bytes.writeUInt32LE(signature, 440)
  for (const [index, firstLba] of [2048, 6144].entries()) {
    const entry = 446 + 16 * index
    bytes.writeUInt8(0x07, entry + 4)
    bytes.writeUInt32LE(firstLba, entry + 8)
    bytes.writeUInt32LE(4096, entry + 12)
  }
  bytes.writeUInt16LE(0xaa55, 510)
  return bytes
}

/** Changes the entries of one GPT copy, or of both, and makes the checksums right again. */
export function editEntries(
  bytes: Buffer,
  copies: readonly ('primary' | 'backup')[],
  edit: (entries: Buffer) => void,
): Buffer {
  for (const which of copies) {
    const header = bytes.subarray(which === 'primary' ? SECTOR_BYTES : bytes.length - SECTOR_BYTES)
    const start = Number(header.readBigUInt64LE(72)) * SECTOR_BYTES
    const entries = bytes.subarray(start, start + header.readUInt32LE(80) * header.readUInt32LE(84))
    edit(entries)
    header.writeUInt32LE(crc32(entries), 88)
    header.writeUInt32LE(0, 16)
    header.writeUInt32LE(crc32(header.subarray(0, header.readUInt32LE(12))), 16)
  }
  return bytes
}

/** What a check found wrong; empty if it has passed. A skipped one is neither. */
export function problemOf(check: Check): string {
  if ('skipped' in check) throw new Error(`'${check.name}' was skipped: ${check.skipped}`)
  return isVerified([check]) ? '' : check.detail
}
