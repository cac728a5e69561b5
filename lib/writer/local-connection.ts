/**
 * The connection of a writer in this process: routes each event to the session of its operation and
 * calls the handlers. Events and replies are cloned, as they would be by a socket.
 */
import type { Clock } from '../clock.ts'
import { CreateWriterMetadata } from '../document/create-writer-metadata.ts'
import { VSS_WRITER_STATE } from '../enums.ts'
import { describeThrown, VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { ComponentData } from './component-data.ts'
import type { WriterConnection, WriterEvent, WriterIdentity, WriterReply } from './events.ts'
import { type HandlerScope, runInScope } from './handler-scope.ts'
import {
  type HandledEventType,
  type OperationKnowledge,
  type SessionHandlers,
  WriterSession,
} from './session.ts'
import type { Writer } from './writer.ts'
import { WriterComponents } from './writer-components.ts'

export class LocalConnection implements WriterConnection, SessionHandlers {
  readonly identity: WriterIdentity
  readonly #writer: Writer
  readonly #clock: Clock
  readonly #sessions: Map<Guid, WriterSession> = new Map()
  #closed = false

  constructor(writer: Writer, clock: Clock) {
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
    eventType: HandledEventType | 'Identify',
    operation: OperationKnowledge,
    devices: HandlerScope['devices'],
  ): HandlerScope {
    return {
      instanceId: this.identity.instanceId,
      eventType,
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
    const isSilent = event.type === 'Status' || event.type === 'RestoreOver'
    let session = this.#sessions.get(event.operationId)
    if (session === undefined) {
      session = new WriterSession(this, this.#clock)
      if (!isSilent) this.#sessions.set(event.operationId, session)
    }
    try {
      return await session.handle(event)
    } finally {
      if (event.type === 'BackupShutdown' || event.type === 'RestoreOver')
        this.#sessions.delete(event.operationId)
    }
  }

  async #identify(): Promise<WriterReply> {
    const { writerId, instanceId, writerName, instanceName, usageType, sourceType } = this.identity
    const metadata = new CreateWriterMetadata({
      writerId,
      instanceId,
      writerName,
      instanceName: instanceName === '' ? null : instanceName,
      usage: usageType,
      source: sourceType,
    })
    const scope = this.openScope('Identify', { state: null, set: null }, [])
    let message = 'onIdentify returned false'
    try {
      const returned = await runInScope(scope, () => this.#writer.onIdentify(metadata))
      if (returned === true || returned === undefined) {
        const metadataXml = metadata.finish().toXml()
        return { state: VSS_WRITER_STATE.VSS_WS_STABLE, failure: 'S_OK', fatal: false, metadataXml }
      }
    } catch (thrown) {
      message = describeThrown(thrown)
    }
    return {
      state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_IDENTIFY,
      failure: 'VSS_E_WRITERERROR_NONRETRYABLE',
      fatal: true,
      message,
    }
  }
}
