/**
 * WriterSession: the writer's side of one operation.
 *
 * It turns events into handler calls, keeps the state and failure that GatherWriterStatus reports,
 * and guards the freeze window with a timer of its own: a frozen writer comes free even if the
 * coordinator is gone.
 *
 * The closing call. Whatever onFreeze did, the handlers see exactly one of onThaw (the set goes on)
 * and onAbort (it does not). onAbort comes again in one case only: it had to be called while another
 * handler was still running. That handler may have paused the writer after the abort, so the abort
 * is repeated when it returns.
 *
 * A failure sticks: state and failure stay what the first failed event made them until the operation
 * ends, so that the requester still sees them after DoSnapshotSet. Only the end of the window, and a
 * failure as a whole after one in part, overrule an earlier one.
 *
 * Thread: the event loop. Time: the hub's clock.
 */
import { type Clock, callAt, type Timer, withLimit } from '../clock.ts'
import { VSS_WRITER_STATE } from '../enums.ts'
import { describeThrown } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { ComponentData } from './component-data.ts'
import type { BackupState, OperationEventBody, RestoreState, SnapshotSetInfo, WriterReply } from './events.ts'
import type { HandlerFailure, HandlerScope } from './handler-scope.ts'

/** Events that run a handler of their own. */
export type HandledEventType = Exclude<OperationEventBody['type'], 'Status' | 'RestoreOver'>

/** What a session knows of its operation. */
export interface OperationKnowledge {
  readonly sessionId: Guid
  state: BackupState | RestoreState | null
  set: SnapshotSetInfo | null
}

/** What the session needs of the writer: run the handler of this event, in this scope. */
export interface SessionHandlers {
  readonly freezeTimeoutMillis: number
  run(scope: HandlerScope, components: ComponentData[] | null, setId: string | null): Promise<unknown>
  openScope(
    eventType: HandledEventType,
    operation: OperationKnowledge,
    devices: HandlerScope['devices'],
  ): HandlerScope
}

/** How long an abort waits for a handler that is still running before it goes ahead beside it. */
export const ABORT_PATIENCE_MILLIS = 10_000

const STATE_AFTER: Record<HandledEventType, { success: VSS_WRITER_STATE; failure: VSS_WRITER_STATE }> = {
  PrepareForBackup: {
    success: VSS_WRITER_STATE.VSS_WS_STABLE,
    failure: VSS_WRITER_STATE.VSS_WS_FAILED_AT_PREPARE_BACKUP,
  },
  PrepareForSnapshot: {
    success: VSS_WRITER_STATE.VSS_WS_WAITING_FOR_FREEZE,
    failure: VSS_WRITER_STATE.VSS_WS_FAILED_AT_PREPARE_SNAPSHOT,
  },
  Freeze: {
    success: VSS_WRITER_STATE.VSS_WS_WAITING_FOR_THAW,
    failure: VSS_WRITER_STATE.VSS_WS_FAILED_AT_FREEZE,
  },
  Thaw: {
    success: VSS_WRITER_STATE.VSS_WS_WAITING_FOR_POST_SNAPSHOT,
    failure: VSS_WRITER_STATE.VSS_WS_FAILED_AT_THAW,
  },
  PostSnapshot: {
    success: VSS_WRITER_STATE.VSS_WS_WAITING_FOR_BACKUP_COMPLETE,
    failure: VSS_WRITER_STATE.VSS_WS_FAILED_AT_POST_SNAPSHOT,
  },
  BackupComplete: {
    success: VSS_WRITER_STATE.VSS_WS_STABLE,
    failure: VSS_WRITER_STATE.VSS_WS_FAILED_AT_BACKUP_COMPLETE,
  },
  BackupShutdown: {
    success: VSS_WRITER_STATE.VSS_WS_STABLE,
    failure: VSS_WRITER_STATE.VSS_WS_FAILED_AT_BACKUPSHUTDOWN,
  },
  Abort: { success: VSS_WRITER_STATE.VSS_WS_STABLE, failure: VSS_WRITER_STATE.VSS_WS_STABLE },
  PreRestore: {
    success: VSS_WRITER_STATE.VSS_WS_STABLE,
    failure: VSS_WRITER_STATE.VSS_WS_FAILED_AT_PRE_RESTORE,
  },
  PostRestore: {
    success: VSS_WRITER_STATE.VSS_WS_STABLE,
    failure: VSS_WRITER_STATE.VSS_WS_FAILED_AT_POST_RESTORE,
  },
}

interface Outcome {
  /** False if the handler returned false or threw. */
  returned: boolean
  failure: HandlerFailure | undefined
}

/** From Freeze until the closing call. */
interface FreezeWindow {
  readonly deadlineMillis: number
  readonly timer: Timer
  /** Settles when the window ends before the closing call was made. */
  readonly expired: Promise<void>
}

