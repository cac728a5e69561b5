/**
 * A storage array as a program uses it: its LUNs, their shadow copies, and the life of both.
 */
import {
  type ArmCopy,
  type ArmOrder,
  type ArrayHandle,
  binding,
  type CheckReport,
  type IoMode,
  type LunInfo,
  NativeFailure,
  type OpenedArray,
  type SetRecord,
  unwrap,
} from '../binding.ts'
import { type AsyncOptions, cancellable } from '../cancellation.ts'
import { forgetOpen, watchOpen } from '../collected.ts'
import { VssError } from '../errors.ts'
import { type Guid, parseGuid, parseGuids } from '../ids.ts'
import { abortable } from './abortable.ts'
import type { ArrayInfo, CreateArrayOptions, OpenArrayOptions } from './array-options.ts'
import { type Extent, walkBlocks } from './blocks.ts'
import { Lun } from './lun.ts'
import { aboutImage, absolute } from './paths.ts'
import { type FilledOptions, untilFilled } from './plex.ts'
import { type ResyncOptions, type ResyncResult, resync } from './resync.ts'
import { SpaceMembers } from './space-members.ts'

/**
 * A directory that holds LUNs and their shadow copies, like the shelf of disks behind a SAN.
 *
 * One process at a time has an array open; the error of a second one names the first. Within the
 * process it may be opened as often as wanted, also from worker threads, and is then shared.
 *
 * Everything the array promises survives a crash: a flushed write, and a shadow copy set that was
 * reported as recorded. What is unfinished, and every auto-release set, is gone when it is opened
 * again.
 *
 * Members that take a signal reject with `VSS_S_ASYNC_CANCELLED` when it fires. What the array has begun by
 * then it carries on with to its end; each member says what becomes of it.
 *
 * `close()` closes the LUNs opened through this object, waits for calls already made and for what a
 * signal made them undo, ends the unfinished sets of this thread, and rejects further calls with
 * `ERR_ARRAY_CLOSED`. It is safe to
 * call twice. Exiting the process without it loses nothing that was promised.
 *
 * @example
 * ```ts
 * await using array = await StorageArray.create('/srv/array')
 * const guid = await array.createLun(1024 ** 3)
 * await using lun = await array.openLun(guid)
 * ```
 */
export class StorageArray extends SpaceMembers {
  readonly id: Guid
  readonly path: string
  readonly mode: IoMode
  readonly #handle: ArrayHandle
  // Open and opened through this object; weak, so that a forgotten LUN can be collected and reported.
  readonly #luns = new Map<symbol, WeakRef<Lun>>()
  // Calls that may have to be undone because their signal has fired.
  readonly #unsettled = new Set<Promise<void>>()
  #closing: Promise<void> | undefined

  private constructor(opened: OpenedArray) {
    super(opened.handle)
    this.id = opened.id
    this.path = opened.path
    this.mode = opened.mode
    this.#handle = opened.handle
    watchOpen(this, `array ${opened.path}`, opened.handle, (handle) => binding.arrayClose(handle))
  }

  /**
   * Makes a new array in a directory that holds none, and opens it. The directory is made; its parent
   * must be there. An array that is made although the signal fired is closed again, and stays.
   *
   * @throws VssError `ERR_ARRAY_EXISTS`, `ERR_ARRAY_READ_ONLY`, or `ERR_INVALID_ARGUMENT` for direct
   *   mode on a file system without it
   */
  static async create(path: string, options?: CreateArrayOptions): Promise<StorageArray> {
    return cancellable('StorageArray.create', options, async (signal) => {
      const making = binding.arrayCreate(absolute(path), options?.mode ?? 'automatic')
      return new StorageArray(unwrap(await abortable(making, signal, { undo: closeArray })))
    })
  }

