// Many writers, many instances, many backups: what one coordinator and one writer carry at a time.
import test from 'ava'
import { VSS_WRITER_STATE } from '../../lib/enums.ts'
import { newGuid } from '../../lib/ids.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { Writer } from '../../lib/writer/writer.ts'
import { statuses } from '../coordinator/small-world.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { World } from '../helpers/fakes/world.ts'
import { bench } from './bench.ts'

/** Has room for one session. */
class SmallWriter extends Writer {
  freezes = 0
  constructor() {
    super({ writerId: newGuid(), writerName: 'small', usageType: 3, sourceType: 2, sessionsMax: 1 })
  }
  onPrepareSnapshot(): void {}
  onFreeze(): void {
    this.freezes++
  }
  onThaw(): void {}
  onAbort(): void {}
}

async function worldOf(...names: string[]): Promise<World> {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  for (const name of names) await world.addWriter(new FakeWriter(name, world.faults))
  return world
}

test.serial('forty writers wait for one signal without a warning of Node', async (t) => {
  const warnings: string[] = []
  const onWarning = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', onWarning)
  const world = await worldOf(...Array.from({ length: 40 }, (_, index) => `w${index}`))
  await world.completeBackup()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', onWarning)
  t.deepEqual(warnings, [])
  t.true(world.writers.every((writer) => writer.events.at(-1) === 'onBackupShutdown'))
})

test('several instances of a class take part each for itself, and one can be left out by its instance id', async (t) => {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  const writerId = newGuid()
  const first = await world.addWriter(new FakeWriter('first', world.faults, { writerId }))
  const second = await world.addWriter(new FakeWriter('second', world.faults, { writerId }))
  first.answers.set('onPrepareSnapshot', () => {
    first.setWriterFailure('VSS_E_WRITERERROR_RETRYABLE')
    return true
  })
  const backup = await world.prepared()
  await world.clock.run(backup.doSnapshotSet())
  const status = await statuses(world, backup)
  t.is(status['first']?.failure, 'VSS_E_WRITERERROR_RETRYABLE')
  t.is(status['second']?.failure, 'S_OK')
  t.is(status['first']?.writerId, status['second']?.writerId)
  await world.clock.run(backup.close())
  t.false(first.events.includes('onFreeze'))
  t.true(second.events.includes('onFreeze'))
  const alone = new BackupComponents(world.coordinator)
  alone.initializeForBackup()
  alone.disableWriterInstances([first.identity.instanceId])
  await world.clock.run(alone.gatherWriterMetadata())
  t.is(alone.getWriterMetadataCount(), 1)
  t.is(alone.getWriterMetadata(0).instanceId, second.identity.instanceId)
  await world.clock.run(alone.close())
})

test('R133: several sets after one another each begin with a writer that is stable, whatever became of the one before', async (t) => {
  const world = await worldOf('w')
  const [writer] = world.writers as [FakeWriter]
  for (const outcome of ['made', 'vetoed', 'aborted', 'made'] as const) {
    writer.answers.set('onFreeze', () => {
      if (outcome === 'vetoed') writer.setWriterFailure('VSS_E_WRITERERROR_NONRETRYABLE')
      return outcome !== 'aborted'
    })
    const backup = await world.prepared()
    t.like((await statuses(world, backup))['w'], { state: VSS_WRITER_STATE.VSS_WS_STABLE, failure: 'S_OK' })
    const making = world.clock.run(backup.doSnapshotSet())
    if (outcome === 'aborted') await t.throwsAsync(making)
    else await making
    await world.clock.run(backup.close())
    t.is(writer.closingCalls.length, 1)
    t.false(writer.frozen)
  }
})

test('requesters side by side have sessions of their own: one fails, one completes, one is only prepared', async (t) => {
  const world = await worldOf('w')
  const [writer] = world.writers as [FakeWriter]
  const noSet = async (): Promise<BackupComponents> => {
    const backup = new BackupComponents(world.coordinator)
    backup.initializeForBackup()
    backup.setBackupState(false, false, 1)
    await world.clock.run(backup.gatherWriterMetadata())
    await world.clock.run(backup.prepareForBackup())
    return backup
  }
  writer.answers.set('onPrepareBackup', () => {
    writer.setWriterFailure('VSS_E_WRITERERROR_OUTOFRESOURCES')
    return true
  })
  const failing = await noSet()
  writer.answers.clear()
  const waiting = await noSet()
  const making = await world.prepared()
  await world.clock.run(making.doSnapshotSet())
  t.is((await statuses(world, failing))['w']?.failure, 'VSS_E_WRITERERROR_OUTOFRESOURCES')
  t.like((await statuses(world, waiting))['w'], { state: VSS_WRITER_STATE.VSS_WS_STABLE, failure: 'S_OK' })
  t.is((await statuses(world, making))['w']?.state, VSS_WRITER_STATE.VSS_WS_WAITING_FOR_BACKUP_COMPLETE)
  await world.clock.run(failing.abortBackup())
  t.is((await statuses(world, making))['w']?.state, VSS_WRITER_STATE.VSS_WS_WAITING_FOR_BACKUP_COMPLETE)
  for (const backup of [failing, waiting, making]) await world.clock.run(backup.close())
})

