/**
 * KernelSupport: the party that flushes and holds the writes of all volumes of a set.
 *
 * In VSS this is the volume filter in the kernel; here it is the I/O thread behind the binding. The
 * coordinator knows only this interface, and only plain data crosses it.
 *
 * A hold is a lease. It ends by {@link KernelSupport.release}, by its limit, or by the death of its
 * owner, whichever comes first, and the limit is enforced by the holder of the writes, not by
 * whoever asked for it: a coordinator that is blocked or gone cannot keep writes waiting.
 */
import type { Guid } from '../ids.ts'

export interface HoldOptions {
  /**
   * From the call of {@link KernelSupport.hold} to the release, flushing included. When it runs out
   * writes flow again by themselves.
   */
  limitMillis: number
  /**
   * Wait, with the gates closed, until every write admitted before has completed. Needed by a
   * provider that looks at the LUN from below; the array provider does without, because a write
   * belongs to the epoch in which it was admitted.
   */
  awaitWritesInFlight: boolean
}

export interface FlushedVolume {
  volumeName: string
  /** Time its file system took to flush; 0 where none is mounted. */
  flushMicros: number
}

/** Proof of a hold under way. Plain data: whoever has it may release. */
export interface HoldLease {
  leaseId: string
  setId: Guid
  /** Every volume asked for, in that order. A hold is for all of them or fails. */
  volumes: FlushedVolume[]
}

/** What happened on one LUN while its gate was closed. */
export interface HeldLun {
  /** The host's or array's name for the LUN, as people know it. */
  lun: string
  /** The volumes of the set that lie on it. */
  volumeNames: string[]
  holdMicros: number
  /** Writes that arrived while the gate was closed and were replayed after it opened. */
  queuedWriteCount: number
  /** How many of those a provider had asked for, which it must not while it commits (reference R100). */
  providerWriteCount: number
  /** Writes admitted before and not yet completed when the gate closed. */
  inFlightWriteCount: number
}

/** The I/O thread's word on a hold that has ended. */
export interface HoldVerdict {
  /** Whether no write passed between the instant and the release. Only `true` lets a set go on. */
  heldThroughout: boolean
  /** From the closing of the first gate to the opening of the last. */
  holdMicros: number
  /** When the first gate closed and the last opened, on the monotonic clock of whoever held the writes. */
  heldAtMicros: number
  releasedAtMicros: number
  luns: HeldLun[]
  endedBy: 'release' | 'deadline' | 'owner'
}

export interface KernelSupport {
  /**
   * Flushes every volume, then closes the gates of all LUNs under them at one instant. Where the
   * array provider has armed LUNs for `setId`, the same turn captures them, provisionally.
   *
   * Holding no volumes is legal (a set of writers without volumes) and gives a lease like any other.
   *
   * @throws VssError `VSS_E_FLUSH_WRITES_TIMEOUT` if flushing did not end within the limit,
   *   `VSS_E_HOLD_WRITES_TIMEOUT` if the gates were closed but the hold did not come about (writes in
   *   flight did not end); both name the culprit. `VSS_E_SNAPSHOT_SET_IN_PROGRESS` if a LUN is held
   *   already. Writes flow again when this rejects.
   */
  hold(setId: Guid, volumeNames: string[], options: HoldOptions): Promise<HoldLease>

  /**
   * Opens the gates and gives the verdict. On a lease that ended by itself it opens nothing and
   * reports how the lease ended; that is no rejection. Releasing twice gives the same verdict.
   *
   * @throws VssError `ERR_LEASE_EXPIRED` only for a lease this party never gave.
   */
  release(lease: HoldLease): Promise<HoldVerdict>
}
