/**
 * What ledger and bystander write: fixed-size blocks that say which run and which number they are
 * of, closed by a CRC-32. A block from another run, a torn one and one that was moved are all told apart
 * from a good one.
 *
 *   0 kind (8) · 8 run (16) · 24 number (u32) · 28 CRC of the predecessor (u32) · 32 body · end-4 CRC (u32)
 */
import { crc32 } from 'node:zlib'
import type { Guid } from '../ids.ts'

export interface RecordBlock {
  number: number
  /** The CRC that closes the predecessor; 0 for the first. */
  previousCrc: number
  body: Buffer
  crc: number
}

const BODY_OFFSET = 32
const CRC_BYTES = 4
/** As large as the largest block. */
const ZEROES = Buffer.alloc(4096)

export function bodyBytesOf(blockBytes: number): number {
  return blockBytes - BODY_OFFSET - CRC_BYTES
}

/** A block that is empty behind its head; the caller fills the body and calls {@link sealBlock}. */
export function newBlock(
  blockBytes: number,
  kind: string,
  run: Guid,
  number: number,
  previousCrc: number,
): { block: Buffer; body: Buffer } {
  const block = Buffer.alloc(blockBytes)
  block.write(kind, 0, 8, 'ascii')
  block.write(run.replaceAll('-', ''), 8, 16, 'hex')
  block.writeUInt32LE(number, 24)
  block.writeUInt32LE(previousCrc, 28)
  return { block, body: block.subarray(BODY_OFFSET, blockBytes - CRC_BYTES) }
}

/** Gives the CRC that now closes the block. */
export function sealBlock(block: Buffer): number {
  const end = block.length - CRC_BYTES
  const crc = crc32(block.subarray(0, end))
  block.writeUInt32LE(crc, end)
  return crc
}

/** The record in a block, or why there is none: `empty` if nothing was ever written there. */
export function readBlock(block: Buffer, kind: string, run: Guid): RecordBlock | 'empty' | 'damaged' {
  if (block.equals(ZEROES.subarray(0, block.length))) return 'empty'
  const end = block.length - CRC_BYTES
  const crc = block.readUInt32LE(end)
  const isOurs =
    block.toString('ascii', 0, 8).replace(/\0+$/, '') === kind &&
    block.toString('hex', 8, 24) === run.replaceAll('-', '')
  if (!isOurs || crc32(block.subarray(0, end)) !== crc) return 'damaged'
  return {
    number: block.readUInt32LE(24),
    previousCrc: block.readUInt32LE(28),
    body: block.subarray(BODY_OFFSET, end),
    crc,
  }
}
