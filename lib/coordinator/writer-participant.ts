/**
 * WriterParticipant: one writer in one operation, as the coordinator sees it.
 *
 * It remembers what has been sent, which decides what is still owed: whoever got Freeze gets exactly
 * one closing event. A writer that does not answer is not an error of the operation; it becomes a
 * standing that the requester can read, as everything about writers does.
 */
import { type Clock, withLimit } from '../clock.ts'
import { type FreezeMessage, freezeChannel } from '../diagnostics.ts'
import { VSS_WRITER_STATE } from '../enums.ts'
import { describeThrown, type VssCode, VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { ComponentData } from '../writer/component-data.ts'
import type {
  OperationEventBody,
  WriterConnection,
  WriterIdentity,
  WriterReply,
  WriterStanding,
} from '../writer/events.ts'
import type { Timeline } from './timeline.ts'
import { replyProblem } from './writer-reply.ts'

type EventType = OperationEventBody['type']

const FAILED_AT: Partial<Record<EventType, VSS_WRITER_STATE>> = {
  PrepareForBackup: VSS_WRITER_STATE.VSS_WS_FAILED_AT_PREPARE_BACKUP,
  PrepareForSnapshot: VSS_WRITER_STATE.VSS_WS_FAILED_AT_PREPARE_SNAPSHOT,
  Freeze: VSS_WRITER_STATE.VSS_WS_FAILED_AT_FREEZE,
  Thaw: VSS_WRITER_STATE.VSS_WS_FAILED_AT_THAW,
  PostSnapshot: VSS_WRITER_STATE.VSS_WS_FAILED_AT_POST_SNAPSHOT,
  BackupComplete: VSS_WRITER_STATE.VSS_WS_FAILED_AT_BACKUP_COMPLETE,
  BackupShutdown: VSS_WRITER_STATE.VSS_WS_FAILED_AT_BACKUPSHUTDOWN,
  PreRestore: VSS_WRITER_STATE.VSS_WS_FAILED_AT_PRE_RESTORE,
  PostRestore: VSS_WRITER_STATE.VSS_WS_FAILED_AT_POST_RESTORE,
}

export class WriterParticipant {
  readonly identity: WriterIdentity
  standing: WriterStanding = { state: VSS_WRITER_STATE.VSS_WS_STABLE, failure: 'S_OK' }
  /** Null unless the operation is in component mode. */
  components: ComponentData[] | null
  readonly #connection: WriterConnection
  readonly #operationId: Guid
  readonly #clock: Clock
  readonly #sent: Set<EventType> = new Set()
  #judged = false
  #frozenAtMillis: number | undefined
  #closedAtMillis: number | undefined
  #freezeMessage: FreezeMessage | undefined

  constructor(
    connection: WriterConnection,
    operationId: Guid,
    components: ComponentData[] | null,
    clock: Clock,
  ) {
    this.identity = connection.identity
    this.components = components
    this.#connection = connection
    this.#operationId = operationId
    this.#clock = clock
  }

  get name(): string {
    return this.identity.writerName
  }

  /** As a whole: a writer of which some components failed goes on with the others. */
  get hasFailed(): boolean {
    const { failure } = this.standing
    return failure !== 'S_OK' && failure !== 'VSS_E_WRITERERROR_PARTIAL_FAILURE'
  }

  /** Its standing is the coordinator's word, of which the writer itself would not know. It stays. */
  get isJudged(): boolean {
    return this.#judged
  }

  wasSent(type: EventType): boolean {
    return this.#sent.has(type)
  }

  /** Freeze was sent and neither Thaw nor Abort. */
  get isFrozen(): boolean {
    return this.#frozenAtMillis !== undefined && this.#closedAtMillis === undefined
  }

  /** When Freeze and the closing call were sent; undefined until both were. */
  get freezeSpan(): { startMillis: number; endMillis: number } | undefined {
    if (this.#frozenAtMillis === undefined || this.#closedAtMillis === undefined) return undefined
    return { startMillis: this.#frozenAtMillis, endMillis: this.#closedAtMillis }
  }

  /** When the writer's window ends; undefined unless it is frozen. */
  get windowEndMillis(): number | undefined {
    return this.#frozenAtMillis === undefined || this.#closedAtMillis !== undefined
      ? undefined
      : this.#frozenAtMillis + this.identity.freezeTimeoutMillis
  }

  /** The failure as an error that names the writer, for an operation that ends because of it. */
  toError(event: string): VssError {
    const { failure, message } = this.standing
    const why = message === undefined ? '' : `: ${message}`
    return new VssError(
      'VSS_E_UNEXPECTED_WRITER_ERROR',
      `writer '${this.name}' failed in ${event} with ${failure}${why}`,
      {
        culprit: this.name,
        cause: new VssError(failure, message ?? `writer '${this.name}' failed in ${event}`, {
          culprit: this.name,
        }),
      },
    )
  }

  /**
   * Sends an event and waits for its handler. Rejects only with the reason of the signal; silence and
   * a broken connection become a fatal reply and VSS_E_WRITER_NOT_RESPONDING, a reply that cannot be used
   * VSS_E_WRITERERROR_NONRETRYABLE.
   */
  async send(event: OperationEventBody, limitMillis: number, signal?: AbortSignal): Promise<WriterReply> {
    signal?.throwIfAborted()
    this.#note(event.type)
    const wasJudged = this.#judged
    let reply: WriterReply
    try {
      const work = this.#connection.deliver({ ...event, operationId: this.#operationId })
      reply = await withLimit(this.#clock, work, {
        limitMillis,
        signal,
        onLimit: () => new Error(`no answer to ${event.type} within ${limitMillis} ms`),
      })
    } catch (thrown) {
      if (signal?.aborted && thrown === signal.reason) throw thrown
      const why = thrown instanceof VssError ? thrown.text : describeThrown(thrown)
      reply = this.#judge(event.type, 'VSS_E_WRITER_NOT_RESPONDING', why)
    }
    const problem = replyProblem(reply)
    if (problem !== undefined) {
      reply = this.#judge(event.type, 'VSS_E_WRITERERROR_NONRETRYABLE', problem)
    }
    if (!wasJudged) {
      this.standing = { state: reply.state, failure: reply.failure }
      if (reply.message !== undefined) this.standing.message = reply.message
      if (reply.applicationHresult !== undefined) {
        this.standing.applicationHresult = reply.applicationHresult
      }
    }
    if (reply.components !== undefined) this.components = reply.components
    return reply
  }

  /** As {@link send}, with an entry in the time line, which has the failure this event has brought about. */
  sendMeasured(
    timeline: Timeline,
    event: OperationEventBody,
    limitMillis: number,
    signal?: AbortSignal,
  ): Promise<WriterReply> {
    const { failure } = this.standing
    return timeline.measure(
      'writer',
      event.type,
      this.name,
      () => this.send(event, limitMillis, signal),
      () => (this.standing.failure === failure ? undefined : this.standing.failure),
    )
  }

  #judge(type: EventType, failure: VssCode, message: string): WriterReply {
    this.#judged = true
    return { state: FAILED_AT[type] ?? this.standing.state, failure, fatal: true, message }
  }

  #note(type: EventType): void {
    this.#sent.add(type)
    if (type === 'Freeze') this.#frozenAtMillis = this.#clock.nowMillis()
    if (type !== 'Thaw' && type !== 'Abort' && type !== 'BackupShutdown') return
    if (this.#frozenAtMillis === undefined || this.#closedAtMillis !== undefined) return
    this.#closedAtMillis = this.#clock.nowMillis()
    if (this.#freezeMessage === undefined) return
    this.#freezeMessage.closedBy = type === 'Thaw' ? 'thaw' : 'abort'
    this.#freezeMessage.durationMicros = Math.round((this.#closedAtMillis - this.#frozenAtMillis) * 1000)
    freezeChannel.asyncEnd.publish(this.#freezeMessage)
    this.#freezeMessage = undefined
  }

  /** Announces the freeze to whoever traces; ended by the closing event. */
  traceFreeze(setId: Guid): void {
    if (!freezeChannel.start.hasSubscribers && !freezeChannel.asyncEnd.hasSubscribers) return
    this.#freezeMessage = { setId, writerName: this.name, instanceId: this.identity.instanceId }
    freezeChannel.start.publish(this.#freezeMessage)
  }
}