  /**
   * Opens an array, recovering what a crash has left. One that opens although the signal fired is closed
   * again.
   *
   * @throws VssError `ERR_ARRAY_NOT_FOUND`, `ERR_ARRAY_LOCKED` naming the process that has it,
   *   `ERR_ARRAY_FORMAT`, `ERR_ARRAY_DAMAGED` with the offset, `ERR_ARRAY_READ_ONLY`, or
   *   `ERR_LUN_CHANGED` for an adopted image that somebody else has changed
   */
  static async open(path: string, options?: OpenArrayOptions): Promise<StorageArray> {
    return cancellable('StorageArray.open', options, async (signal) => {
      const opening = binding.arrayOpen(absolute(path), options?.acceptChanged ?? false)
      return new StorageArray(unwrap(await abortable(opening, signal, { undo: closeArray })))
    })
  }

  /**
   * A new LUN of zeroes, in multiples of 512 bytes up to 8 TiB; takes up space as it is written to. One that
   * is made although the signal fired is taken out again.
   */
  async createLun(sizeBytes: number, options?: AsyncOptions): Promise<Guid> {
    return cancellable('createLun', options, async (signal) =>
      unwrap(
        await abortable(binding.lunCreate(this.#handle, sizeBytes), signal, {
          undo: (guid) => binding.lunDelete(this.#handle, guid),
          track: this.#track,
        }),
      ),
    )
  }

  /**
   * Makes a LUN of an existing raw image without copying it. From then on the image belongs to the
   * array: it may only be changed through it. One that is adopted although the signal fired is detached again.
   *
   * @throws VssError `ERR_LUN_NOT_FOUND` if there is no such file, `ERR_LUN_READ_ONLY` if it may not be
   *   written to, `ERR_LUN_ADOPTED` if an array has it already, `ERR_LUN_SIZE`; each names the image
   */
  async adoptLun(imagePath: string, options?: AsyncOptions): Promise<Guid> {
    return cancellable('adoptLun', options, async (signal) => {
      const path = absolute(imagePath)
      const adopting = binding.lunAdopt(this.#handle, path)
      const outcome = await abortable(adopting, signal, {
        undo: (guid) => binding.lunDetach(this.#handle, guid),
        track: this.#track,
      })
      if (outcome instanceof NativeFailure) throw aboutImage(outcome.toError(), path)
      return outcome
    })
  }

  /**
   * Brings all of a LUN into its one base file, forgets it, and gives the path of that file: a plain
   * raw image. A LUN whose detaching has begun is detached, whether the signal fires or not.
   *
   * @throws VssError `ERR_LUN_IN_USE` while it has shadow copies, or shares its base file with a LUN that was one
   */
  async detachLun(guid: Guid, options?: AsyncOptions): Promise<string> {
    return cancellable('detachLun', options, async (signal) =>
      unwrap(await abortable(binding.lunDetach(this.#handle, parseGuid(guid, 'LUN')), signal)),
    )
  }

  /**
   * A LUN that is no shadow copy goes, and its bytes with it; an adopted image stays where it is, and belongs to
   * nobody once the last LUN that came from it is gone. A LUN whose deletion has begun is deleted, whether the
   * signal fires or not.
   *
   * @throws VssError `ERR_LUN_NOT_FOUND`, or `ERR_LUN_IN_USE` while it has shadow copies, is held, or is part of a
   *   set in progress
   */
  async deleteLun(guid: Guid, options?: AsyncOptions): Promise<void> {
    await cancellable('deleteLun', options, async (signal) =>
      unwrap(await abortable(binding.lunDelete(this.#handle, parseGuid(guid, 'LUN')), signal)),
    )
  }

  /**
   * Gives a LUN a new, larger size in bytes, a multiple of 512 up to 8 TiB; what is new reads as zeroes. Shadow
   * copies keep the size they were taken with, and so does a {@link Lun} that is open, until it is opened again.
   * Growing that has begun is carried through, whether the signal fires or not.
   *
   * @throws VssError `ERR_LUN_SIZE` for a size it cannot have, `ERR_LUN_IN_USE` for a shadow copy
   */
  async growLun(guid: Guid, sizeBytes: number, options?: AsyncOptions): Promise<void> {
    await cancellable('growLun', options, async (signal) =>
      unwrap(await abortable(binding.lunGrow(this.#handle, parseGuid(guid, 'LUN'), sizeBytes), signal)),
    )
  }

  /**
   * From now on the LUN holds what `sourceGuid` holds now: the LUN of a shadow copy of it, or of one broken off it.
   * At once and durably, since no bytes are copied; the source and all other copies stay as they are. Requests under
   * way are waited for, later ones refused with `ERR_LUN_IN_USE` until it is done. The LUN keeps its size. A revert
   * that has begun is carried through, whether the signal fires or not.
   *
   * @throws VssError `ERR_INVALID_ARGUMENT` for a LUN of another family, `ERR_LUN_IN_USE` for a shadow copy, or a LUN
   *   that is held or part of a set in progress, `ERR_LUN_SIZE` if the source is larger
   */
  async revertLun(guid: Guid, sourceGuid: Guid, options?: AsyncOptions): Promise<void> {
    await cancellable('revertLun', options, async (signal) => {
      const [lun, source] = [parseGuid(guid, 'LUN'), parseGuid(sourceGuid, 'source LUN')]
      unwrap(await abortable(binding.lunRevert(this.#handle, lun, source), signal))
    })
  }

  /**
   * The destination gets the bytes of a shadow copy of any LUN of the array, and what is larger than the copy reads
   * as zeroes. It stays the disk it is, unless it is to take the identity of the copy's original, and has none of
   * the flags of a shadow copy. From a copy of its own family it does so at once, without copying; else what the
   * copy holds is copied, or, while the destination holds what an earlier copy held and nobody has written to it,
   * what has changed since. It refuses requests meanwhile. Cancelled or failed, or after a crash, it is marked
   * (`content` of {@link findLun}) and no host gets it, until it has been resynchronized again or reverted.
   *
   * @param copyGuid - the LUN of the shadow copy
   * @throws VssError `ERR_LUN_IN_USE` while a host has the destination to write to, or it is held or part of a set in
   *   progress, `ERR_LUN_SIZE` if the copy is larger, `VSS_E_CANNOT_REVERT_DISKID` if its partition table does not
   *   allow the identity, `VSS_E_VOLUME_NOT_SUPPORTED` for a dynamic disk, `VSS_E_RESYNC_IN_PROGRESS`,
   *   `ERR_COPY_GONE`; nothing was changed then, unless the copy was deleted on the way
   */
  async resyncLun(destinationGuid: Guid, copyGuid: Guid, options?: ResyncOptions): Promise<ResyncResult> {
    const [destination, copy] = [parseGuid(destinationGuid, 'LUN'), parseGuid(copyGuid, 'shadow copy')]
    return resync(this.#handle, destination, copy, options, this.#track)
  }

  /**
   * One that opens although the signal fired is closed again.
   *
   * @throws VssError `ERR_LUN_NOT_FOUND`
   */
  async openLun(guid: Guid, options?: AsyncOptions): Promise<Lun> {
    const known = parseGuid(guid, 'LUN')
    const opened = await cancellable('openLun', options, async (signal) =>
      unwrap(
        await abortable(binding.lunOpen(this.#handle, known), signal, {
          undo: ({ handle }) => binding.lunClose(handle),
          track: this.#track,
        }),
      ),
    )
    const key = Symbol(known)
    const lun = new Lun(known, opened, () => this.#luns.delete(key))
    this.#luns.set(key, new WeakRef(lun))
    // close() has begun meanwhile and has not seen this one.
    if (this.#closing !== undefined) {
      await lun.close()
      throw new VssError('ERR_ARRAY_CLOSED', `${this.path} was closed while LUN ${known} was being opened`)
    }
    return lun
  }

  /**
   * What {@link listLuns} says of one LUN, however many others there are.
   *
   * @throws VssError `ERR_LUN_NOT_FOUND`
   */
  async findLun(guid: Guid): Promise<LunInfo> {
    return unwrap(await binding.lunFind(this.#handle, parseGuid(guid, 'LUN')))
  }

  /** Originals and shadow copies. */
  async listLuns(): Promise<LunInfo[]> {
    return unwrap(await binding.lunList(this.#handle))
  }

  async info(): Promise<ArrayInfo> {
    const [luns, sets] = await Promise.all([binding.lunList(this.#handle), binding.setList(this.#handle)])
    const all = unwrap(luns)
    const originals = all.filter(({ snapshotId }) => snapshotId === null)
    return {
      id: this.id,
      path: this.path,
      mode: this.mode,
      lunCount: originals.length,
      copyCount: all.length - originals.length,
      setCount: unwrap(sets).length,
      // Both are of a family, so counted with its original only.
      areaBytes: originals.reduce((sum, { areaBytes }) => sum + areaBytes, 0),
      memoryBytes: originals.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    }
  }

  /**
   * The extents in which `newerGuid`, a LUN or a shadow copy, differs from `olderGuid`, one of the same original LUN:
   * what an incremental backup has to read. In order, not overlapping, in multiples of 4096 bytes but for the end of
   * the LUN; a block that was written with the bytes it had counts as changed. What is written to a LUN while it is
   * walked over may be missing. At a cost in proportion to what was written between the two.
   *
   * @throws VssError `ERR_LUN_NOT_FOUND`, `ERR_INVALID_ARGUMENT` for LUNs that do not come from one original,
   *   `ERR_COPY_GONE` when one of them is deleted on the way
   * @example
   * ```ts
   * for await (const { offsetBytes, lengthBytes } of array.changedBlocks(monday, tuesday)) {
   *   await backup.write(offsetBytes, await lun.read(offsetBytes, lengthBytes))
   * }
   * ```
   */
  changedBlocks(olderGuid: Guid, newerGuid: Guid, options?: AsyncOptions): AsyncGenerator<Extent, void> {
    const [older, newer] = [parseGuid(olderGuid, 'older LUN'), parseGuid(newerGuid, 'newer LUN')]
    return walkBlocks('changedBlocks', this.#handle, older, newer, options)
  }

  /**
   * The extents of a LUN or shadow copy that may hold something other than zeroes, like {@link changedBlocks}: what a
   * full backup has to read.
   *
   * @throws VssError `ERR_LUN_NOT_FOUND`, or `ERR_COPY_GONE` when it is deleted on the way
   */
  allocatedBlocks(guid: Guid, options?: AsyncOptions): AsyncGenerator<Extent, void> {
    return walkBlocks('allocatedBlocks', this.#handle, null, parseGuid(guid, 'LUN'), options)
  }

  /** Looks for contradictions in what the array knows of itself; changes nothing, cancelled or not. */
  async check(options?: AsyncOptions): Promise<CheckReport> {
    return cancellable('check', options, async (signal) =>
      unwrap(await abortable(binding.arrayCheck(this.#handle), signal)),
    )
  }

  /**
   * Writes the present state to disk in full, so that the next opening replays less. A checkpoint that has
   * begun is written, whether the signal fires or not.
   */
  async checkpoint(options?: AsyncOptions): Promise<void> {
    await cancellable('checkpoint', options, async (signal) =>
      unwrap(await abortable(binding.arrayCheckpoint(this.#handle), signal)),
    )
  }

  /** Sets that are recorded: those that would be found after a crash. */
  async listSets(): Promise<SetRecord[]> {
    return unwrap(await binding.setList(this.#handle))
  }

  /**
   * Deletes shadow copies, durably; their space comes back in the background. What has begun to go goes,
   * whether the signal fires or not.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if the array has none of them
   */
  async deleteCopies(snapshotIds: readonly Guid[], options?: AsyncOptions): Promise<void> {
    await cancellable('deleteCopies', options, async (signal) => {
      const ids = parseGuids(snapshotIds, 'shadow copies')
      unwrap(await abortable(binding.copiesDelete(this.#handle, ids), signal))
    })
  }

  /**
   * Breaks shadow copies off: each becomes an ordinary LUN that no set and no source knows of, and that lives as long
   * as it is not deleted. All of them or none; what has begun is carried through, whether the signal fires or not.
   *
   * @returns the ids of the LUNs, which are those that they had as shadow copies
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` for one that the array has not,
   *   `VSS_E_SNAPSHOT_SET_IN_PROGRESS` for one whose set is not created yet
   */
  async breakCopies(snapshotIds: readonly Guid[], options?: AsyncOptions): Promise<Guid[]> {
    return cancellable('breakCopies', options, async (signal) => {
      const ids = parseGuids(snapshotIds, 'shadow copies')
      return unwrap(await abortable(binding.copiesBreak(this.#handle, ids), signal))
    })
  }

  /**
   * Resolves when a shadow copy that is filled in full is complete and shares nothing with its source any more; at
   * once for one that is not being filled. Closing the array ends the filling; the copy stays then, a differential
   * one. A signal ends the waiting and not the filling.
   *
   * @throws VssError with the reason why the filling was given up
   */
  async whenFilled(copyGuid: Guid, options?: FilledOptions): Promise<void> {
    await untilFilled(this.#handle, parseGuid(copyGuid, 'shadow copy LUN'), options)
  }

  // The life of a set, for a provider: armed here, captured by the hold that names it, then recorded
  // and finished here. A set belongs to the thread that armed it until it is finished. None of it takes a
  // signal: what cancels a set is abortSet.

  /**
   * Begins to fill a copy in full for a set that is armed later, with the same ids; resolves when there is room for
   * it. {@link StorageArray.armSet} waits until little is missing, and {@link StorageArray.whenFilled} for the rest.
   *
   * @throws VssError `VSS_E_INSUFFICIENT_STORAGE`
   */
  async beginPlex(setId: Guid, copy: ArmCopy): Promise<void> {
    unwrap(await binding.plexBegin(this.#handle, setId, copy))
  }

  /** Prepares a set: nothing of it is on disk, but what takes long is done. */
  async armSet(order: ArmOrder): Promise<void> {
    unwrap(await binding.setArm(this.#handle, order))
  }

  /** Makes a captured set durable. To be called after the release of the hold it was captured under. */
  async recordSet(setId: Guid): Promise<void> {
    unwrap(await binding.setRecord(this.#handle, setId))
  }

  /** The set is CREATED. `note` is kept with it and given by {@link StorageArray.listSets}. */
  async finishSet(setId: Guid, note: string): Promise<void> {
    unwrap(await binding.setFinish(this.#handle, setId, note))
  }

  /** Takes back a set that is not finished; does nothing to one that is, or is unknown. */
  async abortSet(setId: Guid): Promise<void> {
    unwrap(await binding.setAbort(this.#handle, setId))
  }

  protected isClosing(): boolean {
    return this.#closing !== undefined
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    forgetOpen(this)
    const luns = [...this.#luns.values()].flatMap((lun) => lun.deref() ?? [])
    const closed = await Promise.allSettled(luns.map((lun) => lun.close()))
    await Promise.all(this.#unsettled)
    // Whoever waits for events would be waited for.
    await binding.spaceEventsEnd(this.#handle)
    unwrap(await binding.arrayClose(this.#handle))
    for (const lun of closed) if (lun.status === 'rejected') throw lun.reason
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  readonly #track = (settled: Promise<void>): void => {
    this.#unsettled.add(settled)
    void settled.finally(() => this.#unsettled.delete(settled))
  }
}

function closeArray({ handle }: OpenedArray): Promise<unknown> {
  return binding.arrayClose(handle)
}
