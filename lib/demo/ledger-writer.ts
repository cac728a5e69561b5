/**
 * LedgerWriter: the ledger's part in a shadow copy. The store runs in a thread of its own; this object
 * lives beside the coordinator and tells it when to stand still.
 */
import type { CreateWriterMetadata } from '../document/create-writer-metadata.ts'
import {
  VSS_COMPONENT_TYPE,
  VSS_RESTOREMETHOD_ENUM,
  VSS_SOURCE_TYPE,
  VSS_USAGE_TYPE,
  VSS_WRITERRESTORE_ENUM,
} from '../enums.ts'
import { Writer } from '../writer/writer.ts'
import type { WriterComponents } from '../writer/writer-components.ts'
import type { LoadThread } from './load-thread.ts'

export const LEDGER_WRITER_ID = 'b2b8c2d5-2f0c-4f5e-9a3b-0f6c8f1d7e54'
export const LEDGER_COMPONENT = 'ledger'

export class LedgerWriter extends Writer {
  readonly #store: LoadThread
  readonly #dataPath: string
  readonly #logPath: string
  /** Acknowledged when the freeze was asked for. */
  acknowledgedAtFreeze = 0
  /** The last transaction of the store while it stood still. */
  frozenAt = 0

  constructor(store: LoadThread, dataPath: string, logPath: string) {
    super({
      writerId: LEDGER_WRITER_ID,
      writerName: 'Holdfast Demo Ledger',
      usageType: VSS_USAGE_TYPE.VSS_UT_USERDATA,
      sourceType: VSS_SOURCE_TYPE.VSS_ST_TRANSACTEDDB,
    })
    this.#store = store
    this.#dataPath = dataPath
    this.#logPath = logPath
  }

  override onIdentify(metadata: CreateWriterMetadata): void {
    const [databaseName, filespec] = [LEDGER_COMPONENT, '*']
    metadata.addComponent({
      type: VSS_COMPONENT_TYPE.VSS_CT_DATABASE,
      componentName: LEDGER_COMPONENT,
      caption: 'Ledger: log and accounts',
      selectable: true,
      notifyOnBackupComplete: true,
    })
    metadata.addDatabaseFiles({ databaseName, path: this.#dataPath, filespec })
    metadata.addDatabaseLogFiles({ databaseName, path: this.#logPath, filespec })
    metadata.setRestoreMethod({
      method: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_IF_CAN_REPLACE,
      writerRestore: VSS_WRITERRESTORE_ENUM.VSS_WRE_NEVER,
    })
  }

  onPrepareSnapshot(): boolean {
    return this.isPathAffected(this.#dataPath) && this.isPathAffected(this.#logPath)
  }

  async onFreeze(): Promise<void> {
    this.acknowledgedAtFreeze = this.#store.progress.lastAcknowledged
    this.frozenAt = await this.#store.pause()
  }

  async onThaw(): Promise<void> {
    await this.#store.resume()
  }

  async onAbort(): Promise<void> {
    await this.#store.resume()
  }

  override onPostSnapshot(components: WriterComponents | null): void {
    for (const component of components ?? []) component.setBackupStamp(String(this.frozenAt))
  }
}
