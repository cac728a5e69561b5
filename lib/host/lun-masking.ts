/**
 * LunMasking: which LUNs of which arrays are shown to which host beyond those mapped by hand.
 *
 * The storage network between a provider and its hosts: the provider unmasks the LUNs of shadow copies
 * and masks them again, a host looks here when it rescans. It lives as long as the process; after a
 * restart every copy is masked. What is shown to several hosts is still writable on one only: who has a
 * LUN is known to the array itself, whatever masking led there.
 */
import type { StorageArray } from '../array/storage-array.ts'
import type { Guid } from '../ids.ts'

export interface UnmaskedLun {
  array: StorageArray
  guid: Guid
  readOnly: boolean
}

export interface MaskingOptions {
  /** The machine names of the hosts it is about. @defaultValue all that are connected, now or later */
  hosts?: readonly string[] | undefined
}

export interface UnmaskOptions extends MaskingOptions {
  /** @defaultValue `false` */
  readOnly?: boolean
}

/** The host's ear. */
export interface MaskingWatcher {
  readonly machineName: string
  /** Something was unmasked. */
  unmasked(): void
  /** A LUN is going; resolves when the host has let go of it. */
  masked(guid: Guid): Promise<void>
}

/** Who sees a LUN: those of `only`, or everybody, but never those of `except`. */
interface Entry extends UnmaskedLun {
  only: Set<string> | undefined
  except: Set<string>
}

export class LunMasking {
  readonly #unmasked: Map<Guid, Entry> = new Map()
  readonly #watchers: Set<MaskingWatcher> = new Set()

  /** Hosts that see the LUN already go on doing so. */
  unmask(array: StorageArray, guid: Guid, { readOnly = false, hosts }: UnmaskOptions = {}): void {
    const entry = this.#unmasked.get(guid) ?? {
      array,
      guid,
      readOnly,
      only: new Set<string>(),
      except: new Set<string>(),
    }
    this.#unmasked.set(guid, entry)
    entry.readOnly = readOnly
    if (hosts === undefined) {
      entry.only = undefined
      entry.except.clear()
    }
    for (const host of hosts ?? []) {
      entry.only?.add(host)
      entry.except.delete(host)
    }
    for (const watcher of this.#watchers) watcher.unmasked()
  }

  /** Resolves when these hosts do not use the LUN any more. One that is masked already is no error. */
  async mask(guid: Guid, { hosts }: MaskingOptions = {}): Promise<void> {
    const entry = this.#unmasked.get(guid)
    if (entry === undefined) return
    for (const host of hosts ?? []) {
      entry.only?.delete(host)
      entry.except.add(host)
    }
    if (hosts === undefined || entry.only?.size === 0) this.#unmasked.delete(guid)
    const told = [...this.#watchers].filter(({ machineName }) => hosts?.includes(machineName) ?? true)
    await Promise.all(told.map((watcher) => watcher.masked(guid)))
  }

  /** What is unmasked at all, or to one host. */
  list(machineName?: string): UnmaskedLun[] {
    return [...this.#unmasked.values()].flatMap(({ array, guid, readOnly, only, except }) => {
      const hidden =
        machineName !== undefined && (only?.has(machineName) === false || except.has(machineName))
      return hidden ? [] : { array, guid, readOnly }
    })
  }

  /** Gives a function that takes the watcher away. */
  watch(watcher: MaskingWatcher): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }
}
