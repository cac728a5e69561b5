// The life of LUNs and copies through StorageArray: growing, reverting, breaking off, deleting.
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import type { Lun } from '../../lib/array/lun.ts'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { mebi, newArray, page, temporaryDirectory } from './array-fixture.ts'
import { takeCopies } from './take-copies.ts'

async function write(lun: Lun, offset: number, seed: number): Promise<void> {
  await lun.write(offset, page(seed), { forceUnitAccess: true })
}

test('a LUN reverts to a copy of it, through the handle that is open, and again after a later copy', async (t) => {
  const array = await newArray(t)
  await using lun = await array.openLun(await array.createLun(mebi))
  await write(lun, 0, 1)
  const [first] = await takeCopies(array, [lun])
  await write(lun, 0, 2)
  const [second] = await takeCopies(array, [lun])
  await write(lun, 0, 3)

  await array.revertLun(lun.guid, String(first?.guid))
  t.deepEqual(await lun.read(0, 4096), page(1))
  await write(lun, 4096, 4)
  await array.revertLun(lun.guid, String(second?.guid))
  t.deepEqual(await lun.read(0, 4096), page(2))
  t.deepEqual(await lun.read(4096, 4096), Buffer.alloc(4096))
  t.deepEqual((await array.check()).faults, [])
})

test('a revert is refused across families, to itself, of a copy, and of a LUN whose writes are held', async (t) => {
  const array = await newArray(t)
  await using lun = await array.openLun(await array.createLun(mebi))
  const other = await array.createLun(mebi)
  const [copy] = await takeCopies(array, [lun])
  const copyGuid = String(copy?.guid)
  await t.throwsAsync(array.revertLun(lun.guid, other), { code: 'ERR_INVALID_ARGUMENT' })
  await t.throwsAsync(array.revertLun(lun.guid, lun.guid), { code: 'ERR_INVALID_ARGUMENT' })
  await t.throwsAsync(array.revertLun(copyGuid, lun.guid), { code: 'ERR_LUN_IN_USE' })
  await t.throwsAsync(array.deleteLun(copyGuid), { code: 'ERR_LUN_IN_USE' })
  await t.throwsAsync(array.deleteLun(lun.guid), { code: 'ERR_LUN_IN_USE', message: /has shadow copies/ })
})

test('a copy that is broken off is an ordinary LUN, and its origin can go without it', async (t) => {
  const array = await newArray(t)
  await using lun = await array.openLun(await array.createLun(mebi))
  await write(lun, 0, 1)
  const [copy] = await takeCopies(array, [lun])
  await write(lun, 0, 2)
  const snapshotId = String(copy?.snapshotId)
  t.deepEqual(await array.breakCopies([snapshotId]), [copy?.guid])
  await t.throwsAsync(array.breakCopies([snapshotId]), { code: 'VSS_E_OBJECT_NOT_FOUND' })
  t.deepEqual(await array.listSets(), [])
  await array.deleteLun(lun.guid)
  t.deepEqual(
    (await array.listLuns()).map(({ guid, snapshotId: id }) => [guid, id]),
    [[copy?.guid, null]],
  )
  await using free = await array.openLun(String(copy?.guid))
  t.false(free.isCopy)
  t.deepEqual(await free.read(0, 4096), page(1))
  const path = await array.detachLun(free.guid)
  t.is(statSync(path).size, mebi)
})

test('a grown LUN is larger for whoever opens it, and its base file is', async (t) => {
  const array = await newArray(t)
  const guid = await array.createLun(mebi + 512)
  await array.growLun(guid, 2 * mebi)
  await using lun = await array.openLun(guid)
  t.is(lun.sizeBytes, 2 * mebi)
  t.deepEqual(await lun.read(2 * mebi - 4096, 4096), Buffer.alloc(4096))
  t.is(statSync((await array.findLun(guid)).basePath).size, 2 * mebi)
  for (const size of [mebi, 2 * mebi + 1, 2 ** 44]) {
    await t.throwsAsync(array.growLun(guid, size), { code: 'ERR_LUN_SIZE' }, String(size))
  }
})

test('space that only a deleted copy could see goes back to the file system', async (t) => {
  const array = await newArray(t)
  const guid = await array.createLun(16 * mebi)
  const lun = await array.openLun(guid)
  await lun.write(0, Buffer.alloc(16 * mebi, 1))
  const [copy] = await takeCopies(array, [lun])
  await lun.write(0, Buffer.alloc(16 * mebi, 2))
  await lun.flush()
  const { basePath } = await array.findLun(guid)
  const bytesOnDisk = (): number => statSync(basePath).blocks * 512
  t.true(bytesOnDisk() >= 16 * mebi)
  await array.deleteCopies([String(copy?.snapshotId)])
  // Closing waits for what goes on in the background.
  await array.close()
  t.true(bytesOnDisk() < mebi, String(bytesOnDisk()))
  await using again = await StorageArray.open(array.path)
  await using same = await again.openLun(guid)
  t.true((await same.read(0, 16 * mebi)).equals(Buffer.alloc(16 * mebi, 2)))
})

test('a deleted LUN leaves no file; an adopted image that is deleted is whole and free again', async (t) => {
  const directory = temporaryDirectory(t)
  const image = join(directory, 'disk.img')
  writeFileSync(image, page(7, mebi))
  await using array = await StorageArray.create(join(directory, 'array'))
  const guid = await array.createLun(mebi)
  const adopted = await array.adoptLun(image)
  await array.deleteLun(guid)
  await array.deleteLun(adopted)
  t.deepEqual(
    ['base', 'area'].flatMap((folder) => readdirSync(join(array.path, folder))),
    [],
  )
  t.true(existsSync(image))
  await using other = await StorageArray.create(join(directory, 'other'))
  t.is(await other.detachLun(await other.adoptLun(image)), image)
})
