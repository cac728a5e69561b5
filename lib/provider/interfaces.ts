/**
 * What a hardware provider implements, as in vsprov.h: IVssHardwareSnapshotProvider,
 * IVssProviderCreateSnapshotSet and IVssProviderNotifications.
 *
 * A provider runs in a process of its own, so every argument and result is plain serialisable data
 * and every call is asynchronous. An [in, out] parameter of COM is an argument and a result here.
 *
 * A provider fails a call by throwing a VssError with one of {@link PROVIDER_CODES}. Anything else
 * it throws reaches the requester as VSS_E_UNEXPECTED_PROVIDER_ERROR, except from abortSnapshots and
 * onUnload, whose failures are recorded and change nothing.
 *
 * Only the coordinator calls a provider, and it makes one set at a time.
 */
import type { VdsLunInformation } from '../document/lun-information.ts'
import type { VssCode } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { SnapshotSetDescription } from './snapshot-set-description.ts'

/** The codes a provider may fail with; every other outcome is translated. */
export const PROVIDER_CODES: ReadonlySet<VssCode> = new Set<VssCode>([
  'E_OUTOFMEMORY',
  'E_INVALIDARG',
  'E_ACCESSDENIED',
  'VSS_E_BAD_STATE',
  'VSS_E_OBJECT_NOT_FOUND',
  'VSS_E_INSUFFICIENT_STORAGE',
  'VSS_E_VOLUME_NOT_SUPPORTED',
  'VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER',
  'VSS_E_MAXIMUM_NUMBER_OF_SNAPSHOTS_REACHED',
  'VSS_E_MAXIMUM_NUMBER_OF_VOLUMES_REACHED',
  'VSS_E_NESTED_VOLUME_LIMIT',
  'VSS_E_UNSUPPORTED_CONTEXT',
  'VSS_E_PROVIDER_VETO',
  'VSS_E_CANNOT_REVERT_DISKID',
])

export interface LunsSupport {
  isSupported: boolean
  /** The LUNs as given, where the provider knows better with corrections (never of the interconnects). */
  luns: VdsLunInformation[]
}

/** A differential copy shares with its source what is not written; a plex is filled in full and shares nothing. */
export type CopyMethod = 'differential' | 'plex'

export interface BegunSnapshot {
  luns: VdsLunInformation[]
  /** What is made where the context leaves it to the provider; differential if it does not say. */
  method?: CopyMethod
}

export interface HardwareSnapshotProvider {
  /**
   * Whether a copy of a volume on these LUNs can be made in this context: all of them or none.
   *
   * The provider honours the attributes in `context` (TRANSPORTABLE, DIFFERENTIAL, PLEX) or says no,
   * says no also while it is temporarily unable, and never says yes to what it cannot do. A maximum of
   * copies that is reached is no reason to say no: beginPrepareSnapshot refuses it, with the code for it.
   * Yes to TRANSPORTABLE means the copy can also be brought to another host.
   */
  areLunsSupported(context: number, deviceNames: string[], luns: VdsLunInformation[]): Promise<LunsSupport>

  /**
   * Completes what is known of a LUN that this provider made. Called for each disk that arrived at an
   * import and before onLunEmpty. A LUN it does not know is `isSupported: false`, not an error.
   */
  fillInLunInfo(
    deviceName: string,
    lun: VdsLunInformation,
  ): Promise<{ isSupported: boolean; lun: VdsLunInformation }>

  /**
   * A volume on these LUNs joins the set. Starts the long work (plex synchronisation) and returns
   * quickly. The LUNs of one call differ; a LUN may come again in a later call of the same set.
   * Another set id means that an unfinished set before it is abandoned; there is no other sign.
   */
  beginPrepareSnapshot(
    setId: Guid,
    snapshotId: Guid,
    context: number,
    deviceNames: string[],
    luns: VdsLunInformation[],
  ): Promise<BegunSnapshot>

  /**
   * The copies of these source LUNs, one to one, in order, described without reading them and well
   * enough to be found on any host at any later time. Called once for all source LUNs of the provider
   * in a set, after postCommitSnapshots. The copies are not visible to any host yet.
   *
   * Each answer has version 1, a null disk signature and association-0 identifiers only.
   */
  getTargetLuns(deviceNames: string[], sourceLuns: VdsLunInformation[]): Promise<VdsLunInformation[]>

  /** Unmasks these copies to the host, read-write. The provider does not rescan; the host does. */
  locateLuns(targetLuns: VdsLunInformation[]): Promise<void>

  /**
   * The last shadow copy on this LUN is gone; reclaim it. The only call that deletes a finished copy.
   * The host has let go of it and no rescan is needed. `deviceName` is empty if the host never saw
   * the LUN or has forgotten it.
   */
  onLunEmpty(deviceName: string, lun: VdsLunInformation): Promise<void>
}

