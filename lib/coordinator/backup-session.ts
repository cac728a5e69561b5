/**
 * BackupSession: the coordinator's side of one requester object, from its creation to its release.
 *
 * It knows which writers take part and what they were sent, owns the set under way, and undoes
 * everything when the requester goes away. Arguments and results are plain data; the requester's
 * object, with its documents and its rules about order, may live in another process.
 */

import { withLimit } from '../clock.ts'
import { type VSS_OBJECT_TYPE, VSS_SNAPSHOT_STATE } from '../enums.ts'
import { asVssError, VssError } from '../errors.ts'
import { type Guid, newGuid } from '../ids.ts'
import type { ProviderHost } from '../provider/provider-host.ts'
import type { SnapshotProperties, SnapshotSetDescription } from '../provider/snapshot-set-description.ts'
import type { ComponentData } from '../writer/component-data.ts'
import type {
  BackupState,
  SnapshotSetInfo,
  WriterConnection,
  WriterIdentity,
  WriterStanding,
} from '../writer/events.ts'
import type { DeletionResult } from './catalogue.ts'
import { hasWriters, isAutoRelease } from './context.ts'
import type { Coordinator } from './coordinator.ts'
import { SetRun } from './do-snapshot-set.ts'
import { chooseProvider, SnapshotSet } from './snapshot-set.ts'
import type { SnapshotSetReport } from './timeline.ts'
import { WriterParticipant } from './writer-participant.ts'

/** A writer that answered Identify. */
export interface GatheredWriter {
  identity: WriterIdentity
  metadataXml: string
}

/** Which writers an operation is to see. Empty `enabledClasses` means all. */
export interface WriterFilter {
  enabledClasses: Guid[]
  disabledClasses: Guid[]
  disabledInstances: Guid[]
}

/** One element of GetWriterStatus. */
export interface WriterStatus extends WriterStanding {
  instanceId: Guid
  writerId: Guid
  writerName: string
}

/** Components of one writer instance, as a writer left them. */
export interface WriterComponentsData {
  instanceId: Guid
  components: ComponentData[]
}

export interface CreatedSet {
  description: SnapshotSetDescription
  writerComponents: WriterComponentsData[]
  report: SnapshotSetReport
}

export class BackupSession {
  readonly sessionId: Guid = newGuid()
  readonly #coordinator: Coordinator
  #context = 0
  #gathered: WriterConnection[] = []
  #participants: WriterParticipant[] = []
  #backupState: BackupState | undefined
  #set: SnapshotSet | undefined
  #run: SetRun | undefined
  #running: Promise<unknown> | undefined
  #report: SnapshotSetReport | undefined
  #closed = false

  constructor(coordinator: Coordinator) {
    this.#coordinator = coordinator
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
    const { clock, limits, writers } = this.#coordinator
    const enabled = writers.filter(({ identity }) => isEnabled(identity, filter))
    const answers = await Promise.all(
      enabled.map(async (connection) => {
        try {
          const work = connection.deliver({ type: 'Identify' })
          const reply = await withLimit(clock, work, { limitMillis: limits.handlerMillis, signal })
          return reply.metadataXml === undefined ? undefined : { connection, metadataXml: reply.metadataXml }
        } catch (thrown) {
          if (signal?.aborted) throw cancelled('gatherWriterMetadata', thrown)
          return undefined
        }
      }),
    )
    const gathered = answers.filter((answer) => answer !== undefined)
    this.#gathered = gathered.map(({ connection }) => connection)
    return gathered.map(({ connection, metadataXml }) => ({ identity: connection.identity, metadataXml }))
  }

  startSnapshotSet(): Guid {
    this.#coordinator.reserve(this)
    this.#set = new SnapshotSet(this.#context)
    return this.#set.setId
  }

  async addToSnapshotSet(volumeName: string, providerId: Guid, signal?: AbortSignal): Promise<Guid> {
    const { host, providers } = this.#coordinator
    return this.#requireSet().add(volumeName, providerId, host, providers, signal)
  }

