// Diff areas through StorageArray: their numbers, what is given up for them, and what is told of it.
import test from 'ava'
import type { SpaceEvent } from '../../lib/array/space.ts'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { mebi, newArray, page } from './array-fixture.ts'
import { takeCopies } from './take-copies.ts'

const unit = 4096

test('a diff area has no maximum until it is set, and keeps what is not mentioned', async (t) => {
  const array = await newArray(t)
  const guid = await array.createLun(mebi)
  t.like(await array.diffArea(guid), {
    lunGuid: guid,
    maximumBytes: null,
    usedBytes: 0,
    policy: 'drop-oldest',
    stallMillis: 10_000,
    copies: [],
  })
  await array.setDiffArea(guid, { maximumBytes: 64 * unit, policy: 'stall' })
  await array.setDiffArea(guid, { stallMillis: 5 })
  const { path } = array
  await array.close()
  await using again = await StorageArray.open(path)
  t.like(await again.diffArea(guid), { maximumBytes: 64 * unit, policy: 'stall', stallMillis: 5 })
  await again.setDiffArea(guid, { maximumBytes: null })
  t.is((await again.diffAreas())[0]?.maximumBytes, null)
})

test('what is asked of a diff area and makes no sense is refused', async (t) => {
  const array = await newArray(t)
  await using lun = await array.openLun(await array.createLun(mebi))
  const [copy] = await takeCopies(array, [lun])
  const code = 'ERR_INVALID_ARGUMENT'
  await t.throwsAsync(array.setDiffArea(lun.guid, { maximumBytes: 100 }), { code })
  await t.throwsAsync(array.setDiffArea(lun.guid, { maximumBytes: -1 }), { code: 'ERR_OUT_OF_RANGE' })
  await t.throwsAsync(array.setDiffArea(lun.guid, { policy: 'hope' as never }), { code })
  await t.throwsAsync(array.setDiffArea(lun.guid, { stallMillis: 2 ** 40 }), { code: 'ERR_OUT_OF_RANGE' })
  await t.throwsAsync(array.setDiffArea(String(copy?.guid), { maximumBytes: mebi }), { code })
  await t.throwsAsync(array.setDiffArea(lun.guid, null as never), { code })
  const unknown = '0fc63daf-8483-4772-8e79-3d69d8477de4'
  await t.throwsAsync(array.diffArea(unknown), { code: 'ERR_LUN_NOT_FOUND' })
  const cancelled = array.setDiffArea(lun.guid, {}, { signal: AbortSignal.abort() })
  await t.throwsAsync(cancelled, { code: 'VSS_S_ASYNC_CANCELLED' })
})

test('the oldest shadow copy is given up for a write, and whoever asks for it is told why', async (t) => {
  const array = await newArray(t)
  await using lun = await array.openLun(await array.createLun(mebi))
  await using other = await array.openLun(await array.createLun(mebi))
  await lun.write(0, page(1, 64 * unit))
  await array.setDiffArea(lun.guid, { maximumBytes: 16 * unit })
  const [first] = await takeCopies(array, [lun, other])
  await using open = await array.openLun(String(first?.guid))
  await lun.write(0, page(2, 10 * unit))
  const [second] = await takeCopies(array, [lun])
  await lun.write(0, page(3, 6 * unit))
  const full = await array.diffArea(lun.guid)
  t.is(full.usedBytes, 16 * unit)
  t.deepEqual(full.copies, [
    { snapshotId: String(first?.snapshotId), ownBytes: 10 * unit },
    { snapshotId: String(second?.snapshotId), ownBytes: 6 * unit },
  ])
  t.true(full.allocatedBytes >= full.usedBytes)
  t.true(full.bytesPerSecond > 0)

  await lun.write(20 * unit, page(4))
  const gone = {
    code: 'ERR_COPY_GONE',
    message: /was given up to keep the diff area of its source within its maximum/,
  }
  await t.throwsAsync(open.read(0, 512), gone)
  await t.throwsAsync(open.inspect(), gone)
  await t.throwsAsync(array.openLun(String(first?.guid)), gone)
  await t.throwsAsync(array.findLun(String(first?.guid)), gone)
  await using kept = await array.openLun(String(second?.guid))
  t.true((await kept.read(0, 10 * unit)).equals(page(2, 10 * unit)))
  const [lost] = await array.lostCopies()
  t.like(lost, { snapshotId: first?.snapshotId, setId: first?.setId, reason: 'maximum-reached', errno: 0 })
  t.is(lost?.error.code, 'ERR_COPY_GONE')
  const set = (await array.listSets()).find(({ setId }) => setId === first?.setId)
  t.is(set?.copiesAtCreation, 2)
  t.is(set?.copies.length, 1)
  t.deepEqual(
    set?.givenUp.map(({ copyGuid, sourceGuid }) => [copyGuid, sourceGuid]),
    [[String(first?.guid), lun.guid]],
  )
})

