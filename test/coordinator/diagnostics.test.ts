import test from 'ava'
import {
  type FreezeMessage,
  freezeChannel,
  type HoldMessage,
  holdChannel,
  type PhaseMessage,
  phaseChannel,
} from '../../lib/diagnostics.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { World } from '../helpers/fakes/world.ts'

test('whoever listens hears every phase, freeze and hold of a set, with its numbers', async (t) => {
  const phases: string[] = []
  const freezes: FreezeMessage[] = []
  const holds: HoldMessage[] = []
  const onPhase = (message: unknown): void => void phases.push((message as PhaseMessage).phase)
  const onFreeze = (message: unknown): void => void freezes.push({ ...(message as FreezeMessage) })
  const onHold = (message: unknown): void => void holds.push({ ...(message as HoldMessage) })
  phaseChannel.start.subscribe(onPhase)
  freezeChannel.asyncEnd.subscribe(onFreeze)
  holdChannel.asyncEnd.subscribe(onHold)
  t.teardown(() => {
    phaseChannel.start.unsubscribe(onPhase)
    freezeChannel.asyncEnd.unsubscribe(onFreeze)
    holdChannel.asyncEnd.unsubscribe(onHold)
  })
  const world = new World()
  world.host.addVolume()
  await world.addWriter(new FakeWriter('w', world.faults))
  await world.addProvider('array')
  world.faults.set('array.commitSnapshots', { kind: 'delay', millis: 20 })
  const backup = await world.prepared()
  world.faults.set('w.onThaw', { kind: 'delay', millis: 30 })
  world.faults.set('w.onPrepareSnapshot', { kind: 'delay', millis: 40 })
  const { description, report } = await world.clock.run(backup.doSnapshotSet())
  await world.clock.run(backup.close())
  t.deepEqual(phases, [
    'endPrepareSnapshots',
    'setFlags',
    'prepareForSnapshot',
    'freeze',
    'preCommitSnapshots',
    'commitSnapshots',
    'clearFlags',
    'postCommitSnapshots',
    'thaw',
    'getTargetLuns',
    'import',
    'preFinalCommitSnapshots',
    'postSnapshot',
    'postFinalCommitSnapshots',
  ])
  t.is(freezes.length, 1)
  t.like(freezes[0], { setId: description.setId, writerName: 'w', closedBy: 'thaw', durationMicros: 20_000 })
  t.is(report.freezeMicros, 20_000, 'the freeze means the same in the report')
  t.is(holds.length, 1)
  t.like(holds[0], {
    setId: description.setId,
    holdMicros: 20_000,
    heldThroughout: true,
    limitMillis: 10_000,
  })
  t.is((holds[0]?.releasedAtMicros ?? 0) - (holds[0]?.heldAtMicros ?? 0), 20_000)
})
