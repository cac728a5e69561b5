/** Plain values that pass the seam: what the addon takes and gives besides handles. */
import type { Guid } from './ids.ts'

/** Who asks for a read or write. */
export const Initiator = { host: 0, provider: 1, internal: 2 } as const
export type Initiator = (typeof Initiator)[keyof typeof Initiator]

export interface EngineInfo {
  /** `io_uring` or `threads`. */
  engine: string
  /** Why this one: the default, forced by `HOLDFAST_IO`, or how io_uring was refused. */
  why: string
  /** Bytes of writes that may wait for the end of a hold: 1 GiB, or `HOLDFAST_MAX_HELD_BYTES`. */
  maxHeldBytes: number
  kernel: string
  nodeApiVersion: number
  compiler: string
}

/** `direct` is past the page cache, `writeback` through it, `automatic` the first that works. */
export type IoMode = 'automatic' | 'direct' | 'writeback'

export interface CheckReport {
  lunCount: number
  copyCount: number
  versionCount: number
  /** What is wrong, one sentence each; empty if nothing is. */
  faults: string[]
}

export interface LunInfo {
  guid: Guid
  sizeBytes: number
  /** Id of the shadow copy this LUN is; null for an original. */
  snapshotId: Guid | null
  /** The LUN a shadow copy was taken of; null for an original. */
  sourceGuid: Guid | null
  /** The image the family's original was adopted from, if it was. */
  adoptedPath: string | null
  basePath: string
  /** Redirected units of the whole family. */
  areaBytes: number
  memoryBytes: number
  /** VSS flags that the set under way gives its copies; 0 outside a set. */
  pendingVssFlags: bigint
  /** Its writes are being held. */
  held: boolean
  /** Shadow copies that were taken of it and are there. */
  copyCount: number
  /** A shadow copy that was filled in full and shares nothing with its source any more. */
  isPlex: boolean
  /** Of a shadow copy that is being filled in full, or was to be and failed. */
  plex: PlexProgress | null
  /**
   * `own`: what was written to it. `partial`: half of what a shadow copy holds, because a resync was cut off.
   * `copied`: what a shadow copy held when it was resynchronized from it, the identity of the disk aside.
   */
  content: 'own' | 'partial' | 'copied'
  /** The LUN of that shadow copy, which may be gone by now. */
  contentOf: Guid | null
  /** The hosts of this process that it is mapped to, in the order in which they came. */
  mappings: LunMapping[]
}

/** How far the filling of a copy is. */
export interface PlexProgress {
  /** What its source held data in when it began. */
  totalBytes: number
  filledBytes: number
  /** Written since, to be read again. */
  dirtyBytes: number
  /** Why the copy is a differential one for good. */
  failure: { code: string; message: string; errno?: number } | null
}

/** How far a resync has come. */
export interface ResyncStep {
  /** 0: the destination holds what the copy holds. */
  resync: number
  doneBytes: number
  totalBytes: number
  writtenBytes: number
  incremental: boolean
}

/** One host that a LUN is mapped to. */
export interface LunMapping {
  hostId: Guid
  /** The host's machine name. */
  hostName: string
  readOnly: boolean
  /** The host knows that others write to the LUN too. */
  shared: boolean
}

export interface ArmCopy {
  sourceGuid: Guid
  snapshotId: Guid
  /** The LUN to be. */
  copyGuid: Guid
}

export interface ArmOrder {
  setId: Guid
  /** The VSS_SNAPSHOT_CONTEXT the set is taken in. */
  context: number
  /** The set goes with its owner, and with the closing of the array. */
  autoRelease: boolean
  vssFlags: bigint
  /** 100 ns since 1601-01-01 UTC. */
  createdAtFiletime: bigint
  copies: readonly ArmCopy[]
}

export interface CopyRecord {
  snapshotId: Guid
  sourceGuid: Guid
  copyGuid: Guid
  sizeBytes: number
}

/** What becomes of a write that finds no room. */
export type SpacePolicy = 'drop-oldest' | 'refuse' | 'stall'

