/**
 * ProviderHost: one registered provider as the coordinator sees it.
 *
 * Every call goes through here, where it gets a deadline, is measured, and has its failure turned
 * into what VSS promises a requester (reference 2.8). A call that overran its deadline is answered
 * with an error at once; the provider may still be at work, and its late answer changes nothing.
 */
import { type Clock, withLimit } from '../clock.ts'
import type { VSS_PROVIDER_TYPE } from '../enums.ts'
import { describeThrown, type VssCode, VssError } from '../errors.ts'
import { type Guid, parseGuid } from '../ids.ts'
import { checkAnswer } from './answers.ts'
import { InProcessConnection, type ProviderConnection } from './connection.ts'
import { PROVIDER_CODES, type ProviderCalls, type ProviderMethod } from './interfaces.ts'
import { checkRegistration, type ProviderRegistration } from './registration.ts'

export type { ConnectedProvider, InProcessProvider, ProviderRegistration } from './registration.ts'

/** Upper limits of a provider's calls. Commit has none of its own: the hold's limit is stricter. */
export interface ProviderLimits {
  /** endPrepareSnapshots, which may wait for a whole plex. */
  endPrepareMillis: number
  /** resyncLuns, which may copy whole LUNs. */
  resyncMillis: number
  /** preCommitSnapshots and postCommitSnapshots: writers are frozen meanwhile. */
  frozenCallMillis: number
  abortMillis: number
  /** Every other call. */
  callMillis: number
}

export const DEFAULT_PROVIDER_LIMITS: Readonly<ProviderLimits> = {
  endPrepareMillis: 1_800_000,
  resyncMillis: 86_400_000,
  frozenCallMillis: 60_000,
  abortMillis: 60_000,
  callMillis: 600_000,
}

/** One finished call. */
export interface ProviderCallRecord {
  providerName: string
  method: ProviderMethod
  startMillis: number
  durationMillis: number
  /** Absent if the call succeeded. */
  code?: VssCode
}

/** One call that has not been answered yet. */
export interface ProviderCallInFlight {
  method: ProviderMethod
  startMillis: number
}

type Arguments<M extends ProviderMethod> = Parameters<ProviderCalls[M]>
type Outcome<M extends ProviderMethod> = Awaited<ReturnType<ProviderCalls[M]>>

export class ProviderHost {
  readonly providerId: Guid
  readonly providerName: string
  readonly providerType: VSS_PROVIDER_TYPE
  readonly providerVersion: string
  readonly providerVersionId: Guid
  readonly classId: Guid
  readonly needsQuiescedWrites: boolean
  readonly #connection: ProviderConnection
  readonly #clock: Clock
  readonly #limits: Readonly<ProviderLimits>
  readonly #inFlight: Set<ProviderCallInFlight> = new Set()
  readonly #listeners: Set<(record: ProviderCallRecord) => void> = new Set()

  constructor(registration: ProviderRegistration, clock: Clock, limits: Partial<ProviderLimits> = {}) {
    checkRegistration(registration)
    this.providerId = parseGuid(registration.providerId, 'providerId')
    this.providerName = registration.providerName
    this.providerType = registration.providerType
    this.providerVersion = registration.providerVersion
    this.providerVersionId = parseGuid(registration.providerVersionId ?? this.providerId, 'providerVersionId')
    this.classId = parseGuid(registration.classId ?? this.providerId, 'classId')
    this.needsQuiescedWrites = registration.needsQuiescedWrites ?? true
    this.#connection =
      registration.host.kind === 'inProcess'
        ? new InProcessConnection(registration.host.provider)
        : registration.host.connection
    this.#clock = clock
    this.#limits = { ...DEFAULT_PROVIDER_LIMITS, ...limits }
  }

  /** Whether the provider has this optional part. */
  offers(method: ProviderMethod): boolean {
    return this.#connection.methods.has(method)
  }

