/**
 * The Writer Metadata Document, as its reader sees it: IVssExamineWriterMetadata (reference 3.6, 5.1).
 */

import type { VSS_SOURCE_TYPE, VSS_USAGE_TYPE, VSS_WRITERRESTORE_ENUM } from '../enums.ts'
import { VSS_COMPONENT_TYPE, type VSS_RESTOREMETHOD_ENUM } from '../enums.ts'
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
import { itemAt, readComponent, readFiledesc } from './wm-component.ts'
import type { Document, DocumentKind, Element, XmlLimits } from './xml.ts'
import {
  childElements,
  optionalChild,
  parseDocument,
  requiredChild,
  rootOf,
  serializeDocument,
} from './xml.ts'

export const WRITER_METADATA: DocumentKind = {
  root: ELEMENT.writerMetadata,
  namespace: WRITER_METADATA_NAMESPACE,
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

/**
 * What a writer said about itself in Identify, or what was saved of it with a backup.
 *
 * The document cannot be changed: not through its members, and not by the writer once its handler has returned
 * (reference R12, R120). It is read and checked as a whole when it is loaded; members never fail for its content.
 * Saving gives back everything that was loaded, what is not known here included.
 *
 * Files of `getIncludeFile` no longer exist in VSS: their count is always 0.
 *
 * @example
 * ```ts
 * const metadata = WriterMetadataDocument.fromXml(await readFile('WM5.xml'))
 * const { writerName } = metadata.getIdentity()
 * for (let i = 0; i < metadata.getFileCounts().components; i++) {
 *   const info = metadata.getComponent(i).getComponentInfo()
 *   console.log(writerName, info.logicalPath, info.componentName)
 * }
 * ```
 */
export class WriterMetadataDocument {
  readonly #document: Document
  readonly #identity: Readonly<WriterIdentityEx>
  readonly #version: Readonly<{ majorVersion: number; minorVersion: number }>
  readonly #restoreMethod: Readonly<RestoreMethodInfo> | null
  readonly #mappings: readonly WMFiledesc[]
  readonly #excludeFiles: readonly WMFiledesc[]
  readonly #excludeFilesFromSnapshot: readonly WMFiledesc[]
  readonly #components: readonly WMComponent[]
  readonly #backupSchema: number

  /**
   * @internal Takes over the DOM; nobody else may keep it.
   * @throws VssError `VSS_E_INVALID_XML_DOCUMENT`
   */
  constructor(document: Document) {
    const root = rootOf(document)
    this.#document = document
    this.#backupSchema = readUnsigned(root, ATTRIBUTE.backupSchema, 0)

    const identification = requiredChild(root, ELEMENT.identification)
    this.#identity = {
      instanceId: requireGuid(identification, ATTRIBUTE.instanceId),
      writerId: requireGuid(identification, ATTRIBUTE.writerId),
      writerName: requireString(identification, ATTRIBUTE.friendlyName),
      instanceName: readString(identification, ATTRIBUTE.instanceName),
      usage: readNamed(identification, ATTRIBUTE.usage, USAGE),
      source: readNamed(identification, ATTRIBUTE.dataSource, DATA_SOURCE),
    }
    this.#version = {
      majorVersion: readUnsigned(identification, ATTRIBUTE.majorVersion, 0),
      minorVersion: readUnsigned(identification, ATTRIBUTE.minorVersion, 0),
    }

    const method = optionalChild(root, ELEMENT.restoreMethod)
    this.#mappings = method ? childElements(method, ELEMENT.alternateLocationMapping).map(readMapping) : []
    this.#restoreMethod = method && {
      method: readNamed(method, ATTRIBUTE.method, RESTORE_METHOD),
      service: readString(method, ATTRIBUTE.service),
      userProcedure: readString(method, ATTRIBUTE.userProcedure),
      writerRestore: readNamed(method, ATTRIBUTE.writerRestore, WRITER_RESTORE),
      rebootRequired: readYesNo(method, ATTRIBUTE.rebootRequired, false),
      mappings: this.#mappings.length,
    }

    const locations = requiredChild(root, ELEMENT.backupLocations)
    this.#excludeFiles = childElements(locations, ELEMENT.excludeFiles).map(readFiledesc)
    this.#excludeFilesFromSnapshot = childElements(locations, ELEMENT.excludeFilesFromSnapshot).map(
      readFiledesc,
    )
    this.#components = childElements(locations, ELEMENT.fileGroup, ELEMENT.database).map((element) =>
      readComponent(
        element,
        element.localName === ELEMENT.database
          ? VSS_COMPONENT_TYPE.VSS_CT_DATABASE
          : VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP,
      ),
    )
  }

  /**
   * Loads a saved document.
   *
   * @param input - text, or bytes in UTF-8 or UTF-16
   * @param limits - only to raise or lower what is read of a document that is not trusted
   * @throws VssError `VSS_E_CORRUPT_XML_DOCUMENT` if it is not well-formed XML, `VSS_E_INVALID_XML_DOCUMENT` if it
   *   is not a Writer Metadata Document or has values outside their domain
   */
  static fromXml(input: string | Uint8Array, limits: Partial<XmlLimits> = {}): WriterMetadataDocument {
    return new WriterMetadataDocument(parseDocument(input, WRITER_METADATA, limits))
  }

  /** The document as XML, for storing beside the backup. */
  toXml(): string {
    return serializeDocument(this.#document)
  }

  /** IVssExamineWriterMetadata::SaveAsXML. */
  saveAsXML(): string {
    return this.toXml()
  }

  getIdentity(): WriterIdentity {
    const { instanceId, writerId, writerName, usage, source } = this.#identity
    return { instanceId, writerId, writerName, usage, source }
  }

  getIdentityEx(): WriterIdentityEx {
    return { ...this.#identity }
  }

  getVersion(): { majorVersion: number; minorVersion: number } {
    return { ...this.#version }
  }

  getFileCounts(): { includeFiles: number; excludeFiles: number; components: number } {
    return {
      includeFiles: 0,
      excludeFiles: this.#excludeFiles.length,
      components: this.#components.length,
    }
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND`, always: there are none */
  getIncludeFile(index: number): WMFiledesc {
    return itemAt<WMFiledesc>([], index, 'include file')
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` unless `0 <= index < excludeFiles` */
  getExcludeFile(index: number): WMFiledesc {
    return itemAt(this.#excludeFiles, index, 'exclude file')
  }

  getExcludeFromSnapshotCount(): number {
    return this.#excludeFilesFromSnapshot.length
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` if there is no such file */
  getExcludeFromSnapshotFile(index: number): WMFiledesc {
    return itemAt(this.#excludeFilesFromSnapshot, index, 'file excluded from the shadow copy')
  }

  /**
   * Components in the order of the document, file groups and databases mixed as they stand.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` unless `0 <= index < components`
   */
  getComponent(index: number): WMComponent {
    return itemAt(this.#components, index, 'component')
  }

  /** `null` where the writer gave none (S_FALSE in VSS). */
  getRestoreMethod(): RestoreMethodInfo | null {
    return this.#restoreMethod && { ...this.#restoreMethod }
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` unless `0 <= index < mappings` */
  getAlternateLocationMapping(index: number): WMFiledesc {
    return itemAt(this.#mappings, index, 'alternate location mapping')
  }

  /** Mask of VSS_BACKUP_SCHEMA; 0 is full backups only. */
  getBackupSchema(): number {
    return this.#backupSchema
  }
}

function readMapping(element: Element): WMFiledesc {
  const mapping = readFiledesc(element)
  if (mapping.getAlternateLocation() === null) {
    throw new VssError('VSS_E_INVALID_XML_DOCUMENT', 'an alternate location mapping has no destination')
  }
  return mapping
}
