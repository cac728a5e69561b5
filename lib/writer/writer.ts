/**
 * Writer: the class an application extends to take part in shadow copies (CVssWriter).
 *
 * The four handlers around the instant are abstract, because no default can be right for them; the
 * others have the documented defaults. A handler may be synchronous or return a promise.
 */
import { type AsyncOptions, cancellable } from '../cancellation.ts'
import type { CreateWriterMetadata } from '../document/create-writer-metadata.ts'
import {
  VSS_APPLICATION_LEVEL,
  type VSS_BACKUP_TYPE,
  VSS_RESTORE_TYPE,
  VSS_SOURCE_TYPE,
  VSS_USAGE_TYPE,
} from '../enums.ts'
import { describeValue, VssError } from '../errors.ts'
import { GUID_NULL, type Guid, newGuid, parseGuid } from '../ids.ts'
import {
  type BackupState,
  type SnapshotSetInfo,
  WRITER_FAILURE_CODES,
  type WriterEventType,
  type WriterFailureCode,
  type WriterHub,
  type WriterIdentity,
  type WriterSubscription,
} from './events.ts'
import { type HandlerScope, refuseInHandler, requireScope } from './handler-scope.ts'
import { LocalConnection } from './local-connection.ts'
import { isPathOnVolumes } from './paths.ts'
import type { WriterComponents } from './writer-components.ts'

/**
 * What a handler answers. `true`, or no value at all, is success; `false` is failure. So a handler
 * without a return statement succeeds, and one that throws fails. Any other value is a mistake and
 * counts as failure.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing is typed void
export type HandlerResult = boolean | void | Promise<boolean | void>

export interface WriterOptions {
  /** The class id: chosen once by the developer, the same on every machine. */
  writerId: Guid
  /** Not localised. */
  writerName: string
  usageType: VSS_USAGE_TYPE
  sourceType: VSS_SOURCE_TYPE
  /**
   * Front-end writers are frozen first, then back-end, then system writers.
   *
   * @defaultValue `VSS_APP_FRONT_END`
   */
  applicationLevel?: VSS_APPLICATION_LEVEL
  /**
   * The window from Freeze to Thaw. When it runs out the writer is released with onAbort, whatever
   * the coordinator does, and the set fails.
   *
   * @defaultValue `60_000`
   */
  freezeTimeoutMillis?: number
  /** Needed where several instances of the class run on one machine. @defaultValue empty */
  instanceName?: string
}

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
  /** The end of the last subscription. */
  #leaving: Promise<void> | undefined

  /** @throws VssError `E_INVALIDARG` naming the option that is not as it should be */
  constructor(options: WriterOptions) {
    if (typeof options !== 'object' || options === null) {
      throw new VssError(
        'E_INVALIDARG',
        `the options of a writer are ${describeValue(options)}, not an object`,
      )
    }
    const freezeTimeoutMillis = options.freezeTimeoutMillis ?? 60_000
    if (!Number.isFinite(freezeTimeoutMillis) || freezeTimeoutMillis <= 0) {
      throw new VssError(
        'E_INVALIDARG',
        `freezeTimeoutMillis ${describeValue(freezeTimeoutMillis)} is not a positive number`,
      )
    }
    if (typeof options.writerName !== 'string' || options.writerName === '') {
      throw new VssError('E_INVALIDARG', 'writerName must be a text that is not empty')
    }
    this.identity = {
      writerId: parseGuid(options.writerId, 'writerId'),
      instanceId: newGuid(),
      writerName: options.writerName,
      instanceName: options.instanceName ?? '',
      usageType: oneOf(VSS_USAGE_TYPE, options.usageType, 'usageType'),
      sourceType: oneOf(VSS_SOURCE_TYPE, options.sourceType, 'sourceType'),
      applicationLevel: oneOf(
        VSS_APPLICATION_LEVEL,
        options.applicationLevel ?? VSS_APPLICATION_LEVEL.VSS_APP_FRONT_END,
        'applicationLevel',
      ),
      freezeTimeoutMillis,
    }
  }

  /**
   * Starts to receive events. If the signal fires before it is known that it has, it does not.
   *
   * @throws VssError `VSS_E_WRITER_ALREADY_SUBSCRIBED` on a second call.
   * @throws TypeError if a class written in JavaScript lacks one of the four abstract handlers.
   */
  async subscribe(hub: WriterHub, options?: AsyncOptions): Promise<void> {
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
    await cancellable('subscribe', options, async (signal) => {
      this.#subscribing = true
      try {
        const connection = new LocalConnection(this, hub.clock)
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
      const closing = subscription.connection.close()
      this.#leaving = subscription.atHub.unsubscribe().finally(() => closing)
    }
    await this.#leaving
  }

  // Handlers

  /**
   * Describes what the writer owns. May come at any time, also in the middle of a backup: it keeps no
   * state and always says the same.
   */
  onIdentify(_metadata: CreateWriterMetadata): HandlerResult {
    return true
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
    requireScope('setWriterFailure', FAILABLE_EVENTS).failure = { code, message }
  }

  #set(member: string): SnapshotSetInfo {
    const { set } = requireScope(member, SNAPSHOT_EVENTS)
    return set ?? { setId: GUID_NULL, context: 0, volumeNames: [], mountTable: [] }
  }

  #state(member: string): BackupState {
    const scope: HandlerScope = requireScope(member, [...BACKUP_EVENTS, ...RESTORE_EVENTS])
    if (scope.state === null) {
      throw new VssError('VSS_E_BAD_STATE', `${member}: no backup state is known in ${scope.eventType}`)
    }
    return scope.state
  }
}

function oneOf<T>(values: Readonly<Record<string, T>>, value: T, name: string): T {
  if (Object.values(values).includes(value)) return value
  throw new VssError('E_INVALIDARG', `${name} ${describeValue(value)} is none of the documented values`, {
    culprit: name,
  })
}
