/**
 * The legal order of calls on one BackupComponents object (reference 2.2), as one table. CallOrder keeps it.
 *
 *   new ─initializeForBackup─▶ initialized ─gatherWriterMetadata─▶ gathered ─startSnapshotSet─▶ setStarted
 *       ─prepareForBackup─▶ prepared ─doSnapshotSet─▶ snapped ─backupComplete─▶ done
 *   new ─initializeForRestore─▶ restoreInitialized ─gatherWriterMetadata─▶ restoreGathered
 *       ─preRestore─▶ preRestored ─postRestore─▶ postRestored
 *
 * Side ways: a set without writers goes from initialized to setStarted to snapped; a backup without a
 * shadow copy goes from gathered to prepared to done; a failed or cancelled prepareForBackup or
 * doSnapshotSet leads to failed, abortBackup to aborted, close to closed. A cancelled preRestore leads to
 * preRestored all the same, and a cancelled postRestore to postRestored: writers may have been told, and a
 * restore has no abort. There is no way back: one object is one backup or one restore.
 */

export const BACKUP_STATES = [
  'initialized',
  'gathered',
  'setStarted',
  'prepared',
  'snapped',
  'done',
  'failed',
  'aborted',
] as const

export const RESTORE_STATES = [
  'restoreInitialized',
  'restoreGathered',
  'preRestored',
  'postRestored',
] as const

export type RequesterState =
  | 'new'
  | (typeof BACKUP_STATES)[number]
  | (typeof RESTORE_STATES)[number]
  | 'closed'

export interface Rule {
  legalIn: readonly RequesterState[]
  /** What to do instead, where the call comes too early or too late. */
  advice: string
}

const EITHER: readonly RequesterState[] = [...BACKUP_STATES, ...RESTORE_STATES]
const SELECTING: readonly RequesterState[] = ['restoreInitialized', 'restoreGathered']

const AFTER_INIT: Rule = {
  legalIn: EITHER,
  advice: 'Call initializeForBackup or initializeForRestore first.',
}
/** What deals with shadow copies; a restore needs none (R137). */
const ADMINISTRATION: Rule = {
  legalIn: BACKUP_STATES,
  advice: 'Call initializeForBackup first; an object that restores has nothing to do with shadow copies.',
}
const AFTER_GATHER: Rule = {
  legalIn: EITHER.filter((state) => state !== 'initialized' && state !== 'restoreInitialized'),
  advice: 'Call gatherWriterMetadata first.',
}
const FILTER: Rule = {
  legalIn: ['initialized', 'gathered', 'setStarted', 'restoreInitialized', 'restoreGathered'],
  advice: 'Call it after the initialization and before gatherWriterMetadata.',
}
const BEFORE_PRE_RESTORE: Rule = {
  legalIn: SELECTING,
  advice: 'Call it after initializeForRestore and before preRestore.',
}
const SELECTION: Rule = {
  legalIn: ['restoreGathered'],
  advice: 'Call it after gatherWriterMetadata, which says which writers run, and before preRestore.',
}
const WHILE_RESTORING: Rule = {
  legalIn: ['preRestored'],
  advice: 'Call it between preRestore and postRestore.',
}
const RECOVERY: Rule = {
  legalIn: SELECTING,
  advice: 'Call it after initializeForRestore, on an object whose preRestore was not called.',
}

/** Every member whose order matters. */
export type RequesterMember =
  | 'initializeForBackup'
  | 'initializeForRestore'
  | 'enableWriterClasses'
  | 'disableWriterClasses'
  | 'disableWriterInstances'
  | 'gatherWriterMetadata'
  | 'getWriterMetadataCount'
  | 'getWriterMetadata'
  | 'getWriterMetadataEx'
  | 'freeWriterMetadata'
  | 'getWriterComponentsCount'
  | 'getWriterComponents'
  | 'gatherWriterStatus'
  | 'getWriterStatusCount'
  | 'getWriterStatus'
  | 'getWriterStatusEx'
  | 'freeWriterStatus'
  | 'getSessionId'
  | 'getRootAndLogicalPrefixPaths'
  | 'setPreviousBackupStamp'
  | 'saveAsXML'
  | 'setContext'
  | 'setBackupState'
  | 'addComponent'
  | 'setBackupOptions'
  | 'startSnapshotSet'
  | 'addToSnapshotSet'
  | 'prepareForBackup'
  | 'doSnapshotSet'
  | 'setBackupSucceeded'
  | 'backupComplete'
  | 'abortBackup'
  | 'isVolumeSupported'
  | 'getSnapshotProperties'
  | 'query'
  | 'deleteSnapshots'
  | 'exposeSnapshot'
  | 'unexposeSnapshot'
  | 'breakSnapshotSet'
  | 'breakSnapshotSetEx'
  | 'revertToSnapshot'
  | 'queryRevertStatus'
  | 'importSnapshots'
  | 'setRestoreState'
  | 'setSelectedForRestore'
  | 'setSelectedForRestoreEx'
  | 'addRestoreSubcomponent'
  | 'addNewTarget'
  | 'setRestoreOptions'
  | 'setRestoreName'
  | 'setAuthoritativeRestore'
  | 'setRollForward'
  | 'setAdditionalRestores'
  | 'preRestore'
  | 'setFileRestoreStatus'
  | 'addAlternativeLocationMapping'
  | 'setRangesFilePath'
  | 'postRestore'
  | 'addSnapshotToRecoverySet'
  | 'recoverSet'
  | 'preFastRecovery'
  | 'fastRecovery'

