/**
 * Flush, hold, commit, release: the middle of a set, limited to 10 s as a whole.
 *
 * Whatever happens here, the release comes first and everything else after it. The lease may have
 * ended without us (its limit is kept by the I/O thread, not by this event loop), so a set goes on
 * only if the verdict says that the hold lasted from the instant to the release.
 */
import { type Clock, withLimit } from '../clock.ts'
import { type HoldMessage, holdChannel } from '../diagnostics.ts'
import { asVssError, describeThrown, type VssCode, VssError } from '../errors.ts'
import type { ProviderHost } from '../provider/provider-host.ts'
import type { HoldLease, HoldVerdict, KernelSupport } from './kernel-support.ts'
import type { CoordinatorLimits } from './limits.ts'
import type { SnapshotSet } from './snapshot-set.ts'
import type { Timeline } from './timeline.ts'

/** For the answer of kernel support to reach us after it has decided. */
const ANSWER_GRACE_MILLIS = 1_000

/** The lease ends the hold, not this timer: it waits a little longer, so that the verdict names the deadline. */
const DEADLINE_GRACE_MILLIS = 100

/** What kernel support may report as it is. */
const HOLD_CODES: readonly VssCode[] = [
  'VSS_E_FLUSH_WRITES_TIMEOUT',
  'VSS_E_HOLD_WRITES_TIMEOUT',
  'VSS_E_SNAPSHOT_SET_IN_PROGRESS',
  'VSS_E_OBJECT_NOT_FOUND',
  'VSS_E_INSUFFICIENT_STORAGE',
  'VSS_E_MAXIMUM_NUMBER_OF_SNAPSHOTS_REACHED',
]

interface HoldParties {
  clock: Clock
  kernelSupport: KernelSupport
  limits: Readonly<CoordinatorLimits>
  timeline: Timeline
  signal: AbortSignal
}

/** Holds, commits every provider, releases. Rejects with the error the set fails with; writes flow then. */
export async function commitUnderHold(set: SnapshotSet, parties: HoldParties): Promise<HoldVerdict> {
  const { clock, limits, timeline } = parties
  const message: HoldMessage = {
    setId: set.setId,
    volumeNames: set.volumeNames,
    limitMillis: limits.holdMillis,
  }
  return holdChannel.tracePromise(async () => {
    const startMillis = clock.nowMillis()
    const lease = await takeHold(set, parties)
    const commits = new CommitCalls(set, clock)
    let failure: VssError | undefined
    try {
      const leftMillis = limits.holdMillis - (clock.nowMillis() - startMillis)
      await commits.run(timeline, leftMillis + DEADLINE_GRACE_MILLIS, limits.holdMillis, parties.signal)
    } catch (thrown) {
      failure = asVssError(thrown)
    }
    const verdict = await release(lease, parties)
    timeline.hold = verdict
    message.holdMicros = verdict.holdMicros
    message.heldAtMicros = verdict.heldAtMicros
    message.releasedAtMicros = verdict.releasedAtMicros
    message.heldThroughout = verdict.heldThroughout
    message.durationMicros = timeline.microsSince(startMillis)
    for (const { lun, providerWriteCount } of verdict.luns) {
      if (providerWriteCount === 0) continue
      const many = providerWriteCount === 1 ? 'a write' : `${providerWriteCount} writes`
      timeline.warnings.push(
        `a provider started ${many} to the original ${lun} while writes were held: they had to wait for the release`,
      )
    }
    if (!verdict.heldThroughout) throw commits.timeout(limits.holdMillis, failure, verdict)
    if (failure !== undefined) throw failure
    return verdict
  }, message)
}

