// Every member that takes a signal ends alike when it fires.
import test from 'ava'
import { VSS_OBJECT_TYPE } from '../../lib/enums.ts'
import type { VssError } from '../../lib/errors.ts'
import { GUID_NULL, type Guid } from '../../lib/ids.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import type { AsyncOptions } from '../../lib/requester/options.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { World } from '../helpers/fakes/world.ts'

type Step = (backup: BackupComponents, options?: AsyncOptions) => Promise<unknown> | undefined

/** A whole backup, in order; the synchronous members have no signal. */
const steps: [member: string, step: Step][] = [
  ['isVolumeSupported', (backup, options) => backup.isVolumeSupported('/vol1', GUID_NULL, options)],
  ['gatherWriterMetadata', (backup, options) => backup.gatherWriterMetadata(options)],
  ['startSnapshotSet', (backup) => void backup.startSnapshotSet()],
  ['addToSnapshotSet', (backup, options) => backup.addToSnapshotSet('/vol1', GUID_NULL, options)],
  ['prepareForBackup', (backup, options) => backup.prepareForBackup(options)],
  ['doSnapshotSet', (backup, options) => backup.doSnapshotSet(options)],
  ['gatherWriterStatus', (backup, options) => backup.gatherWriterStatus(options)],
  ['backupComplete', (backup, options) => backup.backupComplete(options)],
  [
    'deleteSnapshots',
    (backup, options) => {
      const [made] = backup.query()
      const id = made?.type === VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT ? made.snapshot.snapshotId : GUID_NULL
      return backup.deleteSnapshots(id, VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT, true, options)
    },
  ],
]

for (const writers of [0, 1]) {
  test(`a signal that has fired refuses each member before it begins, with ${writers} writers; the backup can go on`, async (t) => {
    const world = new World()
    world.host.addVolume()
    if (writers > 0) await world.addWriter(new FakeWriter('w', world.faults))
    await world.addProvider('array')
    const reason = new Error('enough')
    const backup = new BackupComponents(world.coordinator)
    backup.initializeForBackup()
    backup.setBackupState(false, false, 1)
    for (const [member, step] of steps) {
      const { state } = backup
      const begun = world.trace.length
      if (member !== 'startSnapshotSet') {
        const refused = step(backup, { signal: AbortSignal.abort(reason) })
        const error = await t.throwsAsync<VssError>(world.clock.run(refused as Promise<unknown>))
        t.like(error, { code: 'VSS_S_ASYNC_CANCELLED', cause: reason }, member)
        t.regex(error?.message ?? '', new RegExp(`${member} was cancelled`))
        t.is(backup.state, state, member)
        t.is(world.trace.length, begun, `${member} began nothing`)
      }
      await world.clock.run(Promise.resolve(step(backup)))
    }
    t.is(world.fabric.luns.size, 1, 'the copy was made and deleted')
    await world.clock.run(backup.close())
  })
}

for (const options of [null, 5, { signal: 5 }, { signal: null }, { signal: {} }]) {
  test(`options that are ${JSON.stringify(options)} are refused by name`, async (t) => {
    const world = new World()
    const backup = new BackupComponents(world.coordinator)
    backup.initializeForBackup()
    await t.throwsAsync(backup.gatherWriterMetadata(options as never), {
      code: 'E_INVALIDARG',
      message: /(options|signal) of gatherWriterMetadata/,
    })
    await backup.close()
  })
}

async function startedSet(): Promise<{ world: World; backup: BackupComponents }> {
  const world = new World()
  for (let i = 0; i < 3; i++) world.host.addVolume()
  await world.addProvider('array')
  const backup = new BackupComponents(world.coordinator)
  backup.initializeForBackup()
  backup.setBackupState(false, false, 1)
  await world.clock.run(backup.gatherWriterMetadata())
  backup.startSnapshotSet()
  return { world, backup }
}

for (const [point, isAdded] of [
  ['array.areLunsSupported', false],
  ['array.beginPrepareSnapshot', true],
] as const) {
  test(`addToSnapshotSet cancelled during ${point} ${isAdded ? 'adds the volume' : 'adds nothing'}; the set goes on`, async (t) => {
    const { world, backup } = await startedSet()
    const controller = new AbortController()
    world.faults.set(point, {
      kind: 'call',
      call: () => {
        controller.abort(new Error('enough'))
        return new Promise((resolve) => world.clock.setTimer(resolve, 3000))
      },
    })
    const adding = backup.addToSnapshotSet('/vol1', GUID_NULL, { signal: controller.signal })
    if (isAdded) {
      await world.clock.run(adding)
    } else {
      await t.throwsAsync(world.clock.run(adding), { code: 'VSS_S_ASYNC_CANCELLED' })
      await world.clock.run(backup.addToSnapshotSet('/vol1'))
    }
    await world.clock.run(backup.prepareForBackup())
    const { description } = await world.clock.run(backup.doSnapshotSet())
    t.is(description.snapshots.length, 1)
    t.is([...(world.providers[0]?.sets.values() ?? [])][0]?.sources.length, 1)
    await world.clock.run(backup.close())
  })
}

test('isVolumeSupported cancelled while the provider is asked says so', async (t) => {
  const { world, backup } = await startedSet()
  const controller = new AbortController()
  world.faults.set('array.areLunsSupported', {
    kind: 'call',
    call: () => {
      controller.abort()
      return new Promise((resolve) => world.clock.setTimer(resolve, 3000))
    },
  })
  const asking = backup.isVolumeSupported('/vol1', GUID_NULL, { signal: controller.signal })
  await t.throwsAsync(world.clock.run(asking), { code: 'VSS_S_ASYNC_CANCELLED' })
  await world.clock.run(backup.close())
})

test('deleteSnapshots cancelled during the second copy finishes it, and says at which it stopped', async (t) => {
  const { world, backup } = await startedSet()
  for (const path of ['/vol1', '/vol2', '/vol3']) await world.clock.run(backup.addToSnapshotSet(path))
  await world.clock.run(backup.prepareForBackup())
  const { description } = await world.clock.run(backup.doSnapshotSet())
  const ids: Guid[] = description.snapshots.map(({ properties }) => properties.snapshotId)
  const controller = new AbortController()
  let emptied = 0
  const cancelAtSecond = (): void => {
    if (++emptied === 2) controller.abort()
    else world.faults.set('array.onLunEmpty', { kind: 'call', call: cancelAtSecond })
  }
  world.faults.set('array.onLunEmpty', { kind: 'call', call: cancelAtSecond })
  const { signal } = controller
  const result = await world.clock.run(
    backup.deleteSnapshots(description.setId, VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT_SET, true, { signal }),
  )
  t.like(result, { deletedSnapshots: 2, nondeletedSnapshotId: ids[2] })
  t.is(result.error?.code, 'VSS_S_ASYNC_CANCELLED')
  t.is(backup.query().length, 1)
  await world.clock.run(backup.close())
})

test('a closed object says that it is closed, whatever is called', async (t) => {
  const { backup } = await startedSet()
  await backup.close()
  const says = { code: 'VSS_E_BAD_STATE', message: /The object is closed\. Make a new BackupComponents/ }
  t.throws(() => backup.initializeForBackup(), says)
  t.throws(() => backup.query(), says)
  await t.throwsAsync(backup.backupComplete(), says)
})