test('a write that is refused, or waited in vain, says that there is no room', async (t) => {
  const array = await newArray(t)
  await using lun = await array.openLun(await array.createLun(mebi))
  await array.setDiffArea(lun.guid, { maximumBytes: 2 * unit, policy: 'refuse' })
  const [copy] = await takeCopies(array, [lun])
  await lun.write(0, page(1, 2 * unit))
  const code = 'ERR_NO_SPACE'
  await t.throwsAsync(lun.write(8 * unit, page(2)), { code, message: /8192 bytes/ })
  await array.setDiffArea(lun.guid, { policy: 'stall', stallMillis: 60 })
  const begun = performance.now()
  await t.throwsAsync(lun.write(8 * unit, page(2)), { code, message: /60 ms/ })
  t.true(performance.now() - begun >= 55)
  await array.setDiffArea(lun.guid, { stallMillis: 60_000 })
  const waiting = lun.write(8 * unit, page(2))
  await array.deleteCopies([String(copy?.snapshotId)])
  await waiting
  t.true((await lun.read(8 * unit, unit)).equals(page(2)))
})

test('events tell that room becomes short, and what was given up, to whoever watches and until it is closed', async (t) => {
  const array = await newArray(t)
  await using lun = await array.openLun(await array.createLun(mebi))
  await array.setDiffArea(lun.guid, { maximumBytes: 10 * unit })
  const told: SpaceEvent[] = []
  const watching = (async () => {
    for await (const event of array.spaceEvents()) told.push(event)
  })()
  const [copy] = await takeCopies(array, [lun])
  await lun.write(0, page(1, 8 * unit))
  await lun.write(8 * unit, page(1, unit))
  await lun.write(16 * unit, page(1, 2 * unit))

  const later = array.spaceEvents()
  const kinds: string[] = []
  while (kinds.length < 3) kinds.push((await later.next()).value?.kind ?? 'ended')
  t.deepEqual(kinds, ['filling', 'filling', 'copy-given-up'])

  const abort = new AbortController()
  const cancelled = array.spaceEvents({ signal: abort.signal })
  for (let i = 0; i < 3; i++) await cancelled.next()
  const next = cancelled.next()
  setTimeout(() => abort.abort(), 10)
  await t.throwsAsync(next, { code: 'VSS_S_ASYNC_CANCELLED' })

  const waitsForEnd = later.next()
  await array.close()
  t.true((await waitsForEnd).done)
  await watching
  const [at80, at90, gone] = told
  t.like(at80, {
    kind: 'filling',
    lunGuid: lun.guid,
    thresholdPercent: 80,
    usedBytes: 8 * unit,
    maximumBytes: 10 * unit,
  })
  t.true(at80 !== undefined && at80.leftMillis !== null && at80.leftMillis <= 16_000)
  t.like(at90, { kind: 'filling', thresholdPercent: 90 })
  t.is(told.length, 3)
  t.true(gone?.kind === 'copy-given-up' && gone.copy.snapshotId === copy?.snapshotId)
  t.true(gone?.kind === 'copy-given-up' && gone.error.code === 'ERR_COPY_GONE')
})

test('an array that is being watched by nobody any more closes', async (t) => {
  const array = await newArray(t)
  const left = array.spaceEvents()
  void left.next()
  await array.close()
  t.true((await array.spaceEvents().next()).done)
})
