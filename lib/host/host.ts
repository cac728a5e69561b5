/**
 * Host: the machine that sees LUNs. It reads their partition tables, names their volumes, and brings
 * the copies of a set in.
 *
 * Disks come in two ways. LUNs mapped by hand are there with their volumes at once. LUNs that a
 * provider unmasks are found by a rescan, and have no volumes until importVolumes has given them an
 * identity of their own; so two disks of one host never share one.
 *
 * What changes the set of disks runs one at a time, in the order of the calls: a roll-back that
 * overtakes an import would leave half of it behind.
 *
 * Several hosts of one process may be connected to one array. The array knows which of them has which
 * LUN, so that no LUN is writable on two of them unless both were asked for by name.
 */
import { hostname } from 'node:os'
import { Lun } from '../array/lun.ts'
import { type AsyncOptions, cancellable } from '../cancellation.ts'
import { type Clock, systemClock } from '../clock.ts'
import type {
  ArrivedLun,
  BreakOrder,
  Exposure,
  HostIdentity,
  ImportResult,
  MountPoint,
  VolumeHost,
  VolumeInfo,
  VolumeToImport,
} from '../coordinator/host.ts'
import type { VdsLunInformation } from '../document/lun-information.ts'
import { describeValue, VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import { Serial } from '../serial.ts'
import { Arrivals } from './arrivals.ts'
import { breakDisks } from './broken-disks.ts'
import type { HostDisk } from './disk.ts'
import { DiskTable } from './disk-table.ts'
import { Exposures, type Share } from './exposures.ts'
import { type HostWatcher, HostWatchers } from './host-watcher.ts'
import { importDisks } from './import.ts'
import { LunMasking } from './lun-masking.ts'
import { MountTable } from './mount-table.ts'
import { OfflineLuns } from './offline-luns.ts'
import type { HostVolume, Volume, VolumeHandle } from './volume.ts'
import { guidOfVolumeName, volumeNameOf } from './volume-name.ts'

export interface HostOptions {
  /** Where providers unmask copies. @defaultValue one of its own, in which none ever appears */
  masking?: LunMasking
  /** @defaultValue the system's host name */
  machineName?: string
  /** @defaultValue `false` */
  clusterMember?: boolean
  /** @defaultValue `'current'` */
  generation?: HostIdentity['generation']
  clock?: Clock
}

export interface MapOptions extends AsyncOptions {
  /**
   * The host writes nothing to the LUN. No shadow copy can be made of a volume on it.
   *
   * @defaultValue `false`
   */
  readOnly?: boolean
  /**
   * Map the LUN read-write although another host may write to it: for members of a cluster, which keep their
   * writes apart themselves.
   *
   * @defaultValue `false`
   */
  shared?: boolean
}

/**
 * @example
 * ```ts
 * const host = new Host()
 * const [volume] = await host.map(lun)
 * host.mounts.set('/data', volume.name)
 * using handle = host.openVolume('/data')
 * const superblock = await handle.read(0, 4096)
 * ```
 */
export class Host implements VolumeHost {
  /** Paths by which volumes are known; names only. */
  readonly mounts: MountTable = new MountTable()
  readonly #identity: HostIdentity
  readonly #watchers: HostWatchers = new HostWatchers()
  readonly #disks: DiskTable
  readonly #arrivals: Arrivals
  readonly #changes: Serial = new Serial()
  readonly #exposures: Exposures = new Exposures(this.mounts)
  readonly #offline: OfflineLuns
  #closed = false

  constructor(options: HostOptions = {}) {
    this.#identity = {
      machineName: options.machineName ?? hostname(),
      clusterMember: options.clusterMember ?? false,
      generation: options.generation ?? 'current',
    }
    const { machineName } = this.#identity
    this.#disks = new DiskTable(machineName, this.#watchers)
    this.#offline = new OfflineLuns(this.#disks)
    this.#arrivals = new Arrivals(
      machineName,
      options.masking ?? new LunMasking(),
      options.clock ?? systemClock,
      this.#disks,
      this.#changes,
    )
  }

  /**
   * Makes the volumes of a LUN known. The caller keeps owning the LUN and closes it after
   * {@link Host.unmap}. If the signal fires before the disk is in, it is not mapped.
   *
   * A LUN is writable on one host at a time, however many hosts have it read-only; `shared` is for clusters.
   * Its array knows, so this holds for all hosts of the process, whoever opened the array.
   *
   * @throws VssError `ERR_LUN_IN_USE` naming the host that may write to the LUN; `ERR_DISK_DAMAGED` and the like
   *   for a partition table that cannot be trusted; `VSS_E_OBJECT_ALREADY_EXISTS` if a disk of the host has the
   *   same identity, as a raw copy of it has; `VSS_E_BAD_STATE` once the host is closed
   */
  async map(lun: Lun, options?: MapOptions): Promise<Volume[]> {
    requireLun(lun, 'map')
    return cancellable('map', options, (signal) =>
      this.#changes.run(async () => {
        if (this.#closed) throw closedHost(this.#identity.machineName)
        const access = { readOnly: options?.readOnly ?? false, shared: options?.shared ?? false }
        const disk = await this.#disks.open(lun, access, 'mapped')
        try {
          signal?.throwIfAborted()
          this.#disks.checkUnique(disk)
        } catch (thrown) {
          await this.#disks.letGo(lun)
          throw thrown
        }
        this.#disks.add(disk)
        return disk.volumes.map((volume) => this.#describe(volume))
      }, signal),
    )
  }

  /**
   * Takes a LUN that was mapped, and its volumes, out again. A signal counts while it waits for other changes.
   *
   * @throws VssError `ERR_LUN_NOT_FOUND`; `VSS_E_VOLUME_IN_USE` while one of them is open;
   *   `VSS_E_SNAPSHOT_SET_IN_PROGRESS` while a set is being made of one
   */
  async unmap(lun: Lun, options?: AsyncOptions): Promise<void> {
    requireLun(lun, 'unmap')
    await cancellable('unmap', options, (signal) =>
      this.#changes.run(async () => {
        const disk = this.#disks.find(lun.guid)
        if (disk === undefined || disk.origin !== 'mapped') {
          throw new VssError('ERR_LUN_NOT_FOUND', `LUN ${lun.guid} is not mapped`, { culprit: lun.guid })
        }
        if (disk.markedBy !== undefined) {
          throw new VssError('VSS_E_SNAPSHOT_SET_IN_PROGRESS', `${disk.deviceName} is part of a set`, {
            culprit: disk.deviceName,
          })
        }
        refuseIfOpen(disk.volumes)
        await this.#disks.takeOut(disk)
      }, signal),
    )
  }

  /** Tells of disks that come and go from now on; gives a function that ends that. */
  watch(watcher: HostWatcher): () => void {
    return this.#watchers.add(watcher)
  }

  /** All volumes, shadow copies included, disk by disk. */
  volumes(): Volume[] {
    return this.#disks.volumes.map((volume) => this.#describe(volume))
  }

  /** Shadow copies that are to be served to other machines. */
  shares(): Share[] {
    return this.#exposures.shares
  }

  /**
   * @param name - a volume name, a device object, or a path at or below a mount path
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND`
   */
  openVolume(name: string): VolumeHandle {
    return this.#find(name).open()
  }

  /** For kernel support: the LUN whose writes are to be held for a volume. */
  heldVolume(volumeName: string): { lun: Lun; lunName: string } {
    const { disk } = this.#find(volumeName)
    return { lun: disk.lun, lunName: `${disk.deviceName} (LUN ${disk.lun.guid})` }
  }

  /** Lets go of every disk and closes the LUNs that the host opened itself. */
  async close(): Promise<void> {
    this.#closed = true
    this.#arrivals.stop()
    await this.#changes.run(async () => {
      for (const disk of this.#disks.list()) await this.#disks.takeOut(disk)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  // VolumeHost. ---------------------------------------------------------------------------------------

  async identity(): Promise<HostIdentity> {
    return { ...this.#identity }
  }

  async resolveVolume(nameOrPath: string): Promise<VolumeInfo> {
    return this.#infoOf(this.#find(nameOrPath))
  }

  async mountTable(): Promise<MountPoint[]> {
    return this.mounts.list()
  }

  /**
   * Nothing is written to an original: the array gives the flags to the copies it makes, and importVolumes
   * completes them on copies that were made without. The mark says which set they are for.
   */
  async setPendingFlags(setId: Guid, lunIds: string[]): Promise<void> {
    const disks = lunIds.map((lunId) => this.#markable(setId, lunId))
    for (const disk of disks) disk.markedBy = setId
  }

  async clearPendingFlags(setId: Guid): Promise<void> {
    for (const disk of this.#disks.list()) if (disk.markedBy === setId) disk.markedBy = undefined
  }

  /**
   * With a list of LUNs to expect, be it empty, as {@link VolumeHost.rescan} says. Without one, reads the
   * partition tables of the mapped LUNs again; a table that has become unreadable leaves its disk as it was
   * and is the error. A signal ends the wait; what has arrived by then stays.
   */
  async rescan(
    expected?: VdsLunInformation[],
    limitMillis: number = 0,
    options?: AsyncOptions,
  ): Promise<ArrivedLun[]> {
    return cancellable('rescan', options, async (signal) => {
      if (expected !== undefined) return this.#arrivals.wait(expected, limitMillis, signal)
      await this.#changes.run(() => this.#disks.refreshMapped(), signal)
      return []
    })
  }

  /** A signal counts while it waits for other changes; an import that has begun is carried out. */
  async importVolumes(
    _setId: Guid,
    volumes: VolumeToImport[],
    options?: AsyncOptions,
  ): Promise<ImportResult> {
    return cancellable('importVolumes', options, (signal) =>
      this.#changes.run(() => importDisks(this.#disks, this.#identity, volumes), signal),
    )
  }

  async setVolumesReadOnly(deviceObjects: string[], readOnly: boolean): Promise<void> {
    await this.#changes.run(async () => {
      const volumes = deviceObjects.map((deviceObject) => {
        const volume = this.#find(deviceObject)
        if (volume.snapshotId !== null) return volume
        throw new VssError('E_INVALIDARG', `${deviceObject} is not a shadow copy`, { culprit: deviceObject })
      })
      for (const volume of volumes) volume.recovering = !readOnly
    })
  }

  async removeVolumes(snapshotIds: Guid[], options: { force: boolean }): Promise<void> {
    await this.#changes.run(async () => {
      const going = this.#disks.volumes.filter(
        ({ snapshotId }) => snapshotId !== null && snapshotIds.includes(snapshotId),
      )
      const disks = [...new Set(going.map(({ disk }) => disk))]
      // A disk goes with the last of its shadow copies; then its other volumes go too.
      const lastOnes = disks.filter((disk) =>
        disk.volumes.every((volume) => volume.snapshotId === null || going.includes(volume)),
      )
      if (!options.force) refuseIfOpen([...going, ...lastOnes.flatMap(({ volumes }) => volumes)])
      this.#exposures.remove(snapshotIds)
      for (const volume of going) this.#disks.removeVolume(volume)
      for (const disk of lastOnes) await this.#disks.takeOut(disk)
    })
  }

  async volumesOn(lunIds: string[]): Promise<VolumeInfo[]> {
    return this.#disks.volumes
      .filter(({ disk }) => lunIds.includes(disk.lunId))
      .map((volume) => this.#infoOf(volume))
  }

  async exposeVolume(exposure: Exposure): Promise<string> {
    const { snapshotId } = exposure
    const volume = this.#disks.volumes.find((known) => known.snapshotId === snapshotId)
    if (volume !== undefined) return this.#exposures.add(exposure, volume)
    throw new VssError('VSS_E_OBJECT_NOT_FOUND', `shadow copy ${snapshotId} is not on this host`)
  }

  async unexposeVolume(snapshotId: Guid): Promise<void> {
    this.#exposures.remove([snapshotId])
  }

  async breakVolumes(snapshotIds: Guid[], order: BreakOrder): Promise<void> {
    await this.#changes.run(async () => {
      await breakDisks(this.#disks, snapshotIds, order)
      this.#exposures.remove(snapshotIds)
    })
  }

  async takeLunsOffline(lunIds: string[], { force }: { force: boolean }): Promise<void> {
    await this.#changes.run(() => this.#offline.take(lunIds, force))
  }

  async bringLunsOnline(lunIds: string[]): Promise<void> {
    await this.#changes.run(() => this.#offline.bringBack(lunIds))
  }

  #markable(setId: Guid, lunId: string): HostDisk {
    const disk = this.#disks.find(lunId)
    if (disk === undefined) {
      throw new VssError('VSS_E_OBJECT_NOT_FOUND', `the host has no LUN ${lunId}`, { culprit: lunId })
    }
    const culprit = disk.deviceName
    if (disk.readOnly) {
      throw new VssError('VSS_E_VOLUME_NOT_SUPPORTED', `${culprit} is mapped read-only`, { culprit })
    }
    if (disk.markedBy !== undefined && disk.markedBy !== setId) {
      throw new VssError('VSS_E_SNAPSHOT_SET_IN_PROGRESS', `${culprit} is part of another set`, { culprit })
    }
    return disk
  }

  #find(nameOrPath: string): HostVolume {
    if (typeof nameOrPath !== 'string') {
      throw new VssError('E_INVALIDARG', `a volume is named by a text, not ${describeValue(nameOrPath)}`, {
        culprit: 'volumeName',
      })
    }
    const guid = guidOfVolumeName(nameOrPath)
    const volumeName = guid === undefined ? this.mounts.volumeOf(nameOrPath) : volumeNameOf(guid)
    const volume = this.#disks.volumes.find(
      ({ name, deviceObject }) => name === volumeName || deviceObject === nameOrPath,
    )
    if (volume !== undefined) return volume
    const what = volumeName === undefined || guid !== undefined ? nameOrPath : `${nameOrPath} (${volumeName})`
    throw new VssError('VSS_E_OBJECT_NOT_FOUND', `the host has no volume ${what}`, { culprit: nameOrPath })
  }

  #infoOf({ name, disk, extent }: HostVolume): VolumeInfo {
    const { lunId, diskIndex } = disk
    const { offsetBytes, lengthBytes } = extent
    return {
      volumeName: name,
      mountPaths: this.mounts.pathsOf(name),
      luns: [disk.describe()],
      extents: [{ lunId, diskIndex, offsetBytes, lengthBytes }],
      isShadowCopy: disk.isShadowCopy,
    }
  }

  #describe(volume: HostVolume): Volume {
    return volume.describe(this.mounts.pathsOf(volume.name))
  }
}

function closedHost(machineName: string): VssError {
  return new VssError('VSS_E_BAD_STATE', `host ${machineName} was closed`, {
    culprit: machineName,
    remedy: 'Map the LUN to a new Host.',
  })
}

function requireLun(lun: unknown, member: string): void {
  if (lun instanceof Lun) return
  throw new VssError('E_INVALIDARG', `${member} takes a Lun, not ${describeValue(lun)}`, {
    culprit: 'lun',
    remedy: 'Pass what StorageArray.openLun gave.',
  })
}

function refuseIfOpen(volumes: readonly HostVolume[]): void {
  const open = volumes.find(({ isOpen }) => isOpen)
  if (open === undefined) return
  throw new VssError('VSS_E_VOLUME_IN_USE', `volume ${open.name} is open`, { culprit: open.name })
}