/** IVssHardwareSnapshotProviderEx, as far as it asks for work. */
export interface HardwareSnapshotProviderEx {
  /**
   * Copies at the level of the array: each target LUN gets the bytes of its source, a shadow copy of this
   * provider, one to one, in order; all are looked at before the first is changed. A target keeps its page 83h
   * identifiers, and what is larger than its source reads as zeroes. Of a call that fails the targets may hold
   * anything. The host has let go of the targets.
   *
   * @param identity - Holdfast's addition: whose disk signature or GPT identity a target has afterwards, its own as
   *   before, or that of the LUN that its source was copied from. @defaultValue 'target'
   */
  resyncLuns(
    sourceLuns: VdsLunInformation[],
    targetLuns: VdsLunInformation[],
    identity?: ResyncIdentity,
  ): Promise<void>

  /**
   * Copies have left the management of the coordinator, or are about to be recovered by their writers.
   *
   * @param originalLuns - what the copies were taken of, one to one
   * @param flags - ONLUNSTATECHANGE bits of VSS_HARDWARE_OPTIONS. DO_MASK_LUNS: hide the copies from every host and
   *   keep them; the host has let go of them. The others are news and ask for nothing.
   */
  onLunStateChange(
    snapshotLuns: VdsLunInformation[],
    originalLuns: VdsLunInformation[],
    flags: number,
  ): Promise<void>
}

export type ResyncIdentity = 'target' | 'original'

/**
 * Holdfast's addition to VSS, where a provider is not told of a plain break: a provider that counts its shadow
 * copies learns here that some are ordinary LUNs from now on, to be deleted by nobody but their owner.
 */
export interface LunRelease {
  /** All of them or none. What they hold and who sees them stays. */
  releaseLuns(luns: VdsLunInformation[]): Promise<void>
}

export interface ProviderCreateSnapshotSet {
  /**
   * The rendezvous: may block until the preparation begun in beginPrepareSnapshot is done. Everything
   * that takes time is finished on return. abortSnapshots may come meanwhile.
   */
  endPrepareSnapshots(setId: Guid): Promise<void>

  /** Get ready for the commit, without delay: writers are frozen. */
  preCommitSnapshots(setId: Guid): Promise<void>

  /**
   * The instant. Returns within about a second: all writes to the originals are held, and the hold of
   * all providers together is limited to 10 s. No I/O to an original may be waited for here; it would
   * wait for the release, which waits for this call. Asynchronous I/O completes after the release.
   */
  commitSnapshots(setId: Guid): Promise<void>

  /** Writes flow again, writers are still frozen: I/O is possible, delay is not. */
  postCommitSnapshots(setId: Guid, snapshotsCount: number): Promise<void>

  /** The copies become writable, for the recovery by their writers. */
  preFinalCommitSnapshots(setId: Guid): Promise<void>

  /** The copies become read-only, from now until they are broken off. */
  postFinalCommitSnapshots(setId: Guid): Promise<void>

  /**
   * Ends everything of the set that is not finished, what commitSnapshots has made included. May come
   * at any time after endPrepareSnapshots was called, also while a call of the set is still running.
   * A set that is CREATED already ignores it.
   */
  abortSnapshots(setId: Guid): Promise<void>
}

export interface ProviderNotifications {
  /** The provider has been registered and is about to be used. */
  onLoad(): Promise<void>
  /**
   * The provider is about to be let go. `false` means "keep me" and is respected only without force.
   * A set half made is abandoned.
   */
  onUnload(forceUnload: boolean): Promise<boolean>
}

/**
 * Holdfast's addition to VSS: a provider that keeps copies over restarts can keep the coordinator's
 * description of a finished set beside them, so that a later coordinator can list and delete them.
 */
export interface SnapshotSetStore {
  /** Keeps or replaces the description. One without snapshots means: forget the set. */
  storeSnapshotSet(description: SnapshotSetDescription): Promise<void>
  /** The descriptions of all sets that are whole. */
  listSnapshotSets(): Promise<SnapshotSetDescription[]>
}

/** All of a hardware provider; the last four parts are optional. */
export type Provider = HardwareSnapshotProvider &
  ProviderCreateSnapshotSet &
  Partial<HardwareSnapshotProviderEx> &
  Partial<ProviderNotifications> &
  Partial<SnapshotSetStore> &
  Partial<LunRelease>

/** Every call a coordinator can make. */
export interface ProviderCalls
  extends HardwareSnapshotProvider,
    HardwareSnapshotProviderEx,
    ProviderCreateSnapshotSet,
    ProviderNotifications,
    SnapshotSetStore,
    LunRelease {}

export type ProviderMethod = keyof ProviderCalls
