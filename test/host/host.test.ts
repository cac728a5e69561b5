import test from 'ava'
import { Lun } from '../../lib/array/lun.ts'
import { binding } from '../../lib/binding.ts'
import { VssError } from '../../lib/errors.ts'
import { Host } from '../../lib/host/host.ts'
import { ALL_VSS_FLAGS, VSS_FLAGS } from '../../lib/host/volume.ts'
import { newGuid } from '../../lib/ids.ts'
import { bareLun, gptLun, MiB, mbrLun, newArray, rejectsWith } from './machine.ts'

const LINUX_DATA = '0fc63daf-8483-4772-8e79-3d69d8477de4'
const MICROSOFT_RESERVED = 'e3c9e316-0b5c-4db8-817d-f92df00215ae'

test('a mapped GPT LUN has one volume for each partition, named by the partition GUID', async (t) => {
  const array = await newArray(t)
  const uniqueGuid = newGuid()
  const lun = await gptLun(array, [
    { name: 'reserved', typeGuid: MICROSOFT_RESERVED, lengthBytes: MiB },
    { name: 'data', uniqueGuid, lengthBytes: 2 * MiB },
    { name: 'log', attributes: VSS_FLAGS.hidden | VSS_FLAGS.readOnly },
  ])
  const host = new Host()
  const volumes = await host.map(lun)
  t.is(volumes.length, 2)
  const [data, log] = volumes
  t.like(data, {
    name: `\\\\?\\Volume{${uniqueGuid}}\\`,
    deviceObject: '\\\\?\\GLOBALROOT\\Device\\HarddiskVolume1',
    lunGuid: lun.guid,
    deviceName: '\\\\.\\PHYSICALDRIVE1',
    lengthBytes: 2 * MiB,
    partition: { index: 2, guid: uniqueGuid, typeGuid: LINUX_DATA, mbrType: 0, name: 'data' },
    readOnly: false,
    hidden: false,
    flags: 0n,
    snapshotId: null,
  })
  t.like(log, { readOnly: true, hidden: true, flags: VSS_FLAGS.hidden | VSS_FLAGS.readOnly })
  t.deepEqual(host.volumes(), volumes)
})

