/**
 * Waiting for a native call with an AbortSignal. The call itself goes on to its end.
 */
import { type Later, NativeFailure } from '../binding.ts'

/**
 * The outcome of a call, or the signal's reason if that comes first. What the call gives after that
 * is handed to `undo`, so that nothing it acquired gets lost.
 */
export function abortable<T>(
  outcome: Later<T>,
  signal: AbortSignal | undefined,
  undo: (value: T) => Promise<unknown>,
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
      else if (!(value instanceof NativeFailure)) void undo(value)
    })
  })
}
