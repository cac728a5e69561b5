/**
 * The Writer Metadata Document, as its reader sees it: IVssExamineWriterMetadata (reference 3.6, 5.1).
 */
import { itemAt, type WMComponent, type WMFiledesc } from './wm-component.ts'
import {
  type RestoreMethodInfo,
  readWriterMetadata,
  WRITER_METADATA,
  type WriterIdentity,
  type WriterIdentityEx,
  type WriterMetadataContent,
} from './writer-metadata-content.ts'
import { copyDocument, type Document, parseDocument, serializeDocument, type XmlLimits } from './xml.ts'

export type { RestoreMethodInfo, WriterIdentity, WriterIdentityEx } from './writer-metadata-content.ts'

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
  #content: WriterMetadataContent

  /** @internal Made by {@link WriterMetadataDocument.fromXml} and by the writer; nobody else keeps the DOM in it. */
  constructor(content: WriterMetadataContent) {
    this.#content = content
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
    return new WriterMetadataDocument(readWriterMetadata(parseDocument(input, WRITER_METADATA, limits)))
  }

  /**
   * IVssExamineWriterMetadata::LoadFromXML: from here on this object reads another document. What other readers show
   * stays as it is; a document that is refused changes nothing.
   *
   * @throws VssError as {@link WriterMetadataDocument.fromXml}
   */
  loadFromXML(xml: string | Uint8Array): void {
    this.#content = readWriterMetadata(parseDocument(xml, WRITER_METADATA))
  }

  /** Another reader of the same document, for somebody who may call `loadFromXML` on it. Costs next to nothing. */
  reader(): WriterMetadataDocument {
    return new WriterMetadataDocument(this.#content)
  }

  /** The document as XML, for storing beside the backup. */
  toXml(): string {
    return serializeDocument(this.#content.document)
  }

  /** IVssExamineWriterMetadata::GetDocument: a DOM of the caller's own; changing it changes nothing here. */
  getDocument(): Document {
    return copyDocument(this.#content.document)
  }

  /** IVssExamineWriterMetadata::SaveAsXML. */
  saveAsXML(): string {
    return this.toXml()
  }

  getIdentity(): WriterIdentity {
    const { instanceId, writerId, writerName, usage, source } = this.#content.identity
    return { instanceId, writerId, writerName, usage, source }
  }

  getIdentityEx(): WriterIdentityEx {
    return { ...this.#content.identity }
  }

  getVersion(): { majorVersion: number; minorVersion: number } {
    return { ...this.#content.version }
  }

  getFileCounts(): { includeFiles: number; excludeFiles: number; components: number } {
    return {
      includeFiles: 0,
      excludeFiles: this.#content.excludeFiles.length,
      components: this.#content.components.length,
    }
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND`, always: there are none */
  getIncludeFile(index: number): WMFiledesc {
    return itemAt<WMFiledesc>([], index, 'include file')
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` unless `0 <= index < excludeFiles` */
  getExcludeFile(index: number): WMFiledesc {
    return itemAt(this.#content.excludeFiles, index, 'exclude file')
  }

  getExcludeFromSnapshotCount(): number {
    return this.#content.excludeFilesFromSnapshot.length
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` if there is no such file */
  getExcludeFromSnapshotFile(index: number): WMFiledesc {
    return itemAt(this.#content.excludeFilesFromSnapshot, index, 'file excluded from the shadow copy')
  }

  /**
   * Components in the order of the document, file groups and databases mixed as they stand.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` unless `0 <= index < components`
   */
  getComponent(index: number): WMComponent {
    return itemAt(this.#content.components, index, 'component')
  }

  /** `null` where the writer gave none (S_FALSE in VSS). */
  getRestoreMethod(): RestoreMethodInfo | null {
    return this.#content.restoreMethod && { ...this.#content.restoreMethod }
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` unless `0 <= index < mappings` */
  getAlternateLocationMapping(index: number): WMFiledesc {
    return itemAt(this.#content.mappings, index, 'alternate location mapping')
  }

  /** Mask of VSS_BACKUP_SCHEMA; 0 is full backups only. */
  getBackupSchema(): number {
    return this.#content.backupSchema
  }
}

/**
 * CreateVssExamineWriterMetadata: a reader of a stored document, for a restore.
 *
 * @throws VssError as {@link WriterMetadataDocument.fromXml}
 */
export function createVssExamineWriterMetadata(xml: string | Uint8Array): WriterMetadataDocument {
  return WriterMetadataDocument.fromXml(xml)
}
