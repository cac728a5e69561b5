/**
 * KernelSupport over the gates of array LUNs: the hold of a set is one lease of the I/O thread.
 */
import { binding, unwrap, type Verdict } from '../binding.ts'
import type {
  HeldLun,
  HoldLease,
  HoldOptions,
  HoldVerdict,
  KernelSupport,
} from '../coordinator/kernel-support.ts'
import { describeValue, VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import { abortable } from './abortable.ts'
import { Lun } from './lun.ts'

/** Where a volume lies. */
export interface HeldVolume {
  lun: Lun
  /** The name by which people know the LUN. */
  lunName: string
}

/**
 * Finds the LUN under a volume. The host knows.
 *
 * @throws VssError if there is no such volume, or none that can be held
 */
export type ResolveVolume = (volumeName: string) => HeldVolume | Promise<HeldVolume>

/** Holds whose release is remembered, for whoever releases twice. */
const RELEASED_KEPT = 64

interface Hold {
  lease: number
  luns: { name: string; volumeNames: string[] }[]
  // From the first release on.
  verdict: Promise<HoldVerdict> | undefined
}

/**
 * Holds the writes of LUNs of one array. Leases belong to the thread that uses this object: when it
 * ends, they do, and what was captured under them is discarded.
 */
export class ArrayKernelSupport implements KernelSupport {
  readonly #resolve: ResolveVolume
  readonly #holds = new Map<string, Hold>()
  // The last ones, in the order of their release.
  readonly #released: string[] = []

  constructor(resolve: ResolveVolume) {
    this.#resolve = resolve
  }

  /** @throws the signal's reason if it fires first; what is held nevertheless is released again */
  async hold(
    setId: Guid,
    volumeNames: string[],
    options: HoldOptions,
    signal?: AbortSignal,
  ): Promise<HoldLease> {
    signal?.throwIfAborted()
    const volumes = await Promise.all(volumeNames.map(async (name) => this.#resolve(name)))
    // Several volumes may lie on one LUN, which has one gate.
    const byGuid = new Map<Guid, { lun: Lun; name: string; volumeNames: string[] }>()
    for (const [index, { lun, lunName }] of volumes.entries()) {
      const entry = byGuid.get(lun.guid) ?? { lun, name: lunName, volumeNames: [] }
      entry.volumeNames.push(volumeNames[index] as string)
      byGuid.set(lun.guid, entry)
    }
    const luns = [...byGuid.values()]
    const outcome = await abortable(
      binding.hold(
        setId,
        luns.map(({ lun }) => Lun.handleOf(lun)),
        options.limitMillis,
        options.awaitWritesInFlight,
      ),
      signal,
      { undo: (lease) => binding.release(lease) },
    )
    const culprit = volumeNames.join(', ')
    const lease = unwrap(outcome, culprit === '' ? undefined : culprit)
    const leaseId = String(lease)
    this.#holds.set(leaseId, {
      lease,
      luns: luns.map(({ name, volumeNames: names }) => ({ name, volumeNames: names })),
      verdict: undefined,
    })
    return {
      leaseId,
      setId,
      // No file system is mounted on an array LUN of this process, so there is none to flush.
      volumes: volumeNames.map((volumeName) => ({ volumeName, flushMicros: 0 })),
    }
  }

  async release(lease: HoldLease): Promise<HoldVerdict> {
    const hold = this.#holds.get(lease.leaseId)
    if (hold === undefined) {
      throw new VssError(
        'ERR_LEASE_EXPIRED',
        `lease ${describeValue(lease.leaseId)} was never given here, or was released long ago`,
      )
    }
    if (hold.verdict === undefined) {
      hold.verdict = this.#release(hold)
      this.#forgetOldest(lease.leaseId)
    }
    return hold.verdict
  }

  #forgetOldest(released: string): void {
    this.#released.push(released)
    const oldest = this.#released.length > RELEASED_KEPT ? this.#released.shift() : undefined
    if (oldest !== undefined) this.#holds.delete(oldest)
  }

  async #release(hold: Hold): Promise<HoldVerdict> {
    const verdict = unwrap(await binding.release(hold.lease))
    return {
      heldThroughout: verdict.heldThroughout,
      holdMicros: verdict.holdMicros,
      heldAtMicros: verdict.heldAtMicros,
      releasedAtMicros: verdict.releasedAtMicros,
      luns: verdict.luns.map((held, index) => describeLun(held, verdict, hold.luns[index])),
      // A LUN that was closed was closed by whoever held it.
      endedBy: verdict.endedBy === 'closed' ? 'owner' : verdict.endedBy,
    }
  }
}

function describeLun(
  held: Verdict['luns'][number],
  verdict: Verdict,
  asked: Hold['luns'][number] | undefined,
): HeldLun {
  return {
    lun: asked?.name ?? held.name,
    volumeNames: asked?.volumeNames ?? [],
    // All gates of a hold close in one turn of the I/O thread and open in one.
    holdMicros: verdict.holdMicros,
    queuedWriteCount: held.queuedWriteCount,
    providerWriteCount: held.providerWriteCount,
    inFlightWriteCount: held.inFlightWriteCount,
  }
}
