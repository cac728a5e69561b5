/**
 * Turns a set that has come through into what GetSnapshotProperties reports and deletion needs.
 */
import { VSS_VOLUME_SNAPSHOT_ATTRIBUTES as ATTR, VSS_SNAPSHOT_STATE } from '../enums.ts'
import type { CopyMethod } from '../provider/interfaces.ts'
import type { SnapshotSetDescription, StoredSnapshot } from '../provider/snapshot-set-description.ts'
import { isTransportable } from './context.ts'
import type { SetProgress } from './do-snapshot-set.ts'
import type { SetMember, SnapshotSet } from './snapshot-set.ts'

export function describeSet(
  set: SnapshotSet,
  progress: SetProgress,
  machineName: string,
  creationTimestampMillis: number,
): SnapshotSetDescription {
  return {
    setId: set.setId,
    context: set.context,
    snapshots: set.members.map((member) =>
      describeMember(set, member, progress, machineName, creationTimestampMillis),
    ),
  }
}

function describeMember(
  set: SnapshotSet,
  { snapshotId, volume, provider, luns, method }: SetMember,
  progress: SetProgress,
  machineName: string,
  creationTimestampMillis: number,
): StoredSnapshot {
  const imported = progress.imported.find((volumeIn) => volumeIn.snapshotId === snapshotId)
  return {
    properties: {
      snapshotId,
      snapshotSetId: set.setId,
      snapshotsCount: set.members.length,
      snapshotDeviceObject: imported?.deviceObject ?? '',
      originalVolumeName: volume.volumeName,
      originatingMachine: machineName,
      serviceMachine: machineName,
      exposedName: undefined,
      exposedPath: undefined,
      providerId: provider.providerId,
      snapshotAttributes: attributesOf(set.context, method),
      creationTimestampMillis,
      status: VSS_SNAPSHOT_STATE.VSS_SS_CREATED,
    },
    sourceLuns: luns,
    targetLuns: volume.luns.flatMap(
      ({ lunId }) => progress.copies.find((copy) => copy.sourceLunId === lunId)?.target ?? [],
    ),
    extents: volume.extents.map(({ lunId, offsetBytes, lengthBytes }) => ({
      lunIndex: volume.luns.findIndex((lun) => lun.lunId === lunId),
      offsetBytes,
      lengthBytes,
    })),
  }
}

function attributesOf(context: number, method: CopyMethod): number {
  const kind = context & (ATTR.VSS_VOLSNAP_ATTR_DIFFERENTIAL | ATTR.VSS_VOLSNAP_ATTR_PLEX)
  const chosen = method === 'plex' ? ATTR.VSS_VOLSNAP_ATTR_PLEX : ATTR.VSS_VOLSNAP_ATTR_DIFFERENTIAL
  return (
    context |
    ATTR.VSS_VOLSNAP_ATTR_HARDWARE_ASSISTED |
    (kind === 0 ? chosen : 0) |
    (isTransportable(context) ? ATTR.VSS_VOLSNAP_ATTR_NOT_SURFACED : 0)
  )
}
