/**
 * Bringing shadow copy volumes in from disks that have arrived.
 *
 * A disk gets its new identity once, before any of its volumes is named, and whatever volumes of it
 * are wanted. A disk that cannot be used costs the volumes on it, not the others.
 */
import type {
  HostIdentity,
  ImportedVolume,
  ImportResult,
  MissingVolume,
  VolumeToImport,
} from '../coordinator/host.ts'
import { describeThrown } from '../errors.ts'
import type { HostDisk } from './disk.ts'
import type { DiskTable } from './disk-table.ts'

type Failure = Omit<MissingVolume, 'snapshotId'>

export async function importDisks(
  disks: DiskTable,
  identity: HostIdentity,
  volumes: readonly VolumeToImport[],
): Promise<ImportResult> {
  const imported: ImportedVolume[] = []
  const missing: MissingVolume[] = []
  const prepared = new Map<HostDisk, Failure | undefined>()
  for (const wanted of volumes) {
    const { snapshotId } = wanted
    const found = locate(disks, wanted)
    if ('code' in found) {
      missing.push({ snapshotId, ...found })
      continue
    }
    const { disk } = found
    if (!prepared.has(disk)) prepared.set(disk, await prepare(disks, identity, disk))
    const failure = prepared.get(disk)
    if (failure !== undefined) {
      missing.push({ snapshotId, ...failure })
      continue
    }
    const volume = disk.volumes.find(
      ({ extent }) => extent.offsetBytes === found.offsetBytes && extent.lengthBytes === found.lengthBytes,
    )
    if (volume === undefined || volume.snapshotId !== null) {
      const reason = `${disk.deviceName} holds no further volume at byte ${found.offsetBytes}`
      missing.push({ snapshotId, code: 'VSS_E_MISSING_HIDDEN_VOLUME', reason })
      continue
    }
    volume.snapshotId = snapshotId
    volume.deviceObject = disks.nextShadowDeviceObject()
    imported.push({ snapshotId, deviceObject: volume.deviceObject })
  }
  return { imported, missing }
}

/** The disk of a volume, if the partition table on it has that volume where the original has it. */
function locate(
  disks: DiskTable,
  { extents, originalVolumeName }: VolumeToImport,
): { disk: HostDisk; offsetBytes: number; lengthBytes: number } | Failure {
  const [extent, ...others] = extents
  if (extent === undefined || others.length > 0) {
    const reason = `the copy of ${originalVolumeName} has ${extents.length} extents; volumes here have one`
    return { code: 'VSS_E_MISSING_VOLUME', reason }
  }
  const { lunId, offsetBytes, lengthBytes } = extent
  const disk = disks.find(lunId)
  if (disk === undefined || disk.origin === 'mapped' || disk.origin === 'broken') {
    return { code: 'VSS_E_MISSING_DISK', reason: `LUN ${lunId} has not arrived` }
  }
  const there = disk.extents.some(
    (found) => found.offsetBytes === offsetBytes && found.lengthBytes === lengthBytes,
  )
  if (!there) {
    const reason = `${disk.deviceName} has no volume of ${lengthBytes} bytes at byte ${offsetBytes}`
    return { code: 'VSS_E_MISSING_VOLUME', reason }
  }
  return { disk, offsetBytes, lengthBytes }
}

/** From here on the disk is a shadow copy of its own identity: hidden, read-only, without mount points. */
async function prepare(
  disks: DiskTable,
  identity: HostIdentity,
  disk: HostDisk,
): Promise<Failure | undefined> {
  if (disk.origin === 'shadowCopy') return undefined
  if (disk.readOnly) {
    return { code: 'VSS_E_MISSING_DISK', reason: `${disk.deviceName} is mapped read-only` }
  }
  if (disk.layout.ldm && identity.generation === 'beforeServer2008') {
    const reason = `${disk.deviceName} is a dynamic disk, of which this host cannot have two alike`
    return { code: 'VSS_E_DYNAMIC_DISK_ERROR', reason }
  }
  try {
    await disk.rewriteIdentity()
    await disk.completeVssFlags()
    disks.checkUnique(disk)
  } catch (thrown) {
    return { code: 'VSS_E_MISSING_DISK', reason: `${disk.deviceName}: ${describeThrown(thrown)}` }
  }
  disk.origin = 'shadowCopy'
  disks.syncVolumes(disk)
  return undefined
}
