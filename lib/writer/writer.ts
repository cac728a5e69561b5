/**
 * Writer: the class an application extends to take part in shadow copies (CVssWriter).
 *
 * The four handlers around the instant are abstract, because no default can be right for them; the
 * others have the documented defaults. A handler may be synchronous or return a promise.
 */
import { cancellable } from '../cancellation.ts'
import type { CreateWriterMetadata } from '../document/create-writer-metadata.ts'
import { checkedUnsigned } from '../document/values.ts'
import type { WriterMetadataDocument } from '../document/writer-metadata.ts'
import { type VSS_APPLICATION_LEVEL, type VSS_BACKUP_TYPE, VSS_RESTORE_TYPE } from '../enums.ts'
import { VssError } from '../errors.ts'
import { GUID_NULL, type Guid } from '../ids.ts'
import {
  type BackupState,
  type SnapshotSetInfo,
  WRITER_FAILURE_CODES,
  WRITER_FAILURE_CODES_EX,
  type WriterEventType,
  type WriterFailureCode,
  type WriterFailureCodeEx,
  type WriterHub,
  type WriterIdentity,
  type WriterSubscription,
} from './events.ts'
import { refuseInHandler, refuseInIdentify, requireScope } from './handler-scope.ts'
import { identify } from './identify.ts'
import { LocalConnection } from './local-connection.ts'
import { isPathOnVolumes } from './paths.ts'
import { maskOf, type SubscribeOptions } from './subscription.ts'
import type { WriterComponents } from './writer-components.ts'
import { identityOf, sessionsMaxOf, type WriterOptions } from './writer-options.ts'

export type { WriterOptions } from './writer-options.ts'

/**
 * What a handler answers. `true`, or no value at all, is success; `false` is failure. So a handler
 * without a return statement succeeds, and one that throws fails. Any other value is a mistake and
 * counts as failure.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing is typed void
export type HandlerResult = boolean | void | Promise<boolean | void>

const ABSTRACT_HANDLERS = ['onPrepareSnapshot', 'onFreeze', 'onThaw', 'onAbort'] as const

const SNAPSHOT_EVENTS: readonly WriterEventType[] = ['PrepareForSnapshot', 'Freeze', 'Thaw', 'PostSnapshot']
const BACKUP_EVENTS: readonly WriterEventType[] = [
  'PrepareForBackup',
  ...SNAPSHOT_EVENTS,
  'BackupComplete',
  'Abort',
]
const RESTORE_EVENTS: readonly WriterEventType[] = ['PreRestore', 'PostRestore']
const FAILABLE_EVENTS: readonly WriterEventType[] = [...BACKUP_EVENTS, 'BackupShutdown', ...RESTORE_EVENTS]

/**
 * An application that owns data and can make it consistent on request.
 *
 * After `onFreeze` exactly one of `onThaw` and `onAbort` follows. `onAbort` is called again in one
 * case: another handler was still running when it was first called. It should do the work of
 * `onThaw` and of `onPostSnapshot`, and be harmless when there is nothing to undo.
 *
 * @example
 * ```ts
 * class Store extends Writer {
 *   onPrepareSnapshot() {}
 *   async onFreeze() { await store.pause() }
 *   onThaw() { store.resume() }
 *   onAbort() { store.resume() }
 * }
 * ```
 */
export abstract class Writer {
  readonly identity: Readonly<WriterIdentity>
  #subscription: { readonly connection: LocalConnection; readonly atHub: WriterSubscription } | undefined
  #subscribing = false
  #isLeaving = false
  readonly #sessionsMax: number
  /** The end of the last subscription. */
  #leaving: Promise<void> | undefined

  /** @throws VssError `E_INVALIDARG` naming the option that is not as it should be */
  constructor(options: WriterOptions) {
    this.identity = identityOf(options)
    this.#sessionsMax = sessionsMaxOf(options)
  }

