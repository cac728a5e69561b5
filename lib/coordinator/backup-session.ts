/**
 * BackupSession: the coordinator's side of one requester object, backup or restore, from its creation to its
 * release.
 *
 * It owns the set under way, and undoes everything when the requester goes away. Arguments and results are
 * plain data; the requester's object, with its documents and its rules about order, may live in another
 * process.
 *
 * Ending. AbortBackup and the release of the object end whatever member is under way at once: that one
 * rejects with `VSS_S_ASYNC_CANCELLED`, except DoSnapshotSet, which first undoes its set. Everything else
 * passes up a signal's reason as it is.
 */
import { withLimit } from '../clock.ts'
import type { TransportableSet } from '../document/transportable-set.ts'
import { type VSS_OBJECT_TYPE, VSS_SNAPSHOT_STATE } from '../enums.ts'
import { asVssError, type VssCode, VssError } from '../errors.ts'
import { type Guid, newGuid } from '../ids.ts'
import type { ProviderHost } from '../provider/provider-host.ts'
import type { SnapshotProperties, SnapshotSetDescription } from '../provider/snapshot-set-description.ts'
import type { BackupState, RestoreState, SnapshotSetInfo } from '../writer/events.ts'
import { breakSet } from './break-set.ts'
import type { DeletionResult } from './catalogue.ts'
import { hasWriters, isAutoRelease } from './context.ts'
import type { Coordinator } from './coordinator.ts'
import { SetRun } from './do-snapshot-set.ts'
import { type ExposeRequest, exposeCopy, unexposeCopy } from './expose.ts'
import type { MountPoint } from './host.ts'
import { importSet, type SetImport } from './import-set.ts'
import type { RecoveryPair } from './lun-restores.ts'
import {
  type GatheredWriter,
  OperationWriters,
  type WriterComponentsData,
  type WriterFilter,
  type WriterStatus,
} from './operation-writers.ts'
import { chooseProvider, SnapshotSet } from './snapshot-set.ts'
import type { SnapshotSetReport } from './timeline.ts'

export type { GatheredWriter, WriterComponentsData, WriterFilter, WriterStatus } from './operation-writers.ts'

export interface CreatedSet {
  description: SnapshotSetDescription
  writerComponents: WriterComponentsData[]
  report: SnapshotSetReport
}

export class BackupSession {
  readonly sessionId: Guid = newGuid()
  readonly #coordinator: Coordinator
  readonly #writers: OperationWriters
  #context = 0
  #backupState: BackupState | undefined
  #set: SnapshotSet | undefined
  #run: SetRun | undefined
  #running: Promise<unknown> | undefined
  #report: SnapshotSetReport | undefined
  /** Fired by abortBackup and close; a new one follows, for what is legal after abortBackup. */
  #interrupt: AbortController = new AbortController()
  /** What is not left half done, and is waited for at the end. */
  readonly #unfinished: Set<Promise<unknown>> = new Set()
  /** Sets that came to this host through this session. */
  readonly #imported: Guid[] = []
  #closing: Promise<void> | undefined

  constructor(coordinator: Coordinator) {
    this.#coordinator = coordinator
    this.#writers = new OperationWriters(this.sessionId, coordinator.clock, coordinator.limits)
  }

  setContext(context: number): void {
    this.#context = context
  }

  /** What happened in the last DoSnapshotSet, successful or not. */
  get report(): SnapshotSetReport | undefined {
    return this.#report
  }

  usesProvider(provider: ProviderHost): boolean {
    return this.#set?.providers.includes(provider) ?? false
  }

