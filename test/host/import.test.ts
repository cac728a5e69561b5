// Arrival and import of copies, with the array itself in the place of a provider: what is armed, captured
// by a hold and recorded is a LUN like those a provider would unmask.
import test, { type ExecutionContext } from 'ava'
import { ArrayKernelSupport } from '../../lib/array/kernel-support.ts'
import type { Lun } from '../../lib/array/lun.ts'
import type { StorageArray } from '../../lib/array/storage-array.ts'
import { binding } from '../../lib/binding.ts'
import type { VolumeToImport } from '../../lib/coordinator/host.ts'
import { Host } from '../../lib/host/host.ts'
import { arrayLunInformation } from '../../lib/host/lun-information.ts'
import { LunMasking } from '../../lib/host/lun-masking.ts'
import { ALL_VSS_FLAGS, type Volume } from '../../lib/host/volume.ts'
import { type Guid, newGuid } from '../../lib/ids.ts'
import { bareLun, gptLun, LDM_TYPE, MiB, mbrLun, metadataHash, newArray, rejectsWith } from './machine.ts'

const LIMIT_MILLIS = 10_000

/** A recorded copy of one LUN. */
async function copyOf(array: StorageArray, host: Host, lun: Lun, vssFlags = 0n): Promise<Guid> {
  const setId = newGuid()
  const copyGuid = newGuid()
  await array.armSet({
    setId,
    context: 0,
    autoRelease: true,
    vssFlags,
    createdAtFiletime: 0n,
    copies: [{ sourceGuid: lun.guid, snapshotId: newGuid(), copyGuid }],
  })
  const kernelSupport = new ArrayKernelSupport((name) => host.heldVolume(name))
  const names = host.volumes().flatMap(({ lunGuid, name }) => (lunGuid === lun.guid ? name : []))
  const lease = await kernelSupport.hold(setId, names, {
    limitMillis: LIMIT_MILLIS,
    awaitWritesInFlight: false,
  })
  const verdict = await kernelSupport.release(lease)
  if (!verdict.heldThroughout) throw new Error('the hold did not last')
  await array.recordSet(setId)
  return copyGuid
}

function wanted(volume: Volume, copyGuid: Guid): VolumeToImport {
  const { offsetBytes, lengthBytes } = volume
  return {
    snapshotId: newGuid(),
    originalVolumeName: volume.name,
    extents: [{ lunId: copyGuid, diskIndex: 1, offsetBytes, lengthBytes }],
  }
}

interface Machine {
  array: StorageArray
  masking: LunMasking
  host: Host
}

async function machine(t: ExecutionContext): Promise<Machine> {
  const masking = new LunMasking()
  const host = new Host({ masking })
  const array = await newArray(t)
  t.teardown(() => host.close())
  return { array, masking, host }
}

/** Unmasks a copy and waits for it. */
async function arrive({ array, masking, host }: Machine, copyGuid: Guid): Promise<void> {
  masking.unmask(array, copyGuid)
  const arrived = await host.rescan([arrayLunInformation(copyGuid, true)], LIMIT_MILLIS)
  if (arrived[0]?.lunId !== copyGuid) throw new Error('the copy did not arrive')
}

