/** What Holdfast offers. The list and nothing else; each part documents itself. */

export type { ArrayInfo, CreateArrayOptions, OpenArrayOptions } from './array/array-options.ts'
export type { Extent } from './array/blocks.ts'
export { engineInfo } from './array/engine.ts'
export type { HeldVolume, ResolveVolume } from './array/kernel-support.ts'
export { ArrayKernelSupport } from './array/kernel-support.ts'
export type { ReadOptions, WriteOptions } from './array/lun.ts'
export { Lun } from './array/lun.ts'
export type { FilledOptions } from './array/plex.ts'
export type { ResyncOptions, ResyncProgress, ResyncResult } from './array/resync.ts'
export type { DiffAreaOptions, LostCopy, SpaceEvent } from './array/space.ts'
export { StorageArray } from './array/storage-array.ts'
export type { BackupEntry, EntryKind } from './backup/backup-entry.ts'
export { effectiveBackupType } from './backup/backup-type.ts'
export type { ComponentResult } from './backup/component-results.ts'
export { ComponentResults } from './backup/component-results.ts'
export type {
  ComponentIdentity,
  ComponentSet,
  KnownComponent,
  SelectedComponents,
} from './backup/component-sets.ts'
export { componentSets, selectComponents } from './backup/component-sets.ts'
export type { MissingDependency } from './backup/dependencies.ts'
export { missingDependencies } from './backup/dependencies.ts'
export type {
  AffectedVolume,
  BackupFileListOptions,
  FindFilesOptions,
  OtherFiles,
} from './backup/file-list.ts'
export { BackupFileList } from './backup/file-list.ts'
export type { LogBackup } from './backup/file-sets.ts'
export type { FilesNotToBackup } from './backup/files-not-to-backup.ts'
export type { FoundItem, LinkPolicy } from './backup/find-files.ts'
export type { PlacedEntry, VolumeCopy } from './backup/placement.ts'
export type { RangePair } from './backup/ranges.ts'
export { pairRanges, rangesFileOf } from './backup/ranges.ts'
export type { RestoreEntry, RestoreReason } from './backup/restore-entry.ts'
export type { FilesInBackup } from './backup/restore-obstacles.ts'
export type {
  ComponentRestore,
  RestorePlanOptions,
  RestoreRecord,
  WriterToRestore,
} from './backup/restore-plan.ts'
export { RestorePlan } from './backup/restore-plan.ts'
export type { RestoreProbe } from './backup/restore-probe.ts'
export { systemProbe } from './backup/restore-probe.ts'
export type { RestoreDecision, RestoreWay, ServiceStop } from './backup/restore-ways.ts'
export type { Environment } from './backup/variables.ts'
export type { ExplicitComponent, WriterToBackUp } from './backup/writer-entries.ts'
export type { RequesterDocuments, WriterWithRecords } from './backup/writers.ts'
export { copiesOf, pairDocuments, writersOf } from './backup/writers.ts'
export type {
  ArmCopy,
  ArmOrder,
  CheckReport,
  CopyRecord,
  DiffArea,
  DiskEnds,
  DiskKind,
  DiskPartition,
  EngineInfo,
  GivenUpCopy,
  IoMode,
  LunInfo,
  LunMapping,
  PlexProgress,
  SetRecord,
  SpacePolicy,
} from './binding-values.ts'
export { Initiator } from './binding-values.ts'
export type {
  LoadMetadataOptions,
  MetadataLimits,
  MetadataToSave,
  SavedAlias,
  SavedMetadata,
  SavedShadowCopy,
  SavedSnapshotSet,
  SaveMetadataOptions,
} from './cabinet/saved-metadata.ts'
export { loadMetadata, saveMetadata } from './cabinet/saved-metadata.ts'
export type { Clock, Timer } from './clock.ts'
export { systemClock } from './clock.ts'
export type { DeletionResult } from './coordinator/catalogue.ts'
export type { CoordinatorOptions, ExpressWriterSource } from './coordinator/coordinator.ts'
export { Coordinator } from './coordinator/coordinator.ts'
export type {
  ArrivedLun,
  BreakOrder,
  DiskExtent,
  Exposure,
  HostIdentity,
  HostLun,
  ImportResult,
  MissingVolume,
  MountPoint,
  VolumeHost,
  VolumeInfo,
  VolumeToImport,
} from './coordinator/host.ts'
export type { SetImport } from './coordinator/import-set.ts'
export type {
  HeldLun,
  HoldLease,
  HoldOptions,
  HoldVerdict,
  KernelSupport,
} from './coordinator/kernel-support.ts'
export type { CoordinatorLimits } from './coordinator/limits.ts'
export type { ProviderProperties } from './coordinator/provider-registry.ts'
export type { SnapshotSetReport, TimelineEntry } from './coordinator/timeline.ts'
export type { FreezeMessage, HoldMessage, PhaseMessage } from './diagnostics.ts'
export { freezeChannel, holdChannel, phaseChannel } from './diagnostics.ts'
export { BackupComponentsDocument } from './document/backup-components.ts'
export type {
  DifferencedFile,
  DirectedTarget,
  PartialFile,
  RelocatedFiles,
  RestoreSubcomponent,
} from './document/component-items.ts'
export type { ComponentRecord } from './document/component-record.ts'
export { CreateWriterMetadata } from './document/create-writer-metadata.ts'
export type {
  VdsInterconnect,
  VdsLunInformation,
  VdsStorageDeviceIdDescriptor,
  VdsStorageIdentifier,
} from './document/lun-information.ts'
export type { FileRange, Ranges } from './document/ranges.ts'
export { decodeRangesFile, encodeRangesFile, formatRanges, parseRanges } from './document/ranges.ts'
export type { RestoreOption } from './document/restore-options.ts'
export { formatRestoreOptions, parseRestoreOptions, restoreOption } from './document/restore-options.ts'
export type { ComponentInfo } from './document/wm-component.ts'
export { WMComponent, WMDependency, WMFiledesc } from './document/wm-component.ts'
export type { RestoreMethodInfo } from './document/writer-metadata.ts'
export { createVssExamineWriterMetadata, WriterMetadataDocument } from './document/writer-metadata.ts'
export type {
  AddAlternateLocationMappingOptions,
  AddComponentDependencyOptions,
  AddComponentOptions,
  AddDatabaseFilesOptions,
  AddFilesToFileGroupOptions,
  ExcludeFilesOptions,
  SetRestoreMethodOptions,
} from './document/writer-metadata-options.ts'
export type { XmlLimits } from './document/xml.ts'
export * from './enums.ts'
export type { VssCode, VssErrorOptions, VssErrorRecord } from './errors.ts'
export { CODES, codeOfHresult, hresultOf, VssError } from './errors.ts'
export { createVssExpressWriter, ExpressWriter } from './express/express-writer.ts'
export { CreateExpressWriterMetadata } from './express/metadata.ts'
export { ExpressWriterStore } from './express/store.ts'
export type { Share } from './host/exposures.ts'
export type { HostOptions, MapOptions } from './host/host.ts'
export { Host } from './host/host.ts'
export type { AttachedLun, HostWatcher } from './host/host-watcher.ts'
export type { MaskingOptions, UnmaskOptions } from './host/lun-masking.ts'
export { LunMasking } from './host/lun-masking.ts'
export { MountTable } from './host/mount-table.ts'
export type { DiskLayout, DiskPatch, NewPartition, ReadableDisk } from './host/partition-table.ts'
export { layoutOf, makeGpt, readDiskEnds, readDiskLayout, vssFlagsForCopy } from './host/partition-table.ts'
export type { Volume, VolumePartition } from './host/volume.ts'
export { VolumeHandle } from './host/volume.ts'
export type { Guid } from './ids.ts'
export { bracedGuid, GUID_NULL, newGuid, parseGuid } from './ids.ts'
export type { ArrayProviderOptions } from './provider/array-provider.ts'
export {
  ARRAY_PROVIDER_ID,
  ARRAY_PROVIDER_NAME,
  ArrayProvider,
  arrayProviderRegistration,
} from './provider/array-provider.ts'
export type { ProviderConnection } from './provider/connection.ts'
export type {
  BegunSnapshot,
  CopyMethod,
  HardwareSnapshotProvider,
  HardwareSnapshotProviderEx,
  LunRelease,
  LunsSupport,
  Provider,
  ProviderCreateSnapshotSet,
  ProviderNotifications,
  ResyncIdentity,
  SnapshotSetStore,
} from './provider/interfaces.ts'
export type { ProviderLimits, ProviderRegistration } from './provider/provider-host.ts'
export type { SnapshotProperties, SnapshotSetDescription } from './provider/snapshot-set-description.ts'
export { BackupComponents } from './requester/backup-components.ts'
export type { Inclusion } from './requester/component-tree.ts'
export { ComponentTree } from './requester/component-tree.ts'
export type { AsyncOptions, ObjectProperties } from './requester/options.ts'
export type { RequesterMember, RequesterState } from './requester/order.ts'
export type { RootAndLogicalPrefix } from './requester/root-path.ts'
export type { LocalServiceOptions } from './service/local-service.ts'
export { LocalService, openLocalService } from './service/local-service.ts'
export type { BetestComponent, BetestOptions, BetestReport } from './test-kit/betest.ts'
export { runBetest } from './test-kit/betest.ts'
export type { BetestConfig } from './test-kit/betest-config.ts'
export { parseBetestConfig } from './test-kit/betest-config.ts'
export type {
  FaultyProvider,
  FaultyProviderOptions,
  ProviderMisbehaviour,
} from './test-kit/faulty-provider.ts'
export { makeFaultyProvider } from './test-kit/faulty-provider.ts'
export type { Misbehaviour, Order } from './test-kit/misbehaviour.ts'
export { Orders } from './test-kit/misbehaviour.ts'
export { coordinatorWithoutVolumes } from './test-kit/no-volumes.ts'
export type { TestWriterOptions } from './test-kit/test-writer.ts'
export { TEST_WRITER_ID, TestWriter } from './test-kit/test-writer.ts'
export type {
  TestComponent,
  TestComponentFile,
  TestEvent,
  TestFileSet,
  TestWriterConfig,
} from './test-kit/test-writer-config.ts'
export { parseTestWriterConfig, TEST_EVENTS } from './test-kit/test-writer-config.ts'
export type { ComponentFailure } from './writer/component-data.ts'
export type { HandlerResult, WriterOptions } from './writer/writer.ts'
export { Writer } from './writer/writer.ts'
export { Component, WriterComponents } from './writer/writer-components.ts'
