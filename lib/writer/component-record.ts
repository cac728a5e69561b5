/**
 * One explicitly included component of the Backup Components Document, as plain data. The requester
 * owns the document; a writer sees and edits records of its own components during an event.
 */
import type { VSS_COMPONENT_TYPE } from '../enums.ts'

export interface DifferencedFile {
  path: string
  filespec: string
  recursive: boolean
  /** FILETIME: 100 ns since 1601 UTC; 0n leaves the decision to the requester. */
  lastModifyTime: bigint
}

export interface PartialFile {
  path: string
  filename: string
  /** `offset:length[, …]`, decimal or 0x-hexadecimal, or the path of a ranges file. */
  ranges: string
  metadata: string
}

export interface ComponentRecord {
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
