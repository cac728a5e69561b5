/**
 * A host whose volumes lie on LUNs of a {@link Fabric}, one LUN for each volume unless a test says
 * otherwise. It remembers what it was asked, for tests to look at.
 */
import type {
  ArrivedLun,
  BreakOrder,
  Exposure,
  HostIdentity,
  HostLun,
  ImportResult,
  MountPoint,
  VolumeHost,
  VolumeInfo,
  VolumeToImport,
} from '../../../lib/coordinator/host.ts'
import { isSameLun } from '../../../lib/document/lun-identity.ts'
import type { VdsLunInformation } from '../../../lib/document/lun-information.ts'
import { VssError } from '../../../lib/errors.ts'
import type { Guid } from '../../../lib/ids.ts'
import { volumeOfPath } from '../../../lib/writer/paths.ts'
import type { Fabric } from './fabric.ts'
import type { Faults } from './faults.ts'

export class FakeHost implements VolumeHost {
  readonly volumes: VolumeInfo[] = []
  readonly flagged: Map<Guid, string[]> = new Map()
  readonly imported: Map<Guid, { deviceObject: string; readOnly: boolean }> = new Map()
  readonly fabric: Fabric
  readonly faults: Faults
  readonly trace: string[]
  readonly exposed: Map<Guid, Exposure> = new Map()
  readonly broken: Map<Guid, BreakOrder> = new Map()
  readonly offline: Set<string> = new Set()
  hostIdentity: HostIdentity = { machineName: 'fake', clusterMember: false, generation: 'current' }
  #nextDevice = 1

  constructor(fabric: Fabric, faults: Faults, trace: string[] = []) {
    this.fabric = fabric
    this.faults = faults
    this.trace = trace
  }

  /** A volume on a LUN of its own, mounted at `/vol<n>`. */
  addVolume(options: { onLunOf?: VolumeInfo } = {}): VolumeInfo {
    const index = this.volumes.length + 1
    const lun = options.onLunOf?.luns[0] ?? this.#attach()
    const volume: VolumeInfo = {
      volumeName: `\\\\?\\Volume{${String(index).padStart(8, '0')}-0000-4000-8000-000000000000}\\`,
      mountPaths: [`/vol${index}`],
      luns: [lun],
      extents: [
        { lunId: lun.lunId, diskIndex: index, offsetBytes: index * 1_048_576, lengthBytes: 1_048_576 },
      ],
      isShadowCopy: false,
    }
    this.volumes.push(volume)
    return volume
  }

  #attach(): HostLun {
    const { id, lun } = this.fabric.add(true)
    return {
      lunId: `lun-${id}`,
      deviceName: `\\\\.\\PHYSICALDRIVE${id}`,
      lunInformation: lun,
      readOnly: false,
      dynamicDisk: false,
    }
  }

  async identity(): Promise<HostIdentity> {
    return this.hostIdentity
  }

  async resolveVolume(nameOrPath: string): Promise<VolumeInfo> {
    const name = nameOrPath.startsWith('/') ? volumeOfPath(nameOrPath, await this.mountTable()) : nameOrPath
    const volume = this.volumes.find(({ volumeName }) => volumeName === name)
    if (volume === undefined) throw new VssError('VSS_E_OBJECT_NOT_FOUND', `no volume '${nameOrPath}'`)
    return structuredClone(volume)
  }

  async mountTable(): Promise<MountPoint[]> {
    return this.volumes.flatMap(({ mountPaths, volumeName }) =>
      mountPaths.map((path) => ({ path, volumeName })),
    )
  }

  async setPendingFlags(setId: Guid, lunIds: string[]): Promise<void> {
    await this.faults.reach('host.setPendingFlags')
    this.trace.push('host.setPendingFlags')
    this.flagged.set(setId, lunIds)
  }

  async clearPendingFlags(setId: Guid): Promise<void> {
    this.trace.push('host.clearPendingFlags')
    this.flagged.delete(setId)
    await this.faults.reach('host.clearPendingFlags')
  }

  async rescan(expected: VdsLunInformation[]): Promise<ArrivedLun[]> {
    await this.faults.reach('host.rescan')
    this.trace.push('host.rescan')
    return [...this.fabric.luns.values()]
      .filter(({ unmasked, lun }) => unmasked && expected.some((wanted) => isSameLun(wanted, lun)))
      .map(({ id, lun, readOnly }) => ({
        lunId: `lun-${id}`,
        deviceName: `\\\\.\\PHYSICALDRIVE${id}`,
        lunInformation: structuredClone(lun),
        readOnly,
      }))
  }

  async importVolumes(_setId: Guid, volumes: VolumeToImport[]): Promise<ImportResult> {
    await this.faults.reach('host.importVolumes')
    this.trace.push('host.importVolumes')
    const imported = volumes.map(({ snapshotId }) => {
      const deviceObject = `\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy${this.#nextDevice++}`
      this.imported.set(snapshotId, { deviceObject, readOnly: true })
      return { snapshotId, deviceObject }
    })
    return { imported, missing: [] }
  }

  async setVolumesReadOnly(deviceObjects: string[], readOnly: boolean): Promise<void> {
    await this.faults.reach('host.setVolumesReadOnly')
    this.trace.push(`host.setVolumesReadOnly(${readOnly})`)
    for (const volume of this.imported.values()) {
      if (deviceObjects.includes(volume.deviceObject)) volume.readOnly = readOnly
    }
  }

  async removeVolumes(snapshotIds: Guid[]): Promise<void> {
    await this.faults.reach('host.removeVolumes')
    for (const snapshotId of snapshotIds) this.imported.delete(snapshotId)
  }

  async volumesOn(lunIds: string[]): Promise<VolumeInfo[]> {
    return this.volumes.filter(({ luns }) => luns.some(({ lunId }) => lunIds.includes(lunId)))
  }

  async exposeVolume(exposure: Exposure): Promise<string> {
    await this.faults.reach('host.exposeVolume')
    this.exposed.set(exposure.snapshotId, exposure)
    return exposure.name ?? `shadow@{${exposure.snapshotId}}`
  }

  async unexposeVolume(snapshotId: Guid): Promise<void> {
    this.exposed.delete(snapshotId)
  }

  async breakVolumes(snapshotIds: Guid[], order: BreakOrder): Promise<void> {
    await this.faults.reach('host.breakVolumes')
    for (const snapshotId of snapshotIds) {
      this.imported.delete(snapshotId)
      this.broken.set(snapshotId, order)
    }
  }

  async takeLunsOffline(lunIds: string[]): Promise<void> {
    await this.faults.reach('host.takeLunsOffline')
    this.trace.push('host.takeLunsOffline')
    for (const lunId of lunIds) this.offline.add(lunId)
  }

  async bringLunsOnline(lunIds: string[]): Promise<void> {
    await this.faults.reach('host.bringLunsOnline')
    this.trace.push('host.bringLunsOnline')
    for (const lunId of lunIds) this.offline.delete(lunId)
  }
}
