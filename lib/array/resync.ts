/**
 * Resynchronizing a LUN from a shadow copy. The work is the array's, which does it in steps; here they are asked
 * for, one after the other.
 */
import { type ArrayHandle, binding, type ResyncStep, unwrap } from '../binding.ts'
import { type AsyncOptions, cancellable } from '../cancellation.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import { type Afterwards, abortable } from './abortable.ts'

export interface ResyncProgress {
  /** Up to here the destination is done, in order. */
  doneBytes: number
  /** The size of the destination. */
  totalBytes: number
  /** What has been copied or zeroed so far. */
  writtenBytes: number
}

export interface ResyncOptions extends AsyncOptions {
  /**
   * Whose disk signature or GPT identity the destination has afterwards: its own as before, or that of the LUN
   * that the copy was taken of, as it was then.
   *
   * @defaultValue `'destination'`
   */
  identity?: 'destination' | 'original'
  /** Called after each step, some 64 MiB of writing. What it throws ends the resync like a signal. */
  onProgress?: (progress: ResyncProgress) => void
}

export interface ResyncResult {
  /** What was copied or zeroed; 0 where the copy is of the destination's own family. */
  writtenBytes: number
  /** Only what had changed since the copy that the destination held was copied. */
  incremental: boolean
}

/** Long enough to be worth the way there and back, short enough for a progress bar and for a signal. */
const STEP_BYTES = 64 << 20

export async function resync(
  array: ArrayHandle,
  destination: Guid,
  copy: Guid,
  options: ResyncOptions | undefined,
  track: NonNullable<Afterwards<ResyncStep>['track']>,
): Promise<ResyncResult> {
  const identity: unknown = options?.identity ?? 'destination'
  if (identity !== 'destination' && identity !== 'original') {
    throw new VssError('E_INVALIDARG', "identity is 'destination' or 'original'", { culprit: 'identity' })
  }
  return cancellable('resyncLun', options, async (signal) => {
    const end = ({ resync: id }: ResyncStep): Promise<unknown> => binding.resyncEnd(array, id)
    const beginning = binding.resyncBegin(array, destination, copy, identity === 'original')
    let step = unwrap(await abortable(beginning, signal, { undo: end, track }), destination)
    try {
      while (step.resync !== 0) {
        const going = binding.resyncContinue(array, step.resync, STEP_BYTES)
        step = unwrap(await abortable(going, signal), destination)
        const { doneBytes, totalBytes, writtenBytes } = step
        options?.onProgress?.({ doneBytes, totalBytes, writtenBytes })
      }
    } finally {
      if (step.resync !== 0) await end(step)
    }
    return { writtenBytes: step.writtenBytes, incremental: step.incremental }
  })
}
