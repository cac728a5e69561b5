/**
 * Express writers: metadata that are registered once and answer for an application without any code of it running
 * (IVssExpressWriter, reference 3.17).
 */
import { WriterMetadataDocument } from '../document/writer-metadata.ts'
import { VSS_SOURCE_TYPE, type VSS_USAGE_TYPE } from '../enums.ts'
import { VssError } from '../errors.ts'
import { type Guid, newGuid, parseGuid } from '../ids.ts'
import { CreateExpressWriterMetadata, checkExpressMetadata } from './metadata.ts'
import { ExpressWriterStore } from './store.ts'

/**
 * Registers one express writer, or takes one off.
 *
 * @example
 * ```ts
 * const express = createVssExpressWriter('/var/lib/holdfast/writers')
 * const metadata = express.createMetadata(writerId, 'Ledger', VSS_USAGE_TYPE.VSS_UT_USERDATA, 1, 0)
 * metadata.addComponent({ type: VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP, componentName: 'books', selectable: true })
 * metadata.addFilesToFileGroup({ groupName: 'books', path: '/var/lib/ledger', filespec: '*', recursive: true })
 * metadata.setRestoreMethod({
 *   method: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_IF_CAN_REPLACE,
 *   writerRestore: VSS_WRITERRESTORE_ENUM.VSS_WRE_NEVER,
 * })
 * await express.register()
 * ```
 */
export class ExpressWriter {
  readonly #store: ExpressWriterStore
  #metadataXml: (() => string) | undefined

  /** @internal */
  constructor(store: ExpressWriterStore) {
    this.#store = store
  }

  /**
   * Begins the metadata of a new version: `versionMinor` + 1 for changes that requesters notice, `versionMajor` + 1
   * where what was backed up before cannot be restored.
   *
   * @throws VssError `VSS_E_NOT_SUPPORTED` for a usage other than system state, system service and user data,
   *   `E_INVALIDARG` for a bad id, name or version
   */
  createMetadata(
    writerId: Guid,
    writerName: string,
    usageType: VSS_USAGE_TYPE,
    versionMajor: number,
    versionMinor: number,
  ): CreateExpressWriterMetadata {
    const metadata = new CreateExpressWriterMetadata({
      writerId,
      writerName,
      instanceId: newGuid(),
      usage: usageType,
      source: VSS_SOURCE_TYPE.VSS_ST_OTHER,
      majorVersion: versionMajor,
      minorVersion: versionMinor,
    })
    this.#metadataXml = () => metadata.saveAsXML()
    return metadata
  }

  /**
   * Takes metadata that were made elsewhere, as `saveAsXML` gave them.
   *
   * @throws VssError the codes of documents, `VSS_E_NOT_SUPPORTED` for what an express writer may not say
   */
  loadMetadata(metadata: string | Uint8Array): void {
    const document = WriterMetadataDocument.fromXml(metadata)
    checkExpressMetadata(document)
    this.#metadataXml = () => document.saveAsXML()
  }

  /**
   * Stores the metadata; from the next gatherWriterMetadata on they are among those of the other writers.
   *
   * @throws VssError `VSS_E_BAD_STATE` before createMetadata or loadMetadata, `VSS_E_OBJECT_ALREADY_EXISTS` if a writer
   *   of the class is registered, or what the system says
   */
  async register(): Promise<void> {
    if (this.#metadataXml === undefined) {
      throw new VssError('VSS_E_BAD_STATE', 'register was called without metadata', {
        remedy: 'Call createMetadata or loadMetadata first.',
      })
    }
    await this.#store.add(WriterMetadataDocument.fromXml(this.#metadataXml()))
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` if no express writer of this class is registered */
  async unregister(writerId: Guid): Promise<void> {
    await this.#store.remove(parseGuid(writerId, 'writerId'))
  }
}

/**
 * CreateVssExpressWriter.
 *
 * @param directory - where the metadata of express writers are kept; the same that the coordinator reads, for
 *   {@link openLocalService} its `expressWritersPath`
 */
export function createVssExpressWriter(directory: string): ExpressWriter {
  return new ExpressWriter(new ExpressWriterStore(directory))
}
