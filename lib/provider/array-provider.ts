/**
 * The array provider: shadow copies of LUNs in arrays of Holdfast, by redirect on write.
 *
 * Where the work lies on the time line of a set:
 *
 *   BeginPrepareSnapshot  makes room for a copy that is filled in full and begins to fill it
 *   EndPrepareSnapshots   waits until little of that is missing, and arms the set, which syncs the files of
 *                         its LUNs. That may take long, so it is done before a writer is frozen;
 *                         PreCommitSnapshots would be inside the freeze.
 *   hold                  captures what is armed, in the turn that closes the gates
 *   CommitSnapshots       confirms; no trip to the array lies inside the hold
 *   PostCommitSnapshots   starts the final sync and the record of the set, and returns: writers wait
 *   GetTargetLuns         waits for that record
 *   storeSnapshotSet      marks a persistent set CREATED, with its description
 *   PostFinalCommit       marks any other set CREATED; a transportable one, which has none, GetTargetLuns
 *
 * A set that is not CREATED goes with its thread, and when the array is opened again.
 */
import { stat, statfs } from 'node:fs/promises'
import type { StorageArray } from '../array/storage-array.ts'
import { type Clock, systemClock } from '../clock.ts'
import type { VdsLunInformation } from '../document/lun-information.ts'
import { VSS_VOLUME_SNAPSHOT_ATTRIBUTES as ATTR, VSS_HARDWARE_OPTIONS, VSS_PROVIDER_TYPE } from '../enums.ts'
import { asVssError, VssError } from '../errors.ts'
import { arrayLunInformation } from '../host/lun-information.ts'
import type { LunMasking } from '../host/lun-masking.ts'
import { ALL_VSS_FLAGS } from '../host/volume.ts'
import type { Guid } from '../ids.ts'
import { VERSION } from '../version.ts'
import { ARRAY_PROVIDER_NAME, translated } from './array-provider-codes.ts'
import { guidOfSerial, type LocatedLun, locateArrayLuns, requireResyncPairs } from './array-provider-luns.ts'
import { readNote, writeNote } from './array-provider-note.ts'
import { ArraySet, type ArraySetState, type CopyToBe, veto } from './array-provider-set.ts'
import { chosenMethod, mayChoosePlex, requestedMethod } from './copy-method.ts'
import type {
  BegunSnapshot,
  CopyMethod,
  HardwareSnapshotProvider,
  HardwareSnapshotProviderEx,
  LunRelease,
  LunsSupport,
  ProviderCreateSnapshotSet,
  ProviderNotifications,
  ResyncIdentity,
  SnapshotSetStore,
} from './interfaces.ts'
import type { ProviderRegistration } from './provider-host.ts'
import type { SnapshotSetDescription } from './snapshot-set-description.ts'

export { ARRAY_PROVIDER_NAME } from './array-provider-codes.ts'

export const ARRAY_PROVIDER_ID: Guid = '8f2b6d5e-71c4-4d0a-9e3f-5b0c6a1d2e47'

/** The array refuses more. */
const COPIES_OF_LUN_MAX = 512
/** Whatever the block size of the file system is. */
const BYTES_PER_BLOCK_OF_STAT = 512
/** Between 1601 and 1970, in units of 100 ns. */
const FILETIME_OF_1970 = 116_444_736_000_000_000n

export interface ArrayProviderOptions {
  /** Kept open by the caller for as long as the provider is registered. A set lies in one of them. */
  arrays: readonly StorageArray[]
  /** Where copies are shown to hosts. */
  masking: LunMasking
  /** The machine names of the hosts that copies are shown to. @defaultValue every host of `masking` */
  hosts?: readonly string[]
  clock?: Clock
}

