// A writer that fails, vetoes, hangs or is silent: what becomes of the set, of its status and of the other writers.
import test from 'ava'
import { VSS_WRITER_STATE } from '../../lib/enums.ts'
import type { VssError } from '../../lib/errors.ts'
import { newGuid } from '../../lib/ids.ts'
import type { WriterConnection } from '../../lib/writer/events.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { nothingIsLeft, smallWorld, statuses } from './small-world.ts'

test('R166: a failing onPrepareSnapshot raises no Abort; that writer is not frozen and the set comes about', async (t) => {
  const world = await smallWorld()
  world.faults.set('front.onPrepareSnapshot', { kind: 'throw', error: 'not even an Error' })
  const backup = await world.prepared()
  await world.clock.run(backup.doSnapshotSet())
  const [front, back] = world.writers
  t.deepEqual(front?.events.slice(2), ['onPrepareSnapshot'])
  t.deepEqual(back?.events.slice(2), ['onPrepareSnapshot', 'onFreeze', 'onThaw', 'onPostSnapshot'])
  const status = await statuses(world, backup)
  t.like(status['front'], {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_PREPARE_SNAPSHOT,
    failure: 'VSS_E_WRITERERROR_NONRETRYABLE',
  })
  t.regex(status['front']?.message ?? '', /not even an Error/)
  t.like(status['back'], { state: VSS_WRITER_STATE.VSS_WS_WAITING_FOR_BACKUP_COMPLETE, failure: 'S_OK' })
  await world.clock.run(backup.backupComplete())
  t.false(front?.events.includes('onBackupComplete'), 'a failed writer does not take its backup for complete')
  await world.clock.run(backup.close())
})

test('R63: onFreeze returning false ends the set; the writers frozen by then are aborted, the others left alone', async (t) => {
  const world = await smallWorld()
  world.writers[0]?.answers.set('onFreeze', () => {
    world.writers[0]?.setWriterFailure('VSS_E_WRITERERROR_RETRYABLE', 'busy')
    return false
  })
  const backup = await world.prepared()
  const error = await t.throwsAsync<VssError>(world.clock.run(backup.doSnapshotSet()))
  t.like(error, { code: 'VSS_E_UNEXPECTED_WRITER_ERROR', culprit: 'front' })
  t.like(error?.cause, { code: 'VSS_E_WRITERERROR_RETRYABLE', text: 'busy' })
  t.false(world.writers[1]?.events.includes('onFreeze'))
  t.regex(backup.report?.summary ?? '', /VSS_E_UNEXPECTED_WRITER_ERROR: front in Freeze after/)
  const failed = backup.report?.timeline.filter(({ kind, code }) => kind === 'writer' && code !== undefined)
  t.like(failed, [{ party: 'front', name: 'Freeze', code: 'VSS_E_WRITERERROR_RETRYABLE' }])
  const status = await statuses(world, backup)
  t.like(status['front'], {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_FREEZE,
    failure: 'VSS_E_WRITERERROR_RETRYABLE',
  })
  world.writers[0]?.answers.clear()
  await nothingIsLeft(t, world, backup)
})

test('R163: a veto in onFreeze that returns true leaves the decision to the requester, and the writer gets onThaw', async (t) => {
  const world = await smallWorld()
  world.writers[0]?.answers.set('onFreeze', () => {
    world.writers[0]?.setWriterFailure('VSS_E_WRITERERROR_INCONSISTENTSNAPSHOT')
    return true
  })
  const backup = await world.prepared()
  await world.clock.run(backup.doSnapshotSet())
  t.deepEqual(world.writers[0]?.closingCalls, ['onThaw'])
  t.like((await statuses(world, backup))['front'], {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_FREEZE,
    failure: 'VSS_E_WRITERERROR_INCONSISTENTSNAPSHOT',
  })
  await world.clock.run(backup.close())
})

test('R160: onFreeze that hangs is aborted by the writer itself when its window ends', async (t) => {
  const world = await smallWorld()
  world.faults.set('back.onFreeze', { kind: 'hang' })
  const backup = await world.prepared()
  const startMillis = world.clock.nowMillis()
  const error = await t.throwsAsync<VssError>(world.clock.run(backup.doSnapshotSet()))
  t.like(
    error,
    { code: 'VSS_E_UNEXPECTED_WRITER_ERROR', culprit: 'front' },
    'the front end had the shorter window',
  )
  // The back end is still in onFreeze; it is aborted beside it after the patience of the abort.
  t.is(world.clock.nowMillis() - startMillis, 70_000)
  const status = await statuses(world, backup)
  t.regex(backup.report?.summary ?? '', /back in Freeze after 60\.00 s; writers were frozen for 60\.00 s/)
  t.is(status['front']?.failure, 'VSS_E_WRITERERROR_TIMEOUT')
  t.is(status['front']?.state, VSS_WRITER_STATE.VSS_WS_FAILED_AT_THAW)
  await nothingIsLeft(t, world, backup)
})

