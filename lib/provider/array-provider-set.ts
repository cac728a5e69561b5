/**
 * One set of the array provider, from its first volume to CREATED, and the order of calls on it.
 *
 *   preparing ─EndPrepare▶ processingPrepare ─▶ prepared ─PreCommit▶ preCommitted ─Commit▶ committed
 *     ─PostCommit▶ postCommitted ─PreFinalCommit▶ preFinalCommitted ─PostFinalCommit▶ finalCommitted
 *     ─▶ created
 *
 * Every state but created may go to aborted. What the calls do to the array is in array-provider.ts.
 */
import type { StorageArray } from '../array/storage-array.ts'
import { VSS_VOLUME_SNAPSHOT_ATTRIBUTES as ATTR } from '../enums.ts'
import { VssError } from '../errors.ts'
import { type Guid, newGuid } from '../ids.ts'
import type { CopyMethod } from './interfaces.ts'

export type ArraySetState =
  | 'preparing'
  | 'processingPrepare'
  | 'prepared'
  | 'preCommitted'
  | 'committed'
  | 'postCommitted'
  | 'preFinalCommitted'
  | 'finalCommitted'
  | 'created'
  | 'aborted'

/** A source LUN and the copy of it to be. */
export interface CopyToBe {
  sourceGuid: Guid
  /**
   * By which the array deletes the copy, so each has its own: that of the volume on the LUN. Where that
   * is taken, because the volume lies on several LUNs, a new one.
   */
  snapshotId: Guid
  copyGuid: Guid
  method: CopyMethod
}

export class ArraySet {
  readonly setId: Guid
  readonly context: number
  readonly array: StorageArray
  state: ArraySetState = 'preparing'
  /** Volumes of the set that lie on LUNs of the array. */
  volumeCount = 0
  /** The set is being made durable; never rejects. */
  recording: Promise<VssError | undefined> | undefined
  readonly #copies: Map<Guid, CopyToBe> = new Map()

  constructor(setId: Guid, context: number, array: StorageArray) {
    this.setId = setId
    this.context = context
    this.array = array
  }

  get copies(): CopyToBe[] {
    return [...this.#copies.values()]
  }

  get autoRelease(): boolean {
    return (this.context & ATTR.VSS_VOLSNAP_ATTR_NO_AUTO_RELEASE) === 0
  }

  get transportable(): boolean {
    return (this.context & ATTR.VSS_VOLSNAP_ATTR_TRANSPORTABLE) !== 0
  }

  get finished(): boolean {
    return this.state === 'created' || this.state === 'aborted'
  }

  /**
   * A volume on these LUNs. Volumes may share a LUN, which is copied once.
   *
   * @returns the copies that this one brings
   */
  add(snapshotId: Guid, sourceGuids: readonly Guid[]): CopyToBe[] {
    const fresh = sourceGuids.filter((guid) => !this.#copies.has(guid))
    const added = fresh.map((sourceGuid, index): CopyToBe => {
      const own = index === 0 ? snapshotId : newGuid()
      return { sourceGuid, snapshotId: own, copyGuid: newGuid(), method: 'differential' }
    })
    for (const copy of added) this.#copies.set(copy.sourceGuid, copy)
    this.volumeCount++
    return added
  }

  copyOf(sourceGuid: Guid): CopyToBe | undefined {
    return this.#copies.get(sourceGuid)
  }
}

export function veto(why: string): VssError {
  return new VssError('VSS_E_PROVIDER_VETO', why, { remedy: 'Abort the set and start a new one.' })
}
