// How a backup ends, by backupComplete, abortBackup, the release of its object or that of the coordinator.
import test from 'ava'
import type { VssError } from '../../lib/errors.ts'
import { newGuid } from '../../lib/ids.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { World } from '../helpers/fakes/world.ts'
import { smallWorld, startedSet } from './small-world.ts'

for (const handler of ['onPrepareBackup', 'onPrepareSnapshot']) {
  for (const end of ['backupComplete', 'abortBackup', 'neither'] as const) {
    test(`R166: a writer that failed in ${handler} gets only onBackupShutdown when the set was made and the requester calls ${end}`, async (t) => {
      const world = await smallWorld()
      const [front] = world.writers
      front?.answers.set(handler, () => false)
      const backup = await world.prepared()
      await world.clock.run(backup.doSnapshotSet())
      if (end !== 'neither') await world.clock.run(backup[end]())
      await world.clock.run(backup.close())
      t.deepEqual(front?.events.slice(-2), [handler, 'onBackupShutdown'])
    })
  }
}

test('a writer that failed in onPrepareBackup gets onAbort when the backup is given up', async (t) => {
  const world = await smallWorld()
  const [front] = world.writers
  front?.answers.set('onPrepareBackup', () => false)
  const backup = await world.prepared()
  await world.clock.run(backup.close())
  t.deepEqual(front?.events.slice(-3), ['onPrepareBackup', 'onAbort', 'onBackupShutdown'])
})

test('R166: a writer that failed in onPrepareBackup gets no onAbort after a backup without a shadow copy', async (t) => {
  const world = await smallWorld()
  const [front] = world.writers
  front?.answers.set('onPrepareBackup', () => false)
  const backup = new BackupComponents(world.coordinator)
  backup.initializeForBackup()
  backup.setBackupState(false, false, 1)
  await world.clock.run(backup.gatherWriterMetadata())
  await world.clock.run(backup.prepareForBackup())
  await world.clock.run(backup.backupComplete())
  await world.clock.run(backup.close())
  t.deepEqual(front?.events, ['onIdentify', 'onPrepareBackup', 'onBackupShutdown'])
})

test('backupComplete without doSnapshotSet gives up the set that was started', async (t) => {
  const world = await smallWorld()
  const backup = await world.prepared()
  await world.clock.run(backup.backupComplete())
  t.false(world.coordinator.isSetInProgress)
  await world.completeBackup()
  await world.clock.run(backup.close())
})

test('R179: who begins a set while another is open is told which one', async (t) => {
  const world = await smallWorld()
  const first = await startedSet(world)
  const second = new BackupComponents(world.coordinator)
  second.initializeForBackup()
  const error = t.throws<VssError>(() => second.startSnapshotSet())
  t.is(error?.code, 'VSS_E_SNAPSHOT_SET_IN_PROGRESS')
  await world.clock.run(first.close())
  const { culprit, text } = error as VssError
  t.regex(culprit ?? '', /^\{[-0-9a-f]{36}\}$/)
  t.true(text.includes(culprit ?? 'none'))
  const setId = second.startSnapshotSet()
  t.notRegex(culprit ?? '', new RegExp(setId))
  await world.clock.run(second.close())
})

/** A member that waits for somebody who never answers. */
const PENDING: [point: string, begin: (world: World, backup: BackupComponents) => Promise<unknown>][] = [
  ['array.areLunsSupported', (_world, backup) => backup.addToSnapshotSet('/vol1')],
  ['array.areLunsSupported', (_world, backup) => backup.isVolumeSupported('/vol1')],
  ['array.beginPrepareSnapshot', (_world, backup) => backup.addToSnapshotSet('/vol1')],
  ['front.onPrepareBackup', (_world, backup) => backup.prepareForBackup()],
]

for (const end of ['abortBackup', 'close', 'coordinator.close'] as const) {
  for (const [point, begin] of PENDING) {
    test(`${end} while ${point} hangs ends ${/backup\.(\w+)/.exec(begin.toString())?.[1]}, and no timer of it stays`, async (t) => {
      const world = await smallWorld()
      const backup = await startedSet(world)
      world.faults.set(point, { kind: 'hang' })
      const pending = t.throwsAsync<VssError>(begin(world, backup))
      await world.clock.settle()
      const ending = end === 'coordinator.close' ? world.coordinator.close() : backup[end]()
      const error = await world.clock.run(pending)
      t.is(error?.code, 'VSS_S_ASYNC_CANCELLED', error?.message)
      await world.clock.run(ending)
      t.false(world.coordinator.isSetInProgress)
      t.is(world.clock.timerCount, 0)
      await world.clock.run(backup.close())
    })
  }
}

