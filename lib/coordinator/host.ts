/**
 * VolumeHost: what the coordinator needs from the machine that sees LUNs.
 *
 * The coordinator opens no device and reads no partition table. It asks the host for volumes and
 * the LUNs below them, has it mark the originals of a set, and has it bring the copies in. Only
 * plain data crosses this interface.
 */
import type { AsyncOptions } from '../cancellation.ts'
import type { VdsLunInformation } from '../document/lun-information.ts'
import type { Guid } from '../ids.ts'

/** One LUN as this host sees it. */
export interface HostLun {
  /** The host's own name for the attachment, stable while the LUN is mapped. */
  lunId: string
  /** As handed to providers, for example `\\.\PHYSICALDRIVE2`. */
  deviceName: string
  /** From INQUIRY and the VPD pages 80h and 83h. */
  lunInformation: VdsLunInformation
  /** Mapped read-only: no source for a shadow copy (R82), and no target of an import (R81). */
  readOnly: boolean
  /** Holds dynamic volumes (LDM). */
  dynamicDisk: boolean
}

/** A contiguous part of a volume on one LUN. */
export interface DiskExtent {
  lunId: string
  /** The disk number of VOLUME_DISK_EXTENTS. */
  diskIndex: number
  offsetBytes: number
  lengthBytes: number
}

export interface VolumeInfo {
  /** `\\?\Volume{GUID}\`, with the trailing backslash. */
  volumeName: string
  /** Where it is mounted, or said to be mounted; may be empty. */
  mountPaths: string[]
  /** In the order in which the volume uses them. Each LUN once. */
  luns: HostLun[]
  extents: DiskExtent[]
  /** The volume itself is a shadow copy brought in by {@link VolumeHost.importVolumes}. */
  isShadowCopy: boolean
}

/** One line of the mount table: names only, nothing need really be mounted. */
export interface MountPoint {
  path: string
  volumeName: string
}

export interface HostIdentity {
  machineName: string
  /** A cluster member refuses auto-import (R84). */
  clusterMember: boolean
  /** Hosts of before Server 2008 refuse auto-import of dynamic disks (R86, R87). */
  generation: 'current' | 'beforeServer2008'
}

/** A LUN that a rescan found and that no volume of the host used before. */
export interface ArrivedLun {
  lunId: string
  deviceName: string
  lunInformation: VdsLunInformation
  readOnly: boolean
}

/** One shadow copy volume to be brought in from LUNs that have arrived. */
export interface VolumeToImport {
  snapshotId: Guid
  originalVolumeName: string
  /** Extents of the original, with the arrived copy's LUN in place of the source's. */
  extents: DiskExtent[]
}

export interface ImportedVolume {
  snapshotId: Guid
  /** `\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopyN`, no trailing backslash. */
  deviceObject: string
}

export interface MissingVolume {
  snapshotId: Guid
  code:
    | 'VSS_E_MISSING_DISK'
    | 'VSS_E_MISSING_HIDDEN_VOLUME'
    | 'VSS_E_MISSING_VOLUME'
    | 'VSS_E_DYNAMIC_DISK_ERROR'
  reason: string
}

export interface ImportResult {
  imported: ImportedVolume[]
  missing: MissingVolume[]
}

/** Under which name a shadow copy is to be seen. */
export interface Exposure {
  snapshotId: Guid
  /** `mount`: a path of this host; `share`: a name for other machines. */
  kind: 'mount' | 'share'
  /** Null lets the host choose. */
  name: string | null
  /** Of a share: the part of the volume that is shared; null for all of it. */
  pathFromRoot: string | null
}

/** What becomes of the disks of shadow copies that are broken off. */
export interface BreakOrder {
  readWrite: boolean
  /** The identity that a disk got when it was imported, or that of its original again: of all, or where it can be. */
  identity: 'imported' | 'original' | 'originalWherePossible'
}

export interface VolumeHost {
  identity(): Promise<HostIdentity>

  /**
   * The volume a name stands for: `\\?\Volume{GUID}\` with or without the trailing backslash, or a
   * path at or below a mount path.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` naming what was asked for.
   */
  resolveVolume(nameOrPath: string): Promise<VolumeInfo>

  /** The whole table, for deciding which volume a path lies on. */
  mountTable(): Promise<MountPoint[]>

  /**
   * Marks source LUNs *read-only, hidden, no drive letter, shadow copy*, without committing: the
   * copies taken of them carry the flags from birth, the originals never do on disk, and a crash
   * leaves nothing to undo. All LUNs or none.
   */
  setPendingFlags(setId: Guid, lunIds: string[]): Promise<void>

  /** Takes the marks of the set off again. Idempotent; a set without marks is no error. */
  clearPendingFlags(setId: Guid): Promise<void>

  /**
   * Looks for LUNs that have been unmasked, until each of `expected` has arrived or the limit runs
   * out. Running out is no error: the result holds what came. Two LUNs are the same if they share
   * a unique storage identifier (types 1, 2, 3, 8, association 0). A signal ends the wait.
   */
  rescan(expected: VdsLunInformation[], limitMillis: number, options?: AsyncOptions): Promise<ArrivedLun[]>

  /**
   * Gives the arrived disks new identities, so that no two disks of the host share one, and brings
   * their volumes in: hidden, read-only, without a mount point. What could not be brought in is in
   * `missing`; the call rejects only if the host itself failed.
   */
  importVolumes(setId: Guid, volumes: VolumeToImport[]): Promise<ImportResult>

  /**
   * Opens copies of a set for the recovery by their writers, or closes them again. Read-only is the
   * state after import and for the rest of a copy's life.
   */
  setVolumesReadOnly(deviceObjects: string[], readOnly: boolean): Promise<void>

  /**
   * Takes shadow copy volumes out of the host (dismount, forget) before their LUNs go. Idempotent;
   * unknown ids are ignored.
   *
   * @throws VssError `VSS_E_VOLUME_IN_USE` if one is open and `force` is false; then none is taken out.
   */
  removeVolumes(snapshotIds: Guid[], options: { force: boolean }): Promise<void>

  /** The volumes that lie on any of these LUNs, for what is done to whole LUNs. */
  volumesOn(lunIds: string[]): Promise<VolumeInfo[]>

  /**
   * Enters a name for a shadow copy volume.
   *
   * @returns the name
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` for a volume that is not here, `E_INVALIDARG` for a name that is
   *   taken or cannot be one
   */
  exposeVolume(exposure: Exposure): Promise<string>

  /** Takes the name of a shadow copy volume away. Idempotent. */
  unexposeVolume(snapshotId: Guid): Promise<void>

  /**
   * Shadow copy volumes become ordinary ones: their disks lose the mark of a shadow copy. Device objects and open
   * handles stay. Volumes of the same disks that were not brought in stay unknown.
   *
   * @throws VssError `VSS_E_BREAK_REVERT_ID_FAILED` if an identity of an original is to be had and cannot be:
   *   then nothing has changed
   */
  breakVolumes(snapshotIds: Guid[], order: BreakOrder): Promise<void>

  /**
   * Lets go of LUNs and dismounts their volumes, which are not found until the LUNs are online again. LUNs that
   * are offline are left so.
   *
   * @throws VssError `VSS_E_VOLUME_IN_USE` if a volume is open and `force` is false, `VSS_E_OBJECT_NOT_FOUND` for a
   *   LUN the host has not; then none is offline
   */
  takeLunsOffline(lunIds: string[], options: { force: boolean }): Promise<void>

  /** Takes such LUNs back and reads anew what is on them: all, or those it can, and then the first failure. */
  bringLunsOnline(lunIds: string[]): Promise<void>
}
