/**
 * LunMasking: which LUNs of which arrays are shown to a host beyond those mapped by hand.
 *
 * The storage network between a provider and a host: the provider unmasks the LUNs of shadow copies
 * and masks them again, the host looks here when it rescans. It lives as long as the process; after a
 * restart every copy is masked.
 */
import type { StorageArray } from '../array/storage-array.ts'
import type { Guid } from '../ids.ts'

export interface UnmaskedLun {
  array: StorageArray
  guid: Guid
  readOnly: boolean
}

/** The host's ear. */
export interface MaskingWatcher {
  /** Something was unmasked. */
  unmasked(): void
  /** A LUN is going; resolves when the host has let go of it. */
  masked(guid: Guid): Promise<void>
}

export class LunMasking {
  readonly #unmasked: Map<Guid, UnmaskedLun> = new Map()
  readonly #watchers: Set<MaskingWatcher> = new Set()

  unmask(array: StorageArray, guid: Guid, options: { readOnly?: boolean } = {}): void {
    this.#unmasked.set(guid, { array, guid, readOnly: options.readOnly ?? false })
    for (const watcher of this.#watchers) watcher.unmasked()
  }

  /** Resolves when no host uses the LUN any more. One that is masked already is no error. */
  async mask(guid: Guid): Promise<void> {
    if (!this.#unmasked.delete(guid)) return
    await Promise.all([...this.#watchers].map((watcher) => watcher.masked(guid)))
  }

  list(): UnmaskedLun[] {
    return [...this.#unmasked.values()]
  }

  /** Gives a function that takes the watcher away. */
  watch(watcher: MaskingWatcher): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }
}
