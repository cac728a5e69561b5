/**
 * Time as the protocol sees it. Everything in lib/coordinator, lib/writer and lib/provider that
 * waits or measures does so through a Clock, so that a test can decide what time it is.
 */

/** A timer under way. `clear` is idempotent and safe after the timer fired. */
export interface Timer {
  clear(): void
}

export interface Clock {
  /** Monotonic milliseconds with fractions; only differences mean something. */
  nowMillis(): number
  /** Milliseconds since 1970 UTC, for timestamps that people read. Never used to measure. */
  wallMillis(): number
  /** Calls back once, no earlier than `delayMillis` from now; later if the event loop is blocked. */
  setTimer(callback: () => void, delayMillis: number): Timer
}

/** Node's own clocks and timers. A timer keeps the process alive until it fired or was cleared. */
export const systemClock: Clock = {
  nowMillis: (): number => performance.now(),
  wallMillis: (): number => Date.now(),
  setTimer: (callback: () => void, delayMillis: number): Timer => {
    const handle = setTimeout(callback, Math.max(0, delayMillis))
    return { clear: () => clearTimeout(handle) }
  },
}

/** Settles after `delayMillis`, or rejects with the signal's reason if that comes first. */
export function sleep(clock: Clock, delayMillis: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const onAbort = (): void => {
      timer.clear()
      reject(signal?.reason)
    }
    const timer = clock.setTimer(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, delayMillis)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/**
 * What `work` gives, unless the limit runs out or the signal fires first: then it rejects with what
 * `onLimit` or `onAbort` makes. The work itself is not stopped; its late outcome is handed to
 * `onLate`, so that nothing it acquired gets lost.
 */
export function withLimit<T>(
  clock: Clock,
  work: Promise<T>,
  limit: {
    limitMillis?: number | undefined
    onLimit?: () => unknown
    signal?: AbortSignal | undefined
    onLate?: (outcome: PromiseSettledResult<T>) => void
  },
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let given = false
    const give = (settle: () => void): void => {
      given = true
      timer?.clear()
      limit.signal?.removeEventListener('abort', onAbort)
      settle()
    }
    const onAbort = (): void => give(() => reject(limit.signal?.reason))
    const timer =
      limit.limitMillis === undefined
        ? undefined
        : clock.setTimer(() => {
            if (!given)
              give(() => reject(limit.onLimit?.() ?? new Error(`limit of ${limit.limitMillis} ms ran out`)))
          }, limit.limitMillis)
    work.then(
      (value) => {
        if (given) limit.onLate?.({ status: 'fulfilled', value })
        else give(() => resolve(value))
      },
      (reason: unknown) => {
        if (given) limit.onLate?.({ status: 'rejected', reason })
        else give(() => reject(reason))
      },
    )
    if (limit.signal?.aborted) {
      if (!given) onAbort()
    } else {
      limit.signal?.addEventListener('abort', onAbort, { once: true })
    }
  })
}
