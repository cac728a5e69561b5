/**
 * BackupComponents: the requester's object (IVssBackupComponents). It owns the Backup Components
 * Document, sees to the order of calls, and leaves the work to the coordinator.
 */
import type { BackupSession, CreatedSet, WriterStatus } from '../coordinator/backup-session.ts'
import type { DeletionResult } from '../coordinator/catalogue.ts'
import { checkContext, isTransportable } from '../coordinator/context.ts'
import type { Coordinator } from '../coordinator/coordinator.ts'
import type { SnapshotSetReport } from '../coordinator/timeline.ts'
import { BackupComponentsDocument } from '../document/backup-components.ts'
import { WriterMetadataDocument } from '../document/writer-metadata.ts'
import {
  type VSS_BACKUP_TYPE,
  type VSS_COMPONENT_TYPE,
  VSS_OBJECT_TYPE,
  VSS_SNAPSHOT_CONTEXT,
} from '../enums.ts'
import { GUID_NULL, type Guid, parseGuid } from '../ids.ts'
import type { SnapshotProperties } from '../provider/snapshot-set-description.ts'
import type { WriterComponents } from '../writer/writer-components.ts'
import {
  applyWriterEdits,
  backupState,
  toTransportableSet,
  writerComponentsData,
} from './component-mapping.ts'
import { at, type GatheredMetadata, IncludedComponents } from './included-components.ts'
import { queryObjects } from './objects.ts'
import type { AsyncOptions, ObjectProperties } from './options.ts'
import { CallOrder, type RequesterState } from './order.ts'
import {
  requireCoordinator,
  requireCreation,
  requireFirstContext,
  requirePreparation,
  requirePreparedSet,
  requireStatus,
  requireText,
  requireWriters,
} from './preconditions.ts'
import { WriterSelection } from './writer-selection.ts'

/**
 * One backup, from its preparation to its end. Not reusable: a second backup takes a second object.
 *
 * Members that talk to writers, providers or the host return promises, take an AbortSignal, and run
 * one at a time. A call that comes in the wrong order is `VSS_E_BAD_STATE`, with advice what to call
 * first. Closing the object deletes its auto-release shadow copies and tells the writers.
 *
 * @example
 * ```ts
 * await using backup = new BackupComponents(coordinator)
 * backup.initializeForBackup()
 * backup.setBackupState(false, false, VSS_BACKUP_TYPE.VSS_BT_FULL)
 * await backup.gatherWriterMetadata()
 * backup.startSnapshotSet()
 * const snapshotId = await backup.addToSnapshotSet('/data')
 * await backup.prepareForBackup()
 * await backup.doSnapshotSet()
 * const { snapshotDeviceObject } = backup.getSnapshotProperties(snapshotId)
 * // copy the files, then
 * await backup.backupComplete()
 * ```
 */
export class BackupComponents {
  readonly #coordinator: Coordinator
  readonly #session: BackupSession
  readonly #selection: WriterSelection = new WriterSelection()
  readonly #order: CallOrder = new CallOrder()
  #document: BackupComponentsDocument = BackupComponentsDocument.create()
  #included: IncludedComponents = new IncludedComponents(this.#document)
  #context: number = VSS_SNAPSHOT_CONTEXT.VSS_CTX_BACKUP
  #contextWasSet = false
  #backupStateWasSet = false
  #setId: Guid | undefined
  /** Undefined until gatherWriterMetadata has ended; for good in a context without writers. */
  #gathered: GatheredMetadata[] | undefined
  #status: WriterStatus[] | undefined
  #closing: Promise<void> | undefined

  constructor(coordinator: Coordinator) {
    this.#coordinator = requireCoordinator(coordinator)
    this.#session = coordinator.openSession()
  }

  /** Where the object stands; see the diagram in order.ts. */
  get state(): RequesterState {
    return this.#order.state
  }

  /** The time line of the last doSnapshotSet, successful or not. Holdfast's addition. */
  get report(): SnapshotSetReport | undefined {
    return this.#session.report
  }

  /**
   * @param xml - a stored Backup Components Document, for the import of a transportable set.
   */
  initializeForBackup(xml?: string): void {
    this.#order.check('initializeForBackup')
    if (xml !== undefined) {
      this.#document = BackupComponentsDocument.fromXml(xml)
      this.#included = new IncludedComponents(this.#document)
    }
    this.#order.advance('initialized')
  }

