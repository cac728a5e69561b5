/**
 * RequesterOperation: what the members of one BackupComponents object work on. One object is one operation,
 * so this lives and ends with it; the members stand in the files beside this one.
 */
import type { BackupSession, WriterStatus } from '../coordinator/backup-session.ts'
import type { Coordinator } from '../coordinator/coordinator.ts'
import { BackupComponentsDocument } from '../document/backup-components.ts'
import { VSS_SNAPSHOT_CONTEXT } from '../enums.ts'
import type { Guid } from '../ids.ts'
import type { WriterIdentity } from '../writer/events.ts'
import { CallOrder } from './call-order.ts'
import { type GatheredMetadata, IncludedComponents } from './included-components.ts'
import { RecoverySet } from './recovery-set.ts'
import { RestoreSelection } from './restore-selection.ts'
import { WriterSelection } from './writer-selection.ts'

export class RequesterOperation {
  readonly coordinator: Coordinator
  readonly session: BackupSession
  readonly order: CallOrder = new CallOrder()
  readonly selection: WriterSelection = new WriterSelection()
  readonly restoring: RestoreSelection = new RestoreSelection()
  readonly recovering: RecoverySet = new RecoverySet()
  context: number = VSS_SNAPSHOT_CONTEXT.VSS_CTX_BACKUP
  contextWasSet = false
  backupStateWasSet = false
  setId: Guid | undefined
  /** The document was given, not begun. */
  wasLoaded = false
  wasImported = false
  /** The writers that answered Identify; undefined until gatherWriterMetadata has ended. */
  running: readonly WriterIdentity[] | undefined
  /** Their documents; undefined also once freeWriterMetadata was called. */
  gathered: readonly GatheredMetadata[] | undefined
  status: readonly WriterStatus[] | undefined
  #document: BackupComponentsDocument = BackupComponentsDocument.create()
  #included: IncludedComponents = new IncludedComponents(this.#document)

  constructor(coordinator: Coordinator) {
    this.coordinator = coordinator
    this.session = coordinator.openSession()
  }

  get document(): BackupComponentsDocument {
    return this.#document
  }

  get included(): IncludedComponents {
    return this.#included
  }

  /** @throws VssError `VSS_E_CORRUPT_XML_DOCUMENT`, `VSS_E_INVALID_XML_DOCUMENT`; then nothing has changed */
  load(xml: string): void {
    this.#document = BackupComponentsDocument.fromXml(xml)
    this.#included = new IncludedComponents(this.#document)
    this.wasLoaded = true
  }
}