test('R78, R79, R109, R110: a GPT copy arrives with new GUIDs, hidden, read-only, unmounted', async (t) => {
  const at = await machine(t)
  const { array, host } = at
  const lun = await gptLun(array, [{ name: 'data', lengthBytes: 2 * MiB }, { name: 'log' }])
  const originals = await host.map(lun)
  for (const { name } of originals) host.mounts.set(`/${name.slice(11, 19)}`, name)
  const before = await metadataHash(lun)
  const copyGuid = await copyOf(array, host, lun, ALL_VSS_FLAGS)
  await arrive(at, copyGuid)
  t.is(host.volumes().length, 2, 'a disk that has arrived has no volumes yet')

  const volumes = originals.map((volume) => wanted(volume, copyGuid))
  const { imported, missing } = await host.importVolumes(newGuid(), volumes)
  t.deepEqual(missing, [])
  t.deepEqual(
    imported.map(({ snapshotId, deviceObject }) => [snapshotId, deviceObject]),
    volumes.map(({ snapshotId }, index) => [
      snapshotId,
      `\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy${index + 1}`,
    ]),
  )
  const copies = host.volumes().filter(({ lunGuid }) => lunGuid === copyGuid)
  t.is(copies.length, 2)
  for (const [index, copy] of copies.entries()) {
    t.like(copy, { readOnly: true, hidden: true, flags: ALL_VSS_FLAGS, mountPaths: [] })
    t.is(copy.snapshotId, volumes[index]?.snapshotId ?? t.fail())
    t.is(copy.offsetBytes, originals[index]?.offsetBytes ?? t.fail())
    t.is(copy.partition?.name, originals[index]?.partition?.name)
    t.not(copy.name, originals[index]?.name)
    t.true((await host.resolveVolume(copy.name)).isShadowCopy)
  }
  await using copy = await array.openLun(copyGuid)
  const [layout, layoutOfCopy] = [await lun.readEnds(), await copy.readEnds()].map((ends) =>
    binding.readDiskLayout(ends),
  )
  t.not(layoutOfCopy?.diskGuid, layout?.diskGuid)
  t.false(layoutOfCopy?.damagedPrimary || layoutOfCopy?.damagedBackup || layoutOfCopy?.copiesDiffer)
  t.is(await metadataHash(lun), before, 'nothing was written to the original')
})

test('R80: the flags and the identity of a copy are still there when it comes back to a host', async (t) => {
  const at = await machine(t)
  const { array, masking, host } = at
  const lun = await gptLun(array)
  const [original] = await host.map(lun)
  const copyGuid = await copyOf(array, host, lun, ALL_VSS_FLAGS)
  await arrive(at, copyGuid)
  if (original === undefined) return t.fail()
  await host.importVolumes(newGuid(), [wanted(original, copyGuid)])
  const imported = host.volumes().find(({ lunGuid }) => lunGuid === copyGuid)
  await masking.mask(copyGuid)
  t.is(host.volumes().length, 1)
  const elsewhere = new Host()
  const [again] = await elsewhere.map(await array.openLun(copyGuid))
  t.is(again?.name, imported?.name)
  t.like(again, { readOnly: true, hidden: true, flags: ALL_VSS_FLAGS })
  await elsewhere.close()
  t.is((await host.map(await array.openLun(copyGuid))).length, 1, 'also beside its original')
})

test('an MBR copy gets a new signature and the flags that its maker did not give', async (t) => {
  const at = await machine(t)
  const { array, host } = at
  const lun = await mbrLun(array, { signature: 0x11223344, partitions: 2 })
  const originals = await host.map(lun)
  const before = await metadataHash(lun)
  const copyGuid = await copyOf(array, host, lun)
  await arrive(at, copyGuid)
  const { imported } = await host.importVolumes(
    newGuid(),
    originals.slice(1).map((volume) => wanted(volume, copyGuid)),
  )
  t.is(imported.length, 1)
  const copies = host.volumes().filter(({ lunGuid }) => lunGuid === copyGuid)
  t.deepEqual(
    copies.map(({ flags, hidden, readOnly, snapshotId }) => [flags, hidden, readOnly, snapshotId === null]),
    [
      [ALL_VSS_FLAGS, true, true, true],
      [ALL_VSS_FLAGS, true, true, false],
    ],
  )
  await using copy = await array.openLun(copyGuid)
  const { mbrSignature } = binding.readDiskLayout(await copy.readEnds())
  t.not(mbrSignature, 0x11223344)
  t.not(mbrSignature, 0)
  t.is(await metadataHash(lun), before)
})

