/**
 * The seam: what the addon offers, declared once. Plain functions on opaque handles; the classes in
 * lib/array give them names, defaults and a life. Nothing else imports the loader.
 *
 * A call that ends in a promise has a slot. The promises wait here, the addon knows slots only, and
 * hands back the slots of a whole batch in one call. Promises of this file never reject: what the
 * addon refuses, and what fails later, resolves to a {@link NativeFailure}, so that whoever awaits it
 * makes the error, with {@link unwrap}, where the caller's stack is still to be seen. Functions that
 * answer at once throw a {@link VssError}.
 */
import type {
  ArmCopy,
  ArmOrder,
  CheckReport,
  Designator,
  DiffArea,
  DiskEnds,
  DiskIdentity,
  DiskLayout,
  DiskPatch,
  EngineInfo,
  GivenUpCopy,
  Initiator,
  IoMode,
  LunInfo,
  NewPartition,
  PlexProgress,
  ResyncStep,
  SetRecord,
  SpacePolicy,
  Verdict,
} from './binding-values.ts'
import { isVssCode, VssError, type VssErrorOptions } from './errors.ts'
import type { Guid } from './ids.ts'
import { loadNative } from './load.ts'

export * from './binding-values.ts'

declare const handleOf: unique symbol

/** An open array. Opaque; good only in the thread that opened it. */
export interface ArrayHandle {
  readonly [handleOf]: 'array'
}

/** An open LUN. Opaque; good only in the thread that opened it. */
export interface LunHandle {
  readonly [handleOf]: 'lun'
}

/** A failure as the addon reports it. */
export interface FailureRecord {
  code: string
  message: string
  errno?: number
  offsetBytes?: number
}

/** A copy that was given up, with the error that whoever reads it gets. */
export interface LostCopyRecord extends GivenUpCopy {
  setId: Guid | null
  failure: FailureRecord
}

export interface SpaceEventRecord {
  /** Counts from 1 when the array is opened. */
  sequence: number
  kind: 'filling' | 'full' | 'copy-given-up'
  lunGuid: Guid | null
  usedBytes: number
  maximumBytes: number | null
  bytesPerSecond: number
  leftMillis: number | null
  /** Of `filling`. */
  thresholdPercent?: number
  /** Of `copy-given-up`. */
  copy?: GivenUpCopy
  /** Of `full` and `copy-given-up`. */
  failure?: FailureRecord
}

/** What a promise of this file gives instead of its value when the call failed. */
export class NativeFailure {
  readonly #record: FailureRecord

  constructor(thrown: unknown) {
    // A getter of an object that was passed in can throw anything.
    const isRecord = typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'message' in thrown
    this.#record = isRecord
      ? (thrown as FailureRecord)
      : { code: 'ERR_INVALID_ARGUMENT', message: `an argument could not be read: ${String(thrown)}` }
  }

  /** The error, with the stack of whoever calls this. */
  toError(culprit?: string): VssError {
    const { code, message, errno, offsetBytes } = this.#record
    const options: VssErrorOptions = {}
    if (culprit !== undefined) options.culprit = culprit
    if (errno !== undefined) options.errno = errno
    if (offsetBytes !== undefined) options.offsetBytes = offsetBytes
    return new VssError(isVssCode(code) ? code : 'ERR_INTERNAL', message, options)
  }
}

/** The value of an outcome; throws the error of a failure. */
export function unwrap<T>(outcome: T | NativeFailure, culprit?: string): T {
  if (outcome instanceof NativeFailure) throw outcome.toError(culprit)
  return outcome
}

export interface OpenedArray {
  handle: ArrayHandle
  id: Guid
  path: string
  mode: IoMode
}

export interface OpenedLun {
  handle: LunHandle
  sizeBytes: number
  isCopy: boolean
}

/** The promise of a call. */
export type Later<T> = Promise<T | NativeFailure>

/** What ends in a promise. */
interface Calls {
  arrayCreate(path: string, mode: IoMode): Later<OpenedArray>
  arrayOpen(path: string, acceptChanged: boolean): Later<OpenedArray>
  arrayClose(array: ArrayHandle): Later<undefined>
  arrayCheck(array: ArrayHandle): Later<CheckReport>
  arrayCheckpoint(array: ArrayHandle): Later<undefined>

