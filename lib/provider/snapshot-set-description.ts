/**
 * A finished snapshot set as plain data: what GetSnapshotProperties reports, and what is needed to
 * find and delete its LUNs later.
 */
import type { VdsLunInformation } from '../document/lun-information.ts'
import type { VSS_SNAPSHOT_STATE } from '../enums.ts'
import type { Guid } from '../ids.ts'

/** VSS_SNAPSHOT_PROP. */
export interface SnapshotProperties {
  snapshotId: Guid
  snapshotSetId: Guid
  /** Shadow copies in the set when it was created, not now. */
  snapshotsCount: number
  /** No trailing backslash; empty while the copy is not surfaced on this host. */
  snapshotDeviceObject: string
  /** `\\?\Volume{GUID}\` */
  originalVolumeName: string
  originatingMachine: string
  serviceMachine: string
  exposedName: string | undefined
  exposedPath: string | undefined
  providerId: Guid
  /** Mask of VSS_VOLUME_SNAPSHOT_ATTRIBUTES. */
  snapshotAttributes: number
  /** Milliseconds since 1970 UTC. */
  creationTimestampMillis: number
  status: VSS_SNAPSHOT_STATE
}

/** One shadow copy with the LUNs it lies on. */
export interface StoredSnapshot {
  properties: SnapshotProperties
  sourceLuns: VdsLunInformation[]
  /** One to one with `sourceLuns`. */
  targetLuns: VdsLunInformation[]
  /** Parts of the volume; `lunIndex` counts in the two lists above. */
  extents: { lunIndex: number; offsetBytes: number; lengthBytes: number }[]
}

export interface SnapshotSetDescription {
  setId: Guid
  /** The context the set was made in. */
  context: number
  /** The shadow copies that are left of it. */
  snapshots: StoredSnapshot[]
}
