// A writer that leaves: before a set, in the middle of one, frozen, or from inside a handler of its own.
import test from 'ava'
import type { VssError } from '../../lib/errors.ts'
import { nothingIsLeft, smallWorld, statuses } from '../coordinator/small-world.ts'
import type { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import type { World } from '../helpers/fakes/world.ts'

async function worldWithFront(): Promise<{ world: World; front: FakeWriter }> {
  const world = await smallWorld()
  const [front] = world.writers
  if (front === undefined) throw new Error('the small world has no writer')
  return { world, front }
}

test('a writer that unsubscribes after onPrepareBackup gets no further event and is left out as not responding', async (t) => {
  const { world, front } = await worldWithFront()
  const backup = await world.prepared()
  await front.unsubscribe()
  await world.clock.run(backup.doSnapshotSet())
  await world.clock.run(backup.backupComplete())
  t.like((await statuses(world, backup))['front'], {
    failure: 'VSS_E_WRITER_NOT_RESPONDING',
    message: "writer 'front' has unsubscribed",
  })
  await world.clock.run(backup.close())
  t.deepEqual(front.events, ['onIdentify', 'onPrepareBackup'])
})

test('a writer that unsubscribes while frozen is aborted first and costs the set', async (t) => {
  const { world, front } = await worldWithFront()
  const backup = await world.prepared()
  let frozenAfter: boolean | undefined
  world.faults.set('array.commitSnapshots', {
    kind: 'call',
    call: async () => {
      await front.unsubscribe()
      frozenAfter = front.frozen
    },
  })
  const error = await t.throwsAsync<VssError>(world.clock.run(backup.doSnapshotSet()))
  t.is(frozenAfter, false, 'unsubscribe waits for the closing call')
  t.like(error, { code: 'VSS_E_UNEXPECTED_WRITER_ERROR', culprit: 'front' })
  t.like(error?.cause, { code: 'VSS_E_WRITER_NOT_RESPONDING' })
  t.like((await statuses(world, backup))['front'], { failure: 'VSS_E_WRITER_NOT_RESPONDING' })
  t.deepEqual(front.events.slice(-2), ['onFreeze', 'onAbort'])
  await nothingIsLeft(t, world, backup)
  t.deepEqual(front.events.slice(-2), ['onFreeze', 'onAbort'])
})

test('unsubscribing while onFreeze runs waits for it, then aborts the writer and ends the set at once', async (t) => {
  const { world, front } = await worldWithFront()
  world.faults.set('front.onFreeze', { kind: 'delay', millis: 3000 })
  const backup = await world.prepared()
  const making = t.throwsAsync<VssError>(backup.doSnapshotSet())
  await world.clock.advance(1000)
  t.is(front.events.at(-1), 'onFreeze')
  await world.clock.run(front.unsubscribe())
  t.false(front.frozen)
  t.deepEqual(front.closingCalls, ['onAbort'])
  t.like(await making, { code: 'VSS_E_UNEXPECTED_WRITER_ERROR', culprit: 'front' })
  await nothingIsLeft(t, world, backup)
})

test('unsubscribing while onThaw runs waits for it and calls nothing else', async (t) => {
  const { world, front } = await worldWithFront()
  let left = false
  world.faults.set('front.onThaw', { kind: 'delay', millis: 1000 })
  const backup = await world.prepared()
  const making = backup.doSnapshotSet()
  await world.clock.advance(500)
  t.is(front.events.at(-1), 'onThaw')
  const leaving = front.unsubscribe().then(() => {
    left = true
  })
  await world.clock.advance(400)
  t.false(left)
  await world.clock.run(making)
  await leaving
  t.true(left)
  t.deepEqual(front.closingCalls, ['onThaw'])
  await world.clock.run(backup.close())
  t.is(front.events.at(-1), 'onThaw', 'neither onPostSnapshot nor onBackupShutdown')
})

for (const handler of ['onIdentify', 'onPrepareBackup', 'onFreeze', 'onPostSnapshot']) {
  test(`unsubscribe is refused inside ${handler}, and the writer stays`, async (t) => {
    const { world, front } = await worldWithFront()
    let leaving: Promise<unknown> | undefined
    front.answers.set(handler, () => {
      leaving = front.unsubscribe()
      leaving.catch(() => undefined)
      return true
    })
    const backup = await world.prepared()
    await world.clock.run(backup.doSnapshotSet())
    const error = await t.throwsAsync<VssError>(async () => leaving)
    t.is(error?.code, 'VSS_E_BAD_STATE')
    t.regex(error?.message ?? '', /unsubscribe was called in \w+/)
    await world.clock.run(backup.close())
    t.is(front.events.at(-1), 'onBackupShutdown')
    await world.clock.run(front.unsubscribe())
    t.is(world.coordinator.writers.length, 1)
  })
}

test('one writer may unsubscribe another from inside its handler', async (t) => {
  const { world, front } = await worldWithFront()
  const back = world.writers[1]
  let leaving: Promise<unknown> | undefined
  front.answers.set('onPrepareBackup', () => {
    leaving = back?.unsubscribe()
    return true
  })
  const backup = await world.prepared()
  await t.notThrowsAsync(async () => leaving)
  await world.clock.run(backup.close())
  t.false(back?.events.includes('onBackupShutdown'))
})

test('a writer that has left can subscribe again, for later backups only', async (t) => {
  const { world, front } = await worldWithFront()
  const backup = await world.prepared()
  await Promise.all([front.unsubscribe(), front.unsubscribe()])
  await front.subscribe(world.coordinator)
  await world.clock.run(backup.doSnapshotSet())
  await world.clock.run(backup.close())
  t.deepEqual(front.events, ['onIdentify', 'onPrepareBackup'])
  await world.completeBackup()
  t.is(front.events.at(-1), 'onBackupShutdown')
})
