/**
 * Which LUN of which array somebody's LUN information means.
 *
 * The serial number of an array LUN is its id, which makes it quick to find; that it is the one meant
 * is decided by the identifiers of page 83h, as everywhere.
 */
import type { StorageArray } from '../array/storage-array.ts'
import type { LunInfo } from '../binding.ts'
import type { VdsLunInformation } from '../document/lun-information.ts'
import { arrayLunInformation, isArrivalOf } from '../host/lun-information.ts'
import type { Guid } from '../ids.ts'

export interface LocatedLun {
  array: StorageArray
  info: LunInfo
  /** What the LUN answers itself. */
  lunInformation: VdsLunInformation
  /** Shadow copies of it that there are. */
  copyCount: number
}

/** The id behind a serial number of ours. */
export function guidOfSerial(serialNumber: string): Guid | undefined {
  const parts = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i.exec(serialNumber)
  return parts?.slice(1).join('-').toLowerCase()
}

/** One to one with `luns`; undefined for a LUN of nobody here. */
export async function locateArrayLuns(
  arrays: readonly StorageArray[],
  luns: readonly VdsLunInformation[],
): Promise<(LocatedLun | undefined)[]> {
  const known = new Map<Guid, { array: StorageArray; info: LunInfo }>()
  const copyCounts = new Map<Guid, number>()
  for (const array of arrays) {
    for (const info of await array.listLuns()) {
      known.set(info.guid, { array, info })
      if (info.sourceGuid !== null) {
        copyCounts.set(info.sourceGuid, (copyCounts.get(info.sourceGuid) ?? 0) + 1)
      }
    }
  }
  return luns.map((lun) => {
    const guid = guidOfSerial(lun.serialNumber)
    const found = guid === undefined ? undefined : known.get(guid)
    if (found === undefined) return undefined
    const lunInformation = arrayLunInformation(found.info.guid, found.info.snapshotId !== null)
    const copyCount = copyCounts.get(found.info.guid) ?? 0
    return isArrivalOf(lunInformation, lun) ? { ...found, lunInformation, copyCount } : undefined
  })
}
