/**
 * Waiting for a native call with an AbortSignal. The call itself goes on to its end.
 */
import { type Later, NativeFailure } from '../binding.ts'

/**
 * The outcome of a call, or a rejection with the signal's reason if that comes first. What the call gives
 * after that is handed to `undo`, so that nothing it acquired gets lost; without one it stays done.
 */
export function abortable<T>(
  outcome: Later<T>,
  signal: AbortSignal | undefined,
  undo?: (value: T) => Promise<unknown>,
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
    void outcome.then((value) => {
      signal.removeEventListener('abort', onAbort)
      if (!given) resolve(value)
      // Nobody waits any more who could be told that it failed.
      else if (!(value instanceof NativeFailure)) void undo?.(value).catch(() => undefined)
    })
  })
}
