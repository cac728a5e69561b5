/**
 * One explicitly included component of the Backup Components Document, as plain data. The requester
 * owns the document; a writer sees and edits records of its own components during an event.
 */
import type {
  DifferencedFile,
  DirectedTarget,
  PartialFile,
  RelocatedFiles,
  RestoreSubcomponent,
} from '../document/component-items.ts'
import type {
  VSS_COMPONENT_TYPE,
  VSS_FILE_RESTORE_STATUS,
  VSS_RESTORE_TARGET,
  VSS_ROLLFORWARD_TYPE,
} from '../enums.ts'
import type { VssCode } from '../errors.ts'

/** Why one component failed while others of its writer did not (SetFailure). */
export interface ComponentFailure {
  code: VssCode
  /** The application's own code; 0 if it has none. */
  applicationHresult: number
  message: string
}

export interface ComponentData {
  componentType: VSS_COMPONENT_TYPE
  logicalPath: string
  componentName: string
  /** By the requester. */
  backupOptions?: string
  /** By the requester, from an earlier document. */
  previousBackupStamp?: string
  /** By the requester, after the files were copied. */
  backupSucceeded?: boolean
  /** By the writer; opaque. */
  backupMetadata?: string
  /** By the writer, in a format of its own. */
  backupStamp?: string
  differencedFiles: DifferencedFile[]
  partialFiles: PartialFile[]
  /** By the writer, for people: why this component failed in the event of that name. */
  prepareForBackupFailureMsg?: string
  postSnapshotFailureMsg?: string
  preRestoreFailureMsg?: string
  postRestoreFailureMsg?: string

  /** By the writer, beside VSS_E_WRITERERROR_PARTIAL_FAILURE. */
  failure?: ComponentFailure

  // What follows belongs to restores. An absent value is one that was never set.

  /** By the requester, before PreRestore, as are those that follow. */
  selectedForRestore?: boolean
  additionalRestores?: boolean
  restoreOptions?: string
  authoritativeRestore?: boolean
  rollForwardType?: VSS_ROLLFORWARD_TYPE
  rollForwardPoint?: string
  restoreName?: string
  newTargets?: RelocatedFiles[]
  restoreSubcomponents?: RestoreSubcomponent[]
  /** By the requester, between PreRestore and PostRestore. */
  fileRestoreStatus?: VSS_FILE_RESTORE_STATUS
  /** Of the writer's mappings those that the requester went by. */
  alternateLocationMappings?: RelocatedFiles[]
  /** By the writer, in PreRestore. */
  restoreTarget?: VSS_RESTORE_TARGET
  restoreMetadata?: string
  directedTargets?: DirectedTarget[]
}
