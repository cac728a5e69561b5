/**
 * Which LUN of which array somebody's LUN information means.
 *
 * The serial number of an array LUN is its id, which makes it quick to find; that it is the one meant
 * is decided by the identifiers of page 83h, as everywhere.
 */
import type { StorageArray } from '../array/storage-array.ts'
import type { LunInfo } from '../binding.ts'
import type { VdsLunInformation } from '../document/lun-information.ts'
import { VssError } from '../errors.ts'
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
  return Promise.all(luns.map((lun) => locate(arrays, lun)))
}

async function locate(
  arrays: readonly StorageArray[],
  lun: VdsLunInformation,
): Promise<LocatedLun | undefined> {
  const guid = guidOfSerial(lun.serialNumber)
  if (guid === undefined) return undefined
  for (const array of arrays) {
    const info = await findLun(array, guid)
    if (info === undefined) continue
    const lunInformation = arrayLunInformation(info.guid, info.snapshotId !== null)
    if (!isArrivalOf(lunInformation, lun)) return undefined
    return { array, info, lunInformation, copyCount: info.copyCount }
  }
  return undefined
}

async function findLun(array: StorageArray, guid: Guid): Promise<LunInfo | undefined> {
  try {
    return await array.findLun(guid)
  } catch (thrown) {
    if (thrown instanceof VssError && thrown.code === 'ERR_LUN_NOT_FOUND') return undefined
    throw thrown
  }
}

export interface ResyncPair {
  array: StorageArray
  /** A LUN that is no shadow copy. */
  target: Guid
  /** The LUN of a shadow copy. */
  source: Guid
}

/**
 * Sources and targets of a resync, one to one, each target once and in the array of its source.
 *
 * @throws VssError `E_INVALIDARG`, `VSS_E_OBJECT_NOT_FOUND` or `VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER`
 */
export function requireResyncPairs(
  sources: readonly LocatedLun[],
  targets: readonly (LocatedLun | undefined)[],
): ResyncPair[] {
  if (sources.length !== targets.length) {
    throw new VssError('E_INVALIDARG', `${sources.length} sources do not go into ${targets.length} targets`)
  }
  const pairs = sources.map(({ array, info }, index): ResyncPair => {
    const target = targets[index]
    if (target === undefined)
      throw new VssError('VSS_E_OBJECT_NOT_FOUND', 'a target is no LUN of any array here')
    if (target.array === array && target.info.snapshotId === null) {
      return { array, target: target.info.guid, source: info.guid }
    }
    throw new VssError(
      'VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER',
      `LUN ${target.info.guid} is a shadow copy, or lies in another array than LUN ${info.guid}`,
      { culprit: target.info.guid },
    )
  })
  if (new Set(pairs.map(({ target }) => target)).size < pairs.length) {
    throw new VssError('E_INVALIDARG', 'a target is named twice')
  }
  return pairs
}