test('an MBR volume is named by signature and offset, the same on every mapping', async (t) => {
  const array = await newArray(t)
  const lun = await mbrLun(array, { signature: 0xcafe0001, partitions: 2 })
  const host = new Host()
  const first = await host.map(lun)
  t.deepEqual(
    first.map(({ offsetBytes, lengthBytes, partition }) => ({ offsetBytes, lengthBytes, ...partition })),
    [
      { offsetBytes: MiB, lengthBytes: 2 * MiB, index: 1, guid: null, typeGuid: null, mbrType: 7, name: '' },
      {
        offsetBytes: 3 * MiB,
        lengthBytes: 2 * MiB,
        index: 2,
        guid: null,
        typeGuid: null,
        mbrType: 7,
        name: '',
      },
    ],
  )
  t.regex(String(first[0]?.name), /^\\\\\?\\Volume\{[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-/)
  t.not(first[0]?.name, first[1]?.name)
  await host.unmap(lun)
  t.deepEqual(host.volumes(), [])
  const second = await host.map(lun)
  t.deepEqual(
    second.map(({ name }) => name),
    first.map(({ name }) => name),
  )
  const other = await host.map(await mbrLun(array, { signature: 0xcafe0002, partitions: 2 }))
  t.is(new Set([...first, ...other].map(({ name }) => name)).size, 4)
  const { luns } = await host.resolveVolume(String(first[0]?.name))
  t.is(luns[0]?.lunInformation.diskSignature, 'cafe0001-0000-0000-0000-000000000000')
})

test('LUNs without a table, or with one that was never signed, are told apart all the same', async (t) => {
  const array = await newArray(t)
  const host = new Host()
  const bare = [await host.map(await bareLun(array)), await host.map(await bareLun(array))].flat()
  t.deepEqual(
    bare.map(({ offsetBytes, lengthBytes, partition }) => [offsetBytes, lengthBytes, partition]),
    [
      [0, 2 * MiB, null],
      [0, 2 * MiB, null],
    ],
  )
  const unsigned = [
    await host.map(await mbrLun(array, { signature: 0 })),
    await host.map(await mbrLun(array, { signature: 0 })),
  ].flat()
  t.is(new Set([...bare, ...unsigned].map(({ name }) => name)).size, 4)
})

test('a volume is found by its name in every spelling, its device object, and paths on it', async (t) => {
  const array = await newArray(t)
  const host = new Host()
  const [volume] = await host.map(await gptLun(array))
  const [root] = await host.map(await bareLun(array))
  t.assert(volume && root)
  if (!volume || !root) return
  host.mounts.set('/', root.name)
  host.mounts.set('/srv/data/', volume.name.slice(0, -1).toUpperCase().replace('VOLUME', 'Volume'))
  const names = [volume.name, volume.name.slice(0, -1), volume.deviceObject, '/srv/data', '/srv/data/a/../b']
  for (const name of names) t.is((await host.resolveVolume(name)).volumeName, volume.name, name)
  t.is((await host.resolveVolume('/srv/database')).volumeName, root.name)
  t.deepEqual((await host.resolveVolume('/srv/data')).mountPaths, ['/srv/data'])
  t.deepEqual(await host.mountTable(), [
    { path: '/', volumeName: root.name },
    { path: '/srv/data', volumeName: volume.name },
  ])
  t.true(host.mounts.delete('/srv/data'))
  t.is((await host.resolveVolume('/srv/data')).volumeName, root.name)
  const unknown = `\\\\?\\Volume{${newGuid()}}\\`
  const error = await rejectsWith(t, 'VSS_E_OBJECT_NOT_FOUND', host.resolveVolume(unknown))
  t.is(error.culprit, unknown)
  await rejectsWith(t, 'VSS_E_OBJECT_NOT_FOUND', host.resolveVolume('relative/path'))
  t.throws(() => host.mounts.set('relative', volume.name), { instanceOf: VssError })
  t.throws(() => host.mounts.set('/x', 'C:\\'), { instanceOf: VssError })
})

test('LUN information is what INQUIRY and pages 80h and 83h say, with the disk’s signature', async (t) => {
  const array = await newArray(t)
  const host = new Host()
  const lun = await gptLun(array)
  const [volume] = await host.map(lun)
  const { luns, extents, isShadowCopy } = await host.resolveVolume(String(volume?.name))
  t.is(luns.length, 1)
  const { lunInformation, ...attachment } = luns[0] ?? t.fail()
  t.deepEqual(attachment, {
    lunId: lun.guid,
    deviceName: '\\\\.\\PHYSICALDRIVE1',
    readOnly: false,
    dynamicDisk: false,
  })
  t.like(lunInformation, {
    version: 1,
    deviceType: 0,
    commandQueueing: true,
    vendorId: 'HOLDFAST',
    serialNumber: lun.guid.replaceAll('-', ''),
    diskSignature: binding.readDiskLayout(await lun.readEnds()).diskGuid,
    interconnects: [],
  })
  t.true(lunInformation.deviceIdDescriptor.identifiers.some(({ type }) => [1, 2, 3, 8].includes(type)))
  t.deepEqual(extents, [
    { lunId: lun.guid, diskIndex: 1, offsetBytes: volume?.offsetBytes, lengthBytes: volume?.lengthBytes },
  ])
  t.false(isShadowCopy)
})

test('identifiers of a port or a target are left out of LUN information', async (t) => {
  const array = await newArray(t)
  const lun = await bareLun(array)
  const designator = (association: number, type: number, text: string): Buffer =>
    Buffer.concat([Buffer.from([0x02, (association << 4) | type, 0, text.length]), Buffer.from(text)])
  const body = Buffer.concat([
    designator(1, 1, 'HOLDFAST-port'),
    designator(0, 0, 'vendor specific'),
    designator(2, 1, 'HOLDFAST-target'),
  ])
  const page = Buffer.concat([Buffer.from([0, 0x83, 0, body.length]), body])
  const vpd = lun.vpd.bind(lun)
  lun.vpd = (code) => (code === 0x83 ? page : vpd(code))
  const host = new Host()
  const [volume] = await host.map(lun)
  const { luns } = await host.resolveVolume(String(volume?.name))
  t.deepEqual(luns[0]?.lunInformation.deviceIdDescriptor.identifiers, [
    { codeSet: 2, type: 0, identifier: Buffer.from('vendor specific').toString('hex') },
  ])
})

test('R111: two LUNs with the same storage identifier cannot be on one host', async (t) => {
  const array = await newArray(t)
  const host = new Host()
  const first = await bareLun(array)
  const second = await bareLun(array)
  second.vpd = (page) => first.vpd(page)
  await host.map(first)
  const error = await rejectsWith(t, 'VSS_E_OBJECT_ALREADY_EXISTS', host.map(second))
  t.regex(error.message, /storage identifier/)
  t.is(host.volumes().length, 1)
})

test('a raw copy of a disk is refused beside the disk, and taken when the disk has gone', async (t) => {
  const array = await newArray(t)
  const host = new Host()
  const original = await gptLun(array)
  const twin = await array.openLun(await array.createLun(original.sizeBytes))
  await twin.write(0, await original.read(0, original.sizeBytes))
  await host.map(original)
  const error = await rejectsWith(t, 'VSS_E_OBJECT_ALREADY_EXISTS', host.map(twin))
  t.regex(error.message, /disk signature/)
  await rejectsWith(t, 'ERR_LUN_IN_USE', host.map(original))
  await host.unmap(original)
  t.is((await host.map(twin)).length, 1)
  await rejectsWith(t, 'ERR_LUN_NOT_FOUND', host.unmap(original))
})

test('a LUN with a damaged partition table is not mapped', async (t) => {
  const array = await newArray(t)
  const host = new Host()
  const lun = await gptLun(array)
  await lun.write(512, Buffer.alloc(512, 0xff))
  await lun.write(lun.sizeBytes - 512, Buffer.alloc(512, 0xff))
  await rejectsWith(t, 'ERR_DISK_DAMAGED', host.map(lun))
  t.deepEqual(host.volumes(), [])
})

test('a rescan sees a new partition table and keeps the volumes that stayed', async (t) => {
  const array = await newArray(t)
  const host = new Host()
  const stays = newGuid()
  const lun = await gptLun(array, [{ uniqueGuid: stays, lengthBytes: 2 * MiB }])
  const [before] = await host.map(lun)
  const open = host.openVolume(String(before?.name))
  const table = binding.makeGpt(lun.sizeBytes, null, [
    { uniqueGuid: stays, lengthBytes: 2 * MiB },
    { name: 'new' },
  ])
  for (const { offsetBytes, bytes } of table) await lun.write(offsetBytes, bytes)
  t.is(host.volumes().length, 1)
  t.deepEqual(await host.rescan(), [])
  t.is(host.volumes().length, 2)
  t.deepEqual(host.volumes()[0], before)
  t.is((await open.read(0, 512)).length, 512)

  const gone = host.openVolume(String(host.volumes()[1]?.name))
  await lun.write(512, Buffer.alloc(512, 0xff))
  await lun.write(lun.sizeBytes - 512, Buffer.alloc(512, 0xff))
  await rejectsWith(t, 'ERR_DISK_DAMAGED', host.rescan())
  t.is(host.volumes().length, 2)
  for (const { offsetBytes, bytes } of binding.makeGpt(lun.sizeBytes, null, [
    { uniqueGuid: stays, lengthBytes: 2 * MiB },
  ])) {
    await lun.write(offsetBytes, bytes)
  }
  await host.rescan()
  await rejectsWith(t, 'VSS_E_OBJECT_NOT_FOUND', gone.read(0, 512))
})

test('an open volume reads and writes inside its bounds only', async (t) => {
  const array = await newArray(t)
  const host = new Host()
  const lun = await gptLun(array, [{ lengthBytes: MiB }, { lengthBytes: MiB }])
  const [first, second] = await host.map(lun)
  using handle = host.openVolume(String(second?.name))
  t.is(handle.sizeBytes, MiB)
  await handle.write(MiB - 512, Buffer.alloc(512, 7))
  await handle.flush()
  t.deepEqual(await handle.read(MiB - 512, 512), Buffer.alloc(512, 7))
  t.deepEqual(await lun.read(Number(second?.offsetBytes) + MiB - 512, 512), Buffer.alloc(512, 7))
  using before = host.openVolume(String(first?.deviceObject))
  t.deepEqual(await before.read(MiB - 512, 512), Buffer.alloc(512))
  const badReads: [number, number][] = [
    [MiB, 512],
    [-512, 512],
    [0, MiB + 512],
    [0.5, 512],
    [Number.MAX_SAFE_INTEGER, 512],
    [0, Number.NaN],
  ]
  for (const [offset, length] of badReads)
    await rejectsWith(t, 'ERR_OUT_OF_RANGE', handle.read(offset, length))
  await rejectsWith(t, 'ERR_OUT_OF_RANGE', handle.write(MiB, Buffer.alloc(512)))
  await rejectsWith(t, 'ERR_ALIGNMENT', handle.read(0, 100))
  handle.close()
  handle.close()
  await rejectsWith(t, 'ERR_LUN_CLOSED', handle.read(0, 512))
})

test('volumes of a LUN mapped read-only refuse writes', async (t) => {
  const array = await newArray(t)
  const host = new Host()
  const [volume] = await host.map(await gptLun(array), { readOnly: true })
  t.true(volume?.readOnly)
  using handle = host.openVolume(String(volume?.name))
  const error = await rejectsWith(t, 'E_ACCESSDENIED', handle.write(0, Buffer.alloc(512)))
  t.is(error.culprit, volume?.name)
  t.deepEqual(await handle.read(0, 512), Buffer.alloc(512))
})

test('a LUN with an open volume, or in a set, is not unmapped', async (t) => {
  const array = await newArray(t)
  const host = new Host()
  const lun = await gptLun(array)
  const [volume] = await host.map(lun)
  const handle = host.openVolume(String(volume?.name))
  await rejectsWith(t, 'VSS_E_VOLUME_IN_USE', host.unmap(lun))
  handle.close()
  const setId = newGuid()
  await host.setPendingFlags(setId, [lun.guid])
  t.is(host.volumes()[0]?.pendingFlags, ALL_VSS_FLAGS)
  t.is(host.volumes()[0]?.flags, 0n)
  await rejectsWith(t, 'VSS_E_SNAPSHOT_SET_IN_PROGRESS', host.unmap(lun))
  await host.clearPendingFlags(setId)
  await host.clearPendingFlags(setId)
  t.is(host.volumes()[0]?.pendingFlags, 0n)
  await host.unmap(lun)
  t.deepEqual(host.volumes(), [])
  await lun.write(0, Buffer.alloc(512))
})

test('source LUNs are marked for one set at a time, all of them or none', async (t) => {
  const array = await newArray(t)
  const host = new Host()
  const good = await gptLun(array)
  const readOnly = await gptLun(array)
  await host.map(good)
  await host.map(readOnly, { readOnly: true })
  await rejectsWith(
    t,
    'VSS_E_VOLUME_NOT_SUPPORTED',
    host.setPendingFlags(newGuid(), [good.guid, readOnly.guid]),
  )
  await rejectsWith(t, 'VSS_E_OBJECT_NOT_FOUND', host.setPendingFlags(newGuid(), [good.guid, newGuid()]))
  t.deepEqual(
    host.volumes().map(({ pendingFlags }) => pendingFlags),
    [0n, 0n],
  )
  const setId = newGuid()
  await host.setPendingFlags(setId, [good.guid])
  await host.setPendingFlags(setId, [good.guid])
  await rejectsWith(t, 'VSS_E_SNAPSHOT_SET_IN_PROGRESS', host.setPendingFlags(newGuid(), [good.guid]))
})

test('a closed host has no volumes, and leaves LUNs open that were mapped by hand', async (t) => {
  const array = await newArray(t)
  const lun = await gptLun(array)
  {
    await using host = new Host({ machineName: 'one', clusterMember: true, generation: 'beforeServer2008' })
    t.deepEqual(await host.identity(), {
      machineName: 'one',
      clusterMember: true,
      generation: 'beforeServer2008',
    })
    await host.map(lun)
  }
  t.true(lun instanceof Lun)
  t.is((await lun.read(0, 512)).length, 512)
})

test('a rescan that expects nothing waits for nothing and reads nothing again', async (t) => {
  const array = await newArray(t)
  const lun = await gptLun(array)
  const host = new Host()
  await host.map(lun)
  await lun.write(512, Buffer.alloc(512))
  await lun.write(lun.sizeBytes - 512, Buffer.alloc(512))
  t.deepEqual(await host.rescan([], 1_000), [])
  await rejectsWith(t, 'ERR_DISK_DAMAGED', host.rescan())
})
