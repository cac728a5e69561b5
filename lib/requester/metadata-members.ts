/**
 * The members of BackupComponents that both a backup and a restore have: which writers are seen, what they
 * said of themselves, where they stand, and the document.
 */
import type { WriterStatus } from '../coordinator/backup-session.ts'
import type { Coordinator } from '../coordinator/coordinator.ts'
import type { SnapshotSetReport } from '../coordinator/timeline.ts'
import { WriterMetadataDocument } from '../document/writer-metadata.ts'
import type { VSS_COMPONENT_TYPE } from '../enums.ts'
import type { Guid } from '../ids.ts'
import type { WriterComponents } from '../writer/writer-components.ts'
import { at } from './included-components.ts'
import { RequesterOperation } from './operation.ts'
import type { AsyncOptions } from './options.ts'
import type { RequesterState } from './order.ts'
import { requireCoordinator, requireMetadata, requireStatus } from './preconditions.ts'
import { type RootAndLogicalPrefix, rootAndLogicalPrefix } from './root-path.ts'

export abstract class MetadataMembers {
  /** @internal */
  protected readonly operation: RequesterOperation

  constructor(coordinator: Coordinator) {
    this.operation = new RequesterOperation(requireCoordinator(coordinator))
  }

  /** Where the object stands; see the diagram in order.ts. */
  get state(): RequesterState {
    return this.operation.order.state
  }

  /** The time line of the last doSnapshotSet, successful or not. Holdfast's addition. */
  get report(): SnapshotSetReport | undefined {
    return this.operation.session.report
  }

  /** The first call disables all other classes; further calls add. No effect after gatherWriterMetadata. */
  enableWriterClasses(writerIds: readonly Guid[]): void {
    this.operation.order.check('enableWriterClasses')
    this.operation.selection.enableClasses(writerIds)
  }

  /** Takes classes out, enabled ones too. No effect after gatherWriterMetadata. */
  disableWriterClasses(writerIds: readonly Guid[]): void {
    this.operation.order.check('disableWriterClasses')
    this.operation.selection.disableClasses(writerIds)
  }

  /** No effect after gatherWriterMetadata. */
  disableWriterInstances(instanceIds: readonly Guid[]): void {
    this.operation.order.check('disableWriterInstances')
    this.operation.selection.disableInstances(instanceIds)
  }

  /**
   * Asks every enabled writer to describe itself. One that fails is not in the list. In a restore the list says
   * which writers run; what to restore is in the documents stored with the backup.
   */
  async gatherWriterMetadata(options?: AsyncOptions): Promise<void> {
    const { operation } = this
    await operation.order.run('gatherWriterMetadata', options, async (signal) => {
      const gathered = await operation.session.gatherWriterMetadata(operation.selection.filter, signal)
      operation.gathered = gathered.map(({ identity, metadataXml }) => ({
        identity,
        document: WriterMetadataDocument.fromXml(metadataXml),
      }))
      operation.running = gathered.map(({ identity }) => identity)
      operation.order.advance(operation.order.state === 'initialized' ? 'gathered' : 'restoreGathered')
    })
  }

