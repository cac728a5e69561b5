/**
 * What a writer may say of itself and of its components, and the document that comes of it.
 */
import fc from 'fast-check'
import { CreateWriterMetadata } from '../../lib/document/create-writer-metadata.ts'
import type { WriterMetadataDocument } from '../../lib/document/writer-metadata.ts'
import type {
  AddComponentOptions,
  SetRestoreMethodOptions,
  WriterIdentityOptions,
} from '../../lib/document/writer-metadata-options.ts'
import {
  VSS_COMPONENT_TYPE,
  VSS_RESTOREMETHOD_ENUM,
  VSS_SOURCE_TYPE,
  VSS_USAGE_TYPE,
  VSS_WRITERRESTORE_ENUM,
} from '../../lib/enums.ts'
import type { Guid } from '../../lib/ids.ts'
import { filespec, guid, name, oneOf, optionalText, path, uint32 } from './arbitraries.ts'

interface SaidFiles {
  path: string
  filespec: string
  recursive: boolean
  alternateLocation: string | null
  mask: number
}

interface SaidComponent extends Required<AddComponentOptions> {
  files: SaidFiles[]
  logs: SaidFiles[]
  dependencies: { onLogicalPath: string | null; onComponentName: string; onWriterId: Guid }[]
}

export interface Said {
  identity: Required<WriterIdentityOptions>
  schema: number
  excluded: SaidFiles[]
  excludedFromSnapshot: SaidFiles[]
  components: SaidComponent[]
  restore: Required<SetRestoreMethodOptions> | null
}

const fileSet: fc.Arbitrary<SaidFiles> = fc.record({
  path,
  filespec,
  recursive: fc.boolean(),
  alternateLocation: fc.option(path),
  mask: uint32,
})
const component: fc.Arbitrary<SaidComponent> = fc.record({
  type: oneOf(VSS_COMPONENT_TYPE, 0),
  logicalPath: optionalText,
  componentName: name,
  caption: optionalText,
  icon: fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 })),
  restoreMetadata: fc.boolean(),
  notifyOnBackupComplete: fc.boolean(),
  selectable: fc.boolean(),
  selectableForRestore: fc.boolean(),
  componentFlags: uint32,
  files: fc.array(fileSet, { maxLength: 3 }),
  logs: fc.array(fileSet, { maxLength: 2 }),
  dependencies: fc.array(
    fc.record({ onLogicalPath: optionalText, onComponentName: name, onWriterId: guid }),
    { maxLength: 2 },
  ),
})
export const writer: fc.Arbitrary<Said> = fc.record({
  identity: fc.record({
    instanceId: guid,
    writerId: fc.constant('ffffffff-ffff-ffff-ffff-ffffffffffff'),
    writerName: name,
    usage: oneOf(VSS_USAGE_TYPE, 0),
    source: oneOf(VSS_SOURCE_TYPE, 0),
    instanceName: optionalText,
    majorVersion: uint32,
    minorVersion: uint32,
  }),
  schema: uint32,
  excluded: fc.array(fileSet, { maxLength: 2 }),
  excludedFromSnapshot: fc.array(fileSet, { maxLength: 2 }),
  components: fc.uniqueArray(component, {
    maxLength: 4,
    selector: (value) => `${value.logicalPath ?? ''}\0${value.componentName}`,
  }),
  restore: fc.option(
    fc.record({
      method: oneOf(VSS_RESTOREMETHOD_ENUM, 0),
      service: name,
      userProcedure: optionalText,
      writerRestore: oneOf(VSS_WRITERRESTORE_ENUM, 0),
      rebootRequired: fc.boolean(),
    }),
  ),
})

/** The document of a writer that says all this. */
export function build(said: Said): WriterMetadataDocument {
  const metadata = new CreateWriterMetadata(said.identity)
  metadata.setBackupSchema(said.schema)
  for (const files of said.excluded) metadata.addExcludeFiles(files)
  for (const files of said.excludedFromSnapshot) metadata.addExcludeFilesFromSnapshot(files)
  for (const { files, logs, dependencies, ...options } of said.components) {
    const { logicalPath, componentName, type } = options
    metadata.addComponent(options)
    for (const { mask, ...file } of files) {
      const more = { logicalPath, ...file, backupTypeMask: mask }
      if (type === VSS_COMPONENT_TYPE.VSS_CT_DATABASE)
        metadata.addDatabaseFiles({ databaseName: componentName, ...more })
      else metadata.addFilesToFileGroup({ groupName: componentName, ...more })
    }
    if (type === VSS_COMPONENT_TYPE.VSS_CT_DATABASE) {
      for (const file of logs)
        metadata.addDatabaseLogFiles({ logicalPath, databaseName: componentName, ...file })
    }
    for (const dependency of dependencies) {
      metadata.addComponentDependency({
        forLogicalPath: logicalPath,
        forComponentName: componentName,
        ...dependency,
      })
    }
  }
  if (said.restore) {
    metadata.setRestoreMethod(said.restore)
    const [group] = said.components.filter((value) => value.type === VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP)
    for (const file of group?.files ?? []) {
      metadata.addAlternateLocationMapping({
        sourcePath: file.path,
        sourceFilespec: file.filespec,
        recursive: file.recursive,
        destination: '/restored',
      })
    }
  }
  return metadata.finish()
}
