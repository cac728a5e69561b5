/** The members of {@link StorageArray} that are about the room of shadow copies. */
import { type ArrayHandle, binding, type DiffArea, unwrap } from '../binding.ts'
import { type AsyncOptions, cancellable } from '../cancellation.ts'
import { type Guid, parseGuid } from '../ids.ts'
import { abortable } from './abortable.ts'
import {
  type DiffAreaOptions,
  type LostCopy,
  lostCopies,
  requireDiffAreaOptions,
  type SpaceEvent,
  setDiffArea,
  watchSpace,
} from './space.ts'

export abstract class SpaceMembers {
  readonly #handle: ArrayHandle

  constructor(handle: ArrayHandle) {
    this.#handle = handle
  }

  protected abstract isClosing(): boolean

  /**
   * Sets how much room the shadow copies of a LUN have, and what becomes of a write that finds none; durably. A maximum
   * below what is used gives the oldest shadow copies up at once, or, with the other policies, lets writes wait or fail
   * until others have been deleted. What has begun is carried through, whether the signal fires or not.
   *
   * @throws VssError `ERR_LUN_NOT_FOUND`, `ERR_INVALID_ARGUMENT` for a shadow copy, which uses the room of its source
   * @example
   * ```ts
   * await array.setDiffArea(guid, { maximumBytes: 64 * 1024 ** 3, policy: 'stall', stallMillis: 30_000 })
   * ```
   */
  async setDiffArea(guid: Guid, wanted: DiffAreaOptions, options?: AsyncOptions): Promise<void> {
    await cancellable('setDiffArea', options, async (signal) => {
      const lun = parseGuid(guid, 'LUN')
      requireDiffAreaOptions(wanted)
      unwrap(await abortable(setDiffArea(this.#handle, lun, wanted), signal))
    })
  }

  /**
   * How much room the shadow copies of a LUN have, and use.
   *
   * @throws VssError as {@link setDiffArea}
   */
  async diffArea(guid: Guid): Promise<DiffArea> {
    return unwrap(await binding.diffAreaFind(this.#handle, parseGuid(guid, 'LUN')))
  }

  /** Of every LUN that is no shadow copy. */
  async diffAreas(): Promise<DiffArea[]> {
    return unwrap(await binding.diffAreaList(this.#handle))
  }

  /** Shadow copies that the array gave up since it was opened, oldest first, at most 1024. */
  async lostCopies(): Promise<LostCopy[]> {
    return lostCopies(this.#handle)
  }

  /**
   * What happens to the room of shadow copies: that it becomes short, with the time left at the present rate, that a
   * write found none, that a shadow copy was given up. Begins with what has happened since the array was opened, at
   * most the last 256 events, and ends when this object is closed.
   *
   * @example
   * ```ts
   * for await (const event of array.spaceEvents({ signal })) {
   *   if (event.kind === 'filling') warn(`${event.lunGuid} is ${event.thresholdPercent} % full`)
   * }
   * ```
   */
  spaceEvents(options?: AsyncOptions): AsyncGenerator<SpaceEvent, void> {
    return watchSpace(this.#handle, () => this.isClosing(), options)
  }
}
