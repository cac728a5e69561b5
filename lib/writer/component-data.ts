/**
 * One explicitly included component of the Backup Components Document, as plain data. The requester
 * owns the document; a writer sees and edits records of its own components during an event.
 */
import type { DifferencedFile, PartialFile } from '../document/component-items.ts'
import type { VSS_COMPONENT_TYPE } from '../enums.ts'

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
}
