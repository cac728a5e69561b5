import test from 'ava'
import {
  VSS_APPLICATION_LEVEL,
  VSS_SNAPSHOT_CONTEXT,
  VSS_VOLUME_SNAPSHOT_ATTRIBUTES,
} from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { World } from '../helpers/fakes/world.ts'

async function threeWriters(
  world: World,
): Promise<{ front: FakeWriter; back: FakeWriter; system: FakeWriter }> {
  const { trace, faults } = world
  const add = (name: string, level: VSS_APPLICATION_LEVEL): Promise<FakeWriter> =>
    world.addWriter(new FakeWriter(name, faults, { level, trace }))
  return {
    system: await add('system', VSS_APPLICATION_LEVEL.VSS_APP_SYSTEM),
    back: await add('back', VSS_APPLICATION_LEVEL.VSS_APP_BACK_END),
    front: await add('front', VSS_APPLICATION_LEVEL.VSS_APP_FRONT_END),
  }
}

test('R16, R38, R161: a set runs through every party in the documented order', async (t) => {
  const world = new World()
  world.host.addVolume()
  await threeWriters(world)
  await world.addProvider('array')
  const backup = await world.prepared()
  world.trace.length = 0
  await world.clock.run(backup.doSnapshotSet())
  t.deepEqual(world.trace, [
    'array.endPrepareSnapshots',
    'host.setPendingFlags',
    ...['system', 'back', 'front'].map((name) => `${name}.onPrepareSnapshot`),
    ...['front', 'back', 'system'].map((name) => `${name}.onFreeze`),
    'array.preCommitSnapshots',
    'kernel.hold',
    'array.commitSnapshots',
    'kernel.release',
    'host.clearPendingFlags',
    'array.postCommitSnapshots',
    'host.clearPendingFlags',
    ...['system', 'back', 'front'].map((name) => `${name}.onThaw`),
    'array.getTargetLuns',
    'array.locateLuns',
    'host.rescan',
    'array.fillInLunInfo',
    'host.importVolumes',
    'array.preFinalCommitSnapshots',
    'host.setVolumesReadOnly(false)',
    ...['system', 'back', 'front'].map((name) => `${name}.onPostSnapshot`),
    'host.setVolumesReadOnly(true)',
    'array.postFinalCommitSnapshots',
  ])
  await world.clock.run(backup.close())
})

test('R65: while a set is being made its shadow copies cannot be seen', async (t) => {
  const world = new World()
  world.host.addVolume()
  const writer = await world.addWriter(new FakeWriter('w', world.faults))
  await world.addProvider('array')
  const backup = await world.prepared()
  let seen: unknown
  writer.answers.set('onPostSnapshot', () => {
    seen = world.coordinator.catalogue.query(VSS_SNAPSHOT_CONTEXT.VSS_CTX_ALL)
    return true
  })
  const { description } = await world.clock.run(backup.doSnapshotSet())
  t.deepEqual(seen, [])
  t.is(description.snapshots.length, 1)
  t.is(backup.query().length, 1)
  await world.clock.run(backup.close())
  t.deepEqual(world.coordinator.catalogue.query(VSS_SNAPSHOT_CONTEXT.VSS_CTX_ALL), [], 'auto-release')
  t.is(world.fabric.luns.size, 1, 'the LUN of the copy was reclaimed')
})

test('a set without volumes still runs the events of its writers', async (t) => {
  const world = new World()
  const writer = await world.addWriter(new FakeWriter('w', world.faults))
  const backup = await world.prepared()
  await world.clock.run(backup.doSnapshotSet())
  t.deepEqual(writer.events.slice(2), ['onPrepareSnapshot', 'onFreeze', 'onThaw', 'onPostSnapshot'])
  await world.clock.run(backup.close())
})

test('R177: the volumes of several providers share one hold, which waits for writes if one of them needs it', async (t) => {
  const world = new World()
  const first = world.host.addVolume()
  world.host.addVolume()
  const array = await world.addProvider('array')
  array.supports = (lun): boolean => lun.serialNumber === first.luns[0]?.lunInformation.serialNumber
  await world.addProvider('other', { needsQuiescedWrites: true })
  const backup = await world.prepared()
  const { description, report } = await world.clock.run(backup.doSnapshotSet())
  t.is(new Set(description.snapshots.map(({ properties }) => properties.providerId)).size, 2)
  t.deepEqual(world.kernelSupport.options, [{ limitMillis: 10_000, awaitWritesInFlight: true }])
  t.is(report.hold?.luns.length, 2)
  t.true(report.hold?.heldThroughout)
  await world.clock.run(backup.close())
})

test('a set of array volumes only does not wait for writes in flight', async (t) => {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  const backup = await world.prepared()
  await world.clock.run(backup.doSnapshotSet())
  t.is(world.kernelSupport.options[0]?.awaitWritesInFlight, false)
  await world.clock.run(backup.close())
})

test('two volumes of one LUN are copied as one LUN', async (t) => {
  const world = new World()
  const first = world.host.addVolume()
  world.host.addVolume({ onLunOf: first })
  await world.addProvider('array')
  const backup = await world.prepared()
  const { description } = await world.clock.run(backup.doSnapshotSet())
  t.is(description.snapshots.length, 2)
  t.deepEqual(description.snapshots[0]?.targetLuns, description.snapshots[1]?.targetLuns)
  t.is(world.fabric.luns.size, 2)
  const [one] = description.snapshots
  const deleted = await world.clock.run(backup.deleteSnapshots(one?.properties.snapshotId ?? ''))
  t.is(deleted.deletedSnapshots, 1)
  t.is(world.fabric.luns.size, 2, 'the other copy still lies on the LUN')
  await world.clock.run(backup.close())
  t.is(world.fabric.luns.size, 1)
})

