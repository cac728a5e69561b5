/** Short ways to the documents that a file list is worked out from. */

import type { BackupFileList } from '../../lib/backup/file-list.ts'
import { BackupComponentsDocument } from '../../lib/document/backup-components.ts'
import { CreateWriterMetadata } from '../../lib/document/create-writer-metadata.ts'
import type { WriterMetadataDocument } from '../../lib/document/writer-metadata.ts'
import type { SetRestoreMethodOptions } from '../../lib/document/writer-metadata-options.ts'
import {
  VSS_BACKUP_TYPE,
  VSS_COMPONENT_TYPE,
  VSS_RESTOREMETHOD_ENUM,
  VSS_WRITERRESTORE_ENUM,
} from '../../lib/enums.ts'
import { newGuid } from '../../lib/ids.ts'

export interface Files {
  path: string
  filespec?: string
  recursive?: boolean
  from?: string
  mask?: number
}

export interface TestComponent {
  /** `logical\path\name` */
  name: string
  selectable?: boolean
  selectableForRestore?: boolean
  files?: Files[]
  /** Makes it a database. */
  database?: Files[]
  log?: Files[]
}

export interface TestWriter {
  name?: string
  schema?: number
  method?: Partial<SetRestoreMethodOptions>
  components: TestComponent[]
  exclude?: Files[]
  excludeFromSnapshot?: Files[]
  /** File set and destination. */
  mappings?: (Files & { to: string })[]
}

export function splitName(fullName: string): { logicalPath: string | null; componentName: string } {
  const at = fullName.lastIndexOf('\\')
  return { logicalPath: at < 0 ? null : fullName.slice(0, at), componentName: fullName.slice(at + 1) }
}

export function metadataOf(writer: TestWriter): WriterMetadataDocument {
  const metadata = new CreateWriterMetadata({
    ...{
      instanceId: newGuid(),
      writerId: newGuid(),
      writerName: writer.name ?? 'Test Writer',
      usage: 3,
      source: 3,
    },
  })
  metadata.setRestoreMethod({
    method: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_IF_CAN_REPLACE,
    writerRestore: VSS_WRITERRESTORE_ENUM.VSS_WRE_ALWAYS,
    ...writer.method,
  })
  if (writer.schema !== undefined) metadata.setBackupSchema(writer.schema)
  for (const component of writer.components) addComponent(metadata, component)
  for (const { path, filespec = '*', recursive = false } of writer.exclude ?? []) {
    metadata.addExcludeFiles({ path, filespec, recursive })
  }
  for (const { path, filespec = '*', recursive = false } of writer.excludeFromSnapshot ?? []) {
    metadata.addExcludeFilesFromSnapshot({ path, filespec, recursive })
  }
  for (const { path, filespec = '*', recursive = false, to } of writer.mappings ?? []) {
    const source = { sourcePath: path, sourceFilespec: filespec, recursive }
    metadata.addAlternateLocationMapping({ ...source, destination: to })
  }
  return metadata.finish()
}

function addComponent(metadata: CreateWriterMetadata, component: TestComponent): void {
  const { selectable = true, selectableForRestore = false, files = [], database, log = [] } = component
  const { logicalPath, componentName } = splitName(component.name)
  const isDatabase = database !== undefined || log.length > 0
  metadata.addComponent({
    type: isDatabase ? VSS_COMPONENT_TYPE.VSS_CT_DATABASE : VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP,
    ...{ logicalPath, componentName, selectable, selectableForRestore },
  })
  for (const { path, filespec = '*', recursive = false, from = null, mask } of files) {
    metadata.addFilesToFileGroup({
      ...{ logicalPath, groupName: componentName, path, filespec, recursive, alternateLocation: from },
      ...(mask === undefined ? {} : { backupTypeMask: mask }),
    })
  }
  const add = (member: 'addDatabaseFiles' | 'addDatabaseLogFiles', sets: Files[]): void => {
    for (const { path, filespec = '*', mask } of sets) {
      metadata[member]({
        ...{ logicalPath, databaseName: componentName, path, filespec },
        ...(mask === undefined ? {} : { backupTypeMask: mask }),
      })
    }
  }
  add('addDatabaseFiles', database ?? [])
  add('addDatabaseLogFiles', log)
}

/** A document in which these components of these writers are included. */
export function documentOf(
  writers: readonly (readonly [WriterMetadataDocument, readonly string[]])[],
  backupType: VSS_BACKUP_TYPE = VSS_BACKUP_TYPE.VSS_BT_FULL,
): BackupComponentsDocument {
  const document = BackupComponentsDocument.create()
  document.selectComponents = true
  document.backupType = backupType
  for (const [metadata, names] of writers) {
    const { instanceId, writerId } = metadata.getIdentity()
    const writer = document.addWriter({ instanceId, writerId, backupSchema: metadata.getBackupSchema() })
    for (const name of names) {
      const { logicalPath, componentName } = splitName(name)
      const type = typeOf(metadata, name)
      writer.addComponent(type, logicalPath, componentName)
    }
  }
  return document
}

function typeOf(metadata: WriterMetadataDocument, name: string): VSS_COMPONENT_TYPE {
  for (let index = 0; index < metadata.getFileCounts().components; index++) {
    const { type, logicalPath, componentName } = metadata.getComponent(index).getComponentInfo()
    if ((logicalPath === null ? componentName : `${logicalPath}\\${componentName}`) === name) return type
  }
  throw new Error(`no component ${name}`)
}

/** Each entry as `kind directory/filespec`, with `/**` before the specification of a recursive one. */
export function linesOf(list: BackupFileList): string[] {
  return [...list].map(
    ({ kind, path, filespec, recursive }) =>
      `${kind} ${path.replace(/\/$/, '')}${recursive ? '/**' : ''}/${filespec}`,
  )
}
