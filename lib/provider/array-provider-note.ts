/**
 * What is kept with a persistent set in the array, so that a later coordinator can list and delete it:
 * the coordinator's description, as JSON with a version of its own.
 */
import type { SetRecord } from '../binding.ts'

import { isSameLun } from '../document/lun-identity.ts'
import { arrayLunInformation } from '../host/lun-information.ts'
import type { SnapshotSetDescription } from './snapshot-set-description.ts'

const VERSION = 1

export function writeNote(description: SnapshotSetDescription): string {
  return JSON.stringify({ version: VERSION, description })
}

/**
 * The description in a record, without the shadow copies whose LUNs have been deleted since. Undefined
 * for a set that was not made for a coordinator.
 */
export function readNote(record: SetRecord): SnapshotSetDescription | undefined {
  if (!record.created || record.note === '') return undefined
  let parsed: unknown
  try {
    parsed = JSON.parse(record.note)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null || !('version' in parsed)) return undefined
  if (parsed.version !== VERSION || !('description' in parsed)) return undefined
  const description = parsed.description as SnapshotSetDescription
  const there = record.copies.map(({ copyGuid }) => arrayLunInformation(copyGuid, true))
  const snapshots = description.snapshots.filter(({ targetLuns }) =>
    targetLuns.every((target) => there.some((lun) => isSameLun(lun, target))),
  )
  return snapshots.length === 0 ? undefined : { ...description, snapshots }
}
