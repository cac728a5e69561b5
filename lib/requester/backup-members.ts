/**
 * The members of BackupComponents that make up a backup, from its initialization to its end.
 */
import type { CreatedSet } from '../coordinator/backup-session.ts'
import { checkContext, isTransportable } from '../coordinator/context.ts'
import type { VSS_BACKUP_TYPE, VSS_COMPONENT_TYPE } from '../enums.ts'
import { GUID_NULL, type Guid, parseGuid } from '../ids.ts'
import {
  applyWriterEdits,
  backupState,
  toTransportableSet,
  writerComponentsData,
} from './component-mapping.ts'
import { MetadataMembers } from './metadata-members.ts'
import type { AsyncOptions } from './options.ts'
import {
  requireCreation,
  requireFirstContext,
  requireMetadata,
  requirePreparation,
  requirePreparedSet,
  requireText,
  requireWriters,
} from './preconditions.ts'

export abstract class BackupMembers extends MetadataMembers {
  /**
   * @param xml - a stored Backup Components Document, for the import of a transportable set.
   * @throws VssError `VSS_E_BAD_STATE` on an object that was initialised, `VSS_E_CORRUPT_XML_DOCUMENT`,
   *   `VSS_E_INVALID_XML_DOCUMENT`
   */
  initializeForBackup(xml?: string): void {
    const { operation } = this
    operation.order.check('initializeForBackup')
    if (xml !== undefined) operation.load(xml)
    operation.order.advance('initialized')
  }

  /** @throws VssError `VSS_E_UNSUPPORTED_CONTEXT`; `VSS_E_BAD_STATE` on a second call. */
  setContext(context: number): void {
    const { operation } = this
    operation.order.check('setContext')
    requireFirstContext(operation.contextWasSet)
    checkContext(context)
    operation.context = context
    operation.contextWasSet = true
    operation.session.setContext(context)
  }

  /** What is going to be backed up, and how. Every requester must say so. */
  setBackupState(
    selectComponents: boolean,
    backupBootableSystemState: boolean,
    backupType: VSS_BACKUP_TYPE,
    partialFileSupport: boolean = false,
  ): void {
    const { operation } = this
    operation.order.check('setBackupState')
    operation.document.selectComponents = selectComponents
    operation.document.bootableSystemStateBackup = backupBootableSystemState
    operation.document.backupType = backupType
    operation.document.partialFileSupport = partialFileSupport
    operation.backupStateWasSet = true
  }

  /**
   * Includes a component explicitly; what lies below a selectable one is included with it. That all required
   * components of a writer are included is for the requester to see to (R124).
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if the writer did not declare it, `VSS_E_OBJECT_ALREADY_EXISTS`
   *   if it is included, `E_INVALIDARG` if it can be included only with a component above it,
   *   `VSS_E_BAD_STATE` in a context without writers.
   */
  addComponent(
    instanceId: Guid,
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
  ): void {
    const { operation } = this
    operation.order.check('addComponent')
    requireWriters('addComponent', operation.context)
    const gathered = requireMetadata(operation, 'addComponent')
    operation.included.add(gathered, instanceId, writerId, componentType, logicalPath, componentName)
  }

  /** A string in the writer's own format, for a component that is included already. No event is raised. */
  setBackupOptions(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    backupOptions: string,
  ): void {
    const { order, included } = this.operation
    order.check('setBackupOptions')
    const records = included.find(writerId, componentType, logicalPath, componentName)
    for (const record of records) record.backupOptions = backupOptions
  }

  /**
   * Whether a volume can be part of a set; true also while it has all the copies it can have (R126).
   *
   * @param providerId - GUID_NULL asks whether any provider supports the volume.
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if there is no such volume, `VSS_E_PROVIDER_NOT_REGISTERED`
   */
  async isVolumeSupported(
    volumeName: string,
    providerId: Guid = GUID_NULL,
    options?: AsyncOptions,
  ): Promise<boolean> {
    const { order, session } = this.operation
    return order.run('isVolumeSupported', options, async (signal) => {
      requireText(volumeName, 'volumeName')
      return session.isVolumeSupported(parseGuid(providerId, 'providerId'), volumeName, signal)
    })
  }

