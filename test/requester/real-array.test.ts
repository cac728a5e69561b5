// What a requester does with finished shadow copies, over a real array: bytes, partition tables, what is there
// afterwards.
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { ArrayKernelSupport } from '../../lib/array/kernel-support.ts'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { Coordinator } from '../../lib/coordinator/coordinator.ts'
import {
  VSS_VOLUME_SNAPSHOT_ATTRIBUTES as ATTR,
  VSS_HARDWARE_OPTIONS as FLAG,
  VSS_RECOVERY_OPTIONS as RECOVERY,
  VSS_SNAPSHOT_CONTEXT,
} from '../../lib/enums.ts'
import { Host } from '../../lib/host/host.ts'
import { LunMasking } from '../../lib/host/lun-masking.ts'
import { layoutOf } from '../../lib/host/partition-table.ts'
import type { Guid } from '../../lib/ids.ts'
import { ArrayProvider, arrayProviderRegistration } from '../../lib/provider/array-provider.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { copyLuns, gptLun, rejectsWith, temporaryDirectory } from '../host/machine.ts'
import { runProgram } from '../lifecycle/watch.ts'

const { VSS_CTX_NAS_ROLLBACK } = VSS_SNAPSHOT_CONTEXT
const ONE = Buffer.alloc(4096, 1)
const TWO = Buffer.alloc(4096, 2)

interface Service {
  host: Host
  coordinator: Coordinator
}

/** A host with a coordinator of its own; several of them share an array and a masking. */
async function service(array: StorageArray, masking: LunMasking, machineName: string): Promise<Service> {
  const host = new Host({ masking, machineName })
  const coordinator = new Coordinator({
    host,
    kernelSupport: new ArrayKernelSupport((name) => host.heldVolume(name)),
  })
  const provider = new ArrayProvider({ arrays: [array], masking, hosts: [machineName] })
  await coordinator.registerProvider(arrayProviderRegistration(provider))
  return { host, coordinator }
}

interface Machine extends Service {
  array: StorageArray
  masking: LunMasking
  lunGuid: Guid
  volumeName: string
}

/** One GPT disk with one volume at /data, which holds ONE. */
async function machine(t: ExecutionContext): Promise<Machine> {
  const array = await StorageArray.create(join(temporaryDirectory(t), 'array'))
  const masking = new LunMasking()
  const { host, coordinator } = await service(array, masking, 'here')
  const lun = await gptLun(array)
  const [volume] = await host.map(lun)
  const volumeName = String(volume?.name)
  host.mounts.set('/data', volumeName)
  using handle = host.openVolume('/data')
  await handle.write(0, ONE)
  t.teardown(async () => {
    await coordinator.close()
    await host.close()
    await array.close()
  })
  return { array, masking, host, coordinator, lunGuid: lun.guid, volumeName }
}

async function made(
  { coordinator }: Service,
  context: number,
): Promise<{ backup: BackupComponents; snapshotId: Guid; setId: Guid; xml: string }> {
  const backup = new BackupComponents(coordinator)
  backup.initializeForBackup()
  backup.setContext(context)
  backup.setBackupState(false, false, 1)
  await backup.gatherWriterMetadata()
  const setId = backup.startSnapshotSet()
  const snapshotId = await backup.addToSnapshotSet('/data')
  const hasWriters = (context & ATTR.VSS_VOLSNAP_ATTR_NO_WRITERS) === 0
  if (hasWriters) await backup.prepareForBackup()
  await backup.doSnapshotSet()
  return { backup, snapshotId, setId, xml: hasWriters ? backup.saveAsXML() : '' }
}

async function read(host: Host, name: string): Promise<Buffer> {
  using handle = host.openVolume(name)
  return await handle.read(0, 4096)
}

async function write(host: Host, name: string, bytes: Buffer): Promise<void> {
  using handle = host.openVolume(name)
  await handle.write(0, bytes)
}

