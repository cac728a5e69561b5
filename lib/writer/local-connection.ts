/**
 * The connection of a writer in this process: routes each event to the session of its operation and
 * calls the handlers. Events and replies are cloned, as they would be by a socket.
 */
import type { Clock } from '../clock.ts'
import { VSS_WRITER_STATE } from '../enums.ts'
import { describeThrown, VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { ComponentData } from './component-data.ts'
import type { WriterConnection, WriterEvent, WriterEventType, WriterIdentity, WriterReply } from './events.ts'
import { type HandlerScope, runInScope } from './handler-scope.ts'
import { identify } from './identify.ts'
import {
  type HandledEventType,
  type OperationKnowledge,
  type SessionHandlers,
  WriterSession,
} from './session.ts'
import { wants } from './subscription.ts'
import type { Writer } from './writer.ts'
import { WriterComponents } from './writer-components.ts'

const STABLE: Readonly<WriterReply> = {
  state: VSS_WRITER_STATE.VSS_WS_STABLE,
  failure: 'S_OK',
  fatal: false,
}

export class LocalConnection implements WriterConnection, SessionHandlers {
  readonly identity: WriterIdentity
  readonly #writer: Writer
  readonly #clock: Clock
  readonly #sessions: Map<Guid, WriterSession> = new Map()
  /** Operations that found no room; they stay out until they end. */
  readonly #refused: Set<Guid> = new Set()
  readonly #mask: number
  readonly #sessionsMax: number
  #closed = false

  constructor(writer: Writer, clock: Clock, options: { mask: number; sessionsMax: number }) {
    this.#mask = options.mask
    this.#sessionsMax = options.sessionsMax
    this.#writer = writer
    this.#clock = clock
    this.identity = structuredClone(writer.identity)
  }

  get freezeTimeoutMillis(): number {
    return this.identity.freezeTimeoutMillis
  }

  /**
   * Ends the connection: it delivers nothing any more, and a writer that is frozen is released first.
   * Resolves when the writer has had its closing call.
   */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#sessions.values()].map((session) => session.leave()))
    this.#sessions.clear()
  }

  async deliver(event: WriterEvent): Promise<WriterReply> {
    if (this.#closed) {
      const { writerName } = this.identity
      throw new VssError('VSS_E_WRITER_NOT_RESPONDING', `writer '${writerName}' has unsubscribed`, {
        culprit: writerName,
      })
    }
    const copy = structuredClone(event)
    return structuredClone(await (copy.type === 'Identify' ? this.#identify() : this.#operate(copy)))
  }

  openScope(
    eventType: HandledEventType,
    operation: OperationKnowledge,
    devices: HandlerScope['devices'],
  ): HandlerScope {
    return {
      instanceId: this.identity.instanceId,
      eventType,
      sessionId: operation.sessionId,
      state: operation.state,
      set: operation.set,
      devices,
      level: this.identity.applicationLevel,
      running: true,
      failure: undefined,
    }
  }

  async run(scope: HandlerScope, records: ComponentData[] | null, setId: Guid | null): Promise<unknown> {
    const writer = this.#writer
    const components = (): WriterComponents | null =>
      records &&
      new WriterComponents(this.identity, records, {
        eventType: scope.eventType,
        partialFileSupport: scope.state?.partialFileSupport ?? false,
        get running(): boolean {
          return scope.running
        },
      })
    return runInScope(scope, () => {
      switch (scope.eventType) {
        case 'PrepareForBackup':
          return writer.onPrepareBackup(components())
        case 'PrepareForSnapshot':
          return writer.onPrepareSnapshot()
        case 'Freeze':
          return writer.onFreeze()
        case 'Thaw':
          return writer.onThaw()
        case 'PostSnapshot':
          return writer.onPostSnapshot(components())
        case 'BackupComplete':
          return writer.onBackupComplete(components())
        case 'BackupShutdown':
          return writer.onBackupShutdown(setId)
        case 'Abort':
          return writer.onAbort()
        case 'PreRestore':
          return writer.onPreRestore(components())
        case 'PostRestore':
          return writer.onPostRestore(components())
        case 'Identify':
        case 'Status':
        case 'RestoreOver':
          throw new TypeError(`${scope.eventType} runs no handler of an operation`)
      }
    })
  }

  async #operate(event: Exclude<WriterEvent, { type: 'Identify' }>): Promise<WriterReply> {
    const { operationId } = event
    if (!wants(this.#mask, event.type)) return STABLE
    try {
      const session = this.#sessionOf(operationId, event.type)
      return session === undefined ? this.#noSession() : await session.handle(event)
    } finally {
      if (event.type === 'BackupShutdown' || event.type === 'RestoreOver') {
        this.#sessions.delete(operationId)
        this.#refused.delete(operationId)
      }
    }
  }

  /** The session of an operation, a new one for a new operation; undefined if there is no room for it. */
  #sessionOf(operationId: Guid, type: WriterEventType): WriterSession | undefined {
    const known = this.#sessions.get(operationId)
    if (known !== undefined) return known
    if (this.#refused.has(operationId)) return undefined
    const session = new WriterSession(this, this.#clock, operationId)
    // None of these begins an operation.
    if (type === 'Status' || type === 'RestoreOver' || type === 'BackupShutdown') return session
    if (this.#sessions.size >= this.#sessionsMax) {
      const complete = [...this.#sessions].find(([, { isComplete }]) => isComplete)
      if (complete === undefined) {
        this.#refused.add(operationId)
        return undefined
      }
      this.#sessions.delete(complete[0])
    }
    this.#sessions.set(operationId, session)
    return session
  }

  #noSession(): WriterReply {
    return {
      state: VSS_WRITER_STATE.VSS_WS_UNKNOWN,
      failure: 'VSS_E_WRITER_STATUS_NOT_AVAILABLE',
      fatal: false,
      message: `all ${this.#sessionsMax} sessions of the writer are in use`,
    }
  }

  async #identify(): Promise<WriterReply> {
    try {
      return { ...STABLE, metadataXml: (await identify(this.#writer)).toXml() }
    } catch (thrown) {
      return {
        state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_IDENTIFY,
        failure: 'VSS_E_WRITERERROR_NONRETRYABLE',
        fatal: true,
        message: thrown instanceof VssError ? thrown.text : describeThrown(thrown),
      }
    }
  }
}