test('R119: Identify in the middle of a freeze is answered, always alike, and disturbs nothing', async (t) => {
  const world = await worldOf('w')
  const [writer] = world.writers as [FakeWriter]
  const seen: string[] = []
  const listOnly = async (): Promise<void> => {
    const other = new BackupComponents(world.coordinator)
    other.initializeForBackup()
    await other.gatherWriterMetadata()
    seen.push(other.getWriterMetadata(0).metadata.toXml())
    await other.close()
  }
  const backup = await world.prepared()
  world.faults.set('array.commitSnapshots', { kind: 'call', call: listOnly })
  await world.clock.run(backup.doSnapshotSet())
  await world.clock.run(listOnly())
  t.is(new Set(seen).size, 1)
  t.is(seen.length, 2)
  t.is((await statuses(world, backup))['w']?.state, VSS_WRITER_STATE.VSS_WS_WAITING_FOR_BACKUP_COMPLETE)
  await world.clock.run(backup.close())
  t.deepEqual(writer.closingCalls, ['onThaw'])
})

test('R133: sessions are finite: one beyond the last sits out as VSS_E_WRITER_STATUS_NOT_AVAILABLE until one is free', async (t) => {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  const writer = new SmallWriter()
  await writer.subscribe(world.coordinator)
  const first = await world.prepared()
  await world.clock.run(first.doSnapshotSet())
  const second = await world.prepared()
  const refused = {
    state: VSS_WRITER_STATE.VSS_WS_UNKNOWN,
    failure: 'VSS_E_WRITER_STATUS_NOT_AVAILABLE',
  } as const
  t.like((await statuses(world, second))['small'], refused)
  await world.clock.run(second.doSnapshotSet())
  t.like((await statuses(world, second))['small'], refused, 'it stays out to the end')
  await world.clock.run(second.close())
  t.is(writer.freezes, 1, 'the second set was made without it')
  await world.clock.run(first.backupComplete())
  const third = await world.prepared()
  t.like((await statuses(world, third))['small'], { failure: 'S_OK' }, 'a complete session makes room')
  await world.clock.run(third.close())
  await world.clock.run(first.close())
})

test('a writer that failed in part goes on with its other components, and can still fail as a whole', async (t) => {
  const world = await worldOf('w')
  const [writer] = world.writers as [FakeWriter]
  writer.answers.set('onPrepareBackup', () => {
    writer.setWriterFailureEx('VSS_E_WRITERERROR_PARTIAL_FAILURE', 0x8007_0005, 'one of two')
    return true
  })
  const backup = await world.prepared()
  t.like((await statuses(world, backup))['w'], {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_PREPARE_BACKUP,
    failure: 'VSS_E_WRITERERROR_PARTIAL_FAILURE',
    applicationHresult: 0x8007_0005,
    message: 'one of two',
  })
  writer.answers.set('onPostSnapshot', () => {
    writer.setWriterFailureEx('VSS_E_WRITERERROR_NONRETRYABLE', 7)
    return true
  })
  await world.clock.run(backup.doSnapshotSet())
  t.deepEqual(writer.closingCalls, ['onThaw'])
  t.like((await statuses(world, backup))['w'], {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_POST_SNAPSHOT,
    failure: 'VSS_E_WRITERERROR_NONRETRYABLE',
    applicationHresult: 7,
  })
  await world.clock.run(backup.close())
})

test('a writer gets the events it subscribed to, and counts as well in the others', async (t) => {
  for (const [mask, expected] of [
    [1, ['onIdentify', 'onPostSnapshot']],
    [4, ['onIdentify']],
    [2, ['onIdentify', 'onPrepareBackup', 'onPrepareSnapshot', 'onFreeze', 'onThaw', 'onPostSnapshot']],
  ] as const) {
    const world = await worldOf()
    const writer = new FakeWriter('w', world.faults)
    await writer.subscribe(world.coordinator, { mask })
    const backup = await world.prepared()
    await world.clock.run(backup.doSnapshotSet())
    t.is((await statuses(world, backup))['w']?.failure, 'S_OK')
    t.deepEqual(writer.events, [...expected])
    await world.clock.run(backup.close())
  }
  const { coordinator, faults } = await worldOf()
  for (const mask of [0, -1, 2 ** 32, 1.5, '6' as never]) {
    await t.throwsAsync(new FakeWriter('w', faults).subscribe(coordinator, { mask }), {
      code: 'E_INVALIDARG',
    })
  }
})

test('a writer that fails in BackupShutdown says so in its last answer', async (t) => {
  const { clock, writer, send } = await bench()
  writer.answers.set('onBackupShutdown', () => false)
  t.like(await clock.run(send({ type: 'BackupShutdown', setId: null })), {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_BACKUPSHUTDOWN,
    failure: 'VSS_E_WRITERERROR_NONRETRYABLE',
  })
})
