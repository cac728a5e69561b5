/**
 * Time as the protocol sees it. Everything in lib/coordinator, lib/writer and lib/provider that
 * waits or measures does so through a Clock, so that a test can decide what time it is.
 */
import { setMaxListeners } from 'node:events'

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

/** setTimeout takes a longer delay for 1 ms. */
const LONGEST_TIMEOUT_MILLIS = 2 ** 31 - 1

/**
 * Node's own clocks and timers. A timer keeps the process alive until it fired or was cleared.
 *
 * setTimeout counts whole milliseconds from the whole millisecond that has begun, so it can fire up
 * to one early by `performance.now()`. Whoever compares the two would find that its time has not
 * come and wait for ever; so a timer that is early is set again.
 */
export const systemClock: Clock = {
  nowMillis: (): number => performance.now(),
  wallMillis: (): number => Date.now(),
  setTimer: (callback: () => void, delayMillis: number): Timer => {
    const dueMillis = performance.now() + Math.max(0, delayMillis)
    const set = (): NodeJS.Timeout =>
      setTimeout(fire, Math.min(Math.ceil(dueMillis - performance.now()), LONGEST_TIMEOUT_MILLIS))
    const fire = (): void => {
      if (performance.now() < dueMillis) handle = set()
      else callback()
    }
    let handle = set()
    return { clear: () => clearTimeout(handle) }
  },
}

/**
 * Calls back once `clock` shows `dueMillis`, and not before, even if its timers fire early: what a
 * deadline needs that is also compared with the clock.
 */
export function callAt(clock: Clock, dueMillis: number, callback: () => void): Timer {
  const set = (): Timer => clock.setTimer(fire, dueMillis - clock.nowMillis())
  const fire = (): void => {
    if (clock.nowMillis() < dueMillis) timer = set()
    else callback()
  }
  let timer = set()
  return { clear: () => timer.clear() }
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
      // A thousand writers may wait for one signal; Node takes more than ten for a leak.
      if (limit.signal !== undefined) setMaxListeners(0, limit.signal)
      limit.signal?.addEventListener('abort', onAbort, { once: true })
    }
  })
}