  /**
   * Starts to receive events. If the signal fires before it is known that it has, it does not.
   *
   * @throws VssError `VSS_E_WRITER_ALREADY_SUBSCRIBED` on a second call.
   * @throws TypeError if a class written in JavaScript lacks one of the four abstract handlers.
   */
  async subscribe(hub: WriterHub, options?: SubscribeOptions): Promise<void> {
    for (const handler of ABSTRACT_HANDLERS) {
      if (typeof this[handler] !== 'function') {
        throw new TypeError(`writer '${this.identity.writerName}' must implement ${handler}`)
      }
    }
    if (this.#subscription !== undefined || this.#subscribing) {
      throw new VssError(
        'VSS_E_WRITER_ALREADY_SUBSCRIBED',
        `writer '${this.identity.writerName}' is subscribed`,
        {
          culprit: this.identity.writerName,
        },
      )
    }
    const mask = maskOf(options)
    await cancellable('subscribe', options, async (signal) => {
      this.#subscribing = true
      this.#isLeaving = false
      try {
        const connection = new LocalConnection(this, hub.clock, { mask, sessionsMax: this.#sessionsMax })
        const atHub = await hub.subscribeWriter(connection)
        if (signal?.aborted) {
          const closing = connection.close()
          await atHub.unsubscribe().finally(() => closing)
          throw signal.reason
        }
        this.#subscription = { connection, atHub }
      } finally {
        this.#subscribing = false
      }
    })
  }

  /**
   * Receives no further events; operations under way see a writer that does not respond. If the writer
   * is frozen it first gets its one closing call, and the set under way fails. Resolves after that call.
   * Idempotent.
   *
   * @throws VssError `VSS_E_BAD_STATE` inside a handler of this writer.
   */
  async unsubscribe(): Promise<void> {
    refuseInHandler('unsubscribe', this.identity.instanceId)
    const subscription = this.#subscription
    this.#subscription = undefined
    if (subscription !== undefined) {
      this.#isLeaving = true
      const closing = subscription.connection.close()
      this.#leaving = subscription.atHub.unsubscribe().finally(() => closing)
    }
    await this.#leaving
  }

  /**
   * Reserved by VSS.
   *
   * @throws VssError `E_NOTIMPL`, always.
   */
  installAlternateWriter(_writerId: Guid, _classId: Guid): never {
    throw new VssError('E_NOTIMPL', 'installAlternateWriter is reserved', {
      remedy: 'Describe a writer without a process of its own as an express writer.',
    })
  }

  /** The writer's own metadata, as a requester would get it now. Not from inside onIdentify. */
  async getIdentityInformation(): Promise<WriterMetadataDocument> {
    refuseInIdentify('getIdentityInformation', this.identity.instanceId)
    return identify(this)
  }

  /** Whether unsubscribe has been called: for handlers, above all onAbort, that run because of it. */
  isWriterShuttingDown(): boolean {
    return this.#isLeaving
  }

  // Handlers

  /**
   * Describes what the writer owns. May come at any time, also in the middle of a backup: it keeps no
   * state and always says the same.
   */
  onIdentify(_metadata: CreateWriterMetadata): HandlerResult {
    return true
  }

  /** As onIdentify, which it calls. Of the two one is overridden. */
  onIdentifyEx(metadata: CreateWriterMetadata): HandlerResult {
    return this.onIdentify(metadata)
  }

  /**
   * A backup is coming. `components` are those the requester included, or null if it does not back up
   * by component. Slow work may start here; it has to be done by onFreeze.
   */
  onPrepareBackup(_components: WriterComponents | null): HandlerResult {
    return true
  }

  /** Get into a state from which the freeze is quick: drain queues, flush, write what has to be written. */
  abstract onPrepareSnapshot(): HandlerResult

  /** Stop writing. The last chance to veto the shadow copy. */
  abstract onFreeze(): HandlerResult

  /** The shadow copy has its instant; go on. */
  abstract onThaw(): HandlerResult

  /** The shadow copy will not come about; go on, and undo what was prepared for it. */
  abstract onAbort(): HandlerResult

  /** The shadow copy can be read, and with auto-recovery be written: see {@link getSnapshotDeviceName}. */
  onPostSnapshot(_components: WriterComponents | null): HandlerResult {
    return true
  }

  /** The files have been copied. The place to truncate logs, if `getBackupSucceeded` says so. */
  onBackupComplete(_components: WriterComponents | null): HandlerResult {
    return true
  }

  /** The requester is gone, after a complete backup or without one. `setId` is null if there was no set. */
  onBackupShutdown(_setId: Guid | null): HandlerResult {
    return true
  }

  /**
   * A restore is coming: close files, stop services, say where the files are to go. `components` are those
   * the requester selected, or null if it does not restore by component.
   */
  onPreRestore(_components: WriterComponents | null): HandlerResult {
    return true
  }

  /**
   * The requester has put the files back; the components say which. The place to recover, unless more
   * restores follow. Also called for a writer that failed in onPreRestore, which may have something to undo.
   */
  onPostRestore(_components: WriterComponents | null): HandlerResult {
    return true
  }

  // Reserved by VSS, which documents their default and no event that would bring them; nothing calls them.

  onBackOffIOOnVolume(_volumeName: string, _snapshotId: Guid, _providerId: Guid): HandlerResult {
    return true
  }

  onContinueIOOnVolume(_volumeName: string, _snapshotId: Guid, _providerId: Guid): HandlerResult {
    return true
  }

  onVSSShutdown(): HandlerResult {
    return true
  }

  onVSSApplicationStartup(): HandlerResult {
    return true
  }

  // What a handler may ask. Each is legal in the handlers it names and VSS_E_BAD_STATE elsewhere.

  /**
   * Whether a path lies on a volume of the set. `%NAME%` and `${NAME}` are expanded.
   * From PrepareForBackup to PostSnapshot.
   */
  isPathAffected(path: string): boolean {
    const { set } = requireScope('isPathAffected', ['PrepareForBackup', ...SNAPSHOT_EVENTS])
    return set !== null && isPathOnVolumes(path, set)
  }

  /** The volumes of the set, as `\\?\Volume{GUID}\`. PrepareForSnapshot to PostSnapshot. */
  getCurrentVolumeArray(): string[] {
    return [...this.#set('getCurrentVolumeArray').volumeNames]
  }

  getCurrentVolumeCount(): number {
    return this.#set('getCurrentVolumeCount').volumeNames.length
  }

  /** PrepareForSnapshot to PostSnapshot. */
  getCurrentSnapshotSetId(): Guid {
    return this.#set('getCurrentSnapshotSetId').setId
  }

  /** The context of the set. PrepareForSnapshot to PostSnapshot. */
  getContext(): number {
    return this.#set('getContext').context
  }

  /** The level events are being sent for. PrepareForSnapshot to PostSnapshot. */
  getCurrentLevel(): VSS_APPLICATION_LEVEL {
    return requireScope('getCurrentLevel', SNAPSHOT_EVENTS).level
  }

  /**
   * The device object of the shadow copy of a volume. PostSnapshot only.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if the volume has no shadow copy on this host.
   */
  getSnapshotDeviceName(volumeName: string): string {
    const { devices } = requireScope('getSnapshotDeviceName', ['PostSnapshot'])
    const found = devices.find((device) => device.volumeName.toLowerCase() === volumeName.toLowerCase())
    if (found === undefined) {
      throw new VssError('VSS_E_OBJECT_NOT_FOUND', `volume '${volumeName}' has no shadow copy on this host`, {
        culprit: volumeName,
      })
    }
    return found.deviceObject
  }

  /** From PrepareForBackup to BackupComplete, and in restores, as are the three that follow. */
  getBackupType(): VSS_BACKUP_TYPE {
    return this.#state('getBackupType').backupType
  }

  areComponentsSelected(): boolean {
    return this.#state('areComponentsSelected').selectComponents
  }

  isBootableSystemStateBackedUp(): boolean {
    return this.#state('isBootableSystemStateBackedUp').backupBootableSystemState
  }

  isPartialFileSupportEnabled(): boolean {
    return this.#state('isPartialFileSupportEnabled').partialFileSupport
  }

  /** PreRestore and PostRestore. */
  getRestoreType(): VSS_RESTORE_TYPE {
    const { state } = requireScope('getRestoreType', RESTORE_EVENTS)
    return state !== null && 'restoreType' in state ? state.restoreType : VSS_RESTORE_TYPE.VSS_RTYPE_UNDEFINED
  }

  /**
   * Reports failure from inside a handler. With the handler returning true this is a veto the requester
   * may ignore; with false it ends the set, in onFreeze and onThaw. The last call counts.
   *
   * @throws VssError `E_INVALIDARG` for any but the five writer error codes, `VSS_E_BAD_STATE` outside a
   *   handler and in onIdentify.
   */
  setWriterFailure(code: WriterFailureCode, message?: string): void {
    if (!WRITER_FAILURE_CODES.includes(code)) {
      throw new VssError('E_INVALIDARG', `setWriterFailure does not take ${String(code)}`, {
        remedy: `Use one of ${WRITER_FAILURE_CODES.join(', ')}.`,
      })
    }
    const scope = requireScope('setWriterFailure', FAILABLE_EVENTS)
    scope.failure = { code, message, applicationHresult: undefined }
  }

  /**
   * As {@link setWriterFailure}, with a code of the application's own. `VSS_E_WRITERERROR_PARTIAL_FAILURE` goes
   * with the failures of single components (setFailure): the writer stays in the backup with the others.
   * `S_OK` takes back what this handler has said before.
   *
   * @param applicationHresult - 0 to 0xFFFFFFFF; requesters get it with the status
   * @throws VssError `E_INVALIDARG` for another code, `VSS_E_BAD_STATE` outside a handler and in onIdentify.
   */
  setWriterFailureEx(code: WriterFailureCodeEx | 'S_OK', applicationHresult: number, message?: string): void {
    if (code !== 'S_OK' && !WRITER_FAILURE_CODES_EX.includes(code)) {
      throw new VssError('E_INVALIDARG', `setWriterFailureEx does not take ${String(code)}`, {
        remedy: `Use S_OK or one of ${WRITER_FAILURE_CODES_EX.join(', ')}.`,
      })
    }
    checkedUnsigned(applicationHresult, 'applicationHresult')
    const scope = requireScope('setWriterFailureEx', FAILABLE_EVENTS)
    scope.failure = code === 'S_OK' ? undefined : { code, message, applicationHresult }
  }

  /** The session of the requester this handler runs for, in all handlers but onIdentify. */
  getSessionId(): Guid {
    return requireScope('getSessionId', FAILABLE_EVENTS).sessionId ?? GUID_NULL
  }

  #set(member: string): SnapshotSetInfo {
    const { set } = requireScope(member, SNAPSHOT_EVENTS)
    return set ?? { setId: GUID_NULL, context: 0, volumeNames: [], mountTable: [] }
  }

  #state(member: string): BackupState {
    const scope = requireScope(member, [...BACKUP_EVENTS, ...RESTORE_EVENTS])
    if (scope.state === null) {
      throw new VssError('VSS_E_BAD_STATE', `${member}: no backup state is known in ${scope.eventType}`)
    }
    return scope.state
  }
}