export class WriterSession {
  readonly #handlers: SessionHandlers
  readonly #clock: Clock
  #operation: OperationKnowledge
  #state: VSS_WRITER_STATE = VSS_WRITER_STATE.VSS_WS_STABLE
  #failure: HandlerFailure | undefined
  #window: FreezeWindow | undefined
  #closedBy: 'thaw' | 'abort' | undefined
  /** From Freeze until onFreeze has been judged. */
  #freezing = false
  /** Past PostSnapshot there is nothing an abort could undo for the writer. */
  #pastPostSnapshot = false
  #running: Promise<Outcome> | undefined
  #complete = false

  constructor(handlers: SessionHandlers, clock: Clock, sessionId: Guid) {
    this.#handlers = handlers
    this.#clock = clock
    this.#operation = { sessionId, state: null, set: null }
  }

  /** The files are copied and the writer knows it: nothing but BackupShutdown is to come. */
  get isComplete(): boolean {
    return this.#complete
  }

  async handle(event: OperationEventBody): Promise<WriterReply> {
    switch (event.type) {
      case 'Status':
      case 'RestoreOver':
        return this.#reply(false)
      case 'Freeze':
        return this.#freeze()
      case 'Thaw':
        return this.#thaw()
      case 'Abort':
        await this.#abort()
        return this.#reply(false)
      case 'PrepareForBackup':
        this.#learn(event.state, event.set)
        return this.#plain(event.type, event.components)
      case 'PrepareForSnapshot':
        this.#learn(event.state, event.set)
        return this.#plain(event.type, null)
      case 'PostSnapshot':
        this.#pastPostSnapshot = true
        return this.#plain(event.type, event.components, event.devices)
      case 'BackupComplete':
        this.#complete = true
        return this.#plain(event.type, event.components)
      case 'PreRestore':
      case 'PostRestore':
        this.#learn(event.state, null)
        return this.#plain(event.type, event.components)
      case 'BackupShutdown':
        if (this.#window !== undefined) await this.#abort()
        this.#settle('BackupShutdown', await this.#run('BackupShutdown', null, [], event.setId))
        return this.#reply(false)
    }
  }

  #learn(state: BackupState | RestoreState, set: SnapshotSetInfo | null): void {
    this.#operation = { ...this.#operation, state, set }
  }

  /** The writer leaves the operation: if it is frozen it is released, and the operation fails over it. */
  async leave(): Promise<void> {
    const window = this.#window
    if (window === undefined) return
    if (this.#closedBy === 'thaw') {
      await Promise.race([this.#running, window.expired])
      return
    }
    this.#fail(
      this.#freezing ? VSS_WRITER_STATE.VSS_WS_FAILED_AT_FREEZE : VSS_WRITER_STATE.VSS_WS_FAILED_AT_THAW,
      nonRetryable('the writer unsubscribed while it was frozen'),
    )
    await this.#abort()
  }

  async #plain(
    type: HandledEventType,
    components: ComponentData[] | null,
    devices: HandlerScope['devices'] = [],
  ): Promise<WriterReply> {
    if (this.#closedBy === 'abort') return this.#reply(true)
    const outcome = await this.#run(type, components, devices)
    this.#settle(type, outcome)
    const reply = this.#reply(!outcome.returned)
    if (components !== null) reply.components = components
    return reply
  }

  async #freeze(): Promise<WriterReply> {
    if (this.#closedBy !== undefined) return this.#reply(true)
    const window = this.#openWindow()
    this.#freezing = true
    const freezing = this.#run('Freeze', null)
    await Promise.race([freezing, window.expired])
    if (this.#expireIfDue()) return this.#reply(true)
    // Aborted meanwhile: #abort has made or will make the closing call.
    if (this.#closedBy !== undefined) return this.#reply(true)
    const outcome = await freezing
    this.#freezing = !outcome.returned
    this.#settle('Freeze', outcome)
    return this.#reply(!outcome.returned)
  }

  async #thaw(): Promise<WriterReply> {
    const window = this.#window
    if (window === undefined) return this.#reply(this.#closedBy === 'abort')
    if (this.#expireIfDue()) return this.#reply(true)
    this.#closedBy = 'thaw'
    const outcome = await Promise.race([this.#run('Thaw', null), window.expired])
    this.#closeWindow()
    if (outcome === undefined || this.#clock.nowMillis() >= window.deadlineMillis) {
      this.#fail(
        VSS_WRITER_STATE.VSS_WS_FAILED_AT_THAW,
        timeout(`onThaw was not done ${this.#handlers.freezeTimeoutMillis} ms after Freeze`),
      )
      return this.#reply(true)
    }
    this.#settle('Thaw', outcome)
    return this.#reply(!outcome.returned)
  }

  #openWindow(): FreezeWindow {
    let expire: () => void = () => undefined
    const expired = new Promise<void>((resolve) => {
      expire = resolve
    })
    const deadlineMillis = this.#clock.nowMillis() + this.#handlers.freezeTimeoutMillis
    const window: FreezeWindow = {
      deadlineMillis,
      expired,
      timer: callAt(this.#clock, deadlineMillis, () => {
        this.#expireIfDue()
        expire()
      }),
    }
    this.#window = window
    return window
  }

  #closeWindow(): void {
    this.#window?.timer.clear()
    this.#window = undefined
  }

  /**
   * Makes the closing call if the window has ended without one. A timer that comes late because the
   * event loop was blocked is no excuse: every event checks the clock.
   */
  #expireIfDue(): boolean {
    const window = this.#window
    if (window === undefined) return this.#closedBy === 'abort'
    if (this.#closedBy !== undefined || this.#clock.nowMillis() < window.deadlineMillis) return false
    const limit = `${this.#handlers.freezeTimeoutMillis} ms`
    this.#fail(
      this.#freezing ? VSS_WRITER_STATE.VSS_WS_FAILED_AT_FREEZE : VSS_WRITER_STATE.VSS_WS_FAILED_AT_THAW,
      timeout(
        this.#freezing ? `onFreeze was not done after ${limit}` : `no Thaw came within ${limit} of Freeze`,
      ),
    )
    void this.#closeByAbort()
    return true
  }

