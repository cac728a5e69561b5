/**
 * Cancelling, the same in every member that takes an AbortSignal: it rejects with `VSS_S_ASYNC_CANCELLED`,
 * at once if the signal has fired before the call. What the member has begun by then is finished or undone;
 * which of the two, each member says.
 *
 * Below the public members a signal's own reason is passed up as it is.
 */
import { VssError } from './errors.ts'

export interface AsyncOptions {
  /** Ends the operation, which then rejects with `VSS_S_ASYNC_CANCELLED`; the cause is the signal's reason. */
  signal?: AbortSignal
}

/** Runs a member whose signal may fire, and turns the signal's reason into what the member promises. */
export async function cancellable<T>(
  member: string,
  options: AsyncOptions | undefined,
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const signal = signalOf(member, options)
  if (signal?.aborted) throw cancelled(member, signal.reason)
  try {
    return await work(signal)
  } catch (thrown) {
    if (signal?.aborted && thrown === signal.reason) throw cancelled(member, thrown)
    throw thrown
  }
}

export function cancelled(member: string, reason: unknown): VssError {
  return new VssError('VSS_S_ASYNC_CANCELLED', `${member} was cancelled`, {
    cause: reason,
    remedy: 'End what it was part of, or call it again if it is still wanted.',
  })
}

function signalOf(member: string, options: AsyncOptions | undefined): AbortSignal | undefined {
  if (options === undefined) return undefined
  if (typeof options !== 'object' || options === null) {
    throw new VssError('E_INVALIDARG', `the options of ${member} must be an object`, { culprit: 'options' })
  }
  const signal: unknown = options.signal
  // Not by its class: a signal may come from another realm.
  const isSignal =
    typeof signal === 'object' && signal !== null && 'aborted' in signal && 'addEventListener' in signal
  if (signal === undefined || isSignal) return signal as AbortSignal | undefined
  throw new VssError('E_INVALIDARG', `the signal of ${member} must be an AbortSignal`, { culprit: 'signal' })
}
