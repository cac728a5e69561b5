/**
 * MetadataWitness: have the metadata sectors of the originals stayed as they were, although their
 * copies carry flags? It looks before the set, while the set is being made, and after it.
 */
import type { Lun } from '../array/lun.ts'
import { type PhaseMessage, phaseChannel } from '../diagnostics.ts'
import { describeThrown } from '../errors.ts'
import { readDiskLayout } from '../host/partition-table.ts'
import { type Check, checkOf } from './check.ts'
import { type ByteRange, hashMetadata, metadataRanges } from './disk.ts'

interface Sighting {
  hash: string
  pendingVssFlags: bigint
}

/** The copies are armed, and the hold is still to come, which nothing must lengthen. */
const PHASE_TO_LOOK_IN = 'freeze'

export class MetadataWitness {
  readonly #disks: readonly { lun: Lun; ranges: ByteRange[] }[]
  #before: Sighting[] = []
  #during: Promise<Sighting[]> | undefined
  readonly #onPhase = (message: unknown): void => {
    if ((message as PhaseMessage).phase !== PHASE_TO_LOOK_IN) return
    this.#during = this.#look()
    // Awaited in prove(), perhaps long after it has failed.
    this.#during.catch(() => undefined)
  }

  private constructor(disks: readonly { lun: Lun; ranges: ByteRange[] }[]) {
    this.#disks = disks
  }

  /** Takes the first look and waits for the set. */
  static async watch(luns: readonly Lun[]): Promise<MetadataWitness> {
    const disks = await Promise.all(
      luns.map(async (lun) => ({ lun, ranges: metadataRanges(await readDiskLayout(lun)) })),
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
  async prove(): Promise<Check[]> {
    const name = 'all metadata sectors of the originals are the same before, during and after'
    const after = await this.#look()
    let during: Sighting[]
    try {
      during = (await this.#during) ?? []
    } catch (thrown) {
      return [checkOf(name, [`the look during the set failed: ${describeThrown(thrown)}`], '')]
    }
    const problems: string[] = []
    const flagProblems: string[] = []
    for (const [index, { lun }] of this.#disks.entries()) {
      const hashes = [this.#before, during, after].map((sightings) => sightings[index]?.hash)
      if (new Set(hashes).size !== 1) problems.push(`LUN ${lun.guid} gave ${hashes.join(', ')}`)
      const flags = [this.#before, during, after].map((sightings) => sightings[index]?.pendingVssFlags)
      const isOnlyDuring = flags[0] === 0n && flags[1] !== undefined && flags[1] !== 0n && flags[2] === 0n
      if (!isOnlyDuring) flagProblems.push(`LUN ${lun.guid} showed ${flags.join(', ')}`)
    }
    const [first] = during
    const sectorBytes = this.#disks
      .flatMap(({ ranges }) => ranges)
      .reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
    return [
      checkOf(name, problems, `${sectorBytes} bytes on ${this.#disks.length} LUNs hashed three times`),
      checkOf(
        'the flags of the copies were pending on the originals while the set was made, and only then',
        flagProblems,
        `inspect showed 0x${(first?.pendingVssFlags ?? 0n).toString(16)}`,
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
