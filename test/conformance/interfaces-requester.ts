/** What a requester calls: reference 3.1, 3.2, 3.16. */
import { each, type InterfaceTable } from './interface-table.ts'

const nothingToFree = 'There is nothing to free: what a call gives is an ordinary value.'
const isPromise = 'An asynchronous call gives a promise; this is part of it.'
const isArray = 'A query gives an array, which is iterated, sliced and copied as any other.'

export const REQUESTER_INTERFACES: readonly InterfaceTable[] = [
  {
    name: 'IVssBackupComponents',
    carriers: ['BackupComponents'],
    members: `GetWriterComponentsCount GetWriterComponents InitializeForBackup SetBackupState InitializeForRestore
      SetRestoreState GatherWriterMetadata GetWriterMetadataCount GetWriterMetadata FreeWriterMetadata AddComponent
      PrepareForBackup AbortBackup GatherWriterStatus GetWriterStatusCount FreeWriterStatus GetWriterStatus
      SetBackupSucceeded SetBackupOptions SetSelectedForRestore SetRestoreOptions SetAdditionalRestores
      SetPreviousBackupStamp SaveAsXML BackupComplete AddAlternativeLocationMapping AddRestoreSubcomponent
      SetFileRestoreStatus AddNewTarget SetRangesFilePath PreRestore PostRestore SetContext StartSnapshotSet
      AddToSnapshotSet DoSnapshotSet DeleteSnapshots ImportSnapshots BreakSnapshotSet GetSnapshotProperties Query
      IsVolumeSupported DisableWriterClasses EnableWriterClasses DisableWriterInstances ExposeSnapshot
      RevertToSnapshot QueryRevertStatus`,
  },
  {
    name: 'IVssBackupComponentsEx',
    carriers: ['BackupComponents'],
    members: 'GetWriterMetadataEx SetSelectedForRestoreEx',
  },
  {
    name: 'IVssBackupComponentsEx2',
    carriers: ['BackupComponents'],
    members: `UnexposeSnapshot SetAuthoritativeRestore SetRollForward SetRestoreName BreakSnapshotSetEx PreFastRecovery
      FastRecovery`,
  },
  {
    name: 'IVssBackupComponentsEx3',
    carriers: ['BackupComponents'],
    members: 'GetWriterStatusEx AddSnapshotToRecoverySet RecoverSet GetSessionId',
  },
  {
    name: 'IVssBackupComponentsEx4',
    carriers: ['BackupComponents'],
    members: 'GetRootAndLogicalPrefixPaths',
  },
  {
    name: 'functions of vsbackup.h and vswriter.h',
    carriers: ['BackupComponents', 'Coordinator', 'LocalService'],
    members: `CreateVssBackupComponents CreateVssExamineWriterMetadata IsVolumeSnapshotted VssFreeSnapshotProperties
      ShouldBlockRevert GetProviderMgmtInterface CreateWriter CreateWriterEx CreateVssExpressWriter`,
    as: {
      CreateVssBackupComponents: 'BackupComponents',
      CreateVssExamineWriterMetadata: 'typeof WriterMetadataDocument.fromXml',
      CreateWriter: 'Writer',
      CreateWriterEx: 'Writer',
      CreateVssExpressWriter: 'ExpressWriter',
    },
    absent: { VssFreeSnapshotProperties: nothingToFree },
  },
  {
    name: 'IVssAsync',
    carriers: [],
    members: 'Cancel Wait QueryStatus',
    as: { Cancel: 'AsyncOptions.signal' },
    absent: {
      Wait: `${isPromise} Awaiting it waits; a limit is AbortSignal.timeout.`,
      QueryStatus: `${isPromise} It settles with the final status: fulfilled, or rejected with the code.`,
    },
  },
  {
    name: 'IVssEnumObject',
    carriers: [],
    members: 'Next Skip Reset Clone',
    absent: each('Next Skip Reset Clone', isArray),
  },
  {
    name: 'IVssEnumMgmtObject',
    carriers: [],
    members: 'Next Skip Reset Clone',
    absent: each('Next Skip Reset Clone', isArray),
  },
]