test('whoever closes a second time waits for the first to be done', async (t) => {
  const world = await smallWorld()
  const backup = await world.prepared()
  await world.clock.run(backup.doSnapshotSet())
  world.faults.set('front.onBackupShutdown', { kind: 'delay', millis: 200 })
  const done: string[] = []
  const closings = [
    backup.close().then(() => done.push('object')),
    world.coordinator.close().then(() => done.push('coordinator')),
    world.coordinator.close().then(() => done.push('coordinator again')),
  ]
  await world.clock.advance(199)
  t.deepEqual(done, [])
  await world.clock.run(Promise.all(closings))
  t.deepEqual(done, ['object', 'coordinator', 'coordinator again'])
  t.is(world.fabric.luns.size, 2, 'the auto-release copies are gone')
})

test('the coordinator closes all requesters and providers although the first cannot be closed, and says why', async (t) => {
  const world = await smallWorld()
  const first = await world.prepared()
  await world.clock.run(first.doSnapshotSet())
  const second = await world.prepared()
  world.faults.set('array.onLunEmpty', { kind: 'throw', error: new Error('the disk is gone') })
  const error = await t.throwsAsync<VssError>(world.clock.run(world.coordinator.close()))
  t.like(error, { code: 'VSS_E_UNEXPECTED_PROVIDER_ERROR', culprit: 'array' })
  t.regex(
    error?.text ?? '',
    /^1 of 3 requesters and providers could not be closed; first: .*the disk is gone/,
  )
  t.is((error?.cause as VssError | undefined)?.code, 'VSS_E_UNEXPECTED_PROVIDER_ERROR')
  t.false(world.coordinator.isSetInProgress)
  t.deepEqual(world.coordinator.queryProviders(), [])
  for (const writer of world.writers) {
    t.is(writer.events.filter((event) => event === 'onBackupShutdown').length, 2)
  }
  t.is(await world.clock.run(t.throwsAsync(world.coordinator.close())), error, 'the same end')
  await world.clock.run(second.close())
})

for (const hung of ['onUnload', 'the end of its connection']) {
  test(`closing the coordinator waits for ${hung} of a provider no longer than its limit`, async (t) => {
    const world = new World()
    const never = (): Promise<never> => new Promise(() => undefined)
    await world.coordinator.registerProvider({
      providerId: newGuid(),
      providerName: 'stuck',
      providerType: 3,
      providerVersion: '1',
      host: {
        kind: 'connection',
        connection: {
          methods: new Set(hung === 'onUnload' ? ['onUnload' as const] : []),
          call: never,
          close: never,
        },
      },
    })
    const error = await t.throwsAsync<VssError>(world.clock.run(world.coordinator.close()))
    t.like(error, { code: 'VSS_E_UNEXPECTED_PROVIDER_ERROR', culprit: 'stuck' })
    t.is(world.clock.nowMillis(), world.coordinator.limits.unloadMillis)
  })
}

test('a closed coordinator says that it is closed, and so does an object that it has closed', async (t) => {
  const world = await smallWorld()
  const backup = new BackupComponents(world.coordinator)
  backup.initializeForBackup()
  await world.clock.run(world.coordinator.close())
  const says = { code: 'VSS_E_BAD_STATE', message: /closed\. Make a new one/ }
  t.throws(() => new BackupComponents(world.coordinator), says)
  await t.throwsAsync(new FakeWriter('late', world.faults).subscribe(world.coordinator), says)
  await t.throwsAsync(world.addProvider('late'), says)
  t.throws(() => backup.startSnapshotSet(), says)
  t.throws(() => backup.query(), says)
  await t.throwsAsync(backup.gatherWriterMetadata(), says)
  t.false(world.coordinator.isSetInProgress)
  await t.notThrowsAsync(backup.close())
  for (const writer of world.writers) await t.notThrowsAsync(writer.unsubscribe())
})
