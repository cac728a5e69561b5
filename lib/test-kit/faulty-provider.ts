/**
 * A provider that is slow, lies or crashes, around one that does not: to try coordinators, and the deadline of
 * the hold, on.
 */
import { type Clock, systemClock } from '../clock.ts'
import type { VdsLunInformation } from '../document/lun-information.ts'
import { type VssCode, VssError } from '../errors.ts'
import type { Provider, ProviderMethod } from '../provider/interfaces.ts'
import { linger, type Order, Orders } from './misbehaviour.ts'

export type ProviderMisbehaviour =
  | { kind: 'delay'; delayMillis: number }
  | { kind: 'hang' }
  /** Fails with a code; one that providers may not use is for the coordinator to translate. */
  | { kind: 'fail'; code: VssCode }
  /** Does nothing, and answers as if it had; see LIES. */
  | { kind: 'lie' }
  /** This call and every later one fail, as if the process were gone. */
  | { kind: 'crash' }

export interface FaultyProviderOptions {
  orders?: readonly Order<ProviderMethod, ProviderMisbehaviour>[]
  /** For delays. @defaultValue the system's clock */
  clock?: Clock
  /** Runs at a crash: a provider in a process of its own may really end it. */
  onCrash?: () => void
}

/** A provider made by {@link makeFaultyProvider}. */
export interface FaultyProvider {
  /** To be registered. It offers what the provider inside offers. */
  readonly provider: Provider
  /** May be added to at any time. */
  readonly orders: Orders<ProviderMethod, ProviderMisbehaviour>
  /** Names of the calls that came, in their order. */
  readonly calls: readonly ProviderMethod[]
  readonly isCrashed: boolean
}

/** What a lie answers. Where nothing stands the call has no result, and a lie gives none. */
const LIES: Partial<Record<ProviderMethod, (args: readonly unknown[]) => unknown>> = {
  areLunsSupported: ([, , luns]) => ({ isSupported: true, luns }),
  fillInLunInfo: ([, lun]) => ({ isSupported: false, lun }),
  beginPrepareSnapshot: ([, , , , luns]) => ({ luns }),
  // Presents the originals as their own copies.
  getTargetLuns: ([, luns]) => structuredClone(luns as VdsLunInformation[]),
  onUnload: () => true,
  listSnapshotSets: () => [],
}

const METHODS: readonly ProviderMethod[] = [
  'areLunsSupported',
  'fillInLunInfo',
  'beginPrepareSnapshot',
  'getTargetLuns',
  'locateLuns',
  'onLunEmpty',
  'resyncLuns',
  'endPrepareSnapshots',
  'preCommitSnapshots',
  'commitSnapshots',
  'postCommitSnapshots',
  'preFinalCommitSnapshots',
  'postFinalCommitSnapshots',
  'abortSnapshots',
  'onLoad',
  'onUnload',
  'storeSnapshotSet',
  'listSnapshotSets',
]

/**
 * @example
 * ```ts
 * const faulty = makeFaultyProvider(new ArrayProvider({ arrays, masking }), {
 *   orders: [{ point: 'commitSnapshots', misbehaviour: { kind: 'delay', delayMillis: 11_000 }, times: 1 }],
 * })
 * await coordinator.registerProvider({ …, host: { kind: 'inProcess', provider: faulty.provider } })
 * ```
 */
export function makeFaultyProvider(inner: Provider, options: FaultyProviderOptions = {}): FaultyProvider {
  const { clock = systemClock, onCrash = () => undefined } = options
  const orders = new Orders<ProviderMethod, ProviderMisbehaviour>(options.orders)
  const calls: ProviderMethod[] = []
  let isCrashed = false
  const run = async (
    method: ProviderMethod,
    args: readonly unknown[],
    work: () => unknown,
  ): Promise<unknown> => {
    calls.push(method)
    const misbehaviour = isCrashed ? undefined : orders.take(method)
    if (misbehaviour?.kind === 'crash') {
      isCrashed = true
      onCrash()
    }
    if (isCrashed) throw new Error('the provider has crashed')
    if (misbehaviour === undefined) return work()
    if (misbehaviour.kind === 'fail') throw new VssError(misbehaviour.code, `${method} failed as ordered`)
    if (misbehaviour.kind === 'lie') return LIES[method]?.(args)
    await linger(misbehaviour, clock)
    return work()
  }
  const own = inner as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>
  const wrapped: Record<string, unknown> = {}
  for (const method of METHODS) {
    if (typeof own[method] !== 'function') continue
    wrapped[method] = (...args: unknown[]): Promise<unknown> =>
      run(method, args, () => own[method]?.apply(inner, args))
  }
  return {
    provider: wrapped as unknown as Provider,
    orders,
    calls,
    get isCrashed(): boolean {
      return isCrashed
    },
  }
}
