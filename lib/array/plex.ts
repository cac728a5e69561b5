/**
 * Waiting for a shadow copy that is filled in full. The filling is the array's, in the background; it goes on
 * whether anybody waits or not, and ends with the array.
 */
import { type ArrayHandle, binding, type PlexProgress, unwrap } from '../binding.ts'
import { type AsyncOptions, cancellable } from '../cancellation.ts'
import { isVssCode, VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'

export interface FilledOptions extends AsyncOptions {
  /** Called every now and then while the copy is being filled. */
  onProgress?: (progress: PlexProgress) => void
}

const FIRST_WAIT_MILLIS = 5
const LONGEST_WAIT_MILLIS = 250

/** Resolves when the copy is complete, or at once if nobody fills it; rejects with the reason why it never will be. */
export function untilFilled(
  array: ArrayHandle,
  copyGuid: Guid,
  options: FilledOptions | undefined,
): Promise<void> {
  return cancellable('whenFilled', options, async (signal) => {
    for (let waitMillis = FIRST_WAIT_MILLIS; ; waitMillis = Math.min(2 * waitMillis, LONGEST_WAIT_MILLIS)) {
      const progress = unwrap(await binding.plexProgress(array, copyGuid))
      if (progress === null) return
      if (progress.failure !== null) throw failureOf(progress.failure, copyGuid)
      options?.onProgress?.(progress)
      await pause(waitMillis, signal)
    }
  })
}

function failureOf(failure: NonNullable<PlexProgress['failure']>, copyGuid: Guid): VssError {
  const { code, message, errno } = failure
  return new VssError(isVssCode(code) ? code : 'ERR_INTERNAL', `the copy is not filled in full: ${message}`, {
    culprit: copyGuid,
    remedy:
      'It is still there, and holds the same, as a differential copy; make another one once the cause is gone.',
    ...(errno === undefined ? {} : { errno }),
  })
}

function pause(millis: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end)
      resolve()
    }, millis)
    if (signal?.aborted === true) end()
    else signal?.addEventListener('abort', end, { once: true })
  })
}
