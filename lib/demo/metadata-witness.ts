/**
 * MetadataWitness: have the metadata sectors of the originals stayed as they were, although their
 * copies carry flags? It looks before the set, while the set is being made, and after it.
 */
import { type PhaseMessage, phaseChannel } from '../diagnostics.ts'
import { describeThrown } from '../errors.ts'
import { layoutOf, readDiskEnds, vssFlagsForCopy } from '../host/partition-table.ts'
import type { Guid } from '../ids.ts'
import type { ByteSource } from './byte-source.ts'
import { type Check, checkOf } from './check.ts'
import { type ByteRange, hashMetadata, metadataRanges } from './disk.ts'

/** What the witness needs of a LUN. */
export interface WatchedLun extends ByteSource {
  readonly guid: Guid
  inspect(): Promise<{ pendingVssFlags: bigint }>
}

interface WatchedDisk {
  lun: WatchedLun
  ranges: ByteRange[]
  /** Those that its copy is to carry. */
  flagsForCopy: bigint
}

interface Sighting {
  hash: string
  pendingVssFlags: bigint
}

/** The copies are armed, and the hold is still to come, which nothing must lengthen. */
const PHASE_TO_LOOK_IN = 'freeze'

export class MetadataWitness {
  readonly #disks: readonly WatchedDisk[]
  #before: Sighting[] = []
  /** Others may make sets of other disks in this process; which set is to be proved is said later. */
  readonly #during: Map<Guid, Promise<Sighting[]>> = new Map()
  readonly #onPhase = (message: unknown): void => {
    const { setId, phase } = message as PhaseMessage
    if (phase !== PHASE_TO_LOOK_IN) return
    const look = this.#look()
    this.#during.set(setId, look)
    // Awaited in prove(), perhaps long after it has failed.
    look.catch(() => undefined)
  }

  private constructor(disks: readonly WatchedDisk[]) {
    this.#disks = disks
  }

  /** Takes the first look and waits for the set. */
  static async watch(luns: readonly WatchedLun[]): Promise<MetadataWitness> {
    const disks = await Promise.all(
      luns.map(async (lun) => {
        const ends = await readDiskEnds(lun)
        return { lun, ranges: metadataRanges(layoutOf(ends)), flagsForCopy: vssFlagsForCopy(ends) }
      }),
    )
    const witness = new MetadataWitness(disks)
    witness.#before = await witness.#look()
    phaseChannel.start.subscribe(witness.#onPhase)
    return witness
  }

  stop(): void {
    phaseChannel.start.unsubscribe(this.#onPhase)
  }

  /** Takes the last look and compares. */
  async prove(snapshotSetId: Guid): Promise<Check[]> {
    const name = 'all metadata sectors of the originals are the same before, during and after'
    const nameOfFlags =
      'the flags of the copies were pending on the originals while the set was made, and only then'
    const after = await this.#look()
    let during: Sighting[]
    try {
      during = (await this.#during.get(snapshotSetId)) ?? []
    } catch (thrown) {
      const problem = `the look during the set failed: ${describeThrown(thrown)}`
      return [checkOf(name, [problem], ''), checkOf(nameOfFlags, [problem], '')]
    }
    const problems: string[] = []
    const flagProblems: string[] = []
    for (const [index, { lun, flagsForCopy }] of this.#disks.entries()) {
      const sightings = [this.#before[index], during[index], after[index]]
      const hashes = sightings.map((sighting) => sighting?.hash ?? 'nothing')
      if (new Set(hashes).size !== 1) problems.push(`LUN ${lun.guid} gave ${hashes.join(', ')}`)
      const [before = 0n, pending = 0n, left = 0n] = sightings.map((sighting) => sighting?.pendingVssFlags)
      const isPending = pending !== 0n && (pending & flagsForCopy) === flagsForCopy
      if (before !== 0n || !isPending || left !== 0n) {
        const shown = [before, pending, left].map((flags) => `0x${flags.toString(16)}`)
        flagProblems.push(`LUN ${lun.guid} showed ${shown.join(', ')}`)
      }
    }
    const sectorBytes = this.#disks
      .flatMap(({ ranges }) => ranges)
      .reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
    return [
      sectorBytes === 0
        ? { name, skipped: 'no original has a partition table' }
        : checkOf(name, problems, `${sectorBytes} bytes on ${this.#disks.length} LUNs hashed three times`),
      checkOf(
        nameOfFlags,
        flagProblems,
        `inspect showed 0x${(during[0]?.pendingVssFlags ?? 0n).toString(16)}`,
      ),
    ]
  }

  async #look(): Promise<Sighting[]> {
    return Promise.all(
      this.#disks.map(async ({ lun, ranges }) => {
        const [{ pendingVssFlags }, hash] = await Promise.all([lun.inspect(), hashMetadata(lun, ranges)])
        return { hash, pendingVssFlags }
      }),
    )
  }
}