test('R190: an exposed copy is read by its path, never written, and gone from there when it is unexposed or deleted', async (t) => {
  const at = await machine(t)
  const { host } = at
  const { backup, snapshotId } = await made(at, VSS_CTX_NAS_ROLLBACK)
  await write(host, '/data', TWO)
  const LOCALLY = ATTR.VSS_VOLSNAP_ATTR_EXPOSED_LOCALLY
  await rejectsWith(t, 'E_INVALIDARG', backup.exposeSnapshot(snapshotId, null, LOCALLY, '/data'))
  await rejectsWith(t, 'E_INVALIDARG', backup.exposeSnapshot(snapshotId, null, LOCALLY))
  t.is(await backup.exposeSnapshot(snapshotId, null, LOCALLY, '/mnt/yesterday/'), '/mnt/yesterday')
  t.deepEqual(await read(host, '/mnt/yesterday/a/file'), ONE)
  await rejectsWith(t, 'E_ACCESSDENIED', write(host, '/mnt/yesterday', TWO))
  await backup.unexposeSnapshot(snapshotId)
  t.throws(() => host.openVolume('/mnt/yesterday'), { code: 'VSS_E_OBJECT_NOT_FOUND' })

  await backup.exposeSnapshot(snapshotId, '/a', ATTR.VSS_VOLSNAP_ATTR_EXPOSED_REMOTELY, 'monday')
  const { snapshotDeviceObject } = backup.getSnapshotProperties(snapshotId)
  t.deepEqual(host.shares(), [
    { name: 'monday', snapshotId, deviceObject: snapshotDeviceObject, pathFromRoot: '/a' },
  ])
  await backup.deleteSnapshots(snapshotId, undefined, true)
  t.deepEqual(host.shares(), [])
  await backup.close()
})

test('R80, R189: a copy broken off and made writable is an ordinary LUN, open as it was, also after the object is gone', async (t) => {
  const at = await machine(t)
  const { host, array } = at
  const { backup, snapshotId, setId } = await made(at, VSS_CTX_NAS_ROLLBACK)
  const { snapshotDeviceObject: device } = backup.getSnapshotProperties(snapshotId)
  const flagsOf = (): bigint | undefined =>
    host.volumes().find(({ deviceObject }) => deviceObject === device)?.flags
  const before = flagsOf() ?? 0n
  t.not(before & 0x2000_0000_0000_0000n, 0n, 'marked as a shadow copy')
  using open = host.openVolume(device)
  await rejectsWith(t, 'E_ACCESSDENIED', open.write(0, TWO))
  await rejectsWith(
    t,
    'VSS_E_BREAK_REVERT_ID_FAILED',
    backup.breakSnapshotSetEx(setId, FLAG.VSS_BREAKEX_FLAG_REVERT_IDENTITY_ALL),
  )
  t.is(flagsOf(), before, 'nothing was changed')
  await backup.breakSnapshotSetEx(setId, FLAG.VSS_BREAKEX_FLAG_MAKE_READ_WRITE)
  t.deepEqual([backup.query(), await copyLuns(array), await array.listSets()], [[], [], []])
  t.is((flagsOf() ?? 0n) & 0x3000_0000_0000_0000n, 0n, 'neither a shadow copy nor read-only')
  await open.write(0, TWO)
  t.deepEqual(await read(host, device), TWO)
  t.deepEqual(await read(host, '/data'), ONE)
  await backup.close()
  t.is((await array.listLuns()).length, 2)
})

test('a copy that is broken off without a word stays read-only; broken off by masking it leaves the host', async (t) => {
  const at = await machine(t)
  const { host, array } = at
  const plain = await made(at, VSS_CTX_NAS_ROLLBACK)
  const { snapshotDeviceObject } = plain.backup.getSnapshotProperties(plain.snapshotId)
  await plain.backup.breakSnapshotSet(plain.setId)
  await rejectsWith(t, 'E_ACCESSDENIED', write(host, snapshotDeviceObject, TWO))
  const masked = await made(at, VSS_SNAPSHOT_CONTEXT.VSS_CTX_BACKUP)
  await masked.backup.breakSnapshotSetEx(masked.setId, FLAG.VSS_BREAKEX_FLAG_MASK_LUNS)
  for (const { backup } of [plain, masked]) await backup.close()
  t.is(host.volumes().length, 2)
  t.is((await array.listLuns()).length, 3, 'auto-release does not reach what was broken off')
  t.deepEqual(await copyLuns(array), [])
})

