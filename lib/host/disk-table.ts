/**
 * DiskTable: the disks of a host and the volumes on them, and the rule that no two have the same
 * identity. Each is mapped to the host in its array, which knows of the other hosts. Callers see to it
 * that changes do not overlap.
 */
import { Lun } from '../array/lun.ts'
import { binding, unwrap } from '../binding.ts'
import { isSameLun } from '../document/lun-identity.ts'
import { asVssError, VssError } from '../errors.ts'
import { GUID_NULL, type Guid, newGuid } from '../ids.ts'
import { type DiskAccess, type DiskOrigin, HostDisk } from './disk.ts'
import type { HostWatchers } from './host-watcher.ts'
import { HostVolume, type VolumeExtent } from './volume.ts'
import { shadowDeviceObject, volumeDeviceObject, volumeNameOf } from './volume-name.ts'

export class DiskTable {
  /** By which arrays tell the host from others of the same name. */
  readonly #hostId: Guid = newGuid()
  readonly #machineName: string
  readonly #watchers: HostWatchers
  readonly #disks: Map<string, HostDisk> = new Map()
  // Numbers are not used again: an old name never means something new.
  #nextDisk = 1
  #nextVolume = 1
  #nextShadowCopy = 1

  constructor(machineName: string, watchers: HostWatchers) {
    this.#machineName = machineName
    this.#watchers = watchers
  }

  list(): HostDisk[] {
    return [...this.#disks.values()]
  }

  find(lunId: string): HostDisk | undefined {
    return this.#disks.get(lunId)
  }

  get volumes(): HostVolume[] {
    return this.list().flatMap(({ volumes }) => volumes)
  }

  /**
   * Has a LUN mapped to the host and reads what is on it. The disk is not in the table yet: it is to be
   * added, or let go of.
   */
  async open(lun: Lun, access: DiskAccess, origin: DiskOrigin): Promise<HostDisk> {
    if (this.#disks.has(lun.guid)) {
      throw new VssError('ERR_LUN_IN_USE', `LUN ${lun.guid} is mapped already`, { culprit: lun.guid })
    }
    const { readOnly, shared } = access
    const mapping = binding.lunMap(Lun.handleOf(lun), this.#hostId, this.#machineName, readOnly, shared)
    unwrap(await mapping, lun.guid)
    try {
      return await HostDisk.open(lun, this.#nextDisk++, access, origin)
    } catch (thrown) {
      await this.letGo(lun)
      throw thrown
    }
  }

  /** The LUN is not mapped to the host any more. One that was closed or has left its array is not anyway. */
  async letGo(lun: Lun): Promise<void> {
    await binding.lunUnmap(Lun.handleOf(lun), this.#hostId)
  }

  /**
   * Two disks must differ in everything by which a disk or volume is known. A disk that has arrived and
   * not been imported does not count: it is about to get a new identity.
   *
   * @throws VssError `VSS_E_OBJECT_ALREADY_EXISTS`
   */
  checkUnique(disk: HostDisk): void {
    const volumeGuids = new Set(disk.extents.map(({ volumeGuid }) => volumeGuid))
    const { diskSignature } = disk.lunInformation
    for (const other of this.list()) {
      if (other === disk || other.origin === 'arrived') continue
      const twin = other.extents.find(({ volumeGuid }) => volumeGuids.has(volumeGuid))
      const shared = isSameLun(disk.lunInformation, other.lunInformation)
        ? 'a storage identifier'
        : diskSignature !== GUID_NULL && diskSignature === other.lunInformation.diskSignature
          ? `the disk signature {${diskSignature}}`
          : twin && `volume ${volumeNameOf(twin.volumeGuid)}`
      if (shared === undefined) continue
      throw new VssError(
        'VSS_E_OBJECT_ALREADY_EXISTS',
        `LUN ${disk.lunId} has ${shared} in common with ${other.deviceName} (LUN ${other.lunId})`,
        {
          culprit: disk.lunId,
          remedy: 'Unmap the other LUN, or bring the copy in as part of a shadow copy set.',
        },
      )
    }
  }

  add(disk: HostDisk): void {
    this.#disks.set(disk.lunId, disk)
    if (disk.origin === 'mapped') this.syncVolumes(disk)
    this.#watchers.attached(disk)
  }

  /** Makes the volumes those of the partition table. Those that stayed are the same objects as before. */
  syncVolumes(disk: HostDisk): void {
    const kept = disk.extents.map((extent) => {
      const known = disk.volumes.find((volume) => isSameExtent(volume.extent, extent))
      if (known === undefined) {
        return new HostVolume(disk, extent, volumeDeviceObject(this.#nextVolume++))
      }
      known.extent = extent
      return known
    })
    for (const volume of disk.volumes) if (!kept.includes(volume)) volume.gone = true
    disk.volumes = kept
  }

  /** Every mapped LUN once; the first failure is thrown after all have been read. */
  async refreshMapped(): Promise<void> {
    let failure: VssError | undefined
    for (const disk of this.list().filter(({ origin }) => origin === 'mapped')) {
      try {
        await disk.refresh()
        this.syncVolumes(disk)
      } catch (thrown) {
        failure ??= asVssError(thrown, 'ERR_INTERNAL', disk.deviceName)
      }
    }
    if (failure !== undefined) throw failure
  }

  nextShadowDeviceObject(): string {
    return shadowDeviceObject(this.#nextShadowCopy++)
  }

  removeVolume(volume: HostVolume): void {
    volume.gone = true
    volume.disk.volumes = volume.disk.volumes.filter((other) => other !== volume)
  }

  /** Removes a disk, and closes its LUN if the host opened it. */
  async takeOut(disk: HostDisk): Promise<void> {
    for (const volume of disk.volumes) volume.gone = true
    this.#disks.delete(disk.lunId)
    await this.letGo(disk.lun)
    this.#watchers.detached(disk)
    if (disk.origin !== 'mapped') await disk.lun.close()
  }
}

function isSameExtent(a: VolumeExtent, b: VolumeExtent): boolean {
  return a.volumeGuid === b.volumeGuid && a.offsetBytes === b.offsetBytes && a.lengthBytes === b.lengthBytes
}
