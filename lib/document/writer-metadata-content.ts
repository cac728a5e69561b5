/**
 * What a Writer Metadata Document says, read from its DOM once and checked as a whole (reference 5.1).
 */
import type {
  VSS_RESTOREMETHOD_ENUM,
  VSS_SOURCE_TYPE,
  VSS_USAGE_TYPE,
  VSS_WRITERRESTORE_ENUM,
} from '../enums.ts'
import { VSS_COMPONENT_TYPE } from '../enums.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import {
  ATTRIBUTE,
  DATA_SOURCE,
  ELEMENT,
  RESTORE_METHOD,
  USAGE,
  WRITER_METADATA_NAMESPACE,
  WRITER_RESTORE,
} from './names.ts'
import { readNamed, readString, readUnsigned, readYesNo, requireGuid, requireString } from './values.ts'
import type { WMComponent, WMFiledesc } from './wm-component.ts'
import { readComponent, readFiledesc } from './wm-component.ts'
import type { Document, DocumentKind, Element } from './xml.ts'
import { childElements, optionalChild, requiredChild, rootOf } from './xml.ts'

export const WRITER_METADATA: DocumentKind = {
  root: ELEMENT.writerMetadata,
  namespace: WRITER_METADATA_NAMESPACE,
  versioned: true,
}

/** Who wrote the document. */
export interface WriterIdentity {
  /** Of this run of the writer; new each time it is initialised. */
  instanceId: Guid
  /** Of the writer class. */
  writerId: Guid
  writerName: string
  usage: VSS_USAGE_TYPE
  source: VSS_SOURCE_TYPE
}

export interface WriterIdentityEx extends WriterIdentity {
  /** Tells several instances of one class apart, and is needed to restore one of them. */
  instanceName: string | null
}

/** How the files of the writer are to be restored. */
export interface RestoreMethodInfo {
  method: VSS_RESTOREMETHOD_ENUM
  /** Service to stop and start, for the methods that do. */
  service: string | null
  /** Instructions for the custom method: a URL or text. */
  userProcedure: string | null
  writerRestore: VSS_WRITERRESTORE_ENUM
  rebootRequired: boolean
  /** Number of alternate location mappings. */
  mappings: number
}

/** Everything a document says, read once. Never changes, so that several readers may share it. */
export interface WriterMetadataContent {
  readonly document: Document
  readonly identity: Readonly<WriterIdentityEx>
  readonly version: Readonly<{ majorVersion: number; minorVersion: number }>
  readonly restoreMethod: Readonly<RestoreMethodInfo> | null
  readonly mappings: readonly WMFiledesc[]
  readonly excludeFiles: readonly WMFiledesc[]
  readonly excludeFilesFromSnapshot: readonly WMFiledesc[]
  readonly components: readonly WMComponent[]
  readonly backupSchema: number
}

/** @throws VssError `VSS_E_INVALID_XML_DOCUMENT` for a value outside its domain, or an element too many or too few */
export function readWriterMetadata(document: Document): WriterMetadataContent {
  const root = rootOf(document)
  const identification = requiredChild(root, ELEMENT.identification)
  const locations = requiredChild(root, ELEMENT.backupLocations)
  const method = optionalChild(root, ELEMENT.restoreMethod)
  const mappings = method ? childElements(method, ELEMENT.alternateLocationMapping).map(readMapping) : []
  return {
    document,
    backupSchema: readUnsigned(root, ATTRIBUTE.backupSchema, 0),
    identity: {
      instanceId: requireGuid(identification, ATTRIBUTE.instanceId),
      writerId: requireGuid(identification, ATTRIBUTE.writerId),
      writerName: requireString(identification, ATTRIBUTE.friendlyName),
      instanceName: readString(identification, ATTRIBUTE.instanceName),
      usage: readNamed(identification, ATTRIBUTE.usage, USAGE),
      source: readNamed(identification, ATTRIBUTE.dataSource, DATA_SOURCE),
    },
    version: {
      majorVersion: readUnsigned(identification, ATTRIBUTE.majorVersion, 0),
      minorVersion: readUnsigned(identification, ATTRIBUTE.minorVersion, 0),
    },
    mappings,
    restoreMethod: method && {
      method: readNamed(method, ATTRIBUTE.method, RESTORE_METHOD),
      service: readString(method, ATTRIBUTE.service),
      userProcedure: readString(method, ATTRIBUTE.userProcedure),
      writerRestore: readNamed(method, ATTRIBUTE.writerRestore, WRITER_RESTORE),
      rebootRequired: readYesNo(method, ATTRIBUTE.rebootRequired, false),
      mappings: mappings.length,
    },
    excludeFiles: childElements(locations, ELEMENT.excludeFiles).map(readFiledesc),
    excludeFilesFromSnapshot: childElements(locations, ELEMENT.excludeFilesFromSnapshot).map(readFiledesc),
    components: childElements(locations, ELEMENT.fileGroup, ELEMENT.database).map((element) =>
      readComponent(
        element,
        element.localName === ELEMENT.database
          ? VSS_COMPONENT_TYPE.VSS_CT_DATABASE
          : VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP,
      ),
    ),
  }
}

function readMapping(element: Element): WMFiledesc {
  const mapping = readFiledesc(element)
  if (mapping.getAlternateLocation() === null) {
    throw new VssError('VSS_E_INVALID_XML_DOCUMENT', 'an alternate location mapping has no destination')
  }
  return mapping
}
