/** What runs below the seam, and its clock. */
import { binding, type EngineInfo } from '../binding.ts'

/**
 * The I/O engine of this process, which is started if need be: `io_uring`, or `threads` where the
 * kernel or a sandbox refuses that. `HOLDFAST_IO=uring` or `HOLDFAST_IO=threads` forces one;
 * `HOLDFAST_MAX_HELD_BYTES` sets how many bytes of writes may wait for the end of a hold.
 *
 * @throws VssError `ERR_INVALID_ARGUMENT` naming the variable, or why the engine asked for cannot be started
 */
export function engineInfo(): EngineInfo {
  return binding.engineInfo()
}

/** Now, in microseconds, on the clock by which the I/O thread times holds: that of their verdicts. */
export function monotonicMicros(): number {
  return binding.monotonicMicros()
}
