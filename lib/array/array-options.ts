/** How an array is made and opened, and what it says of itself. */
import type { IoMode } from '../binding.ts'
import type { AsyncOptions } from '../cancellation.ts'
import type { Guid } from '../ids.ts'

export interface CreateArrayOptions extends AsyncOptions {
  /**
   * `direct`: past the page cache; `writeback`: through it; `automatic`: direct where the file system
   * allows it. A property of the array from then on.
   *
   * @defaultValue `'automatic'`
   */
  mode?: IoMode
}

export interface OpenArrayOptions extends AsyncOptions {
  /**
   * Take adopted images as they are now although somebody else has changed them. Old shadow copies
   * of them may then show bytes that were never there.
   *
   * @defaultValue `false`
   */
  acceptChanged?: boolean
}

export interface ArrayInfo {
  id: Guid
  /** The directory. */
  path: string
  mode: IoMode
  lunCount: number
  /** LUNs of shadow copies. */
  copyCount: number
  setCount: number
  areaBytes: number
  memoryBytes: number
}
