/**
 * Volumes as a host sees them, and how a program reads and writes one.
 */

import { byteLengthOf } from '../array/pieces.ts'
import type { DiskLayout, DiskPartition } from '../binding.ts'
import type { AsyncOptions } from '../cancellation.ts'
import { describeValue, VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { HostDisk } from './disk.ts'
import { lunVolumeGuid, mbrVolumeGuid, volumeNameOf } from './volume-name.ts'

/** The bits of a GPT attribute field by which shadow copies are known; MBR disks keep them elsewhere. */
export const VSS_FLAGS = {
  readOnly: 0x1000_0000_0000_0000n,
  shadowCopy: 0x2000_0000_0000_0000n,
  hidden: 0x4000_0000_0000_0000n,
  noDriveLetter: 0x8000_0000_0000_0000n,
} as const

/** The flags that the copies of a set carry. */
export const ALL_VSS_FLAGS: bigint =
  VSS_FLAGS.readOnly | VSS_FLAGS.shadowCopy | VSS_FLAGS.hidden | VSS_FLAGS.noDriveLetter

export interface VolumePartition {
  /** As other tools count. */
  index: number
  /** GPT only. */
  guid: Guid | null
  typeGuid: Guid | null
  /** MBR only; 0 on GPT. */
  mbrType: number
  name: string
}

export interface Volume {
  /** `\\?\Volume{GUID}\` */
  name: string
  /** `\\?\GLOBALROOT\Device\HarddiskVolumeN`, that of a shadow copy `…\HarddiskVolumeShadowCopyN`. */
  deviceObject: string
  lunGuid: Guid
  /** `\\.\PHYSICALDRIVEn` */
  deviceName: string
  offsetBytes: number
  lengthBytes: number
  /** Null where the LUN has no partition table and is one volume. */
  partition: VolumePartition | null
  mountPaths: string[]
  /** Writes are refused. */
  readOnly: boolean
  hidden: boolean
  /** The VSS flags on disk. */
  flags: bigint
  /** The flags that the copies of a set under way will carry; 0 outside one. */
  pendingFlags: bigint
  /** The shadow copy that the volume is, if this host brought it in. */
  snapshotId: Guid | null
}

/** What a partition table says about one volume. */
export interface VolumeExtent {
  volumeGuid: Guid
  offsetBytes: number
  lengthBytes: number
  partition: VolumePartition | null
  flags: bigint
}

/** Types that hold no volume: Microsoft reserved, and the database of a dynamic disk. */
const NO_VOLUME_TYPES: readonly Guid[] = [
  'e3c9e316-0b5c-4db8-817d-f92df00215ae',
  '5808c8aa-7e8f-42e0-85d2-e1e90434cfb3',
]

/**
 * The volumes of a disk. On a dynamic disk each partition counts as one: its database, which may say
 * otherwise, is not read.
 */
export function volumesOfLayout(lunGuid: Guid, layout: DiskLayout): VolumeExtent[] {
  if (layout.kind === 'none') {
    return [
      {
        volumeGuid: lunVolumeGuid(lunGuid, 0),
        offsetBytes: 0,
        lengthBytes: layout.sizeBytes,
        partition: null,
        flags: 0n,
      },
    ]
  }
  return layout.partitions
    .filter(({ isExtended, typeGuid }) => !isExtended && !NO_VOLUME_TYPES.includes(typeGuid ?? ''))
    .map((partition) => ({
      volumeGuid: volumeGuidOf(lunGuid, layout, partition),
      offsetBytes: partition.offsetBytes,
      lengthBytes: partition.lengthBytes,
      partition: {
        index: partition.index,
        guid: layout.kind === 'gpt' ? partition.uniqueGuid : null,
        typeGuid: layout.kind === 'gpt' ? partition.typeGuid : null,
        mbrType: partition.mbrType,
        name: partition.name,
      },
      flags: partition.vssFlags,
    }))
}

function volumeGuidOf(lunGuid: Guid, layout: DiskLayout, partition: DiskPartition): Guid {
  if (layout.kind === 'gpt' && partition.uniqueGuid !== null) return partition.uniqueGuid
  // A disk that has never been given a signature is known by its LUN only.
  return layout.mbrSignature === 0
    ? lunVolumeGuid(lunGuid, partition.offsetBytes)
    : mbrVolumeGuid(layout.mbrSignature, partition.offsetBytes)
}

/** One volume of a host, as the host keeps it. */
export class HostVolume {
  readonly disk: HostDisk
  extent: VolumeExtent
  deviceObject: string
  snapshotId: Guid | null = null
  /** A shadow copy is read-only for all but its recovery, whatever its flags say. */
  recovering = false
  /** Taken out of the host; handles that are still open fail. */
  gone = false
  readonly #handles: Set<VolumeHandle> = new Set()

  constructor(disk: HostDisk, extent: VolumeExtent, deviceObject: string) {
    this.disk = disk
    this.extent = extent
    this.deviceObject = deviceObject
  }

  get name(): string {
    return volumeNameOf(this.extent.volumeGuid)
  }

  get readOnly(): boolean {
    if (this.disk.readOnly || this.disk.keptReadOnly) return true
    if (this.disk.isShadowCopy) return !this.recovering
    return (this.extent.flags & VSS_FLAGS.readOnly) !== 0n
  }

  get hidden(): boolean {
    return this.disk.isShadowCopy || (this.extent.flags & VSS_FLAGS.hidden) !== 0n
  }

  get isOpen(): boolean {
    return this.#handles.size > 0
  }

  open(): VolumeHandle {
    const handle = new VolumeHandle(this, () => this.#handles.delete(handle))
    this.#handles.add(handle)
    return handle
  }

  describe(mountPaths: string[]): Volume {
    const { extent, disk } = this
    return {
      name: this.name,
      deviceObject: this.deviceObject,
      lunGuid: disk.lun.guid,
      deviceName: disk.deviceName,
      offsetBytes: extent.offsetBytes,
      lengthBytes: extent.lengthBytes,
      partition: extent.partition && { ...extent.partition },
      mountPaths,
      readOnly: this.readOnly,
      hidden: this.hidden,
      flags: extent.flags,
      pendingFlags: disk.markedBy === undefined ? 0n : disk.vssFlagsForCopy,
      snapshotId: this.snapshotId,
    }
  }
}

/**
 * An open volume. Offsets count from the start of the volume; offsets and lengths are multiples of
 * 512. While one is open, its volume leaves the host only by force.
 */
export class VolumeHandle {
  readonly #volume: HostVolume
  readonly #onClose: () => void
  #closed = false

  /** @internal Use `Host.openVolume`. */
  constructor(volume: HostVolume, onClose: () => void) {
    this.#volume = volume
    this.#onClose = onClose
  }

  get name(): string {
    return this.#volume.name
  }

  get sizeBytes(): number {
    return this.#volume.extent.lengthBytes
  }

  /**
   * A signal counts as in `Lun.read`.
   *
   * @throws VssError `ERR_OUT_OF_RANGE`; `VSS_E_OBJECT_NOT_FOUND` if the volume was taken out meanwhile.
   */
  async read(offsetBytes: number, lengthBytes: number, options?: AsyncOptions): Promise<Buffer> {
    return this.#volume.disk.lun.read(this.#place(offsetBytes, lengthBytes), lengthBytes, options)
  }

  /**
   * A signal counts as in `Lun.write`.
   *
   * @throws VssError `E_ACCESSDENIED` if the volume is read-only; else as {@link VolumeHandle.read}.
   */
  async write(offsetBytes: number, bytes: Uint8Array, options?: AsyncOptions): Promise<void> {
    const place = this.#place(offsetBytes, byteLengthOf(bytes))
    if (this.#volume.readOnly) {
      throw new VssError('E_ACCESSDENIED', `volume ${this.name} is read-only`, {
        culprit: this.name,
        remedy: 'Write to a volume that is not; a shadow copy is writable only while its writers recover it.',
      })
    }
    await this.#volume.disk.lun.write(place, bytes, options)
  }

  /** Makes every write that has been completed durable. A signal counts as in `Lun.flush`. */
  async flush(options?: AsyncOptions): Promise<void> {
    this.#place(0, 0)
    await this.#volume.disk.lun.flush(options)
  }

  /** Idempotent. The LUN below stays as it is. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#onClose()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Where on the LUN. */
  #place(offsetBytes: number, lengthBytes: number): number {
    if (this.#closed) throw new VssError('ERR_LUN_CLOSED', `volume ${this.name} was closed`)
    if (this.#volume.gone) {
      throw new VssError('VSS_E_OBJECT_NOT_FOUND', `volume ${this.name} was taken out of the host`, {
        culprit: this.name,
      })
    }
    const inside =
      Number.isSafeInteger(offsetBytes) &&
      Number.isSafeInteger(lengthBytes) &&
      offsetBytes >= 0 &&
      lengthBytes >= 0 &&
      offsetBytes + lengthBytes <= this.sizeBytes
    if (!inside) {
      throw new VssError(
        'ERR_OUT_OF_RANGE',
        `${describeValue(lengthBytes)} bytes at ${describeValue(offsetBytes)} do not lie inside ${this.name} of ${this.sizeBytes} bytes`,
        { culprit: this.name },
      )
    }
    return this.#volume.extent.offsetBytes + offsetBytes
  }
}