  /**
   * Begins a set. Until it is made or given up, nobody else can begin one.
   *
   * @throws VssError `VSS_E_SNAPSHOT_SET_IN_PROGRESS`: wait and try again. `VSS_E_UNSUPPORTED_CONTEXT` in
   *   VSS_CTX_ALL, which is for administration.
   */
  startSnapshotSet(): Guid {
    const { operation } = this
    operation.order.check('startSnapshotSet')
    requireCreation(operation.context)
    const setId = operation.session.startSnapshotSet()
    operation.setId = setId
    operation.document.snapshotSetId = setId
    operation.order.advance('setStarted')
    return setId
  }

  /**
   * Adds a volume, by its name or by a path on it. On failure the set is as before, and stays open. A signal
   * counts until the provider is told of the volume; from then on the volume is added.
   *
   * @param providerId - GUID_NULL lets the coordinator choose.
   * @returns The id of the shadow copy to be.
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND`, `VSS_E_OBJECT_ALREADY_EXISTS`, `VSS_E_PROVIDER_NOT_REGISTERED`,
   *   `VSS_E_VOLUME_NOT_SUPPORTED` if nobody supports it, `VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER` if the one
   *   named does not, `VSS_E_MAXIMUM_NUMBER_OF_VOLUMES_REACHED` for the 65th, or the provider's
   */
  async addToSnapshotSet(
    volumeName: string,
    providerId: Guid = GUID_NULL,
    options?: AsyncOptions,
  ): Promise<Guid> {
    const { order, session } = this.operation
    return order.run('addToSnapshotSet', options, async (signal) => {
      requireText(volumeName, 'volumeName')
      return session.addToSnapshotSet(volumeName, parseGuid(providerId, 'providerId'), signal)
    })
  }

  /** Tells the writers that a backup is coming; resolves when all have answered. Then look at their status. */
  async prepareForBackup(options?: AsyncOptions): Promise<void> {
    const { operation } = this
    const { order, session, document } = operation
    await order.run('prepareForBackup', options, async (signal) => {
      requireWriters('prepareForBackup', operation.context)
      requirePreparation(operation.running !== undefined, operation.backupStateWasSet)
      await order.orFailed(async () => {
        const components = writerComponentsData(document)
        applyWriterEdits(document, await session.prepareForBackup(backupState(document), components, signal))
        order.advance('prepared')
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
    const { operation } = this
    const { order, session, document } = operation
    return order.run('doSnapshotSet', options, async (signal) => {
      requirePreparedSet(operation.setId, order.state, operation.context)
      return order.orFailed(async () => {
        const created = await session.doSnapshotSet(signal)
        applyWriterEdits(document, created.writerComponents)
        if (isTransportable(operation.context)) {
          document.transportableSet = toTransportableSet(created.description)
        }
        order.advance('snapped')
        return created
      })
    })
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
    const { order, included } = this.operation
    order.check('setBackupSucceeded')
    const records = included.find(writerId, componentType, logicalPath, componentName, instanceId)
    for (const record of records) record.backupSucceeded = succeeded
  }

  /** Tells the writers that the files have been copied. The document is read-only from here. */
  async backupComplete(options?: AsyncOptions): Promise<void> {
    const { operation } = this
    await operation.order.run('backupComplete', options, async (signal) => {
      requireWriters('backupComplete', operation.context)
      await operation.session.backupComplete(writerComponentsData(operation.document), signal)
      operation.order.advance('done')
    })
  }

  /**
   * Ends the backup at any point. A set under way is undone first. Without effect before
   * startSnapshotSet and prepareForBackup, and after backupComplete. It takes no signal, being a way to cancel
   * itself: half done, it would leave writers frozen.
   */
  async abortBackup(): Promise<void> {
    const { order, session } = this.operation
    order.check('abortBackup')
    const nothingToAbort = ['initialized', 'gathered', 'done'].includes(order.state)
    if (nothingToAbort && !order.isBusy) return
    await session.abortBackup()
    order.advance('aborted')
  }
}
