/**
 * Coordinator: the VSS service. It knows the writers, the providers and the finished shadow copies,
 * and sees to it that one set at a time is being made.
 *
 * It is pure: no file, no LUN, no binding. Everything it does to the world goes through the host, the
 * kernel support, providers and writers it was given.
 */
import { type Clock, systemClock } from '../clock.ts'
import { VssError } from '../errors.ts'
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
import { type ProviderProperties, ProviderRegistry } from './provider-registry.ts'

export interface CoordinatorOptions {
  kernelSupport: KernelSupport
  host: VolumeHost
  /** @defaultValue the system's clock */
  clock?: Clock
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
  readonly #writers: Map<Guid, WriterConnection> = new Map()
  readonly #sessions: Set<BackupSession> = new Set()
  /** The session that has started a set and not ended it. */
  #reservedBy: BackupSession | undefined

  constructor(options: CoordinatorOptions) {
    this.clock = options.clock ?? systemClock
    this.host = options.host
    this.kernelSupport = options.kernelSupport
    this.limits = withDefaults(DEFAULT_LIMITS, options.limits ?? {})
    if (this.limits.holdMillis <= 0 || this.limits.holdMillis > DEFAULT_LIMITS.holdMillis) {
      throw new VssError(
        'E_INVALIDARG',
        `holdMillis ${this.limits.holdMillis} is not above 0 and at most ${DEFAULT_LIMITS.holdMillis}`,
      )
    }
    const providerLimits = withDefaults(DEFAULT_PROVIDER_LIMITS, options.providerLimits ?? {})
    this.providers = new ProviderRegistry(this.clock, providerLimits)
    this.catalogue = new SnapshotCatalogue({
      clock: this.clock,
      host: this.host,
      providers: this.providers,
      hostCallMillis: this.limits.hostCallMillis,
    })
  }

  /**
   * @throws VssError `VSS_E_PROVIDER_ALREADY_REGISTERED`, or what the provider's onLoad failed with.
   */
  async registerProvider(registration: ProviderRegistration): Promise<void> {
    const provider = await this.providers.register(registration)
    try {
      await this.catalogue.load(provider)
    } catch (thrown) {
      await this.providers.unregister(provider.providerId)
      throw thrown
    }
  }

  /** @throws VssError `VSS_E_PROVIDER_NOT_REGISTERED`, `VSS_E_PROVIDER_IN_USE` while a set uses it. */
  async unregisterProvider(providerId: Guid): Promise<void> {
    const provider = this.providers.get(providerId)
    if (this.#reservedBy?.usesProvider(provider)) {
      throw new VssError(
        'VSS_E_PROVIDER_IN_USE',
        `provider '${provider.providerName}' is part of a set under way`,
        {
          culprit: provider.providerName,
        },
      )
    }
    await this.providers.unregister(providerId)
    this.catalogue.forgetProvider(providerId)
  }

  queryProviders(): ProviderProperties[] {
    return this.providers.properties()
  }

  async subscribeWriter(connection: WriterConnection): Promise<WriterSubscription> {
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

  writer(instanceId: Guid): WriterConnection | undefined {
    return this.#writers.get(instanceId)
  }

  /** The coordinator's side of one requester object. */
  openSession(): BackupSession {
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
  reserve(session: BackupSession): void {
    if (this.#reservedBy !== undefined) {
      throw new VssError('VSS_E_SNAPSHOT_SET_IN_PROGRESS', 'another snapshot set is being made')
    }
    this.#reservedBy = session
  }

  /** @internal Idempotent; only the owner's call has an effect. */
  endReservation(session: BackupSession): void {
    if (this.#reservedBy === session) this.#reservedBy = undefined
  }

  get isSetInProgress(): boolean {
    return this.#reservedBy !== undefined
  }

  /** Closes what requesters left open, then lets the providers go. Persistent copies stay. */
  async close(): Promise<void> {
    for (const session of [...this.#sessions]) await session.close()
    for (const { providerId } of this.queryProviders()) await this.providers.unregister(providerId)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
