/**
 * The array provider over a real array, driven through the calls of a set without a coordinator.
 */
import type { ExecutionContext } from 'ava'
import { ArrayKernelSupport } from '../../lib/array/kernel-support.ts'
import type { Lun } from '../../lib/array/lun.ts'
import type { StorageArray } from '../../lib/array/storage-array.ts'
import type { HoldLease } from '../../lib/coordinator/kernel-support.ts'
import type { VdsLunInformation } from '../../lib/document/lun-information.ts'
import { VSS_SNAPSHOT_CONTEXT } from '../../lib/enums.ts'
import { arrayLunInformation } from '../../lib/host/lun-information.ts'
import { LunMasking } from '../../lib/host/lun-masking.ts'
import { type Guid, newGuid } from '../../lib/ids.ts'
import { ArrayProvider } from '../../lib/provider/array-provider.ts'
import type { Provider } from '../../lib/provider/interfaces.ts'
import { bareLun, copyLuns, gptLun, newArray } from '../host/machine.ts'

export const BACKUP: VSS_SNAPSHOT_CONTEXT = VSS_SNAPSHOT_CONTEXT.VSS_CTX_BACKUP

export interface Machine {
  array: StorageArray
  masking: LunMasking
  provider: Provider
  luns: Lun[]
  sources: VdsLunInformation[]
  devices: string[]
}

/** A provider over one array with two LUNs. */
export async function machine(t: ExecutionContext): Promise<Machine> {
  const array = await newArray(t)
  const masking = new LunMasking()
  const luns = [await gptLun(array), await bareLun(array)]
  return {
    array,
    masking,
    provider: new ArrayProvider({ arrays: [array], masking }),
    luns,
    sources: luns.map(({ guid }) => arrayLunInformation(guid, false)),
    devices: ['\\\\.\\PHYSICALDRIVE1', '\\\\.\\PHYSICALDRIVE2'],
  }
}

/** Which kernel support granted a lease. */
const leases = new WeakMap<HoldLease, ArrayKernelSupport>()

export async function hold({ luns }: Machine, setId: Guid): Promise<HoldLease> {
  const kernelSupport = new ArrayKernelSupport((name) => ({ lun: luns[Number(name)] as Lun, lunName: name }))
  const names = luns.map((_lun, index) => String(index))
  const lease = await kernelSupport.hold(setId, names, { limitMillis: 10_000, awaitWritesInFlight: false })
  leases.set(lease, kernelSupport)
  return lease
}

export async function release(lease: HoldLease): Promise<void> {
  const verdict = await leases.get(lease)?.release(lease)
  if (!verdict?.heldThroughout) throw new Error('the hold did not last')
}

/** The calls of one set, each a step that may be the last one made. */
export function steps(
  at: Machine,
  setId: Guid,
  context: number = BACKUP,
): [string, () => Promise<unknown>][] {
  const { provider, devices, sources } = at
  let lease: HoldLease | undefined
  return [
    ['begin', () => provider.beginPrepareSnapshot(setId, newGuid(), context, devices, sources)],
    ['endPrepare', () => provider.endPrepareSnapshots(setId)],
    ['preCommit', () => provider.preCommitSnapshots(setId)],
    [
      'hold',
      async () => {
        lease = await hold(at, setId)
      },
    ],
    ['commit', () => provider.commitSnapshots(setId)],
    ['release', async () => lease && release(lease)],
    ['postCommit', () => provider.postCommitSnapshots(setId, 1)],
    ['getTargetLuns', () => provider.getTargetLuns(devices, sources)],
    ['locateLuns', async () => provider.locateLuns(await provider.getTargetLuns(devices, sources))],
    ['preFinalCommit', () => provider.preFinalCommitSnapshots(setId)],
    ['postFinalCommit', () => provider.postFinalCommitSnapshots(setId)],
  ]
}

/** Makes the calls of a set up to and with the last one named. */
export async function runThrough(
  at: Machine,
  setId: Guid,
  last: string,
  context: number = BACKUP,
): Promise<void> {
  for (const [name, step] of steps(at, setId, context)) {
    await step()
    if (name === last) return
  }
}

/** What has to hold after a set that did not come about. */
export async function assertNothingLeft(t: ExecutionContext, at: Machine, message?: string): Promise<void> {
  t.deepEqual(await copyLuns(at.array), [], message)
  t.deepEqual(await at.array.listSets(), [], message)
  t.deepEqual(at.masking.list(), [], message)
  for (const lun of at.luns) t.is((await lun.inspect()).pendingVssFlags, 0n, message)
}
