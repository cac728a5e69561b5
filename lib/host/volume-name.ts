/**
 * The names of volumes and devices, and where the GUID in a volume name comes from.
 *
 * A GPT volume is named by its partition's GUID. An MBR partition has none, and is identified by the
 * disk's signature and its offset; a LUN without a table by the LUN itself. For these two the GUID is
 * made of what identifies them (UUID version 5), so that the name stays over remapping and restarts
 * and changes with the identity of the disk.
 */
import { createHash } from 'node:crypto'
import { type Guid, isGuid } from '../ids.ts'

/** Of the names made here; chosen once. */
const NAMESPACE: Guid = '5d0d7f0e-3c0a-4b7e-9a55-2f6d1c8b4e71'

export function volumeNameOf(guid: Guid): string {
  return `\\\\?\\Volume{${guid}}\\`
}

/** The GUID of `\\?\Volume{GUID}\`, in either case, with or without the trailing backslash. */
export function guidOfVolumeName(name: string): Guid | undefined {
  if (typeof name !== 'string') return undefined
  const guid = /^\\\\\?\\Volume\{([0-9a-f-]{36})\}\\?$/i.exec(name)?.[1]?.toLowerCase()
  return guid !== undefined && isGuid(guid) ? guid : undefined
}

export function mbrVolumeGuid(signature: number, offsetBytes: number): Guid {
  return namedGuid(`mbr:${signature.toString(16).padStart(8, '0')}:${offsetBytes}`)
}

/** For a volume on a disk that has no identity of its own. */
export function lunVolumeGuid(lun: Guid, offsetBytes: number): Guid {
  return namedGuid(`lun:${lun}:${offsetBytes}`)
}

export function deviceNameOf(diskIndex: number): string {
  return `\\\\.\\PHYSICALDRIVE${diskIndex}`
}

export function volumeDeviceObject(index: number): string {
  return `\\\\?\\GLOBALROOT\\Device\\HarddiskVolume${index}`
}

export function shadowDeviceObject(index: number): string {
  return `\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy${index}`
}

function namedGuid(name: string): Guid {
  const hash = createHash('sha1')
    .update(Buffer.from(NAMESPACE.replaceAll('-', ''), 'hex'))
    .update(name)
  const bytes = hash.digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
