/**
 * How calls reach a provider. A connection carries plain data both ways and nothing else: the same
 * provider works in this process and in one of its own.
 */
import { describeThrown, VssError } from '../errors.ts'
import type { Provider, ProviderCalls, ProviderMethod } from './interfaces.ts'

export interface ProviderConnection {
  /** The calls this provider offers; the optional ones may be missing. */
  readonly methods: ReadonlySet<ProviderMethod>
  /** Makes one call. Calls may overlap (abortSnapshots during another). Rejects with what the provider threw. */
  call(method: ProviderMethod, args: readonly unknown[]): Promise<unknown>
  /** Ends the connection. Calls under way may reject. */
  close(): Promise<void>
}

const REQUIRED_METHODS = [
  'areLunsSupported',
  'fillInLunInfo',
  'beginPrepareSnapshot',
  'getTargetLuns',
  'locateLuns',
  'onLunEmpty',
  'endPrepareSnapshots',
  'preCommitSnapshots',
  'commitSnapshots',
  'postCommitSnapshots',
  'preFinalCommitSnapshots',
  'postFinalCommitSnapshots',
  'abortSnapshots',
] as const satisfies readonly ProviderMethod[]

const OPTIONAL_METHODS = [
  'onLoad',
  'onUnload',
  'storeSnapshotSet',
  'listSnapshotSets',
  'resyncLuns',
  'onLunStateChange',
  'releaseLuns',
] as const satisfies readonly ProviderMethod[]

/**
 * A provider in the coordinator's own process, for tests and the embedded demo. Arguments, results
 * and errors go through a structured clone each way, so that nobody comes to depend on shared memory.
 */
export class InProcessConnection implements ProviderConnection {
  readonly methods: ReadonlySet<ProviderMethod>
  readonly #provider: Partial<ProviderCalls>

  constructor(provider: Provider) {
    this.#provider = provider
    for (const method of REQUIRED_METHODS) {
      if (typeof provider[method] !== 'function') {
        throw new VssError('E_INVALIDARG', `a provider must implement ${method}`, { culprit: method })
      }
    }
    this.methods = new Set<ProviderMethod>([
      ...REQUIRED_METHODS,
      ...OPTIONAL_METHODS.filter((method) => typeof provider[method] === 'function'),
    ])
  }

  async call(method: ProviderMethod, args: readonly unknown[]): Promise<unknown> {
    const target = this.#provider[method] as ((...args: unknown[]) => unknown) | undefined
    if (target === undefined) throw new VssError('E_NOTIMPL', `the provider does not offer ${method}`)
    try {
      return structuredClone(await target.apply(this.#provider, structuredClone([...args])))
    } catch (thrown) {
      if (thrown instanceof VssError) throw VssError.fromRecord(structuredClone(thrown.toJSON()))
      throw new Error(describeThrown(thrown))
    }
  }

  async close(): Promise<void> {}
}
