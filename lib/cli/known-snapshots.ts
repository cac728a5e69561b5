/** The shadow copies that a coordinator knows, with the LUNs of the array they lie on. */
import type { SnapshotCatalogue } from '../coordinator/catalogue.ts'
import { VSS_SNAPSHOT_CONTEXT } from '../enums.ts'
import { VssError } from '../errors.ts'
import { bracedGuid, type Guid } from '../ids.ts'
import { guidOfSerial } from '../provider/array-provider-luns.ts'
import type { StoredSnapshot } from '../provider/snapshot-set-description.ts'

export interface KnownSnapshot {
  setId: Guid
  snapshotId: Guid
  /** Mask of VSS_VOLUME_SNAPSHOT_ATTRIBUTES. */
  attributes: number
  originalVolumeName: string
  sourceLun: Guid
  copyLun: Guid
  /** Where the volume lies on the copy. */
  offsetBytes: number
  lengthBytes: number
  /** ISO 8601, UTC. */
  createdAt: string
}

export function knownSnapshots(catalogue: SnapshotCatalogue): KnownSnapshot[] {
  const setIds = new Set(
    catalogue.query(VSS_SNAPSHOT_CONTEXT.VSS_CTX_ALL).map(({ snapshotSetId }) => snapshotSetId),
  )
  return [...setIds].flatMap((setId) => (catalogue.describe(setId)?.snapshots ?? []).map(describe))
}

export function findSnapshot(catalogue: SnapshotCatalogue, id: Guid): KnownSnapshot {
  const found = knownSnapshots(catalogue).find(({ snapshotId }) => snapshotId === id)
  if (found === undefined) throw noSnapshot(id)
  return found
}

/** The LUNs that a shadow copy, or those of a set, lie on; several volumes of one LUN lie on one. */
export function copyLunsOf(catalogue: SnapshotCatalogue, id: Guid): Guid[] {
  const found = knownSnapshots(catalogue).filter(({ setId, snapshotId }) => setId === id || snapshotId === id)
  if (found.length === 0) throw noSnapshot(id)
  return [...new Set(found.map(({ copyLun }) => copyLun))]
}

function noSnapshot(id: Guid): VssError {
  return new VssError('VSS_E_OBJECT_NOT_FOUND', `the array has no shadow copy ${bracedGuid(id)}`, {
    culprit: id,
    remedy: '"holdfast snapshot list" shows those there are.',
  })
}

function describe({ properties, sourceLuns, targetLuns, extents }: StoredSnapshot): KnownSnapshot {
  // The array provider makes volumes of one extent on one LUN.
  const [sourceLun, copyLun, extent] = [
    guidOfSerial(sourceLuns[0]?.serialNumber ?? ''),
    guidOfSerial(targetLuns[0]?.serialNumber ?? ''),
    extents[0],
  ]
  if (sourceLun === undefined || copyLun === undefined || extent === undefined) {
    throw new VssError('VSS_E_NOT_SUPPORTED', `shadow copy ${properties.snapshotId} is of another provider`)
  }
  return {
    setId: properties.snapshotSetId,
    snapshotId: properties.snapshotId,
    attributes: properties.snapshotAttributes,
    originalVolumeName: properties.originalVolumeName,
    sourceLun,
    copyLun,
    offsetBytes: extent.offsetBytes,
    lengthBytes: extent.lengthBytes,
    createdAt: new Date(properties.creationTimestampMillis).toISOString(),
  }
}