  /** Calls that have not been answered, the oldest first. */
  get inFlight(): readonly ProviderCallInFlight[] {
    return [...this.#inFlight]
  }

  /** Is told of every call when it ends. Gives a function that takes the listener away. */
  onCall(listener: (record: ProviderCallRecord) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Makes one call and looks at the answer. Its limit is the method's own; with a signal it also ends, rejecting
   * with the signal's reason, when that fires.
   *
   * @throws VssError with one of the codes a provider may use, or `VSS_E_UNEXPECTED_PROVIDER_ERROR`.
   */
  async call<M extends ProviderMethod>(
    method: M,
    args: Arguments<M>,
    signal?: AbortSignal,
  ): Promise<Outcome<M>> {
    const inFlight: ProviderCallInFlight = { method, startMillis: this.#clock.nowMillis() }
    this.#inFlight.add(inFlight)
    const work = this.#answerOf(method, args).finally(() => this.#inFlight.delete(inFlight))
    const limitMillis = this.#limitOf(method)
    let code: VssCode | undefined
    try {
      const outcome = await withLimit(this.#clock, work, {
        limitMillis,
        signal,
        onLimit: () => new Error(`no answer within ${limitMillis} ms`),
      })
      checkAnswer(method, outcome, args)
      return outcome as Outcome<M>
    } catch (thrown) {
      const error = signal?.aborted && thrown === signal.reason ? thrown : this.#translate(method, thrown)
      code = error instanceof VssError ? error.code : 'E_ABORT'
      throw error
    } finally {
      this.#report(inFlight, code)
    }
  }

  /**
   * abortSnapshots, whose failure is not anybody's: it is recorded and given back, never thrown.
   */
  async abort(setId: Guid): Promise<VssError | undefined> {
    try {
      await this.call('abortSnapshots', [setId])
      return undefined
    } catch (thrown) {
      return thrown as VssError
    }
  }

  async load(signal?: AbortSignal): Promise<void> {
    if (this.offers('onLoad')) await this.call('onLoad', [], signal)
  }

  /** Lets the provider go. Gives false, and keeps it, if it asked to stay and `force` is not set. */
  async unload(force: boolean): Promise<boolean> {
    if (this.offers('onUnload')) {
      try {
        const mayGo = await this.call('onUnload', [force])
        if (!mayGo && !force) return false
      } catch {
        // Recorded by call(); a provider that fails to say goodbye goes all the same.
      }
    }
    await this.#connection.close()
    return true
  }

  /** A connection that throws at once, or gives no promise, fails like one that rejects. */
  async #answerOf(method: ProviderMethod, args: readonly unknown[]): Promise<unknown> {
    return this.#connection.call(method, args)
  }

  #limitOf(method: ProviderMethod): number | undefined {
    switch (method) {
      case 'endPrepareSnapshots':
        return this.#limits.endPrepareMillis
      case 'resyncLuns':
        return this.#limits.resyncMillis
      case 'preCommitSnapshots':
      case 'postCommitSnapshots':
        return this.#limits.frozenCallMillis
      case 'commitSnapshots':
        return undefined
      case 'abortSnapshots':
        return this.#limits.abortMillis
      default:
        return this.#limits.callMillis
    }
  }

  #translate(method: ProviderMethod, thrown: unknown): VssError {
    const allowed = thrown instanceof VssError && PROVIDER_CODES.has(thrown.code)
    const text = thrown instanceof VssError ? thrown.text : describeThrown(thrown)
    return new VssError(
      allowed ? thrown.code : 'VSS_E_UNEXPECTED_PROVIDER_ERROR',
      `provider '${this.providerName}' failed in ${method}: ${text}`,
      { cause: thrown, culprit: this.providerName },
    )
  }

  #report(call: ProviderCallInFlight, code: VssCode | undefined): void {
    const record: ProviderCallRecord = {
      providerName: this.providerName,
      method: call.method,
      startMillis: call.startMillis,
      durationMillis: this.#clock.nowMillis() - call.startMillis,
    }
    if (code !== undefined) record.code = code
    for (const listener of this.#listeners) listener(record)
  }
}