  /** Identify to every enabled writer at once. One that fails or is silent is left out. */
  async gatherWriterMetadata(filter: WriterFilter, signal?: AbortSignal): Promise<GatheredWriter[]> {
    return this.#interruptible('gatherWriterMetadata', signal, async (until) =>
      this.#writers.gather(await this.#coordinator.identifiableWriters(), filter, until),
    )
  }

  startSnapshotSet(): Guid {
    this.#requireOpen('startSnapshotSet')
    const set = new SnapshotSet(this.#context, this.#interrupt.signal)
    this.#coordinator.reserve(this, set.setId)
    this.#set = set
    return set.setId
  }

  async addToSnapshotSet(volumeName: string, providerId: Guid, signal?: AbortSignal): Promise<Guid> {
    const { host, providers } = this.#coordinator
    return this.#interruptible('addToSnapshotSet', signal, (until) =>
      this.#requireSet().add(volumeName, providerId, host, providers, until),
    )
  }

  /** Whether AddToSnapshotSet would find a provider; leaves a maximum that is reached at present aside. */
  async isVolumeSupported(providerId: Guid, volumeName: string, signal?: AbortSignal): Promise<boolean> {
    const { host, providers } = this.#coordinator
    return this.#interruptible('isVolumeSupported', signal, async (until) => {
      const probe = new SnapshotSet(this.#context)
      const volume = await host.resolveVolume(volumeName)
      try {
        await probe.checkVolume(volume, host)
        await chooseProvider(volume, providerId, this.#context, providers, until)
        return true
      } catch (thrown) {
        if (until.aborted || !NOT_SUPPORTED.includes(asVssError(thrown).code)) throw thrown
        return false
      }
    })
  }

  /** PrepareForBackup to every writer that takes part. Resolves when all have answered, whatever they answered. */
  async prepareForBackup(
    state: BackupState,
    writerComponents: WriterComponentsData[],
    signal?: AbortSignal,
  ): Promise<WriterComponentsData[]> {
    return this.#interruptible('prepareForBackup', signal, async (until) => {
      this.#backupState = state
      this.#writers.choose(state, writerComponents)
      await this.#writers.prepare(state, await this.#setInfo(), until)
      return this.#writers.components()
    })
  }

  /** Makes the set. The reservation ends with it, whatever its outcome. */
  async doSnapshotSet(signal?: AbortSignal): Promise<CreatedSet> {
    this.#requireOpen('doSnapshotSet')
    const set = this.#requireSet()
    const { clock, host, kernelSupport, limits, catalogue } = this.#coordinator
    const run = new SetRun({
      clock,
      host,
      kernelSupport,
      limits,
      set,
      participants: hasWriters(set.context) ? this.#writers.participants : [],
      backupState: this.#backupState ?? NO_STATE,
    })
    this.#run = run
    const running = run.run(signal)
    this.#running = running.catch(() => undefined)
    try {
      const description = await running
      catalogue.add(description)
      this.#writers.setCameAbout()
      this.#report = run.timeline.report()
      return { description, writerComponents: this.#writers.components(), report: this.#report }
    } finally {
      this.#report ??= run.timeline.report()
      this.#run = undefined
      this.#coordinator.endReservation(this)
    }
  }

  /** Asks every gathered writer where it stands. Those that take part answer for this operation. */
  async gatherWriterStatus(signal?: AbortSignal): Promise<WriterStatus[]> {
    return this.#interruptible('gatherWriterStatus', signal, (until) => this.#writers.statuses(until))
  }

  /** BackupComplete, to writers that have not failed. A set that was started and not made is given up. */
  async backupComplete(writerComponents: WriterComponentsData[], signal?: AbortSignal): Promise<void> {
    return this.#interruptible('backupComplete', signal, (until) => {
      this.#dropSet()
      return this.#writers.complete(writerComponents, until)
    })
  }

  /**
   * Ends the backup: ends the member under way, waits until a set under way is undone, and tells the
   * writers. Shadow copies that are finished stay until the session is closed.
   */
  async abortBackup(): Promise<void> {
    this.#requireOpen('abortBackup')
    await this.#end('the requester called abortBackup')
    this.#interrupt = new AbortController()
    await this.#writers.abort()
    this.#dropSet()
  }

  /** PreRestore to every writer that takes part; what they left of their components. */
  async preRestore(
    state: RestoreState,
    writerComponents: WriterComponentsData[],
    signal?: AbortSignal,
  ): Promise<WriterComponentsData[]> {
    return this.#interruptible('preRestore', signal, async (until) => {
      await this.#writers.preRestore(state, writerComponents, until)
      return this.#writers.components()
    })
  }

  /** PostRestore to the same writers. */
  async postRestore(
    state: RestoreState,
    writerComponents: WriterComponentsData[],
    signal?: AbortSignal,
  ): Promise<WriterComponentsData[]> {
    return this.#interruptible('postRestore', signal, async (until) => {
      await this.#writers.postRestore(state, writerComponents, until)
      return this.#writers.components()
    })
  }

  async mountTable(signal?: AbortSignal): Promise<MountPoint[]> {
    return this.#interruptible('mountTable', signal, () => this.#coordinator.host.mountTable())
  }

  query(context: number): SnapshotProperties[] {
    this.#requireOpen('query')
    return this.#coordinator.catalogue.query(context)
  }

  getSnapshotProperties(snapshotId: Guid, context: number): SnapshotProperties {
    this.#requireOpen('getSnapshotProperties')
    return this.#coordinator.catalogue.getProperties(snapshotId, context)
  }

  async deleteSnapshots(
    id: Guid,
    type: VSS_OBJECT_TYPE,
    force: boolean,
    context: number,
    signal?: AbortSignal,
  ): Promise<DeletionResult> {
    this.#requireOpen('deleteSnapshots')
    return this.#coordinator.catalogue.delete(id, type, force, context, signal)
  }

  /** See expose.ts. */
  async exposeSnapshot(request: ExposeRequest, context: number, signal?: AbortSignal): Promise<string> {
    return this.#whole('exposeSnapshot', signal, (until) =>
      exposeCopy(this.#coordinator, request, context, until),
    )
  }

  async unexposeSnapshot(snapshotId: Guid, context: number, signal?: AbortSignal): Promise<void> {
    await this.#whole('unexposeSnapshot', signal, (until) =>
      unexposeCopy(this.#coordinator, snapshotId, context, until),
    )
  }

  /** See break-set.ts; `flags` are undefined for BreakSnapshotSet. */
  async breakSnapshotSet(
    setId: Guid,
    flags: number | undefined,
    context: number,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#whole('breakSnapshotSet', signal, (until) =>
      breakSet(this.#coordinator, setId, flags, context, until),
    )
  }

  /** See import-set.ts. What is not persistent belongs to this session from now on. */
  async importSnapshots(set: TransportableSet, signal?: AbortSignal): Promise<SetImport> {
    return this.#whole('importSnapshots', signal, async (until) => {
      const result = await importSet(this.#coordinator, set, until)
      this.#imported.push(result.snapshotSetId)
      return result
    })
  }

  /** See lun-restores.ts. It goes on when the session is closed. */
  async revertToSnapshot(
    snapshotId: Guid,
    force: boolean,
    context: number,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#whole('revertToSnapshot', signal, () =>
      this.#coordinator.lunRestores.revert(snapshotId, force, context),
    )
  }

  async queryRevertStatus(volumeName: string, signal?: AbortSignal): Promise<void> {
    await this.#interruptible('queryRevertStatus', signal, (until) =>
      this.#coordinator.lunRestores.reverted(volumeName, until),
    )
  }

  async recoverSet(pairs: readonly RecoveryPair[], flags: number, signal?: AbortSignal): Promise<void> {
    await this.#whole('recoverSet', signal, (until) =>
      this.#coordinator.lunRestores.recover(pairs, flags, until),
    )
  }

  /**
   * The requester is gone, for whatever reason: a set under way is undone, auto-release copies are
   * deleted, every writer that took part gets BackupShutdown. Whoever calls again waits for the same end.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { catalogue } = this.#coordinator
    try {
      await this.#end('the requester is gone')
      const setId = this.#set?.setId ?? null
      await this.#writers.shutdown(setId)
      this.#dropSet()
      for (const ownId of setId === null ? this.#imported : [setId, ...this.#imported]) {
        const own = catalogue.describe(ownId)
        if (own === undefined || !isAutoRelease(own.context)) continue
        const { error } = await catalogue.deleteSet(ownId)
        if (error !== undefined) throw error
      }
    } finally {
      this.#coordinator.sessionClosed(this)
    }
  }

  /** Ends the member under way; resolves when a set under way has been undone. */
  async #end(why: string): Promise<void> {
    const reason = new VssError('VSS_S_ASYNC_CANCELLED', why, {
      remedy: 'Start over with a new object if the backup is still wanted.',
    })
    this.#interrupt.abort(reason)
    this.#run?.stop(reason)
    await this.#running
    await Promise.allSettled(this.#unfinished)
  }

  /** Runs a member until it is done, or its caller's signal fires, or the backup is ended. */
  async #interruptible<T>(
    member: string,
    signal: AbortSignal | undefined,
    work: (until: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.#requireOpen(member)
    const interrupt = this.#interrupt.signal
    const until = signal === undefined ? interrupt : AbortSignal.any([signal, interrupt])
    return withLimit(this.#coordinator.clock, work(until), { signal: interrupt })
  }

  /** Runs a member to its end; it looks at the signal where it can stop with nothing half done. */
  async #whole<T>(
    member: string,
    signal: AbortSignal | undefined,
    work: (until: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.#requireOpen(member)
    const interrupt = this.#interrupt.signal
    const running = work(signal === undefined ? interrupt : AbortSignal.any([signal, interrupt]))
    this.#unfinished.add(running)
    try {
      return await running
    } finally {
      this.#unfinished.delete(running)
    }
  }

  #requireOpen(member: string): void {
    if (this.#closing === undefined) return
    throw new VssError(
      'VSS_E_BAD_STATE',
      `${member} was called on an object that its coordinator has closed`,
      {
        remedy: 'Make a new one, with a coordinator that is open.',
      },
    )
  }

  async #setInfo(): Promise<SnapshotSetInfo | null> {
    if (this.#set === undefined) return null
    const { setId, context, volumeNames } = this.#set
    return { setId, context, volumeNames, mountTable: await this.#coordinator.host.mountTable() }
  }

  /**
   * Gives up a set that has not been made. Its providers are not told: AbortSnapshots belongs to sets
   * whose EndPrepareSnapshots was sent, and the next set's id says the rest (R180).
   */
  #dropSet(): void {
    if (this.#set !== undefined && this.#set.state !== VSS_SNAPSHOT_STATE.VSS_SS_CREATED) {
      this.#set.state = VSS_SNAPSHOT_STATE.VSS_SS_ABORTED
    }
    this.#coordinator.endReservation(this)
  }

  #requireSet(): SnapshotSet {
    if (this.#set === undefined) throw new VssError('VSS_E_BAD_STATE', 'no snapshot set has been started')
    return this.#set
  }
}

/** What makes a volume unsupported rather than the question unanswered. */
const NOT_SUPPORTED: readonly VssCode[] = [
  'VSS_E_VOLUME_NOT_SUPPORTED',
  'VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER',
  'VSS_E_UNSUPPORTED_CONTEXT',
]

const NO_STATE: BackupState = {
  selectComponents: false,
  backupBootableSystemState: false,
  backupType: 0,
  partialFileSupport: false,
}
