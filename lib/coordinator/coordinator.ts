/**
 * Coordinator: the VSS service. It knows the writers, the providers and the finished shadow copies,
 * and sees to it that one set at a time is being made.
 *
 * It is pure: no file, no LUN, no binding. Everything it does to the world goes through the host, the
 * kernel support, providers and writers it was given.
 */
import { type AsyncOptions, cancellable } from '../cancellation.ts'
import { type Clock, systemClock } from '../clock.ts'
import { asVssError, describeValue, VssError } from '../errors.ts'
import { bracedGuid, type Guid } from '../ids.ts'
import {
  DEFAULT_PROVIDER_LIMITS,
  type ProviderLimits,
  type ProviderRegistration,
} from '../provider/provider-host.ts'
import type { WriterConnection, WriterHub, WriterSubscription } from '../writer/events.ts'
import { BackupSession } from './backup-session.ts'
import { SnapshotCatalogue } from './catalogue.ts'
import type { VolumeHost } from './host.ts'
import type { KernelSupport } from './kernel-support.ts'
import { type CoordinatorLimits, DEFAULT_LIMITS, withDefaults } from './limits.ts'
import { LunRestores } from './lun-restores.ts'
import { type ProviderProperties, ProviderRegistry } from './provider-registry.ts'

/** Where registered metadata of express writers are found (reference 3.17). */
export interface ExpressWriterSource {
  /** One connection for each writer registered at this moment. It never rejects for one that cannot be read. */
  connections(): Promise<readonly WriterConnection[]>
}

export interface CoordinatorOptions {
  kernelSupport: KernelSupport
  host: VolumeHost
  /** @defaultValue the system's clock */
  clock?: Clock
  /** Writers that are registered and do not run. @defaultValue none */
  expressWriters?: ExpressWriterSource
  /** For tests and unusual installations; each has its documented default. */
  limits?: Partial<CoordinatorLimits>
  providerLimits?: Partial<ProviderLimits>
}

export class Coordinator implements WriterHub {
  readonly clock: Clock
  readonly host: VolumeHost
  readonly kernelSupport: KernelSupport
  readonly limits: Readonly<CoordinatorLimits>
  readonly providers: ProviderRegistry
  readonly catalogue: SnapshotCatalogue
  readonly lunRestores: LunRestores
  readonly #writers: Map<Guid, WriterConnection> = new Map()
  readonly #expressWriters: ExpressWriterSource | undefined
  readonly #sessions: Set<BackupSession> = new Set()
  /** The session that has started a set and not ended it. */
  #reservation: { session: BackupSession; setId: Guid } | undefined
  #closing: Promise<void> | undefined

  /** @throws VssError `E_INVALIDARG` naming the option that is missing or not as it should be */
  constructor(options: CoordinatorOptions) {
    requireParts(options)
    this.clock = options.clock ?? systemClock
    this.host = options.host
    this.kernelSupport = options.kernelSupport
    this.#expressWriters = options.expressWriters
    this.limits = withDefaults(DEFAULT_LIMITS, options.limits ?? {})
    if (this.limits.holdMillis <= 0 || this.limits.holdMillis > DEFAULT_LIMITS.holdMillis) {
      throw new VssError(
        'E_INVALIDARG',
        `holdMillis ${this.limits.holdMillis} is not above 0 and at most ${DEFAULT_LIMITS.holdMillis}`,
      )
    }
    const providerLimits = withDefaults(DEFAULT_PROVIDER_LIMITS, options.providerLimits ?? {})
    this.providers = new ProviderRegistry(this.clock, providerLimits, this.limits.unloadMillis)
    this.catalogue = new SnapshotCatalogue({
      clock: this.clock,
      host: this.host,
      providers: this.providers,
      hostCallMillis: this.limits.hostCallMillis,
    })
    this.lunRestores = new LunRestores(this)
  }

  /**
   * A provider whose registration is cancelled half-way is let go again.
   *
   * @throws VssError `VSS_E_PROVIDER_ALREADY_REGISTERED`, or what the provider's onLoad failed with.
   */
  async registerProvider(registration: ProviderRegistration, options?: AsyncOptions): Promise<void> {
    this.#requireOpen('registerProvider')
    await cancellable('registerProvider', options, async (signal) => {
      const provider = await this.providers.register(registration, signal)
      try {
        await this.catalogue.load(provider, signal)
      } catch (thrown) {
        await this.providers.unregister(provider.providerId)
        throw thrown
      }
    })
  }

