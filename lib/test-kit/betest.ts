/**
 * A test requester in the manner of BETest: it drives a whole backup through every member in the documented
 * order, looks at the writers' status after each event, and reports. It copies no files unless it is told how.
 */
import { cancellable } from '../cancellation.ts'
import type { WriterStatus } from '../coordinator/backup-session.ts'
import type { Coordinator } from '../coordinator/coordinator.ts'
import type { WriterMetadataDocument } from '../document/writer-metadata.ts'
import { VSS_BACKUP_TYPE, VSS_SNAPSHOT_CONTEXT } from '../enums.ts'
import { asVssError, VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import { BackupComponents } from '../requester/backup-components.ts'
import type { AsyncOptions } from '../requester/options.ts'
import type { BetestConfig } from './betest-config.ts'

export interface BetestOptions extends AsyncOptions {
  /** What to select. @defaultValue everything that may be */
  config?: BetestConfig
  /** @defaultValue `VSS_BT_FULL` */
  backupType?: VSS_BACKUP_TYPE
  /** @defaultValue false */
  bootableState?: boolean
  /** Back up by component. @defaultValue true */
  components?: boolean
  /** Copies that outlive the object: the context APP_ROLLBACK. @defaultValue false */
  persistent?: boolean
  /** Names of the volumes, or paths on them. @defaultValue none */
  volumes?: readonly string[]
  /** End at the first writer that fails. @defaultValue false */
  stopOnError?: boolean
  /**
   * Copies the files of a component from the shadow copies, and says whether all were. Without it every component
   * counts as backed up.
   */
  copy?: (component: BetestComponent, backup: BackupComponents) => Promise<boolean>
}

/** A component that was included explicitly. */
export interface BetestComponent {
  instanceId: Guid
  writerId: Guid
  componentType: 0 | 1 | 2
  logicalPath: string | null
  componentName: string
}

export interface BetestReport {
  snapshotSetId: Guid
  /** By volume as asked for. */
  snapshots: { volume: string; snapshotId: Guid }[]
  components: (BetestComponent & { succeeded: boolean })[]
  /** What the writers said after each of these members. */
  statuses: { after: 'prepareForBackup' | 'doSnapshotSet' | 'backupComplete'; writers: WriterStatus[] }[]
  /** Names of writers that had failed by the end. */
  failedWriters: string[]
  /** The Backup Components Document. */
  document: string
  /** Writer Metadata Documents. */
  metadata: { writerName: string; xml: string }[]
}

/**
 * Runs one backup. Whatever becomes of it, it is ended properly: aborted where that is needed, and released.
 *
 * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if a configured writer or component is not there,
 *   `VSS_E_UNEXPECTED_WRITER_ERROR` with `stopOnError`, and whatever a member of BackupComponents throws
 */
export async function runBetest(
  coordinator: Coordinator,
  options: BetestOptions = {},
): Promise<BetestReport> {
  return cancellable('runBetest', options, async (signal) => {
    await using backup = new BackupComponents(coordinator)
    const run = new BetestRun(backup, options, signal === undefined ? {} : { signal })
    try {
      return await run.run()
    } catch (thrown) {
      if (run.needsAbort) await backup.abortBackup()
      if (signal?.aborted) throw signal.reason
      throw asVssError(thrown)
    }
  })
}

class BetestRun {
  needsAbort = false
  readonly #backup: BackupComponents
  readonly #options: BetestOptions
  readonly #signal: AsyncOptions
  readonly #statuses: BetestReport['statuses'] = []

  constructor(backup: BackupComponents, options: BetestOptions, signal: AsyncOptions) {
    this.#backup = backup
    this.#options = options
    this.#signal = signal
  }

  async run(): Promise<BetestReport> {
    const { components: byComponent = true, bootableState = false, persistent = false } = this.#options
    const { backupType = VSS_BACKUP_TYPE.VSS_BT_FULL, volumes = [], copy = async () => true } = this.#options
    const backup = this.#backup
    backup.initializeForBackup()
    if (persistent) backup.setContext(VSS_SNAPSHOT_CONTEXT.VSS_CTX_APP_ROLLBACK)
    backup.setBackupState(byComponent, bootableState, backupType, true)
    await backup.gatherWriterMetadata(this.#signal)
    const components = byComponent ? this.#select() : []
    const snapshotSetId = backup.startSnapshotSet()
    this.needsAbort = true
    const snapshots: BetestReport['snapshots'] = []
    for (const volume of volumes) {
      const snapshotId = await backup.addToSnapshotSet(volume, undefined, this.#signal)
      snapshots.push({ volume, snapshotId })
    }
    await backup.prepareForBackup(this.#signal)
    await this.#look('prepareForBackup')
    await backup.doSnapshotSet(this.#signal)
    await this.#look('doSnapshotSet')
    const copied: BetestReport['components'] = []
    for (const component of components) {
      const succeeded = await copy(component, backup)
      const { instanceId, writerId, componentType, logicalPath, componentName } = component
      backup.setBackupSucceeded(instanceId, writerId, componentType, logicalPath, componentName, succeeded)
      copied.push({ ...component, succeeded })
    }
    await backup.backupComplete(this.#signal)
    this.needsAbort = false
    const last = await this.#look('backupComplete')
    return {
      snapshotSetId,
      snapshots,
      components: copied,
      statuses: this.#statuses,
      failedWriters: last.filter(({ failure }) => failure !== 'S_OK').map(({ writerName }) => writerName),
      document: backup.saveAsXML(),
      metadata: this.#metadata().map(({ metadata }) => ({
        writerName: metadata.getIdentity().writerName,
        xml: metadata.toXml(),
      })),
    }
  }

  #metadata(): { instanceId: Guid; metadata: WriterMetadataDocument }[] {
    const count = this.#backup.getWriterMetadataCount()
    return Array.from({ length: count }, (_, index) => this.#backup.getWriterMetadata(index))
  }

  /** The status of every writer, as each event should be followed by (reference R162). */
  async #look(after: BetestReport['statuses'][number]['after']): Promise<WriterStatus[]> {
    await this.#backup.gatherWriterStatus(this.#signal)
    const count = this.#backup.getWriterStatusCount()
    const writers = Array.from({ length: count }, (_, index) => this.#backup.getWriterStatus(index))
    this.#statuses.push({ after, writers })
    const failed = writers.find(({ failure }) => failure !== 'S_OK')
    if (failed === undefined || this.#options.stopOnError !== true) return writers
    throw new VssError(
      'VSS_E_UNEXPECTED_WRITER_ERROR',
      `writer '${failed.writerName}' has ${failed.failure} after ${after}`,
      { culprit: failed.writerName },
    )
  }

  /** Adds what is configured, and without a configuration what no selectable component stands above (2.3.6). */
  #select(): BetestComponent[] {
    const chosen = this.#metadata().flatMap(({ instanceId, metadata }) => componentsOf(instanceId, metadata))
    const { config } = this.#options
    const wanted = config === undefined ? topOf(chosen) : named(config, chosen)
    for (const { instanceId, writerId, componentType, logicalPath, componentName } of wanted) {
      this.#backup.addComponent(instanceId, writerId, componentType, logicalPath, componentName)
    }
    return wanted.map(({ isSelectable: _, ...component }) => component)
  }
}

interface DeclaredComponent extends BetestComponent {
  isSelectable: boolean
}

function componentsOf(instanceId: Guid, metadata: WriterMetadataDocument): DeclaredComponent[] {
  const { writerId } = metadata.getIdentity()
  return Array.from({ length: metadata.getFileCounts().components }, (_, index) => {
    const info = metadata.getComponent(index).getComponentInfo()
    const { type: componentType, logicalPath, componentName, selectable: isSelectable } = info
    return { instanceId, writerId, componentType, logicalPath, componentName, isSelectable }
  })
}

function topOf(components: readonly DeclaredComponent[]): DeclaredComponent[] {
  return components.filter(
    (component) =>
      !components.some(
        (other) =>
          other.isSelectable && other.instanceId === component.instanceId && isAbove(other, component),
      ),
  )
}

function isAbove(other: BetestComponent, { logicalPath }: BetestComponent): boolean {
  const full =
    other.logicalPath === null ? other.componentName : `${other.logicalPath}\\${other.componentName}`
  return logicalPath === full || (logicalPath ?? '').startsWith(`${full}\\`)
}

function named(config: BetestConfig, components: readonly DeclaredComponent[]): DeclaredComponent[] {
  return config.writers.flatMap((writer) => {
    const own = components.filter(({ writerId }) => writerId === writer.writerId)
    if (own.length === 0) {
      throw new VssError('VSS_E_OBJECT_NOT_FOUND', `no writer of class ${writer.writerId} is there`, {
        culprit: writer.writerId,
      })
    }
    if (writer.components.length === 0) return topOf(own)
    return writer.components.flatMap(({ componentName, logicalPath }) => {
      const found = own.filter(
        (component) =>
          component.componentName === componentName &&
          (logicalPath === undefined || (component.logicalPath ?? '') === logicalPath),
      )
      if (found.length > 0) return found
      throw new VssError(
        'VSS_E_OBJECT_NOT_FOUND',
        `no writer of class ${writer.writerId} has a component '${componentName}'`,
        { culprit: componentName },
      )
    })
  })
}