test('a volume reverts to a persistent copy: its bytes, its name, its disk; who had it open is cut off by force only', async (t) => {
  const at = await machine(t)
  const { host, volumeName, lunGuid } = at
  const { backup, snapshotId } = await made(at, VSS_CTX_NAS_ROLLBACK)
  await write(host, '/data', TWO)
  const open = host.openVolume('/data')
  await rejectsWith(t, 'VSS_E_VOLUME_IN_USE', backup.revertToSnapshot(snapshotId))
  t.deepEqual(await open.read(0, 4096), TWO)
  await backup.revertToSnapshot(snapshotId, true)
  await backup.queryRevertStatus('/data').catch((thrown: unknown) => {
    // It may be finished by now.
    t.like(thrown, { code: 'VSS_E_OBJECT_NOT_FOUND' })
  })
  t.deepEqual(await read(host, '/data'), ONE)
  await rejectsWith(t, 'VSS_E_OBJECT_NOT_FOUND', open.read(0, 4096))
  t.is(host.volumes().find(({ lunGuid: guid }) => guid === lunGuid)?.name, volumeName)
  t.false(host.volumes().find(({ lunGuid: guid }) => guid === lunGuid)?.readOnly)
  await write(host, '/data', TWO)
  const { snapshotDeviceObject } = backup.getSnapshotProperties(snapshotId)
  t.deepEqual(await read(host, snapshotDeviceObject), ONE, 'the copy is as it was')
  open.close()
  await backup.close()
})

test('R172, R188: a transportable set is imported on another host from its document, and goes with that object', async (t) => {
  const at = await machine(t)
  const { host, array, masking } = at
  const { backup, snapshotId, setId, xml } = await made(at, ATTR.VSS_VOLSNAP_ATTR_TRANSPORTABLE)
  t.is(host.volumes().length, 1, 'not surfaced where it was made')
  await write(host, '/data', TWO)
  const there = await service(array, masking, 'there')
  const importer = new BackupComponents(there.coordinator)
  importer.initializeForBackup(xml)
  const result = await importer.importSnapshots()
  t.like(result, { code: 'S_OK', snapshotSetId: setId })
  const properties = importer.getSnapshotProperties(snapshotId)
  t.like(properties, { originatingMachine: 'here', serviceMachine: 'there' })
  t.deepEqual(await read(there.host, properties.snapshotDeviceObject), ONE)
  t.is(host.volumes().length, 1)
  await importer.close()
  t.deepEqual(await copyLuns(array), [])
  await backup.close()
  await there.coordinator.close()
  await there.host.close()
})

test('a recovery set brings back the bytes of a copy, under the identity that was asked for', async (t) => {
  const at = await machine(t)
  const { host, array, lunGuid, volumeName } = at
  const { backup, snapshotId, xml } = await made(at, ATTR.VSS_VOLSNAP_ATTR_TRANSPORTABLE)
  await write(host, '/data', TWO)
  const recover = async (destination: string | null, flags: number): Promise<void> => {
    await using object = new BackupComponents(at.coordinator)
    object.initializeForRestore(xml)
    object.addSnapshotToRecoverySet(snapshotId, 0, destination)
    await object.recoverSet(flags)
  }
  await recover(null, 0)
  t.deepEqual(await read(host, '/data'), ONE)
  t.is(host.volumes()[0]?.name, volumeName)

  const other = await gptLun(array)
  const [elsewhere] = await host.map(other)
  await recover(String(elsewhere?.name), 0)
  t.deepEqual(await read(host, String(elsewhere?.name)), ONE, 'another disk stays the disk it is')
  const identityOf = async (guid: Guid): Promise<string | null> => {
    await using lun = await array.openLun(guid)
    return layoutOf(await lun.readEnds()).diskGuid
  }
  t.not(await identityOf(other.guid), await identityOf(lunGuid))
  const twin = recover(String(elsewhere?.name), RECOVERY.VSS_RECOVERY_REVERT_IDENTITY_ALL)
  await rejectsWith(t, 'VSS_E_OBJECT_ALREADY_EXISTS', twin)
  t.is(await identityOf(other.guid), await identityOf(lunGuid), 'so it cannot be on the same host')
  t.is(host.volumes().length, 1)
  await backup.close()
})

test('R135: an object that is garbage-collected deletes its auto-release copies, with a warning; persistent ones stay', async (t) => {
  const directory = join(temporaryDirectory(t), 'array')
  await using array = await StorageArray.create(directory)
  const lun = await gptLun(array)
  await lun.close()
  await array.close()
  const options = { flags: ['--expose-gc'], timeoutMillis: 200_000 }
  const ended = await runProgram('../requester/collected.ts', [directory], options)
  t.like(ended, { code: 0, signal: null, stdout: '2 copies\n1 warnings\n1 copies\n' }, ended.stderr)
  t.regex(ended.stderr, /HOLDFAST_NOT_CLOSED.*requester of session .* was garbage-collected/)
  await using again = await StorageArray.open(directory)
  t.is((await copyLuns(again)).length, 1, 'the process has ended')
})