export class ArrayProvider
  implements
    HardwareSnapshotProvider,
    HardwareSnapshotProviderEx,
    ProviderCreateSnapshotSet,
    ProviderNotifications,
    SnapshotSetStore,
    LunRelease
{
  readonly #arrays: readonly StorageArray[]
  readonly #masking: LunMasking
  readonly #hosts: readonly string[] | undefined
  readonly #clock: Clock
  /** The set under way, or the last one. */
  #set: ArraySet | undefined

  constructor(options: ArrayProviderOptions) {
    this.#arrays = options.arrays
    this.#masking = options.masking
    this.#hosts = options.hosts
    this.#clock = options.clock ?? systemClock
  }

  // HardwareSnapshotProvider. -------------------------------------------------------------------------

  async areLunsSupported(
    context: number,
    _deviceNames: string[],
    luns: VdsLunInformation[],
  ): Promise<LunsSupport> {
    const no: LunsSupport = { isSupported: false, luns }
    // Client-accessible copies are for the system provider alone.
    if ((context & ATTR.VSS_VOLSNAP_ATTR_CLIENT_ACCESSIBLE) !== 0) return no
    // A LUN that has all the copies it can have is supported; beginPrepareSnapshot refuses it for the time being.
    const own = (await this.#locate(luns)).filter((lun) => lun?.info.snapshotId === null) as LocatedLun[]
    const [first] = own
    if (first === undefined || own.length < luns.length) return no
    if (own.some(({ array }) => array !== first.array)) return no
    return {
      isSupported: true,
      luns: own.map(({ lunInformation }, index) => ({
        ...lunInformation,
        diskSignature: luns[index]?.diskSignature ?? lunInformation.diskSignature,
        interconnects: luns[index]?.interconnects ?? [],
      })),
    }
  }

  async fillInLunInfo(
    _deviceName: string,
    lun: VdsLunInformation,
  ): Promise<{ isSupported: boolean; lun: VdsLunInformation }> {
    const [found] = await locateArrayLuns(this.#arrays, [lun])
    if (found === undefined) return { isSupported: false, lun }
    const { diskSignature, interconnects } = lun
    return { isSupported: true, lun: { ...found.lunInformation, diskSignature, interconnects } }
  }

  async beginPrepareSnapshot(
    setId: Guid,
    snapshotId: Guid,
    context: number,
    _deviceNames: string[],
    luns: VdsLunInformation[],
  ): Promise<BegunSnapshot> {
    if (this.#set?.setId !== setId || this.#set.state !== 'preparing') await this.#abandon()
    const located = await locateArrayLuns(this.#arrays, luns)
    const own = located.filter((lun) => lun !== undefined)
    const array = this.#set?.finished === false ? this.#set.array : own[0]?.array
    if (array === undefined || own.length < luns.length || own.some((lun) => lun.array !== array)) {
      throw new VssError(
        'VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER',
        'the LUNs of a set must lie in one array of this provider',
        { culprit: ARRAY_PROVIDER_NAME, remedy: 'Make a set of its own for each array.' },
      )
    }
    if (own.some(({ copyCount }) => copyCount >= COPIES_OF_LUN_MAX)) {
      throw new VssError(
        'VSS_E_MAXIMUM_NUMBER_OF_SNAPSHOTS_REACHED',
        `a LUN has ${COPIES_OF_LUN_MAX} shadow copies already`,
      )
    }
    if (this.#set === undefined || this.#set.finished) this.#set = new ArraySet(setId, context, array)
    const set = this.#set
    const added = set.add(
      snapshotId,
      own.map(({ info }) => info.guid),
    )
    for (const copy of added) {
      const source = own.find(({ info }) => info.guid === copy.sourceGuid) as LocatedLun
      await this.#begin(set, copy, source)
    }
    const copies = own.flatMap(({ info }) => set.copyOf(info.guid) ?? [])
    return { luns, method: copies.every(({ method }) => method === 'plex') ? 'plex' : 'differential' }
  }

  async getTargetLuns(_deviceNames: string[], sourceLuns: VdsLunInformation[]): Promise<VdsLunInformation[]> {
    const set = this.#set
    if (set?.state !== 'postCommitted') {
      throw veto(`getTargetLuns came while the set is ${set?.state ?? 'not there'}, not postCommitted`)
    }
    const failure = await set.recording
    if (failure !== undefined) throw failure
    const located = await locateArrayLuns(this.#arrays, sourceLuns)
    const targets = located.map((source) => {
      const copy = source && set.copyOf(source.info.guid)
      if (copy === undefined) {
        throw new VssError('VSS_E_OBJECT_NOT_FOUND', 'a LUN that is not part of the set was asked for')
      }
      return arrayLunInformation(copy.copyGuid, true)
    })
    // Nothing more will come for a transportable set that nobody keeps.
    if (set.transportable && set.autoRelease) await this.#finish(set, '')
    return targets
  }

  async locateLuns(targetLuns: VdsLunInformation[]): Promise<void> {
    for (const found of await this.#requireCopies(targetLuns)) {
      this.#masking.unmask(found.array, found.info.guid, { hosts: this.#hosts })
    }
  }

  async onLunEmpty(_deviceName: string, lun: VdsLunInformation): Promise<void> {
    for (const { array, info } of await this.#requireCopies([lun])) {
      await this.#masking.mask(info.guid)
      if (info.snapshotId !== null) await translated(array.deleteCopies([info.snapshotId]))
    }
  }

  // HardwareSnapshotProviderEx. -----------------------------------------------------------------------

  async resyncLuns(
    sourceLuns: VdsLunInformation[],
    targetLuns: VdsLunInformation[],
    identity: ResyncIdentity = 'target',
  ): Promise<void> {
    const sources = await this.#requireCopies(sourceLuns)
    const targets = await locateArrayLuns(this.#arrays, targetLuns)
    const options = { identity: identity === 'target' ? 'destination' : identity } as const
    for (const { array, target, source } of requireResyncPairs(sources, targets)) {
      await translated(array.resyncLun(target, source, options))
    }
  }

  /** By then they may be ordinary LUNs. */
  async onLunStateChange(
    snapshotLuns: VdsLunInformation[],
    _originalLuns: VdsLunInformation[],
    flags: number,
  ): Promise<void> {
    if ((flags & VSS_HARDWARE_OPTIONS.VSS_ONLUNSTATECHANGE_DO_MASK_LUNS) === 0) return
    const guids = snapshotLuns.flatMap(({ serialNumber }) => guidOfSerial(serialNumber) ?? [])
    for (const guid of guids) await this.#masking.mask(guid)
  }

  // LunRelease. ---------------------------------------------------------------------------------------

  async releaseLuns(luns: VdsLunInformation[]): Promise<void> {
    const copies = await this.#requireCopies(luns)
    for (const array of new Set(copies.map((copy) => copy.array))) {
      const own = copies.filter((copy) => copy.array === array)
      await translated(array.breakCopies(own.flatMap(({ info }) => info.snapshotId ?? [])))
    }
  }

  // ProviderCreateSnapshotSet. ------------------------------------------------------------------------

  async endPrepareSnapshots(setId: Guid): Promise<void> {
    const set = await this.#advance(setId, 'preparing', 'processingPrepare', 'endPrepareSnapshots')
    await this.#orAborted(
      set,
      set.array.armSet({
        setId,
        context: set.context,
        autoRelease: set.autoRelease,
        // What every copy carries; a disk that may not have one of them is passed over in the array.
        vssFlags: ALL_VSS_FLAGS,
        createdAtFiletime: BigInt(Math.round(this.#clock.wallMillis())) * 10_000n + FILETIME_OF_1970,
        copies: set.copies,
      }),
    )
    set.state = 'prepared'
  }

  async preCommitSnapshots(setId: Guid): Promise<void> {
    await this.#advance(setId, 'prepared', 'preCommitted', 'preCommitSnapshots')
  }

  async commitSnapshots(setId: Guid): Promise<void> {
    await this.#advance(setId, 'preCommitted', 'committed', 'commitSnapshots')
  }

  async postCommitSnapshots(setId: Guid, snapshotsCount: number): Promise<void> {
    const set = await this.#advance(setId, 'committed', 'postCommitted', 'postCommitSnapshots')
    if (snapshotsCount !== set.volumeCount) {
      await this.#abandon()
      throw veto(`set ${setId} has ${set.volumeCount} volumes here, not ${snapshotsCount}`)
    }
    set.recording = translated(set.array.recordSet(setId)).then(
      () => undefined,
      (thrown: unknown) => asVssError(thrown),
    )
  }

  async preFinalCommitSnapshots(setId: Guid): Promise<void> {
    await this.#advance(setId, 'postCommitted', 'preFinalCommitted', 'preFinalCommitSnapshots')
  }

  async postFinalCommitSnapshots(setId: Guid): Promise<void> {
    const set = await this.#advance(setId, 'preFinalCommitted', 'finalCommitted', 'postFinalCommitSnapshots')
    // A persistent set is finished with its description, which comes next.
    if (set.autoRelease) await this.#finish(set, '')
  }

  async abortSnapshots(setId: Guid): Promise<void> {
    const set = this.#set
    if (set?.setId !== setId || set.state === 'created') return
    await this.#abandon()
  }

  // ProviderNotifications. ----------------------------------------------------------------------------

  async onLoad(): Promise<void> {}

  async onUnload(forceUnload: boolean): Promise<boolean> {
    if (this.#set !== undefined && !this.#set.finished && !forceUnload) return false
    await this.#abandon()
    return true
  }

  // SnapshotSetStore. ---------------------------------------------------------------------------------

  async storeSnapshotSet(description: SnapshotSetDescription): Promise<void> {
    const { setId, snapshots } = description
    const set = this.#set
    if (set?.setId === setId && !set.finished) {
      const due = set.transportable ? 'postCommitted' : 'finalCommitted'
      await this.#advance(setId, due, due, 'storeSnapshotSet')
      await this.#finish(set, writeNote(description))
      return
    }
    for (const array of this.#arrays) {
      const record = (await array.listSets()).find((known) => known.setId === setId)
      const kept = record && readNote(record)
      if (kept === undefined) continue
      const listed = snapshots.map(({ properties }) => properties.snapshotId)
      // What took its LUN along is not listed any more; what left its LUN to another is to be crossed out.
      const isAsKept = kept.snapshots.every(({ properties }) => listed.includes(properties.snapshotId))
      if (!isAsKept) await translated(array.finishSet(setId, writeNote(description)))
      return
    }
    if (snapshots.length > 0) {
      throw new VssError('VSS_E_OBJECT_NOT_FOUND', `no array has the set ${setId}`, {
        culprit: ARRAY_PROVIDER_NAME,
      })
    }
  }

  async listSnapshotSets(): Promise<SnapshotSetDescription[]> {
    const records = await Promise.all(this.#arrays.map((array) => array.listSets()))
    return records.flat().flatMap((record) => readNote(record) ?? [])
  }

  // ---------------------------------------------------------------------------------------------------

  /** One step of the set under way. A call out of order is a veto and the end of the set. */
  async #advance(setId: Guid, from: ArraySetState, to: ArraySetState, method: string): Promise<ArraySet> {
    const set = this.#set
    if (set?.setId !== setId) throw veto(`${method} came for set ${setId}, which is not under way`)
    if (set.state === from) {
      set.state = to
      return set
    }
    const error = veto(`${method} of set ${setId} came while the set is ${set.state}, not ${from}`)
    await this.#abandon()
    throw error
  }

  async #finish(set: ArraySet, note: string): Promise<void> {
    await this.#orAborted(set, set.array.finishSet(set.setId, note))
    set.state = 'created'
  }

  /** What the array did for a set, unless the set was aborted meanwhile. */
  async #orAborted(set: ArraySet, work: Promise<void>): Promise<void> {
    try {
      await translated(work)
    } catch (thrown) {
      throw set.state === 'aborted' ? veto(`set ${set.setId} was aborted`) : thrown
    }
    if (set.state === 'aborted') throw veto(`set ${set.setId} was aborted`)
  }

  async #begin(set: ArraySet, copy: CopyToBe, source: LocatedLun): Promise<void> {
    const requested = requestedMethod(set.context)
    copy.method = requested ?? (await methodFor(set.context, source))
    if (copy.method === 'differential') return
    try {
      await this.#orAborted(set, set.array.beginPlex(set.setId, copy))
    } catch (thrown) {
      const isFull = thrown instanceof VssError && thrown.code === 'VSS_E_INSUFFICIENT_STORAGE'
      if (!isFull || requested === 'plex') throw thrown
      copy.method = 'differential'
    }
  }

  /** Ends the set under way, if there is one that is not CREATED. */
  async #abandon(): Promise<void> {
    const set = this.#set
    if (set === undefined || set.state === 'created') return
    set.state = 'aborted'
    await Promise.all(set.copies.map(({ copyGuid }) => this.#masking.mask(copyGuid)))
    await translated(set.array.abortSet(set.setId))
  }

  /** As locateArrayLuns; an array that was closed has nothing to offer at present. */
  async #locate(luns: readonly VdsLunInformation[]): Promise<(LocatedLun | undefined)[]> {
    try {
      return await locateArrayLuns(this.#arrays, luns)
    } catch (thrown) {
      if (thrown instanceof VssError && thrown.code === 'ERR_ARRAY_CLOSED') return []
      throw thrown
    }
  }

  async #requireCopies(luns: readonly VdsLunInformation[]): Promise<LocatedLun[]> {
    const located = await locateArrayLuns(this.#arrays, luns)
    return located.map((found, index) => {
      if (found !== undefined && found.info.snapshotId !== null) return found
      throw new VssError(
        'VSS_E_OBJECT_NOT_FOUND',
        `LUN ${luns[index]?.serialNumber} is not a shadow copy of this provider`,
        { culprit: ARRAY_PROVIDER_NAME },
      )
    })
  }
}

async function methodFor(context: number, { array, info }: LocatedLun): Promise<CopyMethod> {
  if (!mayChoosePlex(context)) return 'differential'
  const [luns, { blocks }, { bavail, blocks: blockCount, bsize }] = await Promise.all([
    array.listLuns(),
    stat(info.basePath),
    statfs(array.path),
  ])
  return chosenMethod({
    context,
    // What is redirected may lie in the base file too, or belong to others: this is an upper bound.
    allocatedBytes: Math.min(info.sizeBytes, blocks * BYTES_PER_BLOCK_OF_STAT + info.areaBytes),
    freeBytes: bavail * bsize,
    totalBytes: blockCount * bsize,
    plexCount: luns.filter(({ isPlex, sourceGuid }) => isPlex && sourceGuid === info.guid).length,
  })
}

/** How the provider is registered with a coordinator in its own process. */
export function arrayProviderRegistration(provider: ArrayProvider): ProviderRegistration {
  return {
    providerId: ARRAY_PROVIDER_ID,
    providerName: ARRAY_PROVIDER_NAME,
    providerType: VSS_PROVIDER_TYPE.VSS_PROV_HARDWARE,
    providerVersion: VERSION,
    host: { kind: 'inProcess', provider },
    // A write belongs to the epoch in which it was admitted, wherever it is when the gates close.
    needsQuiescedWrites: false,
  }
}
