/**
 * OperationWriters: the writers of one backup or restore. Who was gathered, who takes part, and what each is
 * still owed when the operation ends.
 *
 * Abort belongs to a backup that does not come about. Once the set is made, or the requester has said that
 * its files are copied, there is nothing to abort: a writer that failed on the way gets BackupShutdown and
 * nothing else.
 *
 * A signal's reason is passed up as it is; what a writer answers is never a reason to reject.
 */
import { type Clock, withLimit } from '../clock.ts'
import { WriterMetadataDocument } from '../document/writer-metadata.ts'
import type { Guid } from '../ids.ts'
import type { ComponentData } from '../writer/component-data.ts'
import type {
  BackupState,
  RestoreState,
  SnapshotSetInfo,
  WriterConnection,
  WriterIdentity,
  WriterStanding,
} from '../writer/events.ts'
import type { CoordinatorLimits } from './limits.ts'
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

export class OperationWriters {
  readonly #operationId: Guid
  readonly #clock: Clock
  readonly #limits: Readonly<CoordinatorLimits>
  #gathered: WriterConnection[] = []
  #participants: WriterParticipant[] = []
  #cameAbout = false

  constructor(operationId: Guid, clock: Clock, limits: Readonly<CoordinatorLimits>) {
    this.#operationId = operationId
    this.#clock = clock
    this.#limits = limits
  }

  get participants(): readonly WriterParticipant[] {
    return this.#participants
  }

  /** To be called when the set is made; from here on nobody is owed an Abort. */
  setCameAbout(): void {
    this.#cameAbout = true
  }

  /** Identify to every enabled writer at once. One that fails, is silent or cannot be understood is left out. */
  async gather(
    writers: readonly WriterConnection[],
    filter: WriterFilter,
    signal: AbortSignal,
  ): Promise<GatheredWriter[]> {
    const limitMillis = this.#limits.handlerMillis
    const enabled = writers.filter(({ identity }) => isEnabled(identity, filter))
    const answers = await Promise.all(
      enabled.map(async (connection) => {
        try {
          const work = connection.deliver({ type: 'Identify' })
          const reply = await withLimit(this.#clock, work, { limitMillis, signal })
          if (reply.metadataXml === undefined) return undefined
          // A document nobody can read is the failure of this writer; later it would be everybody's.
          WriterMetadataDocument.fromXml(reply.metadataXml)
          return { connection, metadataXml: reply.metadataXml }
        } catch (thrown) {
          if (signal.aborted) throw thrown
          return undefined
        }
      }),
    )
    const gathered = answers.filter((answer) => answer !== undefined)
    this.#gathered = gathered.map(({ connection }) => connection)
    return gathered.map(({ connection, metadataXml }) => ({ identity: connection.identity, metadataXml }))
  }

  /** Decides who takes part: in component mode the writers with components, otherwise all that were gathered. */
  choose(state: BackupState, writerComponents: readonly WriterComponentsData[]): void {
    this.#participants = this.#gathered.flatMap((connection) => {
      const own = writerComponents.find(({ instanceId }) => instanceId === connection.identity.instanceId)
      if (state.selectComponents && own === undefined) return []
      const components = state.selectComponents ? (own?.components ?? []) : null
      return new WriterParticipant(connection, this.#operationId, components, this.#clock)
    })
  }

