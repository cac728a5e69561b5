/**
 * What the members of CreateWriterMetadata take: the documented parameters by their names without the
 * Hungarian prefix, with the documented defaults (reference 3.5). `null` and "absent" mean the same.
 */
import type {
  VSS_COMPONENT_TYPE,
  VSS_RESTOREMETHOD_ENUM,
  VSS_SOURCE_TYPE,
  VSS_USAGE_TYPE,
  VSS_WRITERRESTORE_ENUM,
} from '../enums.ts'
import type { Guid } from '../ids.ts'

/** The identity a writer was initialised with. */
export interface WriterIdentityOptions {
  instanceId: Guid
  writerId: Guid
  writerName: string
  usage: VSS_USAGE_TYPE
  source: VSS_SOURCE_TYPE
  instanceName?: string | null
  /** @defaultValue 0 */
  majorVersion?: number
  /** @defaultValue 0 */
  minorVersion?: number
}

export interface ExcludeFilesOptions {
  path: string
  filespec: string
  recursive: boolean
}

export interface AddComponentOptions {
  type: VSS_COMPONENT_TYPE
  /** No restrictions on its characters; `\` separates the parts. */
  logicalPath?: string | null
  /** Without backslash; unique together with the logical path. */
  componentName: string
  caption?: string | null
  /** An image shown beside the caption. */
  icon?: Uint8Array | null
  /** Whether the writer keeps metadata for the restore of this component. @defaultValue false */
  restoreMetadata?: boolean
  /** Whether the writer expects to be told of the end of the backup. @defaultValue false */
  notifyOnBackupComplete?: boolean
  /** Whether the requester may leave the component out. A component that is not selectable is required. */
  selectable: boolean
  /** @defaultValue false */
  selectableForRestore?: boolean
  /** Mask of VSS_COMPONENT_FLAGS. @defaultValue 0 */
  componentFlags?: number
}

export interface AddDatabaseFilesOptions {
  logicalPath?: string | null
  databaseName: string
  path: string
  filespec: string
  /** Mask of VSS_FILE_SPEC_BACKUP_TYPE. @defaultValue 0xF0F */
  backupTypeMask?: number
}

export interface AddFilesToFileGroupOptions {
  logicalPath?: string | null
  groupName: string
  path: string
  filespec: string
  recursive: boolean
  /** Where to read the files from during the backup, if not from `path`. */
  alternateLocation?: string | null
  /** Mask of VSS_FILE_SPEC_BACKUP_TYPE. @defaultValue 0xF0F */
  backupTypeMask?: number
}

export interface SetRestoreMethodOptions {
  method: VSS_RESTOREMETHOD_ENUM
  /** The service to stop and start; required by the two methods that do so. */
  service?: string | null
  /** A URL or text for the person who restores, with the custom method. */
  userProcedure?: string | null
  writerRestore: VSS_WRITERRESTORE_ENUM
  /** @defaultValue false */
  rebootRequired?: boolean
}

export interface AddAlternateLocationMappingOptions {
  sourcePath: string
  sourceFilespec: string
  recursive: boolean
  destination: string
}

export interface AddComponentDependencyOptions {
  forLogicalPath?: string | null
  forComponentName: string
  /** Class id of another writer. */
  onWriterId: Guid
  /** With `\\host\` in front for a component on another host. */
  onLogicalPath?: string | null
  onComponentName: string
}