  lunCreate(array: ArrayHandle, sizeBytes: number): Later<Guid>
  lunAdopt(array: ArrayHandle, imagePath: string): Later<Guid>
  /** Gives the path of the LUN's base file. */
  lunDetach(array: ArrayHandle, guid: Guid): Later<string>
  lunDelete(array: ArrayHandle, guid: Guid): Later<undefined>
  lunGrow(array: ArrayHandle, guid: Guid, sizeBytes: number): Later<undefined>
  lunRevert(array: ArrayHandle, guid: Guid, sourceGuid: Guid): Later<undefined>
  lunList(array: ArrayHandle): Later<LunInfo[]>
  lunFind(array: ArrayHandle, guid: Guid): Later<LunInfo>
  lunOpen(array: ArrayHandle, guid: Guid): Later<OpenedLun>
  lunClose(lun: LunHandle): Later<undefined>
  lunInspect(lun: LunHandle): Later<LunInfo>
  /** Until it is unmapped or the handle is closed. */
  lunMap(lun: LunHandle, hostId: Guid, hostName: string, readOnly: boolean, shared: boolean): Later<undefined>
  lunUnmap(lun: LunHandle, hostId: Guid): Later<undefined>

  /** The bytes are copied before this returns. At most 32 MiB. */
  lunWrite(
    lun: LunHandle,
    offset: number | bigint,
    bytes: Uint8Array,
    forceUnitAccess: boolean,
    initiator: Initiator,
  ): Later<undefined>
  lunFlush(lun: LunHandle): Later<undefined>

  setArm(array: ArrayHandle, order: ArmOrder): Later<undefined>
  setRecord(array: ArrayHandle, setId: Guid): Later<undefined>
  setFinish(array: ArrayHandle, setId: Guid, note: string): Later<undefined>
  setAbort(array: ArrayHandle, setId: Guid): Later<undefined>
  setList(array: ArrayHandle): Later<SetRecord[]>
  copiesDelete(array: ArrayHandle, snapshotIds: readonly Guid[]): Later<undefined>
  /** Gives the guids of the LUNs that the copies have become. */
  copiesBreak(array: ArrayHandle, snapshotIds: readonly Guid[]): Later<Guid[]>
  /** Settles when there is room for the copy; it is filled in the background. */
  plexBegin(array: ArrayHandle, setId: Guid, copy: ArmCopy): Later<undefined>
  /** Null for a copy that is not being filled. */
  plexProgress(array: ArrayHandle, copyGuid: Guid): Later<PlexProgress | null>
  diffAreaSet(
    array: ArrayHandle,
    guid: Guid,
    maximumBytes: number | null,
    policy: SpacePolicy,
    stallMillis: number,
  ): Later<undefined>
  diffAreaFind(array: ArrayHandle, guid: Guid): Later<DiffArea>
  diffAreaList(array: ArrayHandle): Later<DiffArea[]>
  copiesGivenUp(array: ArrayHandle): Later<LostCopyRecord[]>
  /** Events behind that sequence number, as soon as there are any; none once spaceEventsEnd has been called. */
  spaceEventsNext(array: ArrayHandle, behind: number): Later<SpaceEventRecord[]>
  /** Ends what this thread waits for. */
  spaceEventsEnd(array: ArrayHandle): Later<undefined>
  /** Gives the number of the walk. Without `older` it is over the blocks that may be other than zero. */
  walkBegin(array: ArrayHandle, older: Guid | null, newer: Guid): Later<number>
  /** Gives offset and length, in bytes, of one extent after the other; nothing when the walk has ended. */
  walkContinue(array: ArrayHandle, walk: number, extentsMax: number): Later<Float64Array>
  walkEnd(array: ArrayHandle, walk: number): Later<undefined>
  /** From now on the destination refuses requests, until the resync has ended. */
  resyncBegin(array: ArrayHandle, destination: Guid, copy: Guid, originalIdentity: boolean): Later<ResyncStep>
  /** Copies about so many bytes more. A failure has ended it. */
  resyncContinue(array: ArrayHandle, resync: number, bytesMax: number): Later<ResyncStep>
  /** One that has ended already is no error. */
  resyncEnd(array: ArrayHandle, resync: number): Later<undefined>
  /** Gives the id of the lease. The LUNs lie in one array; none at all is legal. */
  hold(
    setId: Guid,
    luns: readonly LunHandle[],
    limitMillis: number,
    awaitWritesInFlight: boolean,
  ): Later<number>
  /** Once for each lease, in the thread that took it. */
  release(lease: number): Later<Verdict>
}

/** What answers at once, or throws. */
interface Answers {
  /** Starts the I/O thread if need be. */
  engineInfo(): EngineInfo
  /** The monotonic clock of holds and verdicts. */
  monotonicMicros(): number
  readDiskLayout(ends: DiskEnds): DiskLayout
  readDiskIdentity(ends: DiskEnds): DiskIdentity
  /** A new identity for a disk of this layout. */
  randomDiskIdentity(ends: DiskEnds): DiskIdentity
  rewriteDiskIdentity(ends: DiskEnds, identity: DiskIdentity): DiskPatch[]
  vssFlagsForCopy(ends: DiskEnds): bigint
  setVssFlags(ends: DiskEnds, setMask: bigint, clearMask: bigint): DiskPatch[]
  makeGpt(sizeBytes: number, diskGuid: Guid | null, partitions: readonly NewPartition[]): DiskPatch[]
  /** The answer to an INQUIRY; `page` counts with `evpd` only. */
  inquiry(guid: Guid, isCopy: boolean, evpd: boolean, page: number, allocationLength: number): Buffer
  parseDeviceIdentification(page: Uint8Array): Designator[]
}

