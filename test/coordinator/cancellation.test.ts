// The requester gives a set up: before it is made, while it is made, or by closing its object.
import test from 'ava'
import type { VssError } from '../../lib/errors.ts'
import { nothingIsLeft, smallWorld } from './small-world.ts'

test('R180: a set given up before DoSnapshotSet sends no AbortSnapshots; the next set id says it all', async (t) => {
  const world = await smallWorld()
  const backup = await world.prepared()
  await world.clock.run(backup.abortBackup())
  for (const writer of world.writers) t.deepEqual(writer.events.slice(1), ['onPrepareBackup', 'onAbort'])
  await world.clock.run(backup.close())
  t.false(world.providers[0]?.calls.includes('abortSnapshots'))
  for (const writer of world.writers) t.is(writer.events.at(-1), 'onBackupShutdown')
  await world.completeBackup()
  t.deepEqual([...(world.providers[0]?.sets.values() ?? [])].map(({ state }) => state).sort(), [
    'aborted',
    'created',
  ])
})

for (const phase of [
  'array.endPrepareSnapshots',
  'front.onPrepareSnapshot',
  'back.onFreeze',
  'array.preCommitSnapshots',
  'array.commitSnapshots',
  'array.postCommitSnapshots',
  'array.getTargetLuns',
  'host.rescan',
  'front.onPostSnapshot',
]) {
  test(`cancelling while ${phase} runs undoes the set`, async (t) => {
    const world = await smallWorld()
    const controller = new AbortController()
    const backup = await world.prepared()
    world.faults.set(phase, {
      kind: 'call',
      call: () => {
        controller.abort(new Error('user'))
        return new Promise((resolve) => world.clock.setTimer(resolve, 3000))
      },
    })
    const error = await t.throwsAsync<VssError>(
      world.clock.run(backup.doSnapshotSet({ signal: controller.signal })),
    )
    t.is(error?.code, 'VSS_S_ASYNC_CANCELLED', error?.message)
    t.regex(backup.report?.summary ?? '', /^The set was cancelled in [a-z]\w+ after /)
    await nothingIsLeft(t, world, backup)
  })
}

test('a hold that is granted after the requester has cancelled is let go at once', async (t) => {
  const world = await smallWorld()
  const controller = new AbortController()
  const backup = await world.prepared()
  world.faults.set('kernel.hold', {
    kind: 'call',
    call: () => {
      controller.abort()
      return new Promise((resolve) => world.clock.setTimer(resolve, 3000))
    },
  })
  await t.throwsAsync(world.clock.run(backup.doSnapshotSet({ signal: controller.signal })), {
    message: /VSS_S_ASYNC_CANCELLED/,
  })
  await world.clock.advance(3000)
  t.is(world.kernelSupport.holds.size, 1)
  t.deepEqual(world.kernelSupport.heldVolumes, [])
  t.is([...world.kernelSupport.holds.values()][0]?.verdict?.endedBy, 'release')
  await nothingIsLeft(t, world, backup)
})

test('closing the object while the set is being made undoes the set', async (t) => {
  const world = await smallWorld()
  const backup = await world.prepared()
  world.faults.set('array.commitSnapshots', { kind: 'delay', millis: 5000 })
  const making = t.throwsAsync<VssError>(backup.doSnapshotSet())
  await world.clock.advance(1000)
  await world.clock.run(backup.close())
  t.is((await making)?.code, 'VSS_S_ASYNC_CANCELLED')
  for (const writer of world.writers) {
    t.deepEqual(writer.closingCalls, ['onAbort'])
    t.is(writer.events.at(-1), 'onBackupShutdown')
  }
  t.deepEqual(world.kernelSupport.heldVolumes, [])
  await world.completeBackup()
})
