import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { ArrayKernelSupport } from '../../lib/array/kernel-support.ts'
import type { Lun } from '../../lib/array/lun.ts'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { VssError } from '../../lib/errors.ts'
import { mebi, newArray, newLun, page } from './array-fixture.ts'

const options = { limitMillis: 10_000, awaitWritesInFlight: false }

// Volumes a and b lie on one LUN, c on another.
async function volumes(
  t: ExecutionContext,
): Promise<{ array: StorageArray; luns: Lun[]; kernel: ArrayKernelSupport }> {
  const array = await newArray(t)
  const luns = await Promise.all([1, 2].map(async () => array.openLun(await array.createLun(mebi))))
  const [data, log] = luns as [Lun, Lun]
  const under: Record<string, { lun: Lun; lunName: string }> = {
    a: { lun: data, lunName: 'data disk' },
    b: { lun: data, lunName: 'data disk' },
    c: { lun: log, lunName: 'log disk' },
  }
  const kernel = new ArrayKernelSupport((name) => {
    const found = under[name]
    if (found === undefined) throw new VssError('VSS_E_OBJECT_NOT_FOUND', `no volume ${name}`)
    return found
  })
  return { array, luns, kernel }
}

async function arm(
  array: StorageArray,
  luns: readonly Lun[],
  autoRelease = false,
): Promise<{ setId: string; copies: string[] }> {
  const setId = randomUUID()
  const copies = luns.map((lun) => ({
    sourceGuid: lun.guid,
    snapshotId: randomUUID(),
    copyGuid: randomUUID(),
  }))
  await array.armSet({
    setId,
    context: 0,
    autoRelease,
    vssFlags: 0n,
    createdAtFiletime: 133_000_000_000_000_000n,
    copies,
  })
  return { setId, copies: copies.map(({ copyGuid }) => copyGuid) }
}

const settled = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => true), sleep(50).then(() => false)])

test('writes wait from the hold to the release, reads do not, and the verdict counts them', async (t) => {
  const { luns, kernel } = await volumes(t)
  const [data, log] = luns as [Lun, Lun]
  const lease = await kernel.hold(randomUUID(), ['a', 'b', 'c'], options)
  t.deepEqual(
    lease.volumes,
    ['a', 'b', 'c'].map((volumeName) => ({ volumeName, flushMicros: 0 })),
  )
  t.true((await data.inspect()).held)
  const writes = [data.write(0, page(1)), data.write(4096, page(2)), log.write(0, page(3))]
  t.false(await settled(Promise.race(writes)))
  t.deepEqual(await data.read(0, 4096), Buffer.alloc(4096))
  await data.flush()
  const verdict = await kernel.release(lease)
  await Promise.all(writes)
  t.true(verdict.heldThroughout)
  t.is(verdict.endedBy, 'release')
  t.true(verdict.holdMicros > 50_000 && verdict.holdMicros < 10_000_000)
  t.deepEqual(
    verdict.luns.map(({ lun, volumeNames, queuedWriteCount }) => ({ lun, volumeNames, queuedWriteCount })),
    [
      { lun: 'data disk', volumeNames: ['a', 'b'], queuedWriteCount: 2 },
      { lun: 'log disk', volumeNames: ['c'], queuedWriteCount: 1 },
    ],
  )
  t.is(await kernel.release(lease), verdict, 'the same verdict, however often it is asked for')
})

test('a hold captures the armed LUNs: copies show the bytes of the instant, originals go on', async (t) => {
  const { array, luns, kernel } = await volumes(t)
  const [data, log] = luns as [Lun, Lun]
  await data.write(0, page(1))
  const { setId, copies } = await arm(array, luns)
  const lease = await kernel.hold(setId, ['a', 'c'], options)
  const late = [data.write(0, page(2)), log.write(512, page(3))]
  await kernel.release(lease)
  await Promise.all(late)
  await array.recordSet(setId)
  await array.finishSet(setId, 'kept by its owner')
  const [copyOfData, copyOfLog] = await Promise.all(copies.map((guid) => array.openLun(guid)))
  t.deepEqual(await copyOfData?.read(0, 4096), page(1))
  t.deepEqual(await copyOfLog?.read(0, 8192), Buffer.alloc(8192))
  t.deepEqual(await data.read(0, 4096), page(2))
  const [set] = await array.listSets()
  t.like(set, { setId, created: true, copiesAtCreation: 2, note: 'kept by its owner', autoRelease: false })
  t.is(set?.createdAtFiletime, 133_000_000_000_000_000n)

  await array.deleteCopies(set?.copies.map(({ snapshotId }) => snapshotId) ?? [])
  t.deepEqual(await array.listSets(), [])
  await t.throwsAsync(Promise.resolve(copyOfData?.read(0, 512)), { code: 'ERR_COPY_GONE' })
})

test('a hold that runs into its limit ends by itself, and nothing of its set remains', async (t) => {
  const { array, luns, kernel } = await volumes(t)
  const [data] = luns as [Lun]
  const { setId } = await arm(array, luns)
  const lease = await kernel.hold(setId, ['a', 'c'], { ...options, limitMillis: 200 })
  const before = performance.now()
  await data.write(0, page(1))
  const waited = performance.now() - before
  t.true(waited > 100 && waited < 1000, `${waited} ms`)
  const verdict = await kernel.release(lease)
  t.like(verdict, { heldThroughout: false, endedBy: 'deadline' })
  await t.throwsAsync(array.recordSet(setId), { code: 'VSS_E_OBJECT_NOT_FOUND' })
  t.deepEqual(await array.listSets(), [])
})

