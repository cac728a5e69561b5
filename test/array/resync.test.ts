// Resynchronizing a LUN from a shadow copy of another, through StorageArray: bytes, identity, progress, cancelling.
import test, { type ExecutionContext } from 'ava'
import type { Lun } from '../../lib/array/lun.ts'
import type { ResyncProgress } from '../../lib/array/resync.ts'
import type { StorageArray } from '../../lib/array/storage-array.ts'
import { binding, type DiskLayout } from '../../lib/binding.ts'
import { Host } from '../../lib/host/host.ts'
import { arrayLunInformation } from '../../lib/host/lun-information.ts'
import { LunMasking } from '../../lib/host/lun-masking.ts'
import { ALL_VSS_FLAGS, VSS_FLAGS } from '../../lib/host/volume.ts'
import { newGuid } from '../../lib/ids.ts'
import { gptLun, LDM_TYPE, mbrLun, rejectsWith } from '../host/machine.ts'
import { mebi, newArray, page } from './array-fixture.ts'
import { takeCopies } from './take-copies.ts'

async function whole(array: StorageArray, guid: string): Promise<Buffer> {
  await using lun = await array.openLun(guid)
  return await lun.read(0, lun.sizeBytes)
}

async function layoutOf(array: StorageArray, guid: string): Promise<DiskLayout> {
  await using lun = await array.openLun(guid)
  return binding.readDiskLayout(await lun.readEnds())
}

async function copyOf(array: StorageArray, lun: Lun): Promise<string> {
  const [copy] = await takeCopies(array, [lun])
  return String(copy?.guid)
}

/** A copy as a set of volumes has it: with the flags, and imported, so of another identity than its original. */
async function importedCopyOf(t: ExecutionContext, array: StorageArray, lun: Lun): Promise<string> {
  const masking = new LunMasking()
  await using host = new Host({ masking })
  const copy = await copyOf(array, lun)
  masking.unmask(array, copy)
  await host.rescan([arrayLunInformation(copy, true)], 1_000)
  const { offsetBytes = 0, lengthBytes = 0 } = (await layoutOf(array, copy)).partitions[0] ?? {}
  const { missing } = await host.importVolumes(newGuid(), [
    {
      snapshotId: newGuid(),
      originalVolumeName: 'any',
      extents: [{ lunId: copy, diskIndex: 1, offsetBytes, lengthBytes }],
    },
  ])
  t.deepEqual(missing, [])
  return copy
}

/** What tells a disk from others. */
function identityOf({ diskGuid, mbrSignature, partitions }: DiskLayout): unknown {
  return { diskGuid, mbrSignature, partitions: partitions.map(({ uniqueGuid }) => uniqueGuid) }
}

test('a destination of any former content holds what the copy holds, and later only what changed is copied', async (t) => {
  const array = await newArray(t)
  await using source = await array.openLun(await array.createLun(80 * mebi))
  const destination = await array.createLun(80 * mebi)
  await source.write(0, Buffer.alloc(70 * mebi, 5))
  await using lun = await array.openLun(destination)
  await lun.write(60 * mebi, Buffer.alloc(16 * mebi, 7))
  const first = await copyOf(array, source)
  const told: ResyncProgress[] = []
  const done = await array.resyncLun(destination, first, { onProgress: (progress) => told.push(progress) })
  t.true((await whole(array, destination)).equals(await whole(array, first)))
  t.false(done.incremental)
  t.true(done.writtenBytes >= 76 * mebi && done.writtenBytes <= 80 * mebi, String(done.writtenBytes))
  t.true(told.length >= 2)
  t.true(told.every(({ doneBytes }, i) => doneBytes >= (told[i - 1]?.doneBytes ?? 0)))
  t.deepEqual(told.at(-1), { doneBytes: 80 * mebi, totalBytes: 80 * mebi, writtenBytes: done.writtenBytes })
  t.like(await array.findLun(destination), { content: 'copied', contentOf: first })

  await source.write(30 * mebi, page(1))
  const second = await copyOf(array, source)
  t.deepEqual(await array.resyncLun(destination, second), { writtenBytes: 4096, incremental: true })
  await lun.write(0, page(2))
  t.like(await array.findLun(destination), { content: 'own', contentOf: null })
  t.false((await array.resyncLun(destination, second)).incremental)
  t.true((await whole(array, destination)).equals(await whole(array, second)))
})