  /** PrepareForBackup. Resolves when all have answered, whatever they answered. */
  async prepare(state: BackupState, set: SnapshotSetInfo | null, signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.#participants.map((writer) =>
        writer.send(
          { type: 'PrepareForBackup', state, set, components: writer.components },
          this.#limits.handlerMillis,
          signal,
        ),
      ),
    )
  }

  /** Asks every gathered writer where it stands. Those that take part answer for this operation. */
  async statuses(signal: AbortSignal): Promise<WriterStatus[]> {
    const known = new Map(this.#participants.map((writer) => [writer.identity.instanceId, writer]))
    const asked = this.#gathered.map(
      (connection) =>
        known.get(connection.identity.instanceId) ??
        new WriterParticipant(connection, this.#operationId, null, this.#clock),
    )
    return Promise.all(asked.map((writer) => this.#statusOf(writer, signal)))
  }

  async #statusOf(writer: WriterParticipant, signal: AbortSignal): Promise<WriterStatus> {
    // What the coordinator has said about a writer stays said; it would not know.
    if (!writer.isJudged) await writer.send({ type: 'Status' }, this.#limits.statusMillis, signal)
    const { instanceId, writerId, writerName } = writer.identity
    return { instanceId, writerId, writerName, ...writer.standing }
  }

  /**
   * PreRestore, to every writer that takes part: in component mode those with components, which are the
   * ones selected for restore. Resolves when all have answered, whatever they answered.
   */
  async preRestore(
    state: RestoreState,
    writerComponents: readonly WriterComponentsData[],
    signal: AbortSignal,
  ): Promise<void> {
    this.choose(state, writerComponents)
    await Promise.all(
      this.#participants.map((writer) =>
        writer.send(
          { type: 'PreRestore', state, components: writer.components },
          this.#limits.handlerMillis,
          signal,
        ),
      ),
    )
  }

  /**
   * PostRestore, with the components as the requester has left them. A writer that failed in PreRestore gets
   * it too, for it may have stopped something; one that did not respond does not: its handler may still run.
   */
  async postRestore(
    state: RestoreState,
    writerComponents: readonly WriterComponentsData[],
    signal: AbortSignal,
  ): Promise<void> {
    await Promise.all(
      this.#participants
        .filter(({ standing }) => standing.failure !== 'VSS_E_WRITER_NOT_RESPONDING')
        .map((writer) =>
          writer.send(
            { type: 'PostRestore', state, components: componentsOf(writer, writerComponents) },
            this.#limits.handlerMillis,
            signal,
          ),
        ),
    )
  }

  /** BackupComplete, to writers that have not failed: the others must not take their backup for complete. */
  async complete(writerComponents: readonly WriterComponentsData[], signal: AbortSignal): Promise<void> {
    this.#cameAbout = true
    await Promise.all(
      this.#participants
        .filter((writer) => !writer.hasFailed)
        .map((writer) =>
          writer.send(
            { type: 'BackupComplete', components: componentsOf(writer, writerComponents) },
            this.#limits.handlerMillis,
            signal,
          ),
        ),
    )
  }

  /** Abort, to each that is owed it. */
  async abort(): Promise<void> {
    await Promise.all(this.#participants.map((writer) => this.#abortIfOwed(writer)))
  }

  /** The requester is gone: BackupShutdown, after an Abort where that is owed. */
  async shutdown(setId: Guid | null): Promise<void> {
    await Promise.all(
      this.#participants.map(async (writer) => {
        if (writer.wasSent('PreRestore')) {
          await writer.send({ type: 'RestoreOver' }, this.#limits.statusMillis)
          return
        }
        await this.#abortIfOwed(writer)
        await writer.send({ type: 'BackupShutdown', setId }, this.#limits.handlerMillis)
      }),
    )
  }

  async #abortIfOwed(writer: WriterParticipant): Promise<void> {
    if (this.#cameAbout || !writer.wasSent('PrepareForBackup')) return
    if (writer.wasSent('Abort') || writer.wasSent('Thaw')) return
    await writer.send({ type: 'Abort' }, this.#limits.handlerMillis)
  }

  /** The components of those that take part, with what the writers changed. */
  components(): WriterComponentsData[] {
    return this.#participants.flatMap(({ identity, components }) =>
      components === null ? [] : { instanceId: identity.instanceId, components: structuredClone(components) },
    )
  }
}

function componentsOf(
  writer: WriterParticipant,
  writerComponents: readonly WriterComponentsData[],
): ComponentData[] | null {
  const { instanceId } = writer.identity
  return (
    writer.components && (writerComponents.find((own) => own.instanceId === instanceId)?.components ?? [])
  )
}

function isEnabled(identity: WriterIdentity, filter: WriterFilter): boolean {
  if (filter.disabledInstances.includes(identity.instanceId)) return false
  if (filter.disabledClasses.includes(identity.writerId)) return false
  return filter.enabledClasses.length === 0 || filter.enabledClasses.includes(identity.writerId)
}