async function takeHold(set: SnapshotSet, parties: HoldParties): Promise<HoldLease> {
  const { clock, kernelSupport, limits, timeline, signal } = parties
  const awaitWritesInFlight = set.providers.some((provider) => provider.needsQuiescedWrites)
  try {
    return await timeline.measure('kernel', 'hold', 'kernel support', () =>
      withLimit(
        clock,
        kernelSupport.hold(set.setId, set.volumeNames, {
          limitMillis: limits.holdMillis,
          awaitWritesInFlight,
        }),
        {
          limitMillis: limits.holdMillis + ANSWER_GRACE_MILLIS,
          signal,
          onLimit: () =>
            new VssError(
              'VSS_E_FLUSH_WRITES_TIMEOUT',
              `kernel support did not hold ${set.volumeNames.length} volumes within ${limits.holdMillis} ms`,
              {
                culprit: 'kernel support',
              },
            ),
          // A lease that comes too late belongs to nobody; let it go.
          onLate: (outcome) => {
            if (outcome.status === 'fulfilled') kernelSupport.release(outcome.value).catch(() => undefined)
          },
        },
      ),
    )
  } catch (thrown) {
    if (signal.aborted && thrown === signal.reason) throw asVssError(thrown)
    if (thrown instanceof VssError && HOLD_CODES.includes(thrown.code)) throw thrown
    throw new VssError('VSS_E_UNEXPECTED', `kernel support failed to hold: ${describeThrown(thrown)}`, {
      cause: thrown,
      culprit: 'kernel support',
    })
  }
}

async function release(
  lease: HoldLease,
  { clock, kernelSupport, limits, timeline }: HoldParties,
): Promise<HoldVerdict> {
  try {
    return await timeline.measure('kernel', 'release', 'kernel support', () =>
      withLimit(clock, kernelSupport.release(lease), { limitMillis: limits.hostCallMillis }),
    )
  } catch (thrown) {
    // Not knowing is as bad as not held. The lease ends by its own limit.
    throw new VssError(
      'VSS_E_HOLD_WRITES_TIMEOUT',
      `kernel support gave no verdict: ${describeThrown(thrown)}`,
      {
        cause: thrown,
        culprit: 'kernel support',
      },
    )
  }
}

interface CommitCall {
  provider: ProviderHost
  startMillis: number
  /** Undefined while the call runs. */
  durationMillis: number | undefined
}

/** commitSnapshots of every provider at once, with a memory of who took how long. */
class CommitCalls {
  readonly #set: SnapshotSet
  readonly #clock: Clock
  readonly #calls: CommitCall[] = []

  constructor(set: SnapshotSet, clock: Clock) {
    this.#set = set
    this.#clock = clock
  }

  /**
   * Rejects at the first failure, when the patience has run out, or with the signal's reason; the calls may
   * still run then. The limit is the hold's, for the text of the error.
   */
  async run(
    timeline: Timeline,
    patienceMillis: number,
    limitMillis: number,
    signal: AbortSignal,
  ): Promise<void> {
    const work = this.#set.providers.map(async (provider) => {
      const call: CommitCall = { provider, startMillis: this.#clock.nowMillis(), durationMillis: undefined }
      this.#calls.push(call)
      try {
        await timeline.measure('provider', 'commitSnapshots', provider.providerName, () =>
          provider.call('commitSnapshots', [this.#set.setId]),
        )
      } finally {
        call.durationMillis = this.#clock.nowMillis() - call.startMillis
      }
    })
    await withLimit(this.#clock, Promise.all(work), {
      limitMillis: Math.max(0, patienceMillis),
      signal,
      onLimit: () => this.timeout(limitMillis, undefined, undefined),
    })
  }

  /** The error of a hold that did not last, naming who was slow. */
  timeout(limitMillis: number, cause: unknown, verdict: HoldVerdict | undefined): VssError {
    if (cause instanceof VssError && cause.code === 'VSS_E_HOLD_WRITES_TIMEOUT') return cause
    const now = this.#clock.nowMillis()
    const slowest = this.#calls
      .map(({ provider, startMillis, durationMillis }) => ({
        name: provider.providerName,
        millis: Math.round(durationMillis ?? now - startMillis),
        running: durationMillis === undefined,
      }))
      .sort((a, b) => Number(b.running) - Number(a.running) || b.millis - a.millis)[0]
    const who =
      slowest === undefined
        ? 'no provider was involved'
        : `provider '${slowest.name}' ${slowest.running ? 'has been' : 'was'} in commitSnapshots for ${slowest.millis} ms`
    const how =
      verdict?.endedBy === 'owner' ? 'its owner went away' : `the limit of ${limitMillis} ms ran out`
    return new VssError(
      'VSS_E_HOLD_WRITES_TIMEOUT',
      `the hold ended before its release because ${how}; ${who}`,
      {
        ...(cause === undefined ? {} : { cause: asVssError(cause) }),
        ...(slowest === undefined ? {} : { culprit: slowest.name }),
      },
    )
  }
}
