/**
 * Which handler of which operation the running code belongs to.
 *
 * CVssWriter ties this to the thread that called the handler. JavaScript has one thread and many
 * handlers under way, so it is tied to the asynchronous context: code a handler started, and nothing
 * else, finds its scope here. Once the handler has returned the scope is over, even for code that
 * still runs in its context.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { VSS_APPLICATION_LEVEL } from '../enums.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type {
  BackupState,
  RestoreState,
  SnapshotSetInfo,
  WriterEventType,
  WriterFailureCodeEx,
} from './events.ts'

export interface HandlerScope {
  /** Of the writer whose handler it is. */
  readonly instanceId: Guid
  readonly eventType: WriterEventType
  /** Of the requester's session whose operation it is; null in Identify, which belongs to none. */
  readonly sessionId: Guid | null
  readonly state: BackupState | RestoreState | null
  readonly set: SnapshotSetInfo | null
  readonly devices: readonly { volumeName: string; deviceObject: string }[]
  /** The level being frozen or thawed. */
  readonly level: VSS_APPLICATION_LEVEL
  /** False once the handler has returned. */
  running: boolean
  /** What setWriterFailure said last. */
  failure: HandlerFailure | undefined
}

export interface HandlerFailure {
  code: WriterFailureCodeEx
  message: string | undefined
  applicationHresult: number | undefined
}

const current = new AsyncLocalStorage<HandlerScope>()

/** Runs a handler in its scope and ends the scope when it returns, throws or rejects. */
export async function runInScope<T>(scope: HandlerScope, handler: () => T | Promise<T>): Promise<T> {
  try {
    return await current.run(scope, handler)
  } finally {
    scope.running = false
  }
}

/**
 * For a member that waits for handlers and so would wait for itself.
 *
 * @throws VssError `VSS_E_BAD_STATE` inside a running handler of this writer.
 */
export function refuseInHandler(member: string, instanceId: Guid): void {
  const scope = current.getStore()
  if (scope?.running && scope.instanceId === instanceId) {
    throw new VssError('VSS_E_BAD_STATE', `${member} was called in ${scope.eventType}`, {
      remedy: 'Call it when no handler of the writer runs; call setWriterFailure to have a shadow copy fail.',
    })
  }
}

/**
 * For a member that runs onIdentify and so would call itself.
 *
 * @throws VssError `VSS_E_BAD_STATE` inside onIdentify of this writer.
 */
export function refuseInIdentify(member: string, instanceId: Guid): void {
  if (current.getStore()?.eventType === 'Identify') refuseInHandler(member, instanceId)
}

/**
 * The scope of the running handler, for a member that is legal in these events only.
 *
 * @throws VssError `VSS_E_BAD_STATE` naming the member and where it belongs.
 */
export function requireScope(member: string, events: readonly WriterEventType[]): HandlerScope {
  const scope = current.getStore()
  const where = scope?.running ? `in ${scope.eventType}` : 'outside a handler'
  if (!scope?.running || !events.includes(scope.eventType)) {
    throw new VssError('VSS_E_BAD_STATE', `${member} was called ${where}`, {
      remedy: `Call it inside the handler of ${events.join(', ')}.`,
    })
  }
  return scope
}
