/**
 * Waiting for a native call with an AbortSignal. The call itself goes on to its end.
 */
import { type Later, NativeFailure } from '../binding.ts'

/** What becomes of the outcome of a call that nobody waits for any more, so that nothing it acquired gets lost. */
export interface Afterwards<T> {
  undo: (value: T) => Promise<unknown>
  /** Told of every call that may have to be undone, with a promise that resolves once it is settled which. */
  track?: (settled: Promise<void>) => void
}

/**
 * The outcome of a call, or a rejection with the signal's reason if that comes first. What the call gives
 * after that is undone; without `afterwards` it stays done.
 */
export function abortable<T>(
  outcome: Later<T>,
  signal: AbortSignal | undefined,
  afterwards?: Afterwards<T>,
): Later<T> {
  if (signal === undefined) return outcome
  return new Promise((resolve, reject) => {
    let given = false
    const onAbort = (): void => {
      given = true
      reject(signal.reason)
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    const settled = outcome.then(async (value) => {
      signal.removeEventListener('abort', onAbort)
      if (!given) return resolve(value)
      // Nobody waits any more who could be told that it failed.
      if (!(value instanceof NativeFailure)) await afterwards?.undo(value).catch(() => undefined)
    })
    afterwards?.track?.(settled)
  })
}