export interface Binding extends Calls, Answers {
  /** Fills the first `length` bytes of the target once they are read. At most 32 MiB. */
  lunRead(
    lun: LunHandle,
    offset: number | bigint,
    length: number,
    target: Uint8Array,
    initiator: Initiator,
  ): Later<undefined>
}

/** The addon as it is: calls take their slot first and give nothing; what is refused is thrown. */
type Addon = Answers & {
  [Name in keyof Calls]: (slot: number, ...rest: Parameters<Calls[Name]>) => void
} & {
  attach(settle: (count: number, others: unknown[] | undefined) => void, slots: Int32Array): void
  lunRead(slot: number, lun: LunHandle, offset: number | bigint, length: number, initiator: Initiator): void
  /** Takes the bytes of a read that has ended. */
  lunFetch(slot: number, target: Uint8Array): void
}

const addon = loadNative() as Addon

// Calls under way. A slot is either on the free list, or given out with its resolver.
type Resolver = (outcome: unknown) => void
const resolvers: (Resolver | undefined)[] = []
// Where the bytes of a read go.
const targets: (Uint8Array | undefined)[] = []
const freeSlots: number[] = []
// The slots of a batch that have nothing to give; written by the addon before it calls.
const finished = new Int32Array(1024)

function settle(slot: number, outcome: unknown): void {
  const resolver = resolvers[slot]
  resolvers[slot] = undefined
  freeSlots.push(slot)
  resolver?.(outcome)
}

function fetchInto(target: Uint8Array, slot: number): NativeFailure | undefined {
  targets[slot] = undefined
  try {
    addon.lunFetch(slot, target)
    return undefined
  } catch (thrown) {
    return new NativeFailure(thrown)
  }
}

addon.attach((count, others) => {
  for (let i = 0; i < count; i++) {
    const slot = finished[i] as number
    const target = targets[slot]
    settle(slot, target === undefined ? undefined : fetchInto(target, slot))
  }
  if (others === undefined) return
  for (let i = 0; i < others.length; i += 3) {
    const slot = others[i] as number
    const value = others[i + 2]
    targets[slot] = undefined
    settle(slot, others[i + 1] === true ? value : new NativeFailure(value))
  }
}, finished)

/** A call that ends in a promise; `start` gets its slot. */
function call<T>(start: (slot: number) => void): Later<T> {
  return new Promise((resolve) => {
    const slot = freeSlots.pop() ?? resolvers.length
    resolvers[slot] = resolve as Resolver
    try {
      start(slot)
    } catch (thrown) {
      targets[slot] = undefined
      settle(slot, new NativeFailure(thrown))
    }
  })
}

/** A call that answers at once. */
function answer<T>(ask: () => T): T {
  try {
    return ask()
  } catch (thrown) {
    throw new NativeFailure(thrown).toError()
  }
}

