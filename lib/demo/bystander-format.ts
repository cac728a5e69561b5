/**
 * The bystander on disk: numbered records, odd ones on the first volume, even ones on the second, each
 * volume a ring. Record n is issued only after n-1 was acknowledged; so a copy that holds n without
 * its predecessors was not made at one instant.
 */
import type { Guid } from '../ids.ts'
import { newBlock, type RecordBlock, readBlock, sealBlock } from './record.ts'

export const BYSTANDER_RECORD_BYTES = 4096
/** In each of the two rings. */
export const BYSTANDER_SLOTS = 2048
/** Where the ring lies on its volume: behind what the ledger may use. */
export const BYSTANDER_OFFSET_BYTES: number = 16 << 20
export const BYSTANDER_BYTES: number = BYSTANDER_SLOTS * BYSTANDER_RECORD_BYTES

const KIND = 'HFBYSTND'

/** Which volume, and where in its ring. */
export function placeOf(number: number): { volume: 0 | 1; slot: number } {
  const volume = number % 2 === 1 ? 0 : 1
  return { volume, slot: Math.floor((number - 1) / 2) % BYSTANDER_SLOTS }
}

export function encodeBystanderRecord(
  run: Guid,
  number: number,
  previousCrc: number,
): { block: Buffer; crc: number } {
  const { block, body } = newBlock(BYSTANDER_RECORD_BYTES, KIND, run, number, previousCrc)
  // All of the block differs from that of the record it replaces, so that a torn one is seen.
  body.fill(number & 0xff)
  return { block, crc: sealBlock(block) }
}

export function readBystanderRecord(block: Buffer, run: Guid): RecordBlock | 'empty' | 'damaged' {
  return readBlock(block, KIND, run)
}