test('R160: the window of a frozen writer ends the set although the timer that watches it fires early', async (t) => {
  const world = await smallWorld()
  world.faults.set('back.onFreeze', { kind: 'hang' })
  const backup = await world.prepared()
  world.clock.countsWholeMillis = true
  world.clock.block(0.7)
  const startMillis = world.clock.nowMillis()
  const error = await t.throwsAsync<VssError>(world.clock.run(backup.doSnapshotSet()))
  t.like(error, { code: 'VSS_E_UNEXPECTED_WRITER_ERROR', culprit: 'front' })
  const tookMillis = world.clock.nowMillis() - startMillis
  t.true(tookMillis >= 69_999 && tookMillis < 70_010, `the set ended after ${tookMillis} ms`)
  await nothingIsLeft(t, world, backup)
})

test('R160: a window that ends before the commit fails the set, and nobody is frozen any more', async (t) => {
  const world = await smallWorld()
  world.faults.set('array.preCommitSnapshots', { kind: 'delay', millis: 59_000 })
  world.faults.set('kernel.hold', { kind: 'delay', millis: 5_000 })
  const backup = await world.prepared()
  const error = await t.throwsAsync<VssError>(world.clock.run(backup.doSnapshotSet()))
  t.like(error, { code: 'VSS_E_UNEXPECTED_WRITER_ERROR', culprit: 'front' })
  t.is((error?.cause as VssError | undefined)?.code, 'VSS_E_WRITERERROR_TIMEOUT')
  t.regex(backup.report?.summary ?? '', /: array in preCommitSnapshots after 59\.00 s; /)
  await nothingIsLeft(t, world, backup)
})

test('onThaw returning false fails the set although its instant was reached; everybody has one closing call', async (t) => {
  const world = await smallWorld()
  world.writers[1]?.answers.set('onThaw', () => false)
  const backup = await world.prepared()
  const error = await t.throwsAsync<VssError>(world.clock.run(backup.doSnapshotSet()))
  t.like(error, { code: 'VSS_E_UNEXPECTED_WRITER_ERROR', culprit: 'back' })
  t.deepEqual(world.writers[1]?.closingCalls, ['onThaw'])
  t.deepEqual(world.writers[0]?.closingCalls, ['onAbort'], 'its level had not been thawed yet')
  t.like((await statuses(world, backup))['back'], {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_THAW,
    failure: 'VSS_E_WRITERERROR_NONRETRYABLE',
  })
  world.writers[1]?.answers.clear()
  await nothingIsLeft(t, world, backup)
})

test('a failing onPostSnapshot is a status only, and the set is kept', async (t) => {
  const world = await smallWorld()
  world.writers[0]?.answers.set('onPostSnapshot', () => false)
  const backup = await world.prepared()
  const { description } = await world.clock.run(backup.doSnapshotSet())
  t.is(description.snapshots.length, 2)
  t.like((await statuses(world, backup))['front'], { state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_POST_SNAPSHOT })
  await world.clock.run(backup.close())
})

test('a writer that is silent in PrepareForSnapshot is left out, and its status says so', async (t) => {
  const world = await smallWorld()
  world.faults.set('front.onPrepareSnapshot', { kind: 'hang' })
  const backup = await world.prepared()
  await world.clock.run(backup.doSnapshotSet())
  t.like((await statuses(world, backup))['front'], { failure: 'VSS_E_WRITER_NOT_RESPONDING' })
  t.false(world.writers[0]?.events.includes('onFreeze'))
  await world.clock.run(backup.close())
})

for (const broken of ['rejects', 'throws'] as const) {
  test(`R26: a writer whose connection ${broken} at Freeze stays not responding after the roll-back has reached it`, async (t) => {
    const world = await smallWorld()
    const lost = new FakeWriter('lost', world.faults)
    await lost.subscribe({
      clock: world.clock,
      subscribeWriter: (connection: WriterConnection) =>
        world.coordinator.subscribeWriter({
          identity: connection.identity,
          deliver: (event) => {
            if (event.type !== 'Freeze') return connection.deliver(event)
            const error = new Error('connection lost')
            if (broken === 'throws') throw error
            return Promise.reject(error)
          },
        }),
    })
    const backup = await world.prepared()
    const error = await t.throwsAsync<VssError>(world.clock.run(backup.doSnapshotSet()))
    t.like(error, { code: 'VSS_E_UNEXPECTED_WRITER_ERROR', culprit: 'lost' })
    t.deepEqual(lost.events.at(-1), 'onAbort', 'the roll-back reached it')
    t.like((await statuses(world, backup))['lost'], {
      state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_FREEZE,
      failure: 'VSS_E_WRITER_NOT_RESPONDING',
      message: 'connection lost',
    })
    await world.clock.run(backup.close())
  })
}

test('a writer whose metadata nobody can read is left out, and the others are gathered', async (t) => {
  for (const metadataXml of ['', '<not', '<other xmlns="urn:x"/>', 42 as never]) {
    const world = await smallWorld()
    await world.coordinator.subscribeWriter({
      identity: { ...(world.writers[0] as FakeWriter).identity, instanceId: newGuid() },
      deliver: async () => ({ state: 1, failure: 'S_OK', fatal: false, metadataXml }),
    })
    const backup = await world.prepared()
    t.is(backup.getWriterMetadataCount(), 2)
    await world.clock.run(backup.doSnapshotSet())
    await world.clock.run(backup.close())
  }
})
