/**
 * The metadata of a writer with a database and a file group, still open.
 */
import { CreateWriterMetadata } from '../../lib/document/create-writer-metadata.ts'
import type {
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

const { VSS_CT_DATABASE, VSS_CT_FILEGROUP } = VSS_COMPONENT_TYPE

export const IDENTITY: WriterIdentityOptions = {
  instanceId: '{10111213-1415-1617-1819-1A1B1C1D1E1F}',
  writerId: '0f0e0d0c-0b0a-0908-0706-050403020100',
  writerName: 'Ledger Writer',
  usage: VSS_USAGE_TYPE.VSS_UT_USERDATA,
  source: VSS_SOURCE_TYPE.VSS_ST_TRANSACTEDDB,
}

/** A restore method that needs no service. */
export const REPLACE: SetRestoreMethodOptions = {
  method: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_IF_CAN_REPLACE,
  writerRestore: VSS_WRITERRESTORE_ENUM.VSS_WRE_ALWAYS,
}

export function withComponents(): CreateWriterMetadata {
  const metadata = new CreateWriterMetadata(IDENTITY)
  metadata.addComponent({
    type: VSS_CT_DATABASE,
    logicalPath: 'main',
    componentName: 'books',
    selectable: true,
  })
  metadata.addComponent({ type: VSS_CT_FILEGROUP, componentName: 'config', selectable: false })
  return metadata
}
