/**
 * Kernel support that holds nothing but keeps the rules of a hold: one at a time on a volume, a
 * deadline of its own, a verdict. Its deadline is checked against the clock on every call, as the
 * real one is kept by a thread that a blocked event loop does not delay.
 */
import type { Clock, Timer } from '../../../lib/clock.ts'
import type {
  HoldLease,
  HoldOptions,
  HoldVerdict,
  KernelSupport,
} from '../../../lib/coordinator/kernel-support.ts'
import { VssError } from '../../../lib/errors.ts'
import { type Guid, newGuid } from '../../../lib/ids.ts'
import type { Faults } from './faults.ts'

interface Hold {
  lease: HoldLease
  startMillis: number
  deadlineMillis: number
  timer: Timer
  verdict: HoldVerdict | undefined
}

export class FakeKernelSupport implements KernelSupport {
  readonly holds: Map<string, Hold> = new Map()
  readonly options: HoldOptions[] = []
  readonly #clock: Clock
  readonly #faults: Faults
  readonly #trace: string[]

  constructor(clock: Clock, faults: Faults, trace: string[] = []) {
    this.#clock = clock
    this.#faults = faults
    this.#trace = trace
  }

  /** Volumes whose writes are held at this moment. */
  get heldVolumes(): string[] {
    for (const hold of this.holds.values()) this.#expireIfDue(hold)
    return [...this.holds.values()]
      .filter((hold) => hold.verdict === undefined)
      .flatMap((hold) => hold.lease.volumes.map(({ volumeName }) => volumeName))
  }

  async hold(setId: Guid, volumeNames: string[], options: HoldOptions): Promise<HoldLease> {
    this.options.push(options)
    const deadlineMillis = this.#clock.nowMillis() + options.limitMillis
    await this.#faults.reach('kernel.hold')
    if (this.#clock.nowMillis() >= deadlineMillis) {
      throw new VssError('VSS_E_FLUSH_WRITES_TIMEOUT', 'flushing did not end', {
        culprit: volumeNames[0] ?? 'none',
      })
    }
    if (this.heldVolumes.some((held) => volumeNames.includes(held))) {
      throw new VssError('VSS_E_SNAPSHOT_SET_IN_PROGRESS', 'a volume is held already')
    }
    this.#trace.push('kernel.hold')
    const hold: Hold = {
      lease: {
        leaseId: newGuid(),
        setId,
        volumes: volumeNames.map((volumeName) => ({ volumeName, flushMicros: 0 })),
      },
      startMillis: this.#clock.nowMillis(),
      deadlineMillis,
      timer: this.#clock.setTimer(() => this.#expireIfDue(hold), deadlineMillis - this.#clock.nowMillis()),
      verdict: undefined,
    }
    this.holds.set(hold.lease.leaseId, hold)
    return structuredClone(hold.lease)
  }

  async release(lease: HoldLease): Promise<HoldVerdict> {
    const hold = this.holds.get(lease.leaseId)
    if (hold === undefined) throw new VssError('ERR_LEASE_EXPIRED', 'no such lease')
    this.#expireIfDue(hold)
    this.#trace.push('kernel.release')
    hold.verdict ??= this.#end(hold, 'release')
    await this.#faults.reach('kernel.release')
    return structuredClone(hold.verdict)
  }

  /** The owner of every hold has died. */
  dropOwner(): void {
    for (const hold of this.holds.values()) hold.verdict ??= this.#end(hold, 'owner')
  }

  #expireIfDue(hold: Hold): void {
    if (this.#clock.nowMillis() >= hold.deadlineMillis) hold.verdict ??= this.#end(hold, 'deadline')
  }

  #end(hold: Hold, endedBy: HoldVerdict['endedBy']): HoldVerdict {
    hold.timer.clear()
    const endMillis = Math.min(this.#clock.nowMillis(), hold.deadlineMillis)
    const holdMicros = Math.round((endMillis - hold.startMillis) * 1000)
    return {
      heldThroughout: endedBy === 'release',
      holdMicros,
      heldAtMicros: hold.startMillis * 1000,
      releasedAtMicros: endMillis * 1000,
      endedBy,
      luns: hold.lease.volumes.map(({ volumeName }) => ({
        lun: `lun of ${volumeName}`,
        volumeNames: [volumeName],
        holdMicros,
        queuedWriteCount: 0,
        providerWriteCount: 0,
        inFlightWriteCount: 0,
      })),
    }
  }
}