  async #abort(): Promise<void> {
    if (this.#closedBy !== undefined || this.#pastPostSnapshot) return
    const running = this.#running
    if (running !== undefined) {
      await withLimit(
        this.#clock,
        Promise.race([running, this.#window?.expired ?? new Promise<never>(() => undefined)]),
        { limitMillis: ABORT_PATIENCE_MILLIS },
      ).catch(() => undefined)
      // The end of the window may have made the closing call meanwhile.
      if (this.#closedBy !== undefined) return
    }
    await this.#closeByAbort()
    if (this.#failure === undefined) this.#state = VSS_WRITER_STATE.VSS_WS_STABLE
  }

  async #closeByAbort(): Promise<void> {
    this.#closedBy = 'abort'
    this.#closeWindow()
    const running = this.#running
    void running?.then(() => this.#run('Abort', null))
    await withLimit(this.#clock, this.#run('Abort', null), { limitMillis: ABORT_PATIENCE_MILLIS }).catch(
      () => undefined,
    )
  }

  /** Runs a handler. Never rejects: a throw is a false. */
  #run(
    type: HandledEventType,
    components: ComponentData[] | null,
    devices: HandlerScope['devices'] = [],
    setId: string | null = null,
  ): Promise<Outcome> {
    const scope = this.#handlers.openScope(type, this.#operation, devices)
    const running = this.#handlers.run(scope, components, setId).then(
      (returned): Outcome => this.#judge(type, scope, returned),
      (thrown: unknown): Outcome => ({
        returned: false,
        failure: scope.failure ?? nonRetryable(`the handler of ${type} threw: ${describeThrown(thrown)}`),
      }),
    )
    if (type === 'Abort') return running
    this.#running = running
    return running.finally(() => {
      if (this.#running === running) this.#running = undefined
    })
  }

  /** A handler answers true, or nothing, or false. Anything else is a mistake and counts as false. */
  #judge(type: HandledEventType, scope: HandlerScope, returned: unknown): Outcome {
    const ok = returned === true || returned === undefined
    if (ok) return { returned: true, failure: scope.failure }
    return {
      returned: false,
      failure:
        scope.failure ?? nonRetryable(`the handler of ${type} returned ${describeThrown(String(returned))}`),
    }
  }

  #settle(type: HandledEventType, outcome: Outcome): void {
    if (this.#failure !== undefined) {
      // What failed in part can still fail as a whole.
      const overrules =
        isPartial(this.#failure) && outcome.failure !== undefined && !isPartial(outcome.failure)
      if (!overrules) return
    }
    if (outcome.failure === undefined) this.#state = STATE_AFTER[type].success
    else this.#fail(STATE_AFTER[type].failure, outcome.failure)
  }

  #fail(state: VSS_WRITER_STATE, failure: HandlerFailure): void {
    this.#state = state
    this.#failure = failure
  }

  #reply(fatal: boolean): WriterReply {
    const { code = 'S_OK', message, applicationHresult } = this.#failure ?? {}
    const reply: WriterReply = { state: this.#state, failure: code, fatal }
    if (message !== undefined) reply.message = message
    if (applicationHresult !== undefined) reply.applicationHresult = applicationHresult
    return reply
  }
}

function nonRetryable(message: string): HandlerFailure {
  return { code: 'VSS_E_WRITERERROR_NONRETRYABLE', message, applicationHresult: undefined }
}

function timeout(message: string): HandlerFailure {
  return { code: 'VSS_E_WRITERERROR_TIMEOUT', message, applicationHresult: undefined }
}

function isPartial({ code }: HandlerFailure): boolean {
  return code === 'VSS_E_WRITERERROR_PARTIAL_FAILURE'
}