test('R94: a provider call of more than a second inside the freeze is warned of by name', async (t) => {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('sluggish')
  world.faults.set('sluggish.preCommitSnapshots', { kind: 'delay', millis: 1500 })
  const backup = await world.prepared()
  const { report } = await world.clock.run(backup.doSnapshotSet())
  t.deepEqual(report.warnings, [
    "provider 'sluggish' took 1500 ms in preCommitSnapshots while writers were frozen",
  ])
  t.regex(report.summary, /longest was sluggish in preCommitSnapshots with 1\.50 s/)
  t.true(
    report.timeline.some(
      ({ party, name, durationMicros }) =>
        party === 'sluggish' && name === 'preCommitSnapshots' && durationMicros === 1_500_000,
    ),
  )
  await world.clock.run(backup.close())
})

test('R172: a transportable set is described but not brought in', async (t) => {
  const world = new World()
  world.host.addVolume()
  const writer = await world.addWriter(new FakeWriter('w', world.faults))
  await world.addProvider('array')
  const backup = await world.prepared({
    context: VSS_VOLUME_SNAPSHOT_ATTRIBUTES.VSS_VOLSNAP_ATTR_TRANSPORTABLE,
  })
  const { description } = await world.clock.run(backup.doSnapshotSet())
  t.false(world.trace.includes('host.rescan'))
  t.true(writer.events.includes('onPostSnapshot'))
  t.is(description.snapshots[0]?.properties.snapshotDeviceObject, '')
  t.is(description.snapshots[0]?.targetLuns.length, 1)
  t.regex(backup.saveAsXML(), new RegExp(description.setId))
  await world.clock.run(backup.close())
})

test('a persistent set outlives its requester and comes back with its provider', async (t) => {
  const world = new World()
  world.host.addVolume()
  const provider = await world.addProvider('array')
  const backup = await world.prepared({ context: VSS_SNAPSHOT_CONTEXT.VSS_CTX_APP_ROLLBACK })
  const { description } = await world.clock.run(backup.doSnapshotSet())
  await world.clock.run(backup.close())
  t.is(world.fabric.luns.size, 2)
  t.is(provider.stored.size, 1)

  const { providerId } = world.coordinator.queryProviders()[0] ?? { providerId: '' }
  await world.coordinator.unregisterProvider(providerId)
  t.deepEqual(world.coordinator.catalogue.query(VSS_SNAPSHOT_CONTEXT.VSS_CTX_ALL), [])
  await world.coordinator.registerProvider({
    providerId,
    providerName: 'array',
    providerType: 3,
    providerVersion: '1',
    host: { kind: 'inProcess', provider },
  })
  const [back] = world.coordinator.catalogue.query(VSS_SNAPSHOT_CONTEXT.VSS_CTX_APP_ROLLBACK)
  t.is(back?.snapshotId, description.snapshots[0]?.properties.snapshotId)
  t.is(back?.snapshotDeviceObject, '')
  t.deepEqual(world.coordinator.catalogue.query(VSS_SNAPSHOT_CONTEXT.VSS_CTX_BACKUP), [])
  await world.clock.run(world.coordinator.catalogue.deleteSet(description.setId))
  t.is(provider.stored.size, 0)
  t.is(world.fabric.luns.size, 1)
})

test('deletion stops at the first shadow copy that cannot go and names it', async (t) => {
  const world = new World()
  for (let i = 0; i < 3; i++) world.host.addVolume()
  await world.addProvider('array')
  const backup = await world.prepared()
  const { description } = await world.clock.run(backup.doSnapshotSet())
  const [first, second] = description.snapshots.map(({ properties }) => properties.snapshotId)
  await world.clock.run(backup.deleteSnapshots(first ?? ''))
  world.faults.set('array.onLunEmpty', {
    kind: 'throw',
    error: new VssError('VSS_E_PROVIDER_VETO', 'in use'),
  })
  const result = await world.clock.run(backup.deleteSnapshots(description.setId, 2))
  t.like(result, { deletedSnapshots: 0, nondeletedSnapshotId: second })
  t.is(result.error?.code, 'VSS_E_PROVIDER_VETO')
  t.is(backup.query().length, 2)
  await world.clock.run(backup.close())
})

test('a set without volumes is made by its writers alone, whatever becomes of the disks of the host', async (t) => {
  const world = new World()
  const writer = await world.addWriter(new FakeWriter('w', world.faults))
  await world.addProvider('array')
  for (const point of ['host.rescan', 'host.importVolumes', 'array.getTargetLuns']) {
    world.faults.set(point, { kind: 'throw', error: new Error('an unrelated disk is damaged') })
  }
  const backup = await world.prepared()
  const { description } = await world.clock.run(backup.doSnapshotSet())
  t.deepEqual(description.snapshots, [])
  t.true(writer.events.includes('onPostSnapshot'))
  await world.clock.run(backup.close())
})

test('R179: a second set cannot be started before the first is made, and can right after', async (t) => {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  const first = await world.prepared()
  const error = await t.throwsAsync(world.prepared(), { instanceOf: VssError })
  t.is((error as VssError).code, 'VSS_E_SNAPSHOT_SET_IN_PROGRESS')
  await world.clock.run(first.doSnapshotSet())
  const second = await world.prepared()
  await world.clock.run(second.close())
  t.false(world.coordinator.isSetInProgress)
  await world.clock.run(first.close())
})
