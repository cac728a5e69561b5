/**
 * The proof of the bystander: of its dependent records the copies hold a beginning, without a gap over
 * both volumes, that ends inside the hold.
 */
import type { Guid } from '../ids.ts'
import {
  BYSTANDER_BYTES,
  BYSTANDER_OFFSET_BYTES,
  BYSTANDER_RECORD_BYTES,
  BYSTANDER_SLOTS,
  placeOf,
  readBystanderRecord,
} from './bystander-format.ts'
import type { ByteSource } from './byte-source.ts'
import { type Check, checkOf } from './check.ts'
import type { RecordBlock } from './record.ts'

export interface BystanderFacts {
  run: Guid
  /** The last record acknowledged before the gates closed. */
  acknowledgedBeforeHold: number
  /** The last record begun before the gates opened; those above it were issued later. */
  issuedBeforeRelease: number
}

type Slot = RecordBlock | 'empty' | 'damaged'

export async function proveBystander(
  data: ByteSource,
  log: ByteSource,
  facts: BystanderFacts,
): Promise<{ checks: Check[]; recordsAtInstant: number }> {
  const rings = [await readRing(data, facts.run), await readRing(log, facts.run)] as const
  const damaged = rings.flatMap((ring, volume) =>
    ring.flatMap((slot, index) =>
      slot === 'damaged' ? `slot ${index} of volume ${volume + 1} is damaged` : [],
    ),
  )
  const last = Math.max(0, ...rings.flat().map((slot) => (typeof slot === 'object' ? slot.number : 0)))
  const first = Math.max(1, last - 2 * BYSTANDER_SLOTS + 1)
  const at = (number: number): RecordBlock | undefined => {
    const { volume, slot } = placeOf(number)
    const found = rings[volume][slot]
    return typeof found === 'object' && found.number === number ? found : undefined
  }
  const gaps: string[] = []
  for (let number = first; number <= last; number++) {
    const record = at(number)
    const previous = number > first ? at(number - 1) : undefined
    if (record === undefined) gaps.push(`record ${number} is missing below ${last}`)
    else if (previous !== undefined && record.previousCrc !== previous.crc) {
      gaps.push(`record ${number} does not follow ${number - 1}`)
    }
  }
  const { acknowledgedBeforeHold, issuedBeforeRelease } = facts
  const lost =
    last < acknowledgedBeforeHold
      ? [`the copies end at record ${last}, but ${acknowledgedBeforeHold} was acknowledged before the hold`]
      : []
  const early =
    last > issuedBeforeRelease
      ? [`record ${last} was issued after the release, as were all above ${issuedBeforeRelease}`]
      : []
  const empty = last === 0 ? ['there is no record at all'] : []
  return {
    checks: [
      checkOf(
        'every bystander record acknowledged before the hold is in the copies',
        [...empty, ...lost, ...damaged],
        `${acknowledgedBeforeHold} acknowledged before the hold, ${last} in the copies`,
      ),
      checkOf(
        'no bystander record first issued after the release is in the copies',
        [...empty, ...early],
        `${last} is the last in the copies, ${issuedBeforeRelease} the last issued before the release`,
      ),
      checkOf(
        'no bystander record is in the copies without its predecessors',
        [...empty, ...gaps, ...damaged],
        `records ${first} to ${last} are there, alternating over both volumes`,
      ),
    ],
    recordsAtInstant: last,
  }
}

async function readRing(volume: ByteSource, run: Guid): Promise<Slot[]> {
  const ring = await volume.read(BYSTANDER_OFFSET_BYTES, BYSTANDER_BYTES)
  return Array.from({ length: BYSTANDER_SLOTS }, (_, slot) =>
    readBystanderRecord(
      ring.subarray(slot * BYSTANDER_RECORD_BYTES, (slot + 1) * BYSTANDER_RECORD_BYTES),
      run,
    ),
  )
}