test('a copy of a LUN without a table arrives as it is, under a name of its own', async (t) => {
  const at = await machine(t)
  const { array, host } = at
  const lun = await bareLun(array)
  await lun.write(0, Buffer.alloc(4096, 1))
  const [original] = await host.map(lun)
  if (original === undefined) return t.fail()
  const copyGuid = await copyOf(array, host, lun, ALL_VSS_FLAGS)
  await lun.write(0, Buffer.alloc(4096, 2))
  await arrive(at, copyGuid)
  const { imported } = await host.importVolumes(newGuid(), [wanted(original, copyGuid)])
  const copy = host.volumes().find(({ lunGuid }) => lunGuid === copyGuid)
  t.not(copy?.name, original.name)
  t.like(copy, { readOnly: true, hidden: true, partition: null })
  using handle = host.openVolume(imported[0]?.deviceObject ?? '')
  t.deepEqual(await handle.read(0, 4096), Buffer.alloc(4096, 1))
  await rejectsWith(t, 'E_ACCESSDENIED', handle.write(0, Buffer.alloc(512)))
})

test('R108: shadow copy volumes are writable while they are recovered, and at no other time', async (t) => {
  const at = await machine(t)
  const { array, host } = at
  const lun = await gptLun(array)
  const [original] = await host.map(lun)
  if (original === undefined) return t.fail()
  const copyGuid = await copyOf(array, host, lun, ALL_VSS_FLAGS)
  await arrive(at, copyGuid)
  const { imported } = await host.importVolumes(newGuid(), [wanted(original, copyGuid)])
  const deviceObjects = imported.map(({ deviceObject }) => deviceObject)
  using handle = host.openVolume(deviceObjects[0] ?? '')
  const bytes = Buffer.alloc(512, 3)
  await rejectsWith(t, 'E_ACCESSDENIED', handle.write(0, bytes))
  await host.setVolumesReadOnly(deviceObjects, false)
  await handle.write(0, bytes)
  await host.setVolumesReadOnly(deviceObjects, true)
  await rejectsWith(t, 'E_ACCESSDENIED', handle.write(0, bytes))
  t.deepEqual(await handle.read(0, 512), bytes)
  t.deepEqual(await lun.read(original.offsetBytes, 512), Buffer.alloc(512))
  await rejectsWith(t, 'E_INVALIDARG', host.setVolumesReadOnly([original.deviceObject], false))
})

test('R81: a copy that arrives mapped read-only is not imported', async (t) => {
  const { array, masking, host } = await machine(t)
  const lun = await gptLun(array)
  const [original] = await host.map(lun)
  if (original === undefined) return t.fail()
  const copyGuid = await copyOf(array, host, lun)
  masking.unmask(array, copyGuid, { readOnly: true })
  const [arrived] = await host.rescan([arrayLunInformation(copyGuid, true)], LIMIT_MILLIS)
  t.true(arrived?.readOnly)
  const { imported, missing } = await host.importVolumes(newGuid(), [wanted(original, copyGuid)])
  t.deepEqual(imported, [])
  t.is(missing[0]?.code, 'VSS_E_MISSING_DISK')
})

test('a rescan waits for what is expected, and gives what came when the limit runs out', async (t) => {
  const { array, masking, host } = await machine(t)
  const lun = await gptLun(array)
  await host.map(lun)
  const copyGuid = await copyOf(array, host, lun)
  const expected = [arrayLunInformation(copyGuid, true)]
  const stranger = arrayLunInformation(newGuid(), true)
  t.deepEqual(await host.rescan(expected, 0), [])
  const waiting = host.rescan(expected, LIMIT_MILLIS)
  masking.unmask(array, copyGuid)
  t.is((await waiting)[0]?.lunId, copyGuid)
  t.deepEqual(
    (await host.rescan([stranger, ...expected], 20)).map(({ lunId }) => lunId),
    [copyGuid],
  )
})

test('R112: a LUN whose recorded identifiers are none that are unique is not recognised', async (t) => {
  const { array, masking, host } = await machine(t)
  const lun = await gptLun(array)
  await host.map(lun)
  const copyGuid = await copyOf(array, host, lun)
  masking.unmask(array, copyGuid)
  const promised = arrayLunInformation(copyGuid, true)
  const { identifiers } = promised.deviceIdDescriptor
  const asVendorSpecific = identifiers.map((identifier) => ({ ...identifier, type: 0 as const }))
  const vague = { ...promised, deviceIdDescriptor: { version: 1, identifiers: asVendorSpecific } }
  t.deepEqual(await host.rescan([vague], 0), [])
  t.deepEqual(await host.rescan([{ ...promised, serialNumber: 'another' }], 0), [])
  t.is((await host.rescan([{ ...promised, busType: 1, productRevision: '9' }], 0)).length, 1)
})

