// What a requester does with finished shadow copies, against a fake host and provider: who is asked what, and what is
// refused before anybody is asked.
import test, { type ExecutionContext } from 'ava'
import {
  VSS_VOLUME_SNAPSHOT_ATTRIBUTES as ATTR,
  VSS_HARDWARE_OPTIONS as FLAG,
  VSS_RECOVERY_OPTIONS as RECOVERY,
  VSS_OBJECT_TYPE,
  VSS_PROVIDER_TYPE,
  VSS_SNAPSHOT_CONTEXT,
} from '../../lib/enums.ts'
import type { VssCode } from '../../lib/errors.ts'
import { type Guid, newGuid } from '../../lib/ids.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { World } from '../helpers/fakes/world.ts'

const { VSS_CTX_BACKUP, VSS_CTX_NAS_ROLLBACK, VSS_CTX_ALL } = VSS_SNAPSHOT_CONTEXT
const LOCALLY = ATTR.VSS_VOLSNAP_ATTR_EXPOSED_LOCALLY
const REMOTELY = ATTR.VSS_VOLSNAP_ATTR_EXPOSED_REMOTELY

interface Made {
  world: World
  backup: BackupComponents
  setId: Guid
  ids: [Guid, Guid]
  run: <T>(work: Promise<T>) => Promise<T>
  fails: (work: Promise<unknown>, code: VssCode, message?: RegExp) => Promise<void>
}

/** A set of two volumes, in a context without writers unless said otherwise. */
async function made(
  t: ExecutionContext,
  context: number = VSS_CTX_NAS_ROLLBACK,
  type: VSS_PROVIDER_TYPE = VSS_PROVIDER_TYPE.VSS_PROV_HARDWARE,
): Promise<Made> {
  const world = new World()
  world.host.addVolume()
  world.host.addVolume()
  await world.addProvider('array', { type })
  const run = <T>(work: Promise<T>): Promise<T> => world.clock.run(work)
  const backup = new BackupComponents(world.coordinator)
  backup.initializeForBackup()
  backup.setContext(context)
  backup.setBackupState(false, false, 1)
  await run(backup.gatherWriterMetadata())
  const setId = backup.startSnapshotSet()
  const ids: [Guid, Guid] = [
    await run(backup.addToSnapshotSet('/vol1')),
    await run(backup.addToSnapshotSet('/vol2')),
  ]
  if (context === VSS_CTX_BACKUP || context === ATTR.VSS_VOLSNAP_ATTR_TRANSPORTABLE) {
    await run(backup.prepareForBackup())
  }
  await run(backup.doSnapshotSet())
  const fails = async (work: Promise<unknown>, code: VssCode, message: RegExp = /./): Promise<void> => {
    await t.throwsAsync(run(work), { code, message })
  }
  return { world, backup, setId, ids, run, fails }
}