/** A shadow copy that the array gave up. */
export interface GivenUpCopy {
  snapshotId: Guid
  sourceGuid: Guid
  copyGuid: Guid
  /**
   * `maximum-reached`: to keep the diff area of its source within its maximum. `disk-full`: the file system had no
   * space. `area-failed`: what its source wrote could not be put anywhere else.
   */
  reason: 'maximum-reached' | 'disk-full' | 'area-failed'
  /** What the file system said, 0 if it was none of its doing. */
  errno: number
}

/** The room that the shadow copies of a LUN have: the numbers of VSS_DIFF_AREA_PROP, and what is ours. */
export interface DiffArea {
  lunGuid: Guid
  /** Null: no maximum. */
  maximumBytes: number | null
  /** Used, and what the array holds ready. */
  allocatedBytes: number
  /** What is kept for shadow copies and for nobody else. */
  usedBytes: number
  /** By how much more is used a second, in the last seconds. */
  bytesPerSecond: number
  policy: SpacePolicy
  /** How long a write waits at most under the policy `stall`. */
  stallMillis: number
  /** Oldest first, each with what its deletion would free once all older ones have been deleted. */
  copies: { snapshotId: Guid; ownBytes: number }[]
}

export interface SetRecord {
  setId: Guid
  context: number
  autoRelease: boolean
  created: boolean
  vssFlags: bigint
  createdAtFiletime: bigint
  /** More than `copies` has now if some were deleted since. */
  copiesAtCreation: number
  /** What the owner gave with setFinish. */
  note: string
  copies: CopyRecord[]
  /** Members that the array gave up, oldest first: the set is incomplete. */
  givenUp: GivenUpCopy[]
}

/** The I/O thread's word on a hold that has ended. Times are of {@link monotonicMicros}. */
export interface Verdict {
  heldThroughout: boolean
  endedBy: 'release' | 'deadline' | 'owner' | 'closed'
  holdMicros: number
  heldAtMicros: number
  instantAtMicros: number
  releasedAtMicros: number
  /** In the order in which they were given to hold. */
  luns: {
    name: string
    inFlightWriteCount: number
    queuedWriteCount: number
    /** How many of the queued writes were a provider's. */
    providerWriteCount: number
  }[]
}

/** The first and the last min(1 MiB, size) bytes of a disk: where partition tables lie. */
export interface DiskEnds {
  head: Uint8Array
  tail: Uint8Array
  sizeBytes: number
}

export type DiskKind = 'none' | 'mbr' | 'gpt'

export interface DiskPartition {
  index: number
  typeGuid: Guid | null
  uniqueGuid: Guid | null
  mbrType: number
  firstLba: number
  /** Inclusive. */
  lastLba: number
  offsetBytes: number
  lengthBytes: number
  attributes: bigint
  vssFlags: bigint
  name: string
  isBasicData: boolean
  isExtended: boolean
}

export interface DiskLayout {
  kind: DiskKind
  sizeBytes: number
  diskGuid: Guid | null
  firstUsableLba: number
  lastUsableLba: number
  mbrSignature: number
  partitions: DiskPartition[]
  ldm: boolean
  hybrid: boolean
  damagedPrimary: boolean
  damagedBackup: boolean
  backupMisplaced: boolean
  copiesDiffer: boolean
  staleGpt: boolean
  bareFileSystem: boolean
  hasExtendedBeyondHead: boolean
}

export interface DiskIdentity {
  kind: DiskKind
  diskGuid: Guid
  mbrSignature: number
  /** In the private headers of a dynamic MBR disk; null without sound ones. */
  ldmSignature: number | null
  partitionGuids: Guid[]
}

/** Bytes to be written to a LUN: whole sectors, in the order in which they must become durable. */
export interface DiskPatch {
  offsetBytes: number
  bytes: Buffer
}

export interface NewPartition {
  typeGuid?: Guid
  uniqueGuid?: Guid
  /** Absent for all that is left; the last partition only. */
  lengthBytes?: number
  attributes?: bigint
  name?: string
}

export interface Designator {
  codeSet: number
  type: number
  association: number
  protocol: number | null
  identifier: Buffer
  identifiesLogicalUnit: boolean
}