  /** @throws VssError `VSS_E_BAD_STATE` also after freeWriterMetadata, as the members below */
  getWriterMetadataCount(): number {
    this.operation.order.check('getWriterMetadataCount')
    return requireMetadata(this.operation, 'getWriterMetadataCount').length
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` for an index that is not there */
  getWriterMetadata(index: number): { instanceId: Guid; metadata: WriterMetadataDocument } {
    this.operation.order.check('getWriterMetadata')
    const gathered = requireMetadata(this.operation, 'getWriterMetadata')
    const { identity, document } = at(gathered, index, 'writer metadata')
    return { instanceId: identity.instanceId, metadata: document.reader() }
  }

  /** The same: every document here has the members of IVssExamineWriterMetadataEx and Ex2. */
  getWriterMetadataEx(index: number): { instanceId: Guid; metadata: WriterMetadataDocument } {
    this.operation.order.check('getWriterMetadataEx')
    const gathered = requireMetadata(this.operation, 'getWriterMetadataEx')
    const { identity, document } = at(gathered, index, 'writer metadata')
    return { instanceId: identity.instanceId, metadata: document.reader() }
  }

  /** Drops the documents of the writers. What was chosen from them stays chosen. */
  freeWriterMetadata(): void {
    this.operation.order.check('freeWriterMetadata')
    this.operation.gathered = undefined
  }

  /** Asks the writers where they stand. Worth a call after each of the members that raise events. */
  async gatherWriterStatus(options?: AsyncOptions): Promise<void> {
    await this.operation.order.run('gatherWriterStatus', options, async (signal) => {
      this.operation.status = await this.operation.session.gatherWriterStatus(signal)
    })
  }

  /** @throws VssError `VSS_E_BAD_STATE` before gatherWriterStatus and after freeWriterStatus */
  getWriterStatusCount(): number {
    this.operation.order.check('getWriterStatusCount')
    return requireStatus(this.operation.status, 'getWriterStatusCount').length
  }

  /**
   * State and failure are two things: look at `failure`.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` for an index that is not there
   */
  getWriterStatus(index: number): WriterStatus {
    this.operation.order.check('getWriterStatus')
    return { ...at(requireStatus(this.operation.status, 'getWriterStatus'), index, 'writer status') }
  }

  /** The same, with what the writer's application said where it said something. */
  getWriterStatusEx(index: number): WriterStatus {
    this.operation.order.check('getWriterStatusEx')
    return { ...at(requireStatus(this.operation.status, 'getWriterStatusEx'), index, 'writer status') }
  }

  /** Drops the gathered status. */
  freeWriterStatus(): void {
    this.operation.order.check('freeWriterStatus')
    this.operation.status = undefined
  }

  /** Writers with explicitly included components. */
  getWriterComponentsCount(): number {
    this.operation.order.check('getWriterComponentsCount')
    return this.operation.document.writers.length
  }

  /**
   * The components of a writer as they stand in the document; to be read only. Writers change them while they
   * handle an event: read them again after prepareForBackup, doSnapshotSet and preRestore (R141).
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` for an index that is not there
   */
  getWriterComponents(index: number): WriterComponents {
    this.operation.order.check('getWriterComponents')
    return this.operation.included.view(index)
  }

  /**
   * Tells a writer where an earlier backup stood: the stamp that getBackupStamp gives of a component in the
   * document of that backup.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if the component is not included
   */
  setPreviousBackupStamp(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    previousBackupStamp: string,
  ): void {
    const { order, included } = this.operation
    order.check('setPreviousBackupStamp')
    for (const record of included.find(writerId, componentType, logicalPath, componentName)) {
      record.previousBackupStamp = previousBackupStamp
    }
  }

  /** The Backup Components Document. Save it with the backup; without it there is no restore. */
  saveAsXML(): string {
    this.operation.order.check('saveAsXML')
    return this.operation.document.toXml()
  }

  /** The id of this operation; a writer sees the same in its handlers. */
  getSessionId(): Guid {
    this.operation.order.check('getSessionId')
    return this.operation.session.sessionId
  }

  /**
   * Where the data under a path lies: what to pass to addToSnapshotSet, and the prefix by which paths on that
   * volume are compared. For a UNC path both are the share.
   *
   * @param normalizeFQDN - of a UNC path: the name of the server in lower case, without a trailing dot
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if no volume of this host is mounted there, `E_INVALIDARG` for what
   *   is no absolute path
   * @example
   * ```ts
   * await backup.getRootAndLogicalPrefixPaths('/srv/db/ledger.db')
   * // { rootPath: '/srv/', logicalPrefix: '\\\\?\\Volume{…}\\' }
   * ```
   */
  async getRootAndLogicalPrefixPaths(
    path: string,
    normalizeFQDN: boolean = false,
    options?: AsyncOptions,
  ): Promise<RootAndLogicalPrefix> {
    const { order, session } = this.operation
    return order.run('getRootAndLogicalPrefixPaths', options, async (signal) =>
      rootAndLogicalPrefix(path, normalizeFQDN, await session.mountTable(signal)),
    )
  }
}