  /** Whether AddToSnapshotSet would find a provider; leaves a maximum that is reached at present aside. */
  async isVolumeSupported(providerId: Guid, volumeName: string, signal?: AbortSignal): Promise<boolean> {
    const { host, providers } = this.#coordinator
    const probe = new SnapshotSet(this.#context)
    const volume = await host.resolveVolume(volumeName)
    try {
      await probe.checkVolume(volume, host)
      await chooseProvider(volume, providerId, this.#context, providers, signal)
      return true
    } catch (thrown) {
      const { code } = asVssError(thrown)
      if (code === 'VSS_E_VOLUME_NOT_SUPPORTED' || code === 'VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER')
        return false
      if (code === 'VSS_E_UNSUPPORTED_CONTEXT') return false
      throw thrown
    }
  }

  /**
   * PrepareForBackup to every writer that takes part: in component mode those with components, otherwise
   * all that were gathered. Resolves when all have answered, whatever they answered.
   */
  async prepareForBackup(
    state: BackupState,
    writerComponents: WriterComponentsData[],
    signal?: AbortSignal,
  ): Promise<WriterComponentsData[]> {
    const { clock, host, limits } = this.#coordinator
    this.#backupState = state
    this.#participants = this.#gathered.flatMap((connection) => {
      const own = writerComponents.find(({ instanceId }) => instanceId === connection.identity.instanceId)
      if (state.selectComponents && own === undefined) return []
      const components = state.selectComponents ? (own?.components ?? []) : null
      return new WriterParticipant(connection, this.sessionId, components, clock)
    })
    const set: SnapshotSetInfo | null =
      this.#set === undefined
        ? null
        : {
            setId: this.#set.setId,
            context: this.#set.context,
            volumeNames: this.#set.volumeNames,
            mountTable: await host.mountTable(),
          }
    try {
      await Promise.all(
        this.#participants.map((writer) =>
          writer.send(
            { type: 'PrepareForBackup', state, set, components: writer.components },
            limits.handlerMillis,
            signal,
          ),
        ),
      )
    } catch (thrown) {
      throw cancelled('prepareForBackup', thrown)
    }
    return this.#componentData()
  }

  /** Makes the set. The reservation ends with it, whatever its outcome. */
  async doSnapshotSet(signal?: AbortSignal): Promise<CreatedSet> {
    const set = this.#requireSet()
    const { clock, host, kernelSupport, limits, catalogue } = this.#coordinator
    const run = new SetRun({
      clock,
      host,
      kernelSupport,
      limits,
      set,
      participants: hasWriters(set.context) ? this.#participants : [],
      backupState: this.#backupState ?? NO_STATE,
    })
    this.#run = run
    const running = run.run(signal)
    this.#running = running.catch(() => undefined)
    try {
      const description = await running
      catalogue.add(description)
      this.#report = run.timeline.report()
      return { description, writerComponents: this.#componentData(), report: this.#report }
    } finally {
      this.#report ??= run.timeline.report()
      this.#run = undefined
      this.#coordinator.endReservation(this)
    }
  }

  /** Asks every gathered writer where it stands. Those that take part answer for this operation. */
  async gatherWriterStatus(signal?: AbortSignal): Promise<WriterStatus[]> {
    const { clock, limits } = this.#coordinator
    const known = new Map(this.#participants.map((writer) => [writer.identity.instanceId, writer]))
    const asked = this.#gathered.map(
      (connection) =>
        known.get(connection.identity.instanceId) ??
        new WriterParticipant(connection, this.sessionId, null, clock),
    )
    return Promise.all(asked.map((writer) => this.#statusOf(writer, limits.statusMillis, signal)))
  }

  async #statusOf(
    writer: WriterParticipant,
    limitMillis: number,
    signal?: AbortSignal,
  ): Promise<WriterStatus> {
    // What the coordinator has said about a writer stays said; it would not know.
    if (!writer.isJudged) {
      try {
        await writer.send({ type: 'Status' }, limitMillis, signal)
      } catch (thrown) {
        throw cancelled('gatherWriterStatus', thrown)
      }
    }
    const { instanceId, writerId, writerName } = writer.identity
    return { instanceId, writerId, writerName, ...writer.standing }
  }

  /** BackupComplete, to writers that have not failed: the others must not take their backup for complete. */
  async backupComplete(writerComponents: WriterComponentsData[], signal?: AbortSignal): Promise<void> {
    const { limits } = this.#coordinator
    const componentsOf = (writer: WriterParticipant): ComponentData[] | null =>
      writer.components &&
      (writerComponents.find(({ instanceId }) => instanceId === writer.identity.instanceId)?.components ?? [])
    try {
      await Promise.all(
        this.#participants
          .filter((writer) => !writer.hasFailed)
          .map((writer) =>
            writer.send(
              { type: 'BackupComplete', components: componentsOf(writer) },
              limits.handlerMillis,
              signal,
            ),
          ),
      )
    } catch (thrown) {
      throw cancelled('backupComplete', thrown)
    }
  }

  /**
   * Ends the backup: stops a set under way, waits until it is undone, and tells the writers. Shadow
   * copies that are finished stay until the session is closed.
   */
  async abortBackup(): Promise<void> {
    const { limits } = this.#coordinator
    await this.#stopRun('the requester called abortBackup')
    await Promise.all(
      this.#participants
        .filter((writer) => !writer.wasSent('Abort') && !writer.wasSent('Thaw'))
        .map((writer) => writer.send({ type: 'Abort' }, limits.handlerMillis)),
    )
    this.#dropSet()
  }

  query(context: number): SnapshotProperties[] {
    return this.#coordinator.catalogue.query(context)
  }

  getSnapshotProperties(snapshotId: Guid, context: number): SnapshotProperties {
    return this.#coordinator.catalogue.getProperties(snapshotId, context)
  }

  async deleteSnapshots(
    id: Guid,
    type: VSS_OBJECT_TYPE,
    force: boolean,
    context: number,
    signal?: AbortSignal,
  ): Promise<DeletionResult> {
    return this.#coordinator.catalogue.delete(id, type, force, context, signal)
  }

  /**
   * The requester is gone, for whatever reason: a set under way is undone, auto-release copies are
   * deleted, every writer that took part gets BackupShutdown. Idempotent.
   */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const { catalogue, limits } = this.#coordinator
    await this.#stopRun('the requester is gone')
    const setId = this.#set?.setId ?? null
    const created = setId === null ? undefined : catalogue.describe(setId)
    await Promise.all(
      this.#participants.map(async (writer) => {
        if (!writer.wasSent('Abort') && !writer.wasSent('Thaw') && !writer.wasSent('BackupComplete')) {
          await writer.send({ type: 'Abort' }, limits.handlerMillis)
        }
        await writer.send({ type: 'BackupShutdown', setId }, limits.handlerMillis)
      }),
    )
    this.#dropSet()
    try {
      if (created !== undefined && isAutoRelease(created.context)) {
        const { error } = await catalogue.deleteSet(created.setId)
        if (error !== undefined) throw error
      }
    } finally {
      this.#coordinator.sessionClosed(this)
    }
  }

  async #stopRun(why: string): Promise<void> {
    this.#run?.stop(new VssError('VSS_S_ASYNC_CANCELLED', why))
    await this.#running
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

  #componentData(): WriterComponentsData[] {
    return this.#participants.flatMap(({ identity, components }) =>
      components === null ? [] : { instanceId: identity.instanceId, components: structuredClone(components) },
    )
  }
}

const NO_STATE: BackupState = {
  selectComponents: false,
  backupBootableSystemState: false,
  backupType: 0,
  partialFileSupport: false,
}

function isEnabled(identity: WriterIdentity, filter: WriterFilter): boolean {
  if (filter.disabledInstances.includes(identity.instanceId)) return false
  if (filter.disabledClasses.includes(identity.writerId)) return false
  return filter.enabledClasses.length === 0 || filter.enabledClasses.includes(identity.writerId)
}

function cancelled(member: string, reason: unknown): VssError {
  return new VssError('VSS_S_ASYNC_CANCELLED', `the requester cancelled ${member}`, { cause: reason })
}
