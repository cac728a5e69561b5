// Several parties delete shadow copies of one set at a time.
import test from 'ava'
import type { DeletionResult } from '../../lib/coordinator/catalogue.ts'
import { VSS_OBJECT_TYPE, VSS_SNAPSHOT_CONTEXT } from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'
import { GUID_NULL, type Guid } from '../../lib/ids.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { World } from '../helpers/fakes/world.ts'

const { VSS_OBJECT_SNAPSHOT, VSS_OBJECT_SNAPSHOT_SET } = VSS_OBJECT_TYPE
const nothingLeft = { nondeletedSnapshotId: GUID_NULL, error: undefined }

interface Scene {
  world: World
  backup: BackupComponents
  setId: Guid
  ids: Guid[]
}

async function madeSet(context?: number): Promise<Scene> {
  const world = new World()
  for (let i = 0; i < 3; i++) world.host.addVolume()
  await world.addProvider('array')
  const backup = await world.prepared(context === undefined ? {} : { context })
  const { description } = await world.clock.run(backup.doSnapshotSet())
  const ids = description.snapshots.map(({ properties }) => properties.snapshotId)
  return { world, backup, setId: description.setId, ids }
}

/** Somebody who sees the shadow copies of all. */
function administrator(world: World): BackupComponents {
  const object = new BackupComponents(world.coordinator)
  object.initializeForBackup()
  object.setContext(VSS_SNAPSHOT_CONTEXT.VSS_CTX_ALL)
  return object
}

function known(world: World): Guid[] {
  return world.coordinator.catalogue
    .query(VSS_SNAPSHOT_CONTEXT.VSS_CTX_ALL)
    .map(({ snapshotId }) => snapshotId)
}

test('two copies of a set deleted at a time are both gone, from the catalogue and from what the provider keeps', async (t) => {
  const { world, backup, setId, ids } = await madeSet(VSS_SNAPSHOT_CONTEXT.VSS_CTX_APP_ROLLBACK)
  world.faults.set('array.onLunEmpty', { kind: 'delay', millis: 5_000 })
  const results = await world.clock.run(
    Promise.all(
      ids.slice(0, 2).map((id) => administrator(world).deleteSnapshots(id, VSS_OBJECT_SNAPSHOT, true)),
    ),
  )
  for (const result of results) t.like(result, { deletedSnapshots: 1, ...nothingLeft })
  t.deepEqual(known(world), [ids[2]])
  const stored = world.providers[0]?.stored.get(setId)
  t.deepEqual(
    stored?.snapshots.map(({ properties }) => properties.snapshotId),
    [ids[2]],
  )
  t.is(world.fabric.luns.size, 4)
  await world.clock.run(backup.close())
})

test('two deletions of one set share the work, and each says what it has deleted itself', async (t) => {
  const { world, backup, setId } = await madeSet()
  const results: DeletionResult[] = await world.clock.run(
    Promise.all([0, 1].map(() => administrator(world).deleteSnapshots(setId, VSS_OBJECT_SNAPSHOT_SET, true))),
  )
  for (const result of results) t.like(result, nothingLeft)
  t.is(
    results.reduce((sum, { deletedSnapshots }) => sum + deletedSnapshots, 0),
    3,
  )
  t.deepEqual(known(world), [])
  await world.clock.run(backup.close())
})

test('a copy that somebody else deletes meanwhile is not found', async (t) => {
  const { world, backup, ids } = await madeSet()
  const [first, second] = [0, 1].map(() =>
    administrator(world).deleteSnapshots(ids[0] as Guid, VSS_OBJECT_SNAPSHOT, true),
  )
  const refused = t.throwsAsync(second as Promise<DeletionResult>, { code: 'VSS_E_OBJECT_NOT_FOUND' })
  t.like(await world.clock.run(first as Promise<DeletionResult>), { deletedSnapshots: 1 })
  await world.clock.run(refused)
  await world.clock.run(backup.close())
})

for (const millis of [0, 1, 2_500, 5_000, 7_500, 60_000]) {
  test(`the requester of an auto-release set closes ${millis} ms into somebody's deletion of it: both end well`, async (t) => {
    const { world, backup, setId } = await madeSet()
    world.faults.set('array.onLunEmpty', { kind: 'delay', millis: 5_000 })
    world.faults.set('host.removeVolumes', { kind: 'delay', millis: 2_500 })
    const deleting = administrator(world).deleteSnapshots(setId, VSS_OBJECT_SNAPSHOT_SET, true)
    const closing = new Promise<void>((resolve, reject) => {
      world.clock.setTimer(() => void backup.close().then(resolve, reject), millis)
    })
    const [result] = await world.clock.run(Promise.all([deleting, closing]))
    t.like(result, nothingLeft)
    t.deepEqual(known(world), [])
    t.is(world.fabric.luns.size, 3)
  })
}

test('a LUN that is gone already when its last copy is deleted is what was wanted', async (t) => {
  const { world, backup, ids } = await madeSet()
  world.faults.set('array.onLunEmpty', {
    kind: 'throw',
    error: new VssError('VSS_E_OBJECT_NOT_FOUND', 'no such LUN'),
  })
  t.like(await world.clock.run(backup.deleteSnapshots(ids[0] as Guid)), {
    deletedSnapshots: 1,
    ...nothingLeft,
  })
  t.deepEqual(known(world), ids.slice(1))
  await world.clock.run(backup.close())
})
