/** What runs below the seam. */
import { binding, type EngineInfo } from '../binding.ts'

/**
 * The I/O engine of this process, which is started if need be: `io_uring`, or `threads` where the
 * kernel or a sandbox refuses that. `HOLDFAST_IO=uring` or `HOLDFAST_IO=threads` forces one.
 *
 * @throws VssError if the engine asked for cannot be started
 */
export function engineInfo(): EngineInfo {
  return binding.engineInfo()
}