/** Member by member. `close` is not in here: it is legal at any time. */
export const RULES: Readonly<Record<RequesterMember, Rule>> = {
  initializeForBackup: {
    legalIn: ['new'],
    advice: 'An object is initialised once; make a new one for another backup.',
  },
  initializeForRestore: {
    legalIn: ['new'],
    advice: 'An object is initialised once; make a new one for another restore.',
  },

  // Both kinds of operation.
  enableWriterClasses: FILTER,
  disableWriterClasses: FILTER,
  disableWriterInstances: FILTER,
  gatherWriterMetadata: {
    legalIn: ['initialized', 'restoreInitialized'],
    advice: 'Call it once, after the initialization and before startSnapshotSet.',
  },
  getWriterMetadataCount: AFTER_GATHER,
  getWriterMetadata: AFTER_GATHER,
  getWriterMetadataEx: AFTER_GATHER,
  freeWriterMetadata: AFTER_GATHER,
  getWriterComponentsCount: AFTER_INIT,
  getWriterComponents: AFTER_INIT,
  gatherWriterStatus: AFTER_INIT,
  getWriterStatusCount: AFTER_INIT,
  getWriterStatus: AFTER_INIT,
  getWriterStatusEx: AFTER_INIT,
  freeWriterStatus: AFTER_INIT,
  getSessionId: AFTER_INIT,
  getRootAndLogicalPrefixPaths: AFTER_INIT,
  setPreviousBackupStamp: {
    legalIn: ['gathered', 'setStarted', ...SELECTING],
    advice: 'Call it after addComponent and before prepareForBackup, or before preRestore.',
  },
  saveAsXML: {
    legalIn: ['prepared', 'snapped', 'done', ...RESTORE_STATES],
    advice: 'Call it after doSnapshotSet, or after prepareForBackup if no shadow copy is made.',
  },

  // A backup.
  setContext: {
    legalIn: ['initialized', 'gathered'],
    advice: 'Call it once, after initializeForBackup and before startSnapshotSet.',
  },
  setBackupState: {
    legalIn: ['initialized', 'gathered', 'setStarted'],
    advice: 'Call it after initializeForBackup and before prepareForBackup.',
  },
  addComponent: {
    legalIn: ['gathered', 'setStarted'],
    advice: 'Call it after gatherWriterMetadata and before prepareForBackup.',
  },
  setBackupOptions: {
    legalIn: ['gathered', 'setStarted'],
    advice: 'Call it after addComponent and before prepareForBackup.',
  },
  startSnapshotSet: {
    legalIn: ['initialized', 'gathered'],
    advice: 'Call it once, after gatherWriterMetadata and before prepareForBackup.',
  },
  addToSnapshotSet: {
    legalIn: ['setStarted'],
    advice: 'Call it after startSnapshotSet and before prepareForBackup.',
  },
  prepareForBackup: {
    legalIn: ['gathered', 'setStarted'],
    advice: 'Call it once, after gatherWriterMetadata, setBackupState and startSnapshotSet.',
  },
  doSnapshotSet: {
    legalIn: ['setStarted', 'prepared'],
    advice: 'Call startSnapshotSet and, in a context with writers, prepareForBackup first.',
  },
  setBackupSucceeded: {
    legalIn: ['prepared', 'snapped'],
    advice:
      'Call it after the files were copied and before backupComplete; never after a failed doSnapshotSet.',
  },
  backupComplete: {
    legalIn: ['prepared', 'snapped'],
    advice: 'Call it once, after the files were copied; after a failed doSnapshotSet call abortBackup.',
  },
  abortBackup: {
    legalIn: BACKUP_STATES,
    advice: 'Call initializeForBackup first; a restore cannot be aborted, only finished with postRestore.',
  },

  // Finished shadow copies.
  isVolumeSupported: ADMINISTRATION,
  getSnapshotProperties: ADMINISTRATION,
  query: ADMINISTRATION,
  deleteSnapshots: ADMINISTRATION,
  exposeSnapshot: ADMINISTRATION,
  unexposeSnapshot: ADMINISTRATION,
  breakSnapshotSet: ADMINISTRATION,
  breakSnapshotSetEx: ADMINISTRATION,
  revertToSnapshot: ADMINISTRATION,
  queryRevertStatus: AFTER_INIT,
  importSnapshots: {
    legalIn: ['initialized', 'gathered'],
    advice: 'Call it once, on an object that was initialised with the document of a transportable set.',
  },

  // A restore.
  setRestoreState: BEFORE_PRE_RESTORE,
  setSelectedForRestore: SELECTION,
  setSelectedForRestoreEx: SELECTION,
  addRestoreSubcomponent: SELECTION,
  addNewTarget: BEFORE_PRE_RESTORE,
  setRestoreOptions: BEFORE_PRE_RESTORE,
  setRestoreName: BEFORE_PRE_RESTORE,
  setAuthoritativeRestore: BEFORE_PRE_RESTORE,
  setRollForward: BEFORE_PRE_RESTORE,
  setAdditionalRestores: {
    legalIn: [...SELECTING, 'preRestored'],
    advice: 'Call it after initializeForRestore and before postRestore.',
  },
  preRestore: {
    legalIn: ['restoreGathered'],
    advice: 'Call it once, after gatherWriterMetadata and setSelectedForRestore.',
  },
  setFileRestoreStatus: WHILE_RESTORING,
  addAlternativeLocationMapping: WHILE_RESTORING,
  setRangesFilePath: WHILE_RESTORING,
  postRestore: {
    legalIn: ['preRestored'],
    advice: 'Call it once, after preRestore and after the files were restored.',
  },

  // LUNs from shadow copies.
  addSnapshotToRecoverySet: RECOVERY,
  recoverSet: RECOVERY,
  preFastRecovery: AFTER_INIT,
  fastRecovery: AFTER_INIT,
}

/** Members that may be called while an asynchronous one is under way. */
export const ALWAYS_HEARD: readonly RequesterMember[] = ['abortBackup']