  /** @throws VssError `VSS_E_PROVIDER_NOT_REGISTERED`, `VSS_E_PROVIDER_IN_USE` while a set uses it. */
  async unregisterProvider(providerId: Guid): Promise<void> {
    const provider = this.providers.get(providerId)
    if (this.#reservation?.session.usesProvider(provider)) {
      throw new VssError(
        'VSS_E_PROVIDER_IN_USE',
        `provider '${provider.providerName}' is part of a set under way`,
        {
          culprit: provider.providerName,
        },
      )
    }
    try {
      await this.providers.unregister(providerId)
    } finally {
      this.catalogue.forgetProvider(providerId)
    }
  }

  queryProviders(): ProviderProperties[] {
    return this.providers.properties()
  }

  async subscribeWriter(connection: WriterConnection): Promise<WriterSubscription> {
    this.#requireOpen('subscribeWriter')
    const { instanceId, writerName } = connection.identity
    if (this.#writers.has(instanceId)) {
      throw new VssError(
        'VSS_E_WRITER_ALREADY_SUBSCRIBED',
        `writer '${writerName}' is subscribed as instance ${bracedGuid(instanceId)}`,
        { culprit: writerName },
      )
    }
    this.#writers.set(instanceId, connection)
    return {
      unsubscribe: async (): Promise<void> => {
        this.#writers.delete(instanceId)
      },
    }
  }

  /** The writers subscribed at this moment. */
  get writers(): readonly WriterConnection[] {
    return [...this.#writers.values()]
  }

  /** Everybody who answers Identify: the writers subscribed at this moment, and those that are registered only. */
  async identifiableWriters(): Promise<readonly WriterConnection[]> {
    return [...this.writers, ...((await this.#expressWriters?.connections()) ?? [])]
  }

  writer(instanceId: Guid): WriterConnection | undefined {
    return this.#writers.get(instanceId)
  }

  /** The coordinator's side of one requester object. */
  openSession(): BackupSession {
    this.#requireOpen('openSession')
    const session = new BackupSession(this)
    this.#sessions.add(session)
    return session
  }

  /** @internal By the session, when its requester is gone. */
  sessionClosed(session: BackupSession): void {
    this.#sessions.delete(session)
  }

  /**
   * @internal One set at a time in the whole system, from StartSnapshotSet to the end of DoSnapshotSet.
   * @throws VssError `VSS_E_SNAPSHOT_SET_IN_PROGRESS`
   */
  reserve(session: BackupSession, setId: Guid): void {
    if (this.#reservation !== undefined) {
      const other = bracedGuid(this.#reservation.setId)
      throw new VssError(
        'VSS_E_SNAPSHOT_SET_IN_PROGRESS',
        `snapshot set ${other} has been started and is not finished`,
        { culprit: other },
      )
    }
    this.#reservation = { session, setId }
  }

  /** @internal Idempotent; only the owner's call has an effect. */
  endReservation(session: BackupSession): void {
    if (this.#reservation?.session === session) this.#reservation = undefined
  }

  get isSetInProgress(): boolean {
    return this.#reservation !== undefined
  }

  /**
   * Closes what requesters left open, then lets the providers go. Persistent copies stay. Whoever calls
   * again waits for the same end.
   *
   * @throws VssError with the code of the first that could not be closed, which is its cause; the others
   *   have been closed all the same.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const sessions = await Promise.allSettled([...this.#sessions].map((session) => session.close()))
    await this.lunRestores.idle()
    const providers = await Promise.allSettled(
      this.queryProviders().map(({ providerId }) => this.providers.unregister(providerId)),
    )
    const outcomes = [...sessions, ...providers]
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected')
    if (failures[0] === undefined) return
    const cause = asVssError(failures[0].reason)
    throw new VssError(
      cause.code,
      `${failures.length} of ${outcomes.length} requesters and providers could not be closed; first: ${cause.text}`,
      { cause, remedy: cause.remedy, ...(cause.culprit === undefined ? {} : { culprit: cause.culprit }) },
    )
  }

  #requireOpen(member: string): void {
    if (this.#closing === undefined) return
    throw new VssError('VSS_E_BAD_STATE', `${member} was called on a coordinator that is closed`, {
      remedy: 'Make a new one.',
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** The parts without which there is no coordinator; what else an object may lack shows when it is called. */
function requireParts(options: unknown): void {
  const refuse = (name: string, value: unknown, expected: string): VssError =>
    new VssError('E_INVALIDARG', `${name} of a coordinator is ${describeValue(value)}, not ${expected}`, {
      culprit: name,
    })
  if (typeof options !== 'object' || options === null) throw refuse('options', options, 'an object')
  const { host, kernelSupport } = options as Record<string, unknown>
  if (typeof host !== 'object' || host === null) throw refuse('host', host, 'a VolumeHost')
  if (typeof kernelSupport !== 'object' || kernelSupport === null) {
    throw refuse('kernelSupport', kernelSupport, 'a KernelSupport')
  }
}