export const binding: Binding = {
  engineInfo: () => answer(() => addon.engineInfo()),
  monotonicMicros: () => addon.monotonicMicros(),
  arrayCreate: (path, mode) => call((slot) => addon.arrayCreate(slot, path, mode)),
  arrayOpen: (path, acceptChanged) => call((slot) => addon.arrayOpen(slot, path, acceptChanged)),
  arrayClose: (array) => call((slot) => addon.arrayClose(slot, array)),
  arrayCheck: (array) => call((slot) => addon.arrayCheck(slot, array)),
  arrayCheckpoint: (array) => call((slot) => addon.arrayCheckpoint(slot, array)),
  lunCreate: (array, sizeBytes) => call((slot) => addon.lunCreate(slot, array, sizeBytes)),
  lunAdopt: (array, imagePath) => call((slot) => addon.lunAdopt(slot, array, imagePath)),
  lunDetach: (array, guid) => call((slot) => addon.lunDetach(slot, array, guid)),
  lunDelete: (array, guid) => call((slot) => addon.lunDelete(slot, array, guid)),
  lunGrow: (array, guid, sizeBytes) => call((slot) => addon.lunGrow(slot, array, guid, sizeBytes)),
  lunRevert: (array, guid, sourceGuid) => call((slot) => addon.lunRevert(slot, array, guid, sourceGuid)),
  lunList: (array) => call((slot) => addon.lunList(slot, array)),
  lunFind: (array, guid) => call((slot) => addon.lunFind(slot, array, guid)),
  lunOpen: (array, guid) => call((slot) => addon.lunOpen(slot, array, guid)),
  lunClose: (lun) => call((slot) => addon.lunClose(slot, lun)),
  lunInspect: (lun) => call((slot) => addon.lunInspect(slot, lun)),
  lunMap: (lun, hostId, hostName, readOnly, shared) =>
    call((slot) => addon.lunMap(slot, lun, hostId, hostName, readOnly, shared)),
  lunUnmap: (lun, hostId) => call((slot) => addon.lunUnmap(slot, lun, hostId)),
  lunRead: (lun, offset, length, target, initiator) =>
    call((slot) => {
      targets[slot] = target
      addon.lunRead(slot, lun, offset, length, initiator)
    }),
  lunWrite: (lun, offset, bytes, forceUnitAccess, initiator) =>
    call((slot) => addon.lunWrite(slot, lun, offset, bytes, forceUnitAccess, initiator)),
  lunFlush: (lun) => call((slot) => addon.lunFlush(slot, lun)),
  setArm: (array, order) => call((slot) => addon.setArm(slot, array, order)),
  setRecord: (array, setId) => call((slot) => addon.setRecord(slot, array, setId)),
  setFinish: (array, setId, note) => call((slot) => addon.setFinish(slot, array, setId, note)),
  setAbort: (array, setId) => call((slot) => addon.setAbort(slot, array, setId)),
  setList: (array) => call((slot) => addon.setList(slot, array)),
  copiesDelete: (array, snapshotIds) => call((slot) => addon.copiesDelete(slot, array, snapshotIds)),
  copiesBreak: (array, snapshotIds) => call((slot) => addon.copiesBreak(slot, array, snapshotIds)),
  plexBegin: (array, setId, copy) => call((slot) => addon.plexBegin(slot, array, setId, copy)),
  plexProgress: (array, copyGuid) => call((slot) => addon.plexProgress(slot, array, copyGuid)),
  diffAreaSet: (array, guid, maximumBytes, policy, stallMillis) =>
    call((slot) => addon.diffAreaSet(slot, array, guid, maximumBytes, policy, stallMillis)),
  diffAreaFind: (array, guid) => call((slot) => addon.diffAreaFind(slot, array, guid)),
  diffAreaList: (array) => call((slot) => addon.diffAreaList(slot, array)),
  copiesGivenUp: (array) => call((slot) => addon.copiesGivenUp(slot, array)),
  spaceEventsNext: (array, behind) => call((slot) => addon.spaceEventsNext(slot, array, behind)),
  spaceEventsEnd: (array) => call((slot) => addon.spaceEventsEnd(slot, array)),
  walkBegin: (array, older, newer) => call((slot) => addon.walkBegin(slot, array, older, newer)),
  walkContinue: (array, walk, extentsMax) =>
    call((slot) => addon.walkContinue(slot, array, walk, extentsMax)),
  walkEnd: (array, walk) => call((slot) => addon.walkEnd(slot, array, walk)),
  resyncBegin: (array, destination, copy, originalIdentity) =>
    call((slot) => addon.resyncBegin(slot, array, destination, copy, originalIdentity)),
  resyncContinue: (array, resync, bytesMax) =>
    call((slot) => addon.resyncContinue(slot, array, resync, bytesMax)),
  resyncEnd: (array, resync) => call((slot) => addon.resyncEnd(slot, array, resync)),
  hold: (setId, luns, limitMillis, awaitWritesInFlight) =>
    call((slot) => addon.hold(slot, setId, luns, limitMillis, awaitWritesInFlight)),
  release: (lease) => call((slot) => addon.release(slot, lease)),
  readDiskLayout: (ends) => answer(() => addon.readDiskLayout(ends)),
  readDiskIdentity: (ends) => answer(() => addon.readDiskIdentity(ends)),
  randomDiskIdentity: (ends) => answer(() => addon.randomDiskIdentity(ends)),
  rewriteDiskIdentity: (ends, identity) => answer(() => addon.rewriteDiskIdentity(ends, identity)),
  vssFlagsForCopy: (ends) => answer(() => addon.vssFlagsForCopy(ends)),
  setVssFlags: (ends, setMask, clearMask) => answer(() => addon.setVssFlags(ends, setMask, clearMask)),
  makeGpt: (sizeBytes, diskGuid, partitions) => answer(() => addon.makeGpt(sizeBytes, diskGuid, partitions)),
  inquiry: (guid, isCopy, evpd, page, allocationLength) =>
    answer(() => addon.inquiry(guid, isCopy, evpd, page, allocationLength)),
  parseDeviceIdentification: (page) => answer(() => addon.parseDeviceIdentification(page)),
}
