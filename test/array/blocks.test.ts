// Changed and allocated blocks through StorageArray: streams that a backup is driven from.
import test from 'ava'
import type { Extent } from '../../lib/array/blocks.ts'
import { mebi, newArray, page } from './array-fixture.ts'
import { takeCopies } from './take-copies.ts'

async function all(extents: AsyncIterable<Extent>): Promise<[number, number][]> {
  const list: [number, number][] = []
  for await (const { offsetBytes, lengthBytes } of extents) list.push([offsetBytes, lengthBytes])
  return list
}

test('an incremental backup of the changed blocks, put over the copy before, is the copy after', async (t) => {
  const array = await newArray(t)
  await using lun = await array.openLun(await array.createLun(4 * mebi))
  for (let i = 0; i < 64; i++) await lun.write(i * 65536, page(i))
  const [monday] = await takeCopies(array, [lun])
  for (let i = 0; i < 64; i += 3) await lun.write(i * 65536 + 512, page(1000 + i, 8192))
  const [tuesday] = await takeCopies(array, [lun])
  await lun.write(0, page(9))

  await using before = await array.openLun(String(monday?.guid))
  await using after = await array.openLun(String(tuesday?.guid))
  const restored = await before.read(0, 4 * mebi)
  let bytes = 0
  for await (const { offsetBytes, lengthBytes } of array.changedBlocks(before.guid, after.guid)) {
    restored.set(await after.read(offsetBytes, lengthBytes), offsetBytes)
    bytes += lengthBytes
  }
  t.true(restored.equals(await after.read(0, 4 * mebi)))
  t.is(bytes, 22 * 3 * 4096)
})

test('more extents than one answer holds come in order and without gaps between answers', async (t) => {
  const array = await newArray(t)
  await using lun = await array.openLun(await array.createLun(32 * mebi))
  const [copy] = await takeCopies(array, [lun])
  const offsets = Array.from({ length: 2500 }, (_, i) => i * 3 * 4096)
  const bytes = page(1)
  await Promise.all([...offsets].reverse().map((offset) => lun.write(offset, bytes)))
  const expected = offsets.map((offset) => [offset, 4096])
  t.deepEqual(await all(array.changedBlocks(String(copy?.guid), lun.guid)), expected as [number, number][])
})

test('a full backup reads what is allocated, and nothing of a LUN nobody wrote to', async (t) => {
  const array = await newArray(t)
  const untouched = await array.createLun(2 ** 40)
  t.deepEqual(await all(array.allocatedBlocks(untouched)), [])
  await using lun = await array.openLun(untouched)
  await lun.write(2 ** 39, page(1), { forceUnitAccess: true })
  t.deepEqual(await all(array.allocatedBlocks(untouched)), [[2 ** 39, 4096]])
})

test('a walk that is left early, cancelled, or refused leaves the array to be closed', async (t) => {
  const array = await newArray(t)
  await using lun = await array.openLun(await array.createLun(mebi))
  const [copy] = await takeCopies(array, [lun])
  for (let i = 0; i < 5; i++) await lun.write(i * 8192, page(i))
  const older = String(copy?.guid)
  for await (const first of array.changedBlocks(older, lun.guid)) {
    t.deepEqual(first, { offsetBytes: 0, lengthBytes: 4096 })
    break
  }
  const code = 'VSS_S_ASYNC_CANCELLED'
  const cancelled = array.changedBlocks(older, lun.guid, { signal: AbortSignal.abort() })
  await t.throwsAsync(cancelled.next(), { code })
  const other = await array.createLun(mebi)
  await t.throwsAsync(all(array.changedBlocks(other, lun.guid)), { code: 'ERR_INVALID_ARGUMENT' })
  t.throws(() => array.changedBlocks('disk1', lun.guid), { code: 'E_INVALIDARG' })
  await array.deleteCopies([String(copy?.snapshotId)])
  await t.throwsAsync(all(array.changedBlocks(older, lun.guid)), { code: 'ERR_LUN_NOT_FOUND' })
})