test('a resync that is cancelled leaves a marked LUN that no host gets, and a repeat finishes it', async (t) => {
  const array = await newArray(t)
  await using source = await array.openLun(await array.createLun(200 * mebi))
  await source.write(0, Buffer.alloc(200 * mebi, 5))
  const destination = await array.createLun(200 * mebi)
  await using lun = await array.openLun(destination)
  const copy = await copyOf(array, source)
  const controller = new AbortController()
  const cut = array.resyncLun(destination, copy, {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  })
  await rejectsWith(t, 'VSS_S_ASYNC_CANCELLED', cut)
  t.like(await array.findLun(destination), { content: 'partial', contentOf: copy })
  const error = await rejectsWith(t, 'VSS_E_RESYNC_IN_PROGRESS', new Host().map(lun))
  t.regex(error.text, /resync it again/)
  await array.resyncLun(destination, copy)
  t.true((await whole(array, destination)).equals(Buffer.alloc(200 * mebi, 5)))
  t.is((await new Host().map(lun)).length, 1)

  const thrown = new Error('the observer has had enough')
  const other = await array.createLun(200 * mebi)
  const observed = array.resyncLun(other, copy, {
    onProgress: () => {
      throw thrown
    },
  })
  t.is(await t.throwsAsync(observed), thrown)
  t.is((await array.findLun(other)).content, 'partial')
  await array.deleteLun(other)
})

test('a destination that a host may write to is refused by the name of the host', async (t) => {
  const array = await newArray(t)
  const source = await gptLun(array)
  const destination = await gptLun(array)
  const copy = await copyOf(array, source)
  const host = new Host({ machineName: 'alpha' })
  await host.map(destination)
  const error = await rejectsWith(t, 'ERR_LUN_IN_USE', array.resyncLun(destination.guid, copy))
  t.regex(error.text, /host alpha/)
  await host.unmap(destination)
  await rejectsWith(t, 'ERR_INVALID_ARGUMENT', array.resyncLun(destination.guid, source.guid))
  await rejectsWith(t, 'E_INVALIDARG', array.resyncLun(destination.guid, 'disk1'))
  await array.resyncLun(destination.guid, copy)
})

test('the destination stays the disk it is, by GPT as by MBR, and has no flag of a shadow copy', async (t) => {
  const array = await newArray(t)
  const partitions = [
    { name: 'data', lengthBytes: 2 * mebi },
    { name: 'log', attributes: VSS_FLAGS.hidden },
  ]
  for (const [source, destination] of [
    [await gptLun(array, partitions), await gptLun(array, partitions)],
    [await mbrLun(array, { signature: 0x1111 }), await mbrLun(array, { signature: 0x2222 })],
  ] as const) {
    const copy = await importedCopyOf(t, array, source)
    const before = await layoutOf(array, destination.guid)
    await array.resyncLun(destination.guid, copy)
    const after = await layoutOf(array, destination.guid)
    t.deepEqual(identityOf(after), identityOf(before))
    const [of, as] = [await layoutOf(array, source.guid), await layoutOf(array, copy)]
    t.notDeepEqual(identityOf(as), identityOf(of), 'the copy was imported')
    t.deepEqual(
      after.partitions.map(({ vssFlags, name }) => [vssFlags, name]),
      of.partitions.map(({ vssFlags, name }) => [vssFlags, name]),
    )
    t.false(after.damagedPrimary || after.damagedBackup || after.copiesDiffer)
    const host = new Host()
    await host.map(source)
    t.is((await host.map(destination)).length, after.partitions.length, 'both on one host')
    await host.close()
  }
})

