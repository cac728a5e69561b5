/**
 * An array with LUNs, a loaded service over it, and a requester that takes one set after the other: what one row of
 * the commit bench needs.
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  BackupComponents,
  type CreateWriterMetadata,
  type Guid,
  type LocalService,
  newGuid,
  openLocalService,
  StorageArray,
  type TimelineEntry,
  VSS_BACKUP_TYPE,
  VSS_COMPONENT_TYPE,
  VSS_RESTOREMETHOD_ENUM,
  VSS_SNAPSHOT_CONTEXT,
  VSS_VOLUME_SNAPSHOT_ATTRIBUTES,
  VSS_WRITERRESTORE_ENUM,
  Writer,
} from 'holdfast'
import { Load } from './load.ts'

export interface SiteShape {
  luns: number
  lunBytes: number
  copies: number
}

export interface SetFigures {
  holdUs: number
  freezeUs: number
  setMs: number
  recordMs: number
}

const mebibyte = 2 ** 20
/** The copies are not surfaced here, which would read both ends of every disk through the load. */
const transportable = VSS_VOLUME_SNAPSHOT_ATTRIBUTES.VSS_VOLSNAP_ATTR_TRANSPORTABLE

/** A writer with nothing to stop: the window around the hold is what is measured. */
class IdleWriter extends Writer {
  constructor() {
    super({ writerId: newGuid(), writerName: 'Bench writer', usageType: 3, sourceType: 3 })
  }
  override onIdentify(metadata: CreateWriterMetadata): boolean {
    metadata.setRestoreMethod({
      method: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_IF_CAN_REPLACE,
      writerRestore: VSS_WRITERRESTORE_ENUM.VSS_WRE_NEVER,
      rebootRequired: false,
    })
    metadata.addComponent({
      type: VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP,
      componentName: 'all',
      selectable: true,
    })
    return true
  }
  override onPrepareSnapshot(): boolean {
    return true
  }
  override onFreeze(): boolean {
    return true
  }
  override onThaw(): boolean {
    return true
  }
  override onAbort(): boolean {
    return true
  }
}

export class CommitSite {
  readonly #directory: string
  readonly #service: LocalService
  readonly #load: Load
  readonly #writer: IdleWriter
  readonly #guids: Guid[]

  private constructor(
    directory: string,
    service: LocalService,
    load: Load,
    writer: IdleWriter,
    guids: Guid[],
  ) {
    this.#directory = directory
    this.#service = service
    this.#load = load
    this.#writer = writer
    this.#guids = guids
  }

  static async open(directory: string, shape: SiteShape, bytesPerSecond: number): Promise<CommitSite> {
    await mkdir(directory, { recursive: true })
    const arrayPath = join(directory, 'array')
    const array = await StorageArray.create(arrayPath)
    const guids: Guid[] = []
    for (let i = 0; i < shape.luns; i++) guids.push(await array.createLun(shape.lunBytes))
    await array.close()
    const service = await openLocalService({ arrayPath })
    const writer = new IdleWriter()
    await writer.subscribe(service.coordinator)
    const load = await Load.start({
      arrayPath,
      guids,
      depth: 16,
      rangeBytes: Math.min(shape.lunBytes, 256 * mebibyte),
      bytesPerSecond,
    })
    const site = new CommitSite(directory, service, load, writer, guids)
    await site.takeEarlierCopies(shape.copies)
    return site
  }

  get load(): Load {
    return this.#load
  }

  /** Persistent copies of every LUN, as an earlier life of the array would have left them. */
  async takeEarlierCopies(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const backup = new BackupComponents(this.#service.coordinator)
      backup.initializeForBackup()
      backup.setContext(VSS_SNAPSHOT_CONTEXT.VSS_CTX_NAS_ROLLBACK | transportable)
      await this.#startSet(backup)
      await backup.doSnapshotSet()
      await backup.close()
    }
  }

  /** One whole set, deleted again before this returns. */
  async takeSet(): Promise<SetFigures> {
    const backup = new BackupComponents(this.#service.coordinator)
    backup.initializeForBackup()
    backup.setContext(VSS_SNAPSHOT_CONTEXT.VSS_CTX_BACKUP | transportable)
    backup.setBackupState(false, false, VSS_BACKUP_TYPE.VSS_BT_COPY)
    await backup.gatherWriterMetadata()
    await this.#startSet(backup)
    await backup.prepareForBackup()
    const start = performance.now()
    const { report } = await backup.doSnapshotSet()
    const setMs = performance.now() - start
    // Closing releases the set: it is an auto-release one.
    await backup.close()
    const phase = (name: string): TimelineEntry | undefined =>
      report.timeline.find((entry) => entry.kind === 'phase' && entry.name === name)
    const released = phase('postCommitSnapshots')
    const recorded = phase('getTargetLuns')
    return {
      holdUs: report.hold?.holdMicros ?? Number.NaN,
      freezeUs: report.freezeMicros,
      setMs,
      // From the release, when the last sync begins, until the one record of the set is durable.
      recordMs:
        released === undefined || recorded === undefined
          ? Number.NaN
          : (recorded.startMicros + recorded.durationMicros - released.startMicros) / 1000,
    }
  }

  async #startSet(backup: BackupComponents): Promise<void> {
    backup.startSnapshotSet()
    for (const guid of this.#guids) {
      const volume = this.#service.host.volumes().find(({ lunGuid }) => lunGuid === guid)
      if (volume === undefined) throw new Error(`LUN ${guid} has no volume`)
      await backup.addToSnapshotSet(volume.name)
    }
  }

  async close(): Promise<void> {
    await this.#load.stop()
    await this.#writer.unsubscribe()
    await this.#service.close()
    await rm(this.#directory, { recursive: true, force: true })
  }
}
