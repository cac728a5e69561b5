/**
 * A call of every public member of BackupComponents, with arguments that are fine in themselves.
 */
import {
  VSS_FILE_RESTORE_STATUS,
  VSS_HARDWARE_OPTIONS,
  VSS_RESTORE_TYPE,
  VSS_ROLLFORWARD_TYPE,
  VSS_SNAPSHOT_CONTEXT,
  VSS_VOLUME_SNAPSHOT_ATTRIBUTES,
} from '../../lib/enums.ts'
import { newGuid } from '../../lib/ids.ts'
import type { RequesterMember } from '../../lib/requester/order.ts'
import type { Scene } from './scene.ts'

const { VSS_VOLSNAP_ATTR_EXPOSED_REMOTELY } = VSS_VOLUME_SNAPSHOT_ATTRIBUTES
/** A document without components, for initializeForRestore. */
const EMPTY =
  '<BACKUP_COMPONENTS xmlns="x-schema:#VssComponentMetadata" version="1.2" bootableSystemStateBackup="no" ' +
  'selectComponents="yes" backupType="full" partialFileSupport="no"/>'

export const CALLS: Record<RequesterMember, (scene: Scene) => unknown> = {
  initializeForBackup: ({ backup }) => backup.initializeForBackup(),
  initializeForRestore: ({ backup }) => backup.initializeForRestore(EMPTY),
  enableWriterClasses: ({ backup }) => backup.enableWriterClasses([newGuid()]),
  disableWriterClasses: ({ backup }) => backup.disableWriterClasses([newGuid()]),
  disableWriterInstances: ({ backup }) => backup.disableWriterInstances([newGuid()]),
  gatherWriterMetadata: ({ backup }) => backup.gatherWriterMetadata(),
  getWriterMetadataCount: ({ backup }) => backup.getWriterMetadataCount(),
  getWriterMetadata: ({ backup }) => backup.getWriterMetadata(0),
  getWriterMetadataEx: ({ backup }) => backup.getWriterMetadataEx(0),
  freeWriterMetadata: ({ backup }) => backup.freeWriterMetadata(),
  getWriterComponentsCount: ({ backup }) => backup.getWriterComponentsCount(),
  getWriterComponents: ({ backup }) => backup.getWriterComponents(0),
  gatherWriterStatus: ({ backup }) => backup.gatherWriterStatus(),
  getWriterStatusCount: ({ backup }) => backup.getWriterStatusCount(),
  getWriterStatus: ({ backup }) => backup.getWriterStatus(0),
  getWriterStatusEx: ({ backup }) => backup.getWriterStatusEx(0),
  freeWriterStatus: ({ backup }) => backup.freeWriterStatus(),
  getSessionId: ({ backup }) => backup.getSessionId(),
  getRootAndLogicalPrefixPaths: ({ backup }) => backup.getRootAndLogicalPrefixPaths('/vol1/x'),
  setPreviousBackupStamp: ({ backup, writer }) => backup.setPreviousBackupStamp(...writer.key(), '1'),
  saveAsXML: ({ backup }) => backup.saveAsXML(),
  setContext: ({ backup }) => backup.setContext(VSS_SNAPSHOT_CONTEXT.VSS_CTX_BACKUP),
  setBackupState: ({ backup }) => backup.setBackupState(true, false, 1),
  addComponent: ({ backup, writer }) =>
    backup.addComponent(writer.identity.instanceId, ...writer.key('other')),
  setBackupOptions: ({ backup, writer }) => backup.setBackupOptions(...writer.key(), 'x'),
  startSnapshotSet: ({ backup }) => backup.startSnapshotSet(),
  addToSnapshotSet: ({ backup }) => backup.addToSnapshotSet('/vol2'),
  prepareForBackup: ({ backup }) => backup.prepareForBackup(),
  doSnapshotSet: ({ backup }) => backup.doSnapshotSet(),
  setBackupSucceeded: ({ backup, writer }) =>
    backup.setBackupSucceeded(writer.identity.instanceId, ...writer.key(), true),
  backupComplete: ({ backup }) => backup.backupComplete(),
  abortBackup: ({ backup }) => backup.abortBackup(),
  isVolumeSupported: ({ backup }) => backup.isVolumeSupported('/vol1'),
  getSnapshotProperties: ({ backup }) => backup.getSnapshotProperties(newGuid()),
  query: ({ backup }) => backup.query(),
  deleteSnapshots: ({ backup }) => backup.deleteSnapshots(newGuid()),
  exposeSnapshot: ({ backup }) =>
    backup.exposeSnapshot(newGuid(), null, VSS_VOLSNAP_ATTR_EXPOSED_REMOTELY, 'share'),
  unexposeSnapshot: ({ backup }) => backup.unexposeSnapshot(newGuid()),
  breakSnapshotSet: ({ backup }) => backup.breakSnapshotSet(newGuid()),
  breakSnapshotSetEx: ({ backup }) =>
    backup.breakSnapshotSetEx(newGuid(), VSS_HARDWARE_OPTIONS.VSS_BREAKEX_FLAG_MASK_LUNS),
  revertToSnapshot: ({ backup }) => backup.revertToSnapshot(newGuid()),
  queryRevertStatus: ({ backup }) => backup.queryRevertStatus('/vol1'),
  importSnapshots: ({ backup }) => backup.importSnapshots(),
  setRestoreState: ({ backup }) => backup.setRestoreState(VSS_RESTORE_TYPE.VSS_RTYPE_BY_COPY),
  setSelectedForRestore: ({ backup, writer }) => backup.setSelectedForRestore(...writer.key(), true),
  setSelectedForRestoreEx: ({ backup, writer }) =>
    backup.setSelectedForRestoreEx(...writer.key(), true, writer.identity.instanceId),
  addRestoreSubcomponent: ({ backup, writer }) =>
    backup.addRestoreSubcomponent(...writer.key(), 'set', 'part'),
  addNewTarget: ({ backup, writer }) =>
    backup.addNewTarget(...writer.key(), '/srv/set', '*', true, '/srv/elsewhere'),
  setRestoreOptions: ({ backup, writer }) => backup.setRestoreOptions(...writer.key(), '"A"="B"'),
  setRestoreName: ({ backup, writer }) => backup.setRestoreName(...writer.key(), 'again'),
  setAuthoritativeRestore: ({ backup, writer }) => backup.setAuthoritativeRestore(...writer.key(), true),
  setRollForward: ({ backup, writer }) =>
    backup.setRollForward(...writer.key(), VSS_ROLLFORWARD_TYPE.VSS_RF_PARTIAL, 'noon'),
  setAdditionalRestores: ({ backup, writer }) => backup.setAdditionalRestores(...writer.key(), true),
  preRestore: ({ backup }) => backup.preRestore(),
  setFileRestoreStatus: ({ backup, writer }) =>
    backup.setFileRestoreStatus(...writer.key(), VSS_FILE_RESTORE_STATUS.VSS_RS_ALL),
  addAlternativeLocationMapping: ({ backup, writer }) =>
    backup.addAlternativeLocationMapping(...writer.key(), '/srv/set', '*', true, '/srv/elsewhere'),
  setRangesFilePath: ({ backup, writer }) => backup.setRangesFilePath(...writer.key(), 0, '/tmp/ranges'),
  postRestore: ({ backup }) => backup.postRestore(),
  addSnapshotToRecoverySet: ({ backup, snapshotId }) => backup.addSnapshotToRecoverySet(snapshotId),
  recoverSet: ({ backup }) => backup.recoverSet(),
  preFastRecovery: ({ backup }) => backup.preFastRecovery(newGuid()),
  fastRecovery: ({ backup }) => backup.fastRecovery(newGuid()),
}
