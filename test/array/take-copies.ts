// A shadow copy set of some LUNs of one array, taken without a coordinator.
import { randomUUID } from 'node:crypto'
import { ArrayKernelSupport } from '../../lib/array/kernel-support.ts'
import type { Lun } from '../../lib/array/lun.ts'
import type { StorageArray } from '../../lib/array/storage-array.ts'

export interface TakenCopy {
  setId: string
  snapshotId: string
  /** The LUN of the copy. */
  guid: string
}

/** A copy of each LUN, in their order, all of one instant. */
export async function takeCopies(
  array: StorageArray,
  luns: readonly Lun[],
  { autoRelease = false }: { autoRelease?: boolean } = {},
): Promise<TakenCopy[]> {
  const setId = randomUUID()
  const copies = luns.map((lun) => ({
    sourceGuid: lun.guid,
    snapshotId: randomUUID(),
    copyGuid: randomUUID(),
  }))
  await array.armSet({
    setId,
    context: autoRelease ? 0 : 0x19,
    autoRelease,
    vssFlags: 0n,
    createdAtFiletime: BigInt(Date.now()) * 10_000n + 116_444_736_000_000_000n,
    copies,
  })
  const kernel = new ArrayKernelSupport((name) => {
    const lun = luns.find(({ guid }) => guid === name)
    if (lun === undefined) throw new Error(`no LUN ${name}`)
    return { lun, lunName: name }
  })
  const names = luns.map(({ guid }) => guid)
  const lease = await kernel.hold(setId, names, { limitMillis: 10_000, awaitWritesInFlight: false })
  const verdict = await kernel.release(lease)
  if (!verdict.heldThroughout) throw new Error('the hold did not last')
  await array.recordSet(setId)
  await array.finishSet(setId, 'taken by a test')
  return copies.map(({ snapshotId, copyGuid }) => ({ setId, snapshotId, guid: copyGuid }))
}