test('two holds of one LUN: the second is refused and the first stands', async (t) => {
  const { luns, kernel } = await volumes(t)
  const lease = await kernel.hold(randomUUID(), ['a'], options)
  await t.throwsAsync(kernel.hold(randomUUID(), ['c', 'b'], options), {
    code: 'VSS_E_SNAPSHOT_SET_IN_PROGRESS',
  })
  t.false((await luns[1]?.inspect())?.held, 'a hold is for all or for none')
  t.true((await kernel.release(lease)).heldThroughout)
})

test('closing a LUN through which a hold was taken ends the hold, and its set fails', async (t) => {
  const { array, luns, kernel } = await volumes(t)
  const [data, log] = luns as [Lun, Lun]
  const { setId } = await arm(array, luns)
  const lease = await kernel.hold(setId, ['a', 'c'], options)
  const held = data.write(0, page(1))
  await data.close()
  await held
  await log.write(0, page(2))
  t.like(await kernel.release(lease), { heldThroughout: false, endedBy: 'owner' })
  await t.throwsAsync(array.recordSet(setId), { code: 'VSS_E_OBJECT_NOT_FOUND' })
})

test('closing another handle of a held LUN leaves the hold alone', async (t) => {
  const { array, luns, kernel } = await volumes(t)
  const other = await array.openLun(String(luns[0]?.guid))
  const lease = await kernel.hold(randomUUID(), ['a'], options)
  await other.close()
  t.true((await kernel.release(lease)).heldThroughout)
})

test('a hold of no volumes is a lease like any other', async (t) => {
  const { kernel } = await volumes(t)
  const lease = await kernel.hold(randomUUID(), [], { ...options, limitMillis: 50 })
  await sleep(200)
  t.like(await kernel.release(lease), { heldThroughout: false, endedBy: 'deadline', luns: [] })
  const another = await kernel.hold(randomUUID(), [], options)
  t.like(await kernel.release(another), { heldThroughout: true, endedBy: 'release' })
})

test('volumes of two arrays cannot be held as one', async (t) => {
  const [one, two] = [await newLun(t), await newLun(t)]
  const kernel = new ArrayKernelSupport((name) => ({ lun: name === '1' ? one : two, lunName: name }))
  await t.throwsAsync(kernel.hold(randomUUID(), ['1', '2'], options), {
    code: 'VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER',
  })
  await one.write(0, page(1))
})

test('a hold that awaits writes in flight stands when the last has landed', async (t) => {
  const { luns, kernel } = await volumes(t)
  const [data] = luns as [Lun]
  const writes = Array.from({ length: 200 }, (_, i) => data.write((i % 256) * 4096, page(i)))
  const lease = await kernel.hold(randomUUID(), ['a'], { ...options, awaitWritesInFlight: true })
  await Promise.all(writes)
  t.true((await kernel.release(lease)).heldThroughout)
})

test('what was never leased cannot be released, and what no volume is cannot be held', async (t) => {
  const { kernel } = await volumes(t)
  await t.throwsAsync(kernel.release({ leaseId: '77', setId: randomUUID(), volumes: [] }), {
    code: 'ERR_LEASE_EXPIRED',
  })
  await t.throwsAsync(kernel.hold(randomUUID(), ['nothing'], options), { code: 'VSS_E_OBJECT_NOT_FOUND' })
})

test('a hold given up by its signal is released as soon as it stands', async (t) => {
  const { luns, kernel } = await volumes(t)
  const controller = new AbortController()
  const holding = kernel.hold(randomUUID(), ['a'], options, controller.signal)
  await Promise.resolve()
  controller.abort(new Error('changed my mind'))
  await t.throwsAsync(holding, { message: 'changed my mind' })
  const before = performance.now()
  await luns[0]?.write(0, page(1))
  t.true(performance.now() - before < 2000)
})

test('a set that is not finished goes with the last handle its thread has of the array', async (t) => {
  const array = await newArray(t)
  const lun = await array.openLun(await array.createLun(mebi))
  const kernel = new ArrayKernelSupport(() => ({ lun, lunName: 'lun' }))
  const { setId } = await arm(array, [lun])
  await kernel.release(await kernel.hold(setId, ['v'], options))
  await array.recordSet(setId)
  t.is((await array.listSets()).length, 1)
  await array.close()
  await using again = await StorageArray.open(array.path)
  t.deepEqual(await again.listSets(), [])
})

test('the verdict of a lease is kept for a while, and forgotten after many more', async (t) => {
  const kernel = new ArrayKernelSupport(() => t.fail() as never)
  const first = await kernel.hold(randomUUID(), [], options)
  const verdict = await kernel.release(first)
  t.is(await kernel.release(first), verdict)
  for (let i = 0; i < 64; i++) await kernel.release(await kernel.hold(randomUUID(), [], options))
  await t.throwsAsync(kernel.release(first), {
    code: 'ERR_LEASE_EXPIRED',
    message: /was never given here, or was released long ago/,
  })
})