test('R190: a persistent copy is exposed locally, any copy as a share, under one name at a time', async (t) => {
  const { backup, ids, run, fails, world } = await made(t)
  const [id, other] = ids
  t.is(await run(backup.exposeSnapshot(id, null, LOCALLY, '/mnt/x')), '/mnt/x')
  const { exposedName, snapshotAttributes } = backup.getSnapshotProperties(id)
  t.is(exposedName, '/mnt/x')
  t.true((snapshotAttributes & LOCALLY) !== 0)
  await fails(backup.exposeSnapshot(id, null, REMOTELY, 'share'), 'E_INVALIDARG', /exposed as '\/mnt\/x'/)
  await fails(
    backup.deleteSnapshots(id).then(({ error }) => Promise.reject(error)),
    'VSS_E_VOLUME_IN_USE',
  )
  await run(backup.unexposeSnapshot(id))
  t.like(backup.getSnapshotProperties(id), { exposedName: undefined })
  t.is(backup.getSnapshotProperties(id).snapshotAttributes & LOCALLY, 0)
  await fails(backup.unexposeSnapshot(id), 'VSS_E_OBJECT_NOT_FOUND', /is not exposed/)
  t.is(world.host.exposed.size, 0)

  t.regex(await run(backup.exposeSnapshot(other, '/deep', REMOTELY)), /^shadow@\{/)
  t.is(backup.getSnapshotProperties(other).exposedPath, '/deep')
  for (const bits of [0, LOCALLY | REMOTELY, 1]) {
    await fails(backup.exposeSnapshot(id, null, bits, 'x'), 'E_INVALIDARG', /exactly/)
  }
  await fails(backup.exposeSnapshot(id, '/deep', LOCALLY, '/mnt/x'), 'E_INVALIDARG', /pathFromRoot/)
  await fails(backup.exposeSnapshot(newGuid(), null, LOCALLY, '/mnt/x'), 'VSS_E_OBJECT_NOT_FOUND')
  const { error } = await run(backup.deleteSnapshots(other, VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT, true))
  t.is(error, undefined, 'by force')
  await run(backup.close())

  const auto = await made(t, VSS_CTX_BACKUP)
  const local = auto.backup.exposeSnapshot(auto.ids[0], null, LOCALLY, '/mnt/x')
  await auto.fails(local, 'E_INVALIDARG', /not persistent/)
  await auto.run(auto.backup.close())
})

test('R189: a broken set is out of sight, its LUNs are there, and nobody deletes them', async (t) => {
  const { backup, setId, run, fails, world } = await made(t, VSS_CTX_BACKUP)
  const lunCount = world.fabric.luns.size
  await fails(backup.breakSnapshotSet(newGuid()), 'VSS_E_OBJECT_NOT_FOUND')
  await run(backup.breakSnapshotSet(setId))
  t.deepEqual(backup.query(), [])
  t.is(world.providers[0]?.released.length, 2)
  t.deepEqual([...world.host.broken.values()][0], { readWrite: false, identity: 'imported' })
  await fails(backup.breakSnapshotSet(setId), 'VSS_E_OBJECT_NOT_FOUND')
  await run(backup.close())
  t.is(world.fabric.luns.size, lunCount, 'an auto-release set that was broken is not deleted')
})

test('R189: copies that no hardware provider made cannot be broken off', async (t) => {
  const { backup, setId, run, fails } = await made(t, VSS_CTX_BACKUP, VSS_PROVIDER_TYPE.VSS_PROV_SOFTWARE)
  await fails(backup.breakSnapshotSet(setId), 'VSS_E_PROVIDER_VETO')
  t.is(backup.query().length, 2)
  await run(backup.close())
})

for (const [flags, identity, readWrite, told] of [
  [0, 'originalWherePossible', false, []],
  [FLAG.VSS_BREAKEX_FLAG_MAKE_READ_WRITE, 'originalWherePossible', true, [0x100]],
  [FLAG.VSS_BREAKEX_FLAG_REVERT_IDENTITY_ALL, 'original', false, []],
  [FLAG.VSS_BREAKEX_FLAG_REVERT_IDENTITY_NONE, 'imported', false, []],
] as const) {
  test(`breaking with flags 0x${flags.toString(16)} has the host keep the identity: ${identity}, writable: ${readWrite}`, async (t) => {
    const { backup, setId, ids, run, world } = await made(t)
    await run(backup.breakSnapshotSetEx(setId, flags))
    t.like(world.host.broken.get(ids[0]), { identity, readWrite })
    t.deepEqual(world.providers[0]?.stateChanges, [...told])
    await run(backup.close())
  })
}

test('breaking with MASK_LUNS hides the LUNs and keeps them; flags that exclude each other are refused', async (t) => {
  const { backup, setId, run, fails, world } = await made(t)
  for (const bad of [0x1 | 0x2, 0x4 | 0x8, 0x100, -1]) {
    await fails(backup.breakSnapshotSetEx(setId, bad), 'E_INVALIDARG')
  }
  await run(backup.breakSnapshotSetEx(setId, FLAG.VSS_BREAKEX_FLAG_MASK_LUNS))
  t.deepEqual(world.providers[0]?.stateChanges, [FLAG.VSS_ONLUNSTATECHANGE_DO_MASK_LUNS])
  t.is(world.host.imported.size, 0)
  t.deepEqual(
    [...world.fabric.luns.values()].map(({ unmasked }) => unmasked),
    [true, true, false, false],
  )
  await run(backup.close())
})

test('a break that the provider refuses leaves the set known, to be broken again or deleted', async (t) => {
  const { backup, setId, run, fails, world } = await made(t)
  world.faults.set('array.releaseLuns', { kind: 'throw', error: new Error('x') })
  await fails(backup.breakSnapshotSet(setId), 'VSS_E_UNEXPECTED_PROVIDER_ERROR')
  t.is(backup.query().length, 2)
  const { deletedSnapshots } = await run(
    backup.deleteSnapshots(setId, VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT_SET, true),
  )
  t.is(deletedSnapshots, 2)
  await run(backup.close())
})

test('a revert begins at once, is asked for by volume, and ends with the volume back', async (t) => {
  const { backup, ids, run, fails, world } = await made(t)
  world.faults.set('array.resyncLuns', { kind: 'delay', millis: 5000 })
  await run(backup.revertToSnapshot(ids[0]))
  t.is(world.host.offline.size, 1)
  await fails(backup.revertToSnapshot(ids[0]), 'VSS_E_REVERT_IN_PROGRESS')
  await fails(backup.queryRevertStatus('/vol2'), 'VSS_E_OBJECT_NOT_FOUND')
  const controller = new AbortController()
  const waiting = backup.queryRevertStatus('/vol1', { signal: controller.signal })
  controller.abort()
  await fails(waiting, 'VSS_S_ASYNC_CANCELLED')
  await run(backup.queryRevertStatus('/vol1'))
  t.is(world.host.offline.size, 0)
  t.is(world.providers[0]?.resynced.length, 1)
  t.regex(String(world.providers[0]?.resynced[0]), /→ 1 as target$/)
  await fails(backup.queryRevertStatus('/vol1'), 'VSS_E_OBJECT_NOT_FOUND', /not being reverted/)
  t.is(backup.query().length, 2, 'the copies stay')
  await run(backup.close())
})

test('a revert that fails says so to whoever asks, once, and the volume comes back', async (t) => {
  const { backup, ids, run, fails, world } = await made(t)
  world.faults.set('array.resyncLuns', { kind: 'throw', error: new Error('no') })
  await run(backup.revertToSnapshot(ids[0]))
  await fails(backup.queryRevertStatus('/vol1'), 'VSS_E_UNEXPECTED_PROVIDER_ERROR')
  await fails(backup.queryRevertStatus('/vol1'), 'VSS_E_OBJECT_NOT_FOUND')
  t.is(world.host.offline.size, 0)
  await run(backup.close())
})

test('a revert is refused where other volumes share the LUN, in a context that is not persistent, and by a provider that cannot', async (t) => {
  const { backup, ids, run, fails, world } = await made(t)
  const [volume] = world.host.volumes
  world.host.addVolume(volume === undefined ? {} : { onLunOf: volume })
  await fails(backup.revertToSnapshot(ids[0]), 'VSS_E_VOLUME_NOT_SUPPORTED', /lies on a LUN/)
  await fails(backup.revertToSnapshot(newGuid()), 'VSS_E_OBJECT_NOT_FOUND')
  t.is(world.host.offline.size, 0)
  await run(backup.close())
  const auto = await made(t, VSS_CTX_BACKUP)
  await auto.fails(auto.backup.revertToSnapshot(auto.ids[0]), 'VSS_E_UNSUPPORTED_CONTEXT')
  await auto.run(auto.backup.close())
})

/** The document of a transportable set, whose requester is still there. */
async function transportable(t: ExecutionContext): Promise<Made & { xml: string }> {
  const scene = await made(t, ATTR.VSS_VOLSNAP_ATTR_TRANSPORTABLE)
  return { ...scene, xml: scene.backup.saveAsXML() }
}

function importer({ world }: Made, xml?: string): BackupComponents {
  const object = new BackupComponents(world.coordinator)
  object.initializeForBackup(xml)
  return object
}

test('R175, R188: a transportable set is imported once, and goes with the object that imported it', async (t) => {
  const scene = await transportable(t)
  const { run, fails, world, xml, ids, setId } = scene
  const object = importer(scene, xml)
  t.is(world.host.imported.size, 0)
  const result = await run(object.importSnapshots())
  t.like(result, { code: 'S_OK', snapshotSetId: setId, missing: { length: 0 } })
  t.deepEqual(result.imported, ids)
  const properties = object.getSnapshotProperties(ids[0])
  t.regex(properties.snapshotDeviceObject, /HarddiskVolumeShadowCopy/)
  t.is(properties.snapshotAttributes & ATTR.VSS_VOLSNAP_ATTR_NOT_SURFACED, 0)
  t.not(properties.snapshotAttributes & ATTR.VSS_VOLSNAP_ATTR_IMPORTED, 0)
  await fails(object.importSnapshots(), 'VSS_E_BAD_STATE', /called twice/)
  const second = importer(scene, xml)
  await fails(second.importSnapshots(), 'VSS_E_BAD_STATE', /has been imported/)
  await run(second.close())
  await run(object.close())
  t.is(world.fabric.luns.size, 2, 'the copies went with the object')
  await run(scene.backup.close())
})

test('an import needs a document that describes shadow copies, their provider and their LUNs', async (t) => {
  const scene = await transportable(t)
  const { run, fails, world, xml } = scene
  const without = importer(scene)
  await fails(without.importSnapshots(), 'VSS_E_BAD_STATE', /without a document/)
  const plain = await made(t, VSS_CTX_BACKUP)
  const other = importer(scene, plain.backup.saveAsXML())
  await fails(other.importSnapshots(), 'VSS_E_NONTRANSPORTABLE_BCD')
  for (const { lun } of [...world.fabric.luns.values()].slice(2)) world.fabric.remove(lun)
  const late = importer(scene, xml)
  await fails(late.importSnapshots(), 'VSS_E_NO_SNAPSHOTS_IMPORTED', /did not arrive/)
  world.host.hostIdentity = { ...world.host.hostIdentity, clusterMember: true }
  await fails(late.importSnapshots(), 'VSS_E_CLUSTER_ERROR')
  for (const object of [without, other, late, scene.backup]) await run(object.close())
  await plain.run(plain.backup.close())
})

test('an import of which a part does not arrive brings the rest and says what is missing', async (t) => {
  const scene = await transportable(t)
  const { run, world, xml, ids } = scene
  const [, lost] = [...world.fabric.luns.values()].slice(2)
  if (lost !== undefined) world.fabric.remove(lost.lun)
  const object = importer(scene, xml)
  const result = await run(object.importSnapshots())
  t.is(result.code, 'VSS_S_SOME_SNAPSHOTS_NOT_IMPORTED')
  t.deepEqual(result.imported, [ids[0]])
  t.like(result.missing[0], { snapshotId: ids[1], code: 'VSS_E_MISSING_DISK' })
  for (const closing of [object, scene.backup]) await run(closing.close())
})

function recovery({ world }: Made, xml: string): BackupComponents {
  const object = new BackupComponents(world.coordinator)
  object.initializeForRestore(xml)
  return object
}

test('a recovery set goes back into its originals or another volume, under whichever identity was asked for', async (t) => {
  const scene = await transportable(t)
  const { run, fails, world, xml, ids } = scene
  const third = world.host.addVolume()
  const object = recovery(scene, xml)
  const provider = world.providers[0]
  await fails(object.recoverSet(), 'VSS_E_BAD_STATE', /empty recovery set/)
  object.addSnapshotToRecoverySet(ids[0])
  t.throws(() => object.addSnapshotToRecoverySet(ids[0]), { code: 'VSS_E_OBJECT_ALREADY_EXISTS' })
  t.throws(() => object.addSnapshotToRecoverySet(newGuid()), { code: 'VSS_E_SNAPSHOT_NOT_IN_SET' })
  t.throws(() => object.addSnapshotToRecoverySet(ids[1], 1), { code: 'E_INVALIDARG' })
  object.addSnapshotToRecoverySet(ids[1], 0, third.volumeName)
  world.trace.length = 0
  await run(object.recoverSet())
  t.deepEqual(world.trace, ['host.takeLunsOffline', 'array.resyncLuns', 'host.bringLunsOnline'])
  // LUNs 3 and 4 are the copies.
  t.deepEqual(
    provider?.resynced.map((pair) => pair.replace(/^\d+ /, '')),
    ['→ 1 as target', '→ 5 as target'],
  )
  await fails(object.recoverSet(), 'VSS_E_BAD_STATE', /empty recovery set/)
  object.addSnapshotToRecoverySet(ids[0])
  await run(object.recoverSet(RECOVERY.VSS_RECOVERY_REVERT_IDENTITY_ALL))
  t.regex(provider?.resynced.at(-1) ?? '', /as original$/)
  for (const closing of [object, scene.backup]) await run(closing.close())
})

test('a recovery set that would overwrite a volume nobody chose is refused, unless the check is waived', async (t) => {
  const scene = await transportable(t)
  const { run, fails, world, xml, ids } = scene
  const [volume] = world.host.volumes
  world.host.addVolume(volume === undefined ? {} : { onLunOf: volume })
  const object = recovery(scene, xml)
  object.addSnapshotToRecoverySet(ids[0])
  await fails(object.recoverSet(), 'VSS_E_UNSELECTED_VOLUME')
  t.is(world.host.offline.size, 0)
  await fails(object.recoverSet(1), 'E_INVALIDARG')
  await run(object.recoverSet(RECOVERY.VSS_RECOVERY_NO_VOLUME_CHECK))
  object.addSnapshotToRecoverySet(ids[1])
  for (const wrong of [{ dynamicDisk: true }, { readOnly: true }]) {
    const lun = world.host.volumes[1]?.luns[0]
    if (lun === undefined) return t.fail()
    const before = { ...lun }
    Object.assign(lun, wrong)
    await fails(object.recoverSet(), 'VSS_E_VOLUME_NOT_SUPPORTED')
    Object.assign(lun, before)
  }
  world.faults.set('array.resyncLuns', { kind: 'delay', millis: 5000 })
  const running = object.recoverSet()
  const other = recovery(scene, xml)
  other.addSnapshotToRecoverySet(ids[1])
  await world.clock.settle()
  await t.throwsAsync(other.recoverSet(), { code: 'VSS_E_RESYNC_IN_PROGRESS' })
  await run(running)
  for (const closing of [object, other, scene.backup]) await run(closing.close())
})

test('VSS_CTX_ALL sees the copies of every context, and makes none', async (t) => {
  const { backup, run, world, setId } = await made(t)
  const admin = new BackupComponents(world.coordinator)
  admin.initializeForBackup()
  t.is(admin.query().length, 0)
  admin.setContext(VSS_CTX_ALL)
  t.is(admin.query().length, 2)
  t.throws(() => admin.startSnapshotSet(), { code: 'VSS_E_UNSUPPORTED_CONTEXT' })
  await run(admin.breakSnapshotSet(setId))
  for (const object of [admin, backup]) await run(object.close())
})

test('closing the object waits for an import under way, which leaves nothing behind', async (t) => {
  const scene = await transportable(t)
  const { run, world, xml } = scene
  const object = importer(scene, xml)
  world.faults.set('host.importVolumes', { kind: 'delay', millis: 5000 })
  const importing = object.importSnapshots().catch(() => undefined)
  await world.clock.settle()
  await run(object.close())
  await run(importing)
  t.is(world.host.imported.size, 0)
  t.is(world.fabric.luns.size, 2)
  await run(scene.backup.close())
})