test('a volume that is not where the original has it, or of several extents, is missing', async (t) => {
  const at = await machine(t)
  const { array, host } = at
  const lun = await gptLun(array)
  const [original] = await host.map(lun)
  if (original === undefined) return t.fail()
  const copyGuid = await copyOf(array, host, lun)
  await arrive(at, copyGuid)
  const good = wanted(original, copyGuid)
  const moved = wanted({ ...original, offsetBytes: original.offsetBytes + 512 }, copyGuid)
  const spanned = { ...wanted(original, copyGuid), extents: [...good.extents, ...good.extents] }
  const elsewhere = wanted(original, newGuid())
  const twice = wanted(original, copyGuid)
  const { imported, missing } = await host.importVolumes(newGuid(), [moved, spanned, elsewhere, good, twice])
  t.deepEqual(
    imported.map(({ snapshotId }) => snapshotId),
    [good.snapshotId],
  )
  t.deepEqual(
    missing.map(({ snapshotId, code }) => [snapshotId, code]),
    [
      [moved.snapshotId, 'VSS_E_MISSING_VOLUME'],
      [spanned.snapshotId, 'VSS_E_MISSING_VOLUME'],
      [elsewhere.snapshotId, 'VSS_E_MISSING_DISK'],
      [twice.snapshotId, 'VSS_E_MISSING_HIDDEN_VOLUME'],
    ],
  )
})

test('R86, R89: a copy of a dynamic disk is for a current host, not for one of before 2008', async (t) => {
  for (const generation of ['current', 'beforeServer2008'] as const) {
    const masking = new LunMasking()
    await using host = new Host({ masking, generation })
    const array = await newArray(t)
    const lun = await mbrLun(array, { type: LDM_TYPE })
    const [original] = await host.map(lun)
    if (original === undefined) return t.fail()
    t.true((await host.resolveVolume(original.name)).luns[0]?.dynamicDisk)
    const copyGuid = await copyOf(array, host, lun)
    await arrive({ array, masking, host }, copyGuid)
    const { imported, missing } = await host.importVolumes(newGuid(), [wanted(original, copyGuid)])
    t.is(imported.length, generation === 'current' ? 1 : 0)
    t.deepEqual(
      missing.map(({ code }) => code),
      generation === 'current' ? [] : ['VSS_E_DYNAMIC_DISK_ERROR'],
    )
  }
})

test('a shadow copy leaves the host with its last volume, by force even while it is open', async (t) => {
  const at = await machine(t)
  const { array, host } = at
  const lun = await gptLun(array, [{ lengthBytes: MiB }, { lengthBytes: MiB }])
  const originals = await host.map(lun)
  const copyGuid = await copyOf(array, host, lun)
  await arrive(at, copyGuid)
  const volumes = originals.map((volume) => wanted(volume, copyGuid))
  const { imported } = await host.importVolumes(newGuid(), volumes)
  const [first, second] = imported
  if (!first || !second) return t.fail()
  using open = host.openVolume(second.deviceObject)
  const both = [first.snapshotId, second.snapshotId, newGuid()]
  await rejectsWith(t, 'VSS_E_VOLUME_IN_USE', host.removeVolumes(both, { force: false }))
  t.is(host.volumes().length, 4)
  await host.removeVolumes([first.snapshotId], { force: false })
  t.is(host.volumes().length, 3)
  t.is((await open.read(0, 512)).length, 512)
  await host.removeVolumes(both, { force: true })
  await host.removeVolumes(both, { force: true })
  t.is(host.volumes().length, 2)
  await rejectsWith(t, 'VSS_E_OBJECT_NOT_FOUND', open.read(0, 512))
})
