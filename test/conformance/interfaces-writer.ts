/** What a writer implements and calls, and the documents both sides read: reference 3.3 to 3.8, 3.17. */
import type { InterfaceTable } from './interface-table.ts'

export const WRITER_INTERFACES: readonly InterfaceTable[] = [
  {
    name: 'IVssWriterComponents',
    carriers: ['WriterComponents'],
    members: 'GetComponentCount GetWriterInfo GetComponent',
  },
  {
    name: 'IVssWriterComponentsExt',
    carriers: ['WriterComponents'],
    members: 'GetComponentCount GetWriterInfo GetComponent',
  },
  {
    name: 'IVssComponent',
    carriers: ['Component'],
    members: `GetLogicalPath GetComponentType GetComponentName GetBackupSucceeded GetAlternateLocationMappingCount
      GetAlternateLocationMapping SetBackupMetadata GetBackupMetadata AddPartialFile GetPartialFileCount GetPartialFile
      IsSelectedForRestore GetAdditionalRestores GetNewTargetCount GetNewTarget AddDirectedTarget
      GetDirectedTargetCount GetDirectedTarget SetRestoreMetadata GetRestoreMetadata SetRestoreTarget GetRestoreTarget
      SetPreRestoreFailureMsg GetPreRestoreFailureMsg SetPostRestoreFailureMsg GetPostRestoreFailureMsg SetBackupStamp
      GetBackupStamp GetPreviousBackupStamp GetBackupOptions GetRestoreOptions GetRestoreSubcomponentCount
      GetRestoreSubcomponent GetFileRestoreStatus AddDifferencedFilesByLastModifyTime
      AddDifferencedFilesByLastModifyLSN GetDifferencedFilesCount GetDifferencedFile`,
  },
  {
    name: 'IVssComponentEx',
    carriers: ['Component'],
    members: `SetPrepareForBackupFailureMsg GetPrepareForBackupFailureMsg SetPostSnapshotFailureMsg
      GetPostSnapshotFailureMsg GetAuthoritativeRestore GetRollForward GetRestoreName`,
  },
  { name: 'IVssComponentEx2', carriers: ['Component'], members: 'SetFailure GetFailure' },
  {
    name: 'IVssCreateWriterMetadata',
    carriers: ['CreateWriterMetadata'],
    members: `AddIncludeFiles AddExcludeFiles AddComponent AddDatabaseFiles AddDatabaseLogFiles AddFilesToFileGroup
      SetRestoreMethod AddAlternateLocationMapping AddComponentDependency SetBackupSchema GetDocument SaveAsXML`,
  },
  {
    name: 'IVssCreateWriterMetadataEx',
    carriers: ['CreateWriterMetadata'],
    members: 'AddExcludeFilesFromSnapshot',
  },
  {
    name: 'IVssExamineWriterMetadata',
    carriers: ['WriterMetadataDocument'],
    members: `GetIdentity GetFileCounts GetIncludeFile GetExcludeFile GetComponent GetRestoreMethod
      GetAlternateLocationMapping GetBackupSchema GetDocument SaveAsXML LoadFromXML`,
    as: { LoadFromXML: 'typeof WriterMetadataDocument.fromXml' },
  },
  {
    name: 'IVssExamineWriterMetadataEx',
    carriers: ['WriterMetadataDocument'],
    members: 'GetIdentityEx',
  },
  {
    name: 'IVssExamineWriterMetadataEx2',
    carriers: ['WriterMetadataDocument'],
    members: 'GetVersion GetExcludeFromSnapshotCount GetExcludeFromSnapshotFile',
  },
  {
    name: 'IVssWMComponent',
    carriers: ['WMComponent'],
    members: 'GetComponentInfo FreeComponentInfo GetFile GetDatabaseFile GetDatabaseLogFile GetDependency',
  },
  {
    name: 'IVssWMFiledesc',
    carriers: ['WMFiledesc'],
    members: 'GetPath GetFilespec GetRecursive GetAlternateLocation GetBackupTypeMask',
  },
  {
    name: 'IVssWMDependency',
    carriers: ['WMDependency'],
    members: 'GetWriterId GetLogicalPath GetComponentName',
  },
  {
    name: 'CVssWriter',
    carriers: ['Writer'],
    members: `Initialize Subscribe Unsubscribe InstallAlternateWriter OnIdentify OnPrepareBackup OnPrepareSnapshot
      OnFreeze OnThaw OnAbort OnPostSnapshot OnBackupComplete OnPreRestore OnPostRestore OnBackupShutdown
      OnBackOffIOOnVolume OnContinueIOOnVolume OnVSSShutdown OnVSSApplicationStartup GetCurrentVolumeArray
      GetCurrentVolumeCount GetSnapshotDeviceName GetCurrentSnapshotSetId GetContext GetCurrentLevel IsPathAffected
      IsBootableSystemStateBackedUp AreComponentsSelected GetBackupType IsPartialFileSupportEnabled GetRestoreType
      SetWriterFailure`,
    // What Initialize is given, the constructor is given: there is no writer that has not been initialised.
    as: { Initialize: 'WriterOptions.writerId' },
  },
  {
    name: 'CVssWriterEx',
    carriers: ['Writer'],
    members: 'InitializeEx OnIdentifyEx GetIdentityInformation',
    as: { InitializeEx: 'WriterOptions.writerId', OnIdentifyEx: 'Writer.onIdentify' },
  },
  {
    name: 'CVssWriterEx2',
    carriers: ['Writer'],
    members: 'SetWriterFailureEx GetSessionId IsWriterShuttingDown',
  },
  {
    name: 'IVssExpressWriter',
    carriers: ['ExpressWriter', 'typeof ExpressWriter'],
    members: 'CreateMetadata LoadMetadata Register Unregister',
  },
  {
    name: 'IVssCreateExpressWriterMetadata',
    carriers: ['CreateExpressWriterMetadata'],
    members: `AddExcludeFiles AddComponent AddFilesToFileGroup SetRestoreMethod AddComponentDependency SetBackupSchema
      SaveAsXML`,
  },
]
