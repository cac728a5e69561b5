/**
 * A coordinator of a machine without volumes: enough for a whole backup of writers, whose set is then empty.
 * To rehearse a writer where there is no storage.
 */
import { type Clock, systemClock } from '../clock.ts'
import { Coordinator, type CoordinatorOptions } from '../coordinator/coordinator.ts'
import type { Exposure, HostIdentity, ImportResult, VolumeHost, VolumeInfo } from '../coordinator/host.ts'
import type { HoldLease, HoldVerdict, KernelSupport } from '../coordinator/kernel-support.ts'
import { VssError } from '../errors.ts'
import { type Guid, newGuid } from '../ids.ts'

/**
 * @example
 * ```ts
 * await using coordinator = coordinatorWithoutVolumes()
 * await writer.subscribe(coordinator)
 * const report = await runBetest(coordinator)
 * ```
 */
export function coordinatorWithoutVolumes(
  options: Omit<CoordinatorOptions, 'host' | 'kernelSupport'> = {},
): Coordinator {
  const kernelSupport = new NothingToHold(options.clock ?? systemClock)
  return new Coordinator({ ...options, host: new HostWithoutVolumes(), kernelSupport })
}

class HostWithoutVolumes implements VolumeHost {
  async identity(): Promise<HostIdentity> {
    return { machineName: 'rehearsal', clusterMember: false, generation: 'current' }
  }

  async resolveVolume(nameOrPath: string): Promise<VolumeInfo> {
    throw new VssError('VSS_E_OBJECT_NOT_FOUND', `there is no volume '${nameOrPath}' in a rehearsal`, {
      culprit: nameOrPath,
    })
  }

  async mountTable(): Promise<[]> {
    return []
  }

  async rescan(): Promise<[]> {
    return []
  }

  async importVolumes(): Promise<ImportResult> {
    return { imported: [], missing: [] }
  }

  // There is nothing that these could be about.
  async setPendingFlags(): Promise<void> {}
  async clearPendingFlags(): Promise<void> {}
  async setVolumesReadOnly(): Promise<void> {}
  async removeVolumes(): Promise<void> {}
  async volumesOn(): Promise<[]> {
    return []
  }
  async exposeVolume({ snapshotId }: Exposure): Promise<string> {
    throw new VssError('VSS_E_OBJECT_NOT_FOUND', `there is no shadow copy ${snapshotId} in a rehearsal`, {
      culprit: snapshotId,
    })
  }
  async unexposeVolume(): Promise<void> {}
  async breakVolumes(): Promise<void> {}
  async takeLunsOffline(): Promise<void> {}
  async bringLunsOnline(): Promise<void> {}
}

class NothingToHold implements KernelSupport {
  readonly #clock: Clock
  readonly #heldAtMicros: Map<string, number> = new Map()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async hold(setId: Guid): Promise<HoldLease> {
    const leaseId = newGuid()
    this.#heldAtMicros.set(leaseId, this.#nowMicros())
    return { leaseId, setId, volumes: [] }
  }

  async release({ leaseId }: HoldLease): Promise<HoldVerdict> {
    const heldAtMicros = this.#heldAtMicros.get(leaseId)
    if (heldAtMicros === undefined) throw new VssError('ERR_LEASE_EXPIRED', `there was no lease ${leaseId}`)
    const releasedAtMicros = this.#nowMicros()
    const holdMicros = releasedAtMicros - heldAtMicros
    return { heldThroughout: true, holdMicros, heldAtMicros, releasedAtMicros, luns: [], endedBy: 'release' }
  }

  #nowMicros(): number {
    return Math.round(this.#clock.nowMillis() * 1000)
  }
}