  /** @throws VssError `VSS_E_UNSUPPORTED_CONTEXT`; `VSS_E_BAD_STATE` on a second call. */
  setContext(context: number): void {
    this.#order.check('setContext')
    requireFirstContext(this.#contextWasSet)
    checkContext(context)
    this.#context = context
    this.#contextWasSet = true
    this.#session.setContext(context)
  }

  setBackupState(
    selectComponents: boolean,
    backupBootableSystemState: boolean,
    backupType: VSS_BACKUP_TYPE,
    partialFileSupport: boolean = false,
  ): void {
    this.#order.check('setBackupState')
    this.#document.selectComponents = selectComponents
    this.#document.bootableSystemStateBackup = backupBootableSystemState
    this.#document.backupType = backupType
    this.#document.partialFileSupport = partialFileSupport
    this.#backupStateWasSet = true
  }

  /** The first call disables all other classes; further calls add. No effect after gatherWriterMetadata. */
  enableWriterClasses(writerIds: readonly Guid[]): void {
    this.#order.check('enableWriterClasses')
    this.#selection.enableClasses(writerIds)
  }

  disableWriterClasses(writerIds: readonly Guid[]): void {
    this.#order.check('disableWriterClasses')
    this.#selection.disableClasses(writerIds)
  }

  disableWriterInstances(instanceIds: readonly Guid[]): void {
    this.#order.check('disableWriterInstances')
    this.#selection.disableInstances(instanceIds)
  }

  /** Asks every enabled writer to describe itself. One that fails is not in the list. */
  async gatherWriterMetadata(options?: AsyncOptions): Promise<void> {
    await this.#order.run('gatherWriterMetadata', options, async (signal) => {
      const gathered = await this.#session.gatherWriterMetadata(this.#selection.filter, signal)
      this.#gathered = gathered.map(({ identity, metadataXml }) => ({
        identity,
        document: WriterMetadataDocument.fromXml(metadataXml),
      }))
      this.#order.advance('gathered')
    })
  }

  getWriterMetadataCount(): number {
    this.#order.check('getWriterMetadataCount')
    return this.#gathered?.length ?? 0
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` for an index that is not there. */
  getWriterMetadata(index: number): { instanceId: Guid; metadata: WriterMetadataDocument } {
    this.#order.check('getWriterMetadata')
    const { identity, document } = at(this.#gathered ?? [], index, 'writer metadata')
    return { instanceId: identity.instanceId, metadata: document }
  }

  /**
   * Includes a component explicitly.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if the writer did not declare it, `VSS_E_OBJECT_ALREADY_EXISTS`
   *   if it is included, `VSS_E_BAD_STATE` in a context without writers.
   */
  addComponent(
    instanceId: Guid,
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
  ): void {
    this.#order.check('addComponent')
    requireWriters('addComponent', this.#context)
    this.#included.add(this.#gathered ?? [], instanceId, writerId, componentType, logicalPath, componentName)
  }

  /** A string in the writer's own format, for a component that is included already. */
  setBackupOptions(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    backupOptions: string,
  ): void {
    this.#order.check('setBackupOptions')
    const records = this.#included.find(writerId, componentType, logicalPath, componentName)
    for (const record of records) record.backupOptions = backupOptions
  }

  /** Writers with explicitly included components. */
  getWriterComponentsCount(): number {
    this.#order.check('getWriterComponentsCount')
    return this.#document.writers.length
  }

  /** The components of a writer as they stand in the document; to be read only. */
  getWriterComponents(index: number): WriterComponents {
    this.#order.check('getWriterComponents')
    return this.#included.view(index)
  }

  /** @param providerId - GUID_NULL asks whether any provider supports the volume. */
  async isVolumeSupported(
    volumeName: string,
    providerId: Guid = GUID_NULL,
    options?: AsyncOptions,
  ): Promise<boolean> {
    return this.#order.run('isVolumeSupported', options, async (signal) => {
      requireText(volumeName, 'volumeName')
      return this.#session.isVolumeSupported(parseGuid(providerId, 'providerId'), volumeName, signal)
    })
  }

  /**
   * Begins a set. Until it is made or given up, nobody else can begin one.
   *
   * @throws VssError `VSS_E_SNAPSHOT_SET_IN_PROGRESS`: wait and try again.
   */
  startSnapshotSet(): Guid {
    this.#order.check('startSnapshotSet')
    requireCreation(this.#context)
    this.#setId = this.#session.startSnapshotSet()
    this.#document.snapshotSetId = this.#setId
    this.#order.advance('setStarted')
    return this.#setId
  }

  /**
   * Adds a volume, by its name or by a path on it. On failure the set is as before, and stays open. A signal
   * counts until the provider is told of the volume; from then on the volume is added.
   *
   * @param providerId - GUID_NULL lets the coordinator choose.
   * @returns The id of the shadow copy to be.
   */
  async addToSnapshotSet(
    volumeName: string,
    providerId: Guid = GUID_NULL,
    options?: AsyncOptions,
  ): Promise<Guid> {
    return this.#order.run('addToSnapshotSet', options, async (signal) => {
      requireText(volumeName, 'volumeName')
      return this.#session.addToSnapshotSet(volumeName, parseGuid(providerId, 'providerId'), signal)
    })
  }

  /** Tells the writers that a backup is coming; resolves when all have answered. Then look at their status. */
  async prepareForBackup(options?: AsyncOptions): Promise<void> {
    await this.#order.run('prepareForBackup', options, async (signal) => {
      requireWriters('prepareForBackup', this.#context)
      requirePreparation(this.#gathered !== undefined, this.#backupStateWasSet)
      await this.#order.orFailed(async () => {
        const components = writerComponentsData(this.#document)
        const edited = await this.#session.prepareForBackup(backupState(this.#document), components, signal)
        applyWriterEdits(this.#document, edited)
        this.#order.advance('prepared')
      })
    })
  }

  /**
   * Makes the set: all shadow copies, of one instant, or none.
   *
   * @throws VssError the reason the set failed with. Everything has then been undone; read the writers'
   *   status, call abortBackup and close.
   */
  async doSnapshotSet(options?: AsyncOptions): Promise<CreatedSet> {
    return this.#order.run('doSnapshotSet', options, async (signal) => {
      requirePreparedSet(this.#setId, this.#order.state, this.#context)
      return this.#order.orFailed(async () => {
        const created = await this.#session.doSnapshotSet(signal)
        applyWriterEdits(this.#document, created.writerComponents)
        if (isTransportable(this.#context)) {
          this.#document.transportableSet = toTransportableSet(created.description)
        }
        this.#order.advance('snapped')
        return created
      })
    })
  }

  /** Asks the writers where they stand. Worth a call after each of the members that raise events. */
  async gatherWriterStatus(options?: AsyncOptions): Promise<void> {
    await this.#order.run('gatherWriterStatus', options, async (signal) => {
      this.#status = await this.#session.gatherWriterStatus(signal)
    })
  }

  getWriterStatusCount(): number {
    this.#order.check('getWriterStatusCount')
    return requireStatus(this.#status, 'getWriterStatusCount').length
  }

  /** State and failure are two things: look at `failure`. */
  getWriterStatus(index: number): WriterStatus {
    this.#order.check('getWriterStatus')
    return { ...at(requireStatus(this.#status, 'getWriterStatus'), index, 'writer status') }
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND`, also while the shadow copy is being made. */
  getSnapshotProperties(snapshotId: Guid): SnapshotProperties {
    this.#order.check('getSnapshotProperties')
    return this.#session.getSnapshotProperties(parseGuid(snapshotId, 'snapshotId'), this.#context)
  }

  /**
   * The finished shadow copies of this object's context, or the providers.
   *
   * @throws VssError `E_INVALIDARG` for any other object type.
   */
  query(returnedType: VSS_OBJECT_TYPE = VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT): ObjectProperties[] {
    this.#order.check('query')
    return queryObjects(returnedType, {
      snapshots: () => this.#session.query(this.#context),
      providers: () => this.#coordinator.queryProviders(),
    })
  }

  /**
   * Deletes a shadow copy or all of a set. Stops at the first that cannot be deleted and says which. A signal
   * that fires after the first was deleted stops it likewise: the result says where, its `error` that it was
   * cancelled.
   */
  async deleteSnapshots(
    id: Guid,
    sourceType: VSS_OBJECT_TYPE = VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT,
    forceDelete: boolean = false,
    options?: AsyncOptions,
  ): Promise<DeletionResult> {
    return this.#order.run('deleteSnapshots', options, (signal) =>
      this.#session.deleteSnapshots(parseGuid(id, 'id'), sourceType, forceDelete, this.#context, signal),
    )
  }

  /** True only if every file of the component, and of those below it, was copied. */
  setBackupSucceeded(
    instanceId: Guid,
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    succeeded: boolean,
  ): void {
    this.#order.check('setBackupSucceeded')
    const records = this.#included.find(writerId, componentType, logicalPath, componentName, instanceId)
    for (const record of records) record.backupSucceeded = succeeded
  }

  /** Tells the writers that the files have been copied. The document is read-only from here. */
  async backupComplete(options?: AsyncOptions): Promise<void> {
    await this.#order.run('backupComplete', options, async (signal) => {
      requireWriters('backupComplete', this.#context)
      await this.#session.backupComplete(writerComponentsData(this.#document), signal)
      this.#order.advance('done')
    })
  }

  /**
   * Ends the backup at any point. A set under way is undone first. Without effect before
   * startSnapshotSet and prepareForBackup, and after backupComplete. It takes no signal, being a way to cancel
   * itself: half done, it would leave writers frozen.
   */
  async abortBackup(): Promise<void> {
    this.#order.check('abortBackup')
    const nothingToAbort = ['initialized', 'gathered', 'done'].includes(this.#order.state)
    if (nothingToAbort && !this.#order.isBusy) return
    await this.#session.abortBackup()
    this.#order.advance('aborted')
  }

  /** The Backup Components Document. Save it with the backup; without it there is no restore. */
  saveAsXML(): string {
    this.#order.check('saveAsXML')
    return this.#document.toXml()
  }

  /** Releases the object: see {@link BackupComponents}. Idempotent; every later call is refused. */
  close(): Promise<void> {
    this.#order.advance('closed')
    this.#closing ??= this.#session.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
