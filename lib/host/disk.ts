/**
 * HostDisk: one LUN that a host sees, with its partition table and the volumes on it.
 */

import type { Lun } from '../array/lun.ts'
import {
  binding,
  type DiskEnds,
  type DiskIdentity,
  type DiskLayout,
  type DiskPatch,
  Initiator,
} from '../binding.ts'
import type { HostLun } from '../coordinator/host.ts'
import type { VdsLunInformation } from '../document/lun-information.ts'
import type { Guid } from '../ids.ts'
import { arrayLunInformation, askLun, diskSignatureOf } from './lun-information.ts'
import { readDiskEnds } from './partition-table.ts'
import { type HostVolume, type VolumeExtent, VSS_FLAGS, volumesOfLayout } from './volume.ts'
import { deviceNameOf } from './volume-name.ts'

/**
 * How a disk came to the host.
 *
 *   mapped ............ by hand: its volumes are there at once
 *   arrived ─import─▶ shadowCopy ─break─▶ broken
 *                      unmasked by a provider: no volumes before it has got a new identity; once broken off an
 *                      ordinary disk, which the host goes on owning until it is masked
 */
export type DiskOrigin = 'mapped' | 'arrived' | 'shadowCopy' | 'broken'

/** In what way a LUN is mapped. */
export interface DiskAccess {
  readOnly: boolean
  /** Others may write to it too. */
  shared: boolean
}

export class HostDisk {
  readonly lun: Lun
  readonly diskIndex: number
  readonly readOnly: boolean
  readonly shared: boolean
  origin: DiskOrigin
  volumes: HostVolume[] = []
  /** The set whose copies are to carry the VSS flags. */
  markedBy: Guid | undefined
  /** Broken off and not made writable: it stays read-only even where its partition table has no place to say so. */
  keptReadOnly = false
  /** Of the disk that it was copied from, as it stood here when the copy arrived. */
  originalIdentity: DiskIdentity | undefined
  #inquired: VdsLunInformation
  #layout: DiskLayout
  #vssFlagsForCopy: bigint

  private constructor(lun: Lun, diskIndex: number, access: DiskAccess, origin: DiskOrigin, ends: DiskEnds) {
    this.lun = lun
    this.diskIndex = diskIndex
    this.readOnly = access.readOnly
    this.shared = access.shared
    this.origin = origin
    this.#inquired = askLun(lun)
    this.#layout = binding.readDiskLayout(ends)
    this.#vssFlagsForCopy = binding.vssFlagsForCopy(ends)
  }

  /** @throws VssError `ERR_DISK_DAMAGED`, `ERR_DISK_LAYOUT`, `ERR_DISK_TOO_SMALL` */
  static async open(lun: Lun, diskIndex: number, access: DiskAccess, origin: DiskOrigin): Promise<HostDisk> {
    return new HostDisk(lun, diskIndex, access, origin, await readEnds(lun))
  }

  get lunId(): string {
    return this.lun.guid
  }

  get deviceName(): string {
    return deviceNameOf(this.diskIndex)
  }

  get isShadowCopy(): boolean {
    return this.origin === 'shadowCopy'
  }

  get layout(): DiskLayout {
    return this.#layout
  }

  /** The flags that a copy of this disk gets: not all of them on every kind of disk. */
  get vssFlagsForCopy(): bigint {
    return this.#vssFlagsForCopy
  }

  get lunInformation(): VdsLunInformation {
    return { ...structuredClone(this.#inquired), diskSignature: diskSignatureOf(this.#layout) }
  }

  get extents(): VolumeExtent[] {
    return volumesOfLayout(this.lun.guid, this.#layout)
  }

  describe(): HostLun {
    return {
      lunId: this.lunId,
      deviceName: this.deviceName,
      lunInformation: this.lunInformation,
      readOnly: this.readOnly,
      dynamicDisk: this.#layout.ldm,
    }
  }

  /** Reads the partition table again. On failure the disk is as before. */
  async refresh(): Promise<void> {
    const ends = await readEnds(this.lun)
    this.#layout = binding.readDiskLayout(ends)
    this.#vssFlagsForCopy = binding.vssFlagsForCopy(ends)
  }

  /** New signature or GUIDs. A disk without a partition table has nothing to rewrite. */
  async rewriteIdentity(): Promise<void> {
    if (this.#layout.kind === 'none') return
    const ends = await readEnds(this.lun)
    const before = binding.readDiskIdentity(ends)
    await this.#apply(binding.rewriteDiskIdentity(ends, binding.randomDiskIdentity(ends)))
    this.originalIdentity = before
  }

  /** The identity it had before {@link HostDisk.rewriteIdentity}. */
  async restoreIdentity(): Promise<void> {
    if (this.originalIdentity === undefined) return
    await this.#apply(binding.rewriteDiskIdentity(await readEnds(this.lun), this.originalIdentity))
    this.#syncExtents()
  }

  /** It is a shadow copy no more, and its volumes are those of an ordinary disk: the same objects, open or not. */
  async breakOff(readWrite: boolean): Promise<void> {
    const cleared = VSS_FLAGS.shadowCopy | (readWrite ? VSS_FLAGS.readOnly : 0n)
    if (this.#layout.partitions.some(({ vssFlags }) => (vssFlags & cleared) !== 0n)) {
      await this.#apply(binding.setVssFlags(await readEnds(this.lun), 0n, cleared))
    }
    this.keptReadOnly = !readWrite
    this.origin = 'broken'
    this.#inquired = arrayLunInformation(this.lun.guid, false)
    for (const volume of this.volumes) volume.snapshotId = null
    this.#syncExtents()
  }

  /** Volumes that stayed where they are, under whatever name they have now. */
  #syncExtents(): void {
    for (const volume of this.volumes) {
      const { offsetBytes } = volume.extent
      volume.extent = this.extents.find((extent) => extent.offsetBytes === offsetBytes) ?? volume.extent
    }
  }

  /**
   * Writes those VSS flags that a copy of this disk must have and has not. The array writes them when it
   * makes the copy; a provider that copies LUNs from below knows nothing of them.
   */
  async completeVssFlags(): Promise<void> {
    const wanted = this.#vssFlagsForCopy
    const complete = this.#layout.partitions.every(
      ({ isExtended, vssFlags }) => isExtended || (vssFlags & wanted) === wanted,
    )
    if (!complete) await this.#apply(binding.setVssFlags(await readEnds(this.lun), wanted, 0n))
  }

  /** One after the other, each durable before the next: whatever is cut off, one whole table is there. */
  async #apply(patches: DiskPatch[]): Promise<void> {
    for (const { offsetBytes, bytes } of patches) {
      await this.lun.write(offsetBytes, bytes, { initiator: Initiator.internal })
      await this.lun.flush()
    }
    await this.refresh()
  }
}

function readEnds(lun: Lun): Promise<DiskEnds> {
  const options = { initiator: Initiator.internal }
  return readDiskEnds({
    sizeBytes: lun.sizeBytes,
    read: (offsetBytes, lengthBytes) => lun.read(offsetBytes, lengthBytes, options),
  })
}