test('with the identity of the original the destination is the disk the copy was taken of', async (t) => {
  const array = await newArray(t)
  for (const make of [() => gptLun(array), () => mbrLun(array, { signature: 0x7777 })]) {
    const source = await make()
    const original = await layoutOf(array, source.guid)
    const copy = await importedCopyOf(t, array, source)
    // The original has lost its table since; the copy knows it still.
    await source.write(0, Buffer.alloc(mebi))
    await source.write(source.sizeBytes - mebi, Buffer.alloc(mebi))
    const destination = await array.createLun(source.sizeBytes)
    await array.resyncLun(destination, copy, { identity: 'original' })
    t.deepEqual(identityOf(await layoutOf(array, destination)), identityOf(original))
    await array.resyncLun(source.guid, copy, { identity: 'original' })
    t.deepEqual(identityOf(await layoutOf(array, source.guid)), identityOf(original), 'in its own family too')
  }
})

test('a resync in the family keeps the identity too, and a blank or larger destination gets a new one', async (t) => {
  const array = await newArray(t)
  const source = await gptLun(array)
  const before = identityOf(await layoutOf(array, source.guid))
  const copy = await importedCopyOf(t, array, source)
  await source.write(2 * mebi, page(1))
  t.deepEqual(await array.resyncLun(source.guid, copy), { writtenBytes: 0, incremental: false })
  t.deepEqual(identityOf(await layoutOf(array, source.guid)), before)
  t.deepEqual(await source.read(2 * mebi, 4096), Buffer.alloc(4096))
  t.is((await layoutOf(array, source.guid)).partitions[0]?.vssFlags, 0n)

  const larger = await array.createLun(12 * mebi)
  await array.resyncLun(larger, copy)
  const layout = await layoutOf(array, larger)
  t.notDeepEqual(identityOf(layout), before)
  t.notDeepEqual(identityOf(layout), identityOf(await layoutOf(array, copy)))
  t.false(layout.backupMisplaced || layout.damagedBackup)
  const smaller = await array.createLun(4 * mebi)
  await rejectsWith(t, 'ERR_LUN_SIZE', array.resyncLun(smaller, copy))
})

test('a dynamic disk, and a table that allows no identity, are refused before anything is changed', async (t) => {
  const array = await newArray(t)
  const destination = await gptLun(array)
  const before = await whole(array, destination.guid)
  const dynamic = await mbrLun(array, { type: LDM_TYPE })
  const refused = array.resyncLun(destination.guid, await copyOf(array, dynamic))
  await rejectsWith(t, 'VSS_E_VOLUME_NOT_SUPPORTED', refused)
  const broken = await gptLun(array)
  await broken.write(512, Buffer.alloc(512))
  await broken.write(broken.sizeBytes - 512, Buffer.alloc(512))
  const damaged = array.resyncLun(destination.guid, await copyOf(array, broken))
  await rejectsWith(t, 'VSS_E_CANNOT_REVERT_DISKID', damaged)
  const identity = 'copy' as 'original'
  const nonsense = array.resyncLun(destination.guid, await copyOf(array, dynamic), { identity })
  await rejectsWith(t, 'E_INVALIDARG', nonsense)
  t.true((await whole(array, destination.guid)).equals(before))
  t.is((await array.findLun(destination.guid)).content, 'own')
})

test('a copy that carries every flag gives none of them on', async (t) => {
  const array = await newArray(t)
  const source = await gptLun(array)
  const copy = await importedCopyOf(t, array, source)
  t.is((await layoutOf(array, copy)).partitions[0]?.vssFlags, ALL_VSS_FLAGS)
  const destination = await array.createLun(source.sizeBytes)
  await array.resyncLun(destination, copy)
  t.is((await layoutOf(array, destination)).partitions[0]?.vssFlags, 0n)
})
