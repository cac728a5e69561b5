/**
 * OfflineLuns: LUNs that were mapped by hand and that the host has let go of for a while, because somebody below
 * is about to change what they hold. Callers see to it that changes do not overlap.
 */
import type { Lun } from '../array/lun.ts'
import { asVssError, VssError } from '../errors.ts'
import type { DiskAccess, HostDisk } from './disk.ts'
import type { DiskTable } from './disk-table.ts'

export class OfflineLuns {
  readonly #disks: DiskTable
  readonly #offline: Map<string, { lun: Lun; access: DiskAccess }> = new Map()

  constructor(disks: DiskTable) {
    this.#disks = disks
  }

  /** All of them or none; those that are offline are left so. */
  async take(lunIds: readonly string[], force: boolean): Promise<void> {
    const going = lunIds.filter((lunId) => !this.#offline.has(lunId)).map((lunId) => this.#require(lunId))
    const open = going.flatMap(({ volumes }) => volumes).find(({ isOpen }) => isOpen)
    if (open !== undefined && !force) {
      throw new VssError('VSS_E_VOLUME_IN_USE', `volume ${open.name} is open`, { culprit: open.name })
    }
    for (const disk of going) {
      const { lun, readOnly, shared } = disk
      this.#offline.set(disk.lunId, { lun, access: { readOnly, shared } })
      await this.#disks.takeOut(disk)
    }
  }

  /** What cannot come back is not the host's any more; the first reason is thrown when all have been tried. */
  async bringBack(lunIds: readonly string[]): Promise<void> {
    let failure: VssError | undefined
    for (const lunId of lunIds) {
      const entry = this.#offline.get(lunId)
      if (entry === undefined) continue
      this.#offline.delete(lunId)
      try {
        await this.#bringBack(entry.lun, entry.access)
      } catch (thrown) {
        failure ??= asVssError(thrown, 'ERR_INTERNAL', lunId)
      }
    }
    if (failure !== undefined) throw failure
  }

  async #bringBack(lun: Lun, access: DiskAccess): Promise<void> {
    const disk = await this.#disks.open(lun, access, 'mapped')
    try {
      this.#disks.checkUnique(disk)
    } catch (thrown) {
      await this.#disks.letGo(lun)
      throw thrown
    }
    this.#disks.add(disk)
  }

  #require(lunId: string): HostDisk {
    const disk = this.#disks.find(lunId)
    if (disk === undefined || disk.origin !== 'mapped') {
      throw new VssError('VSS_E_OBJECT_NOT_FOUND', `the host has no LUN ${lunId} of its own`, {
        culprit: lunId,
      })
    }
    if (disk.markedBy === undefined) return disk
    throw new VssError('VSS_E_SNAPSHOT_SET_IN_PROGRESS', `${disk.deviceName} is part of a set`, {
      culprit: disk.deviceName,
    })
  }
}
