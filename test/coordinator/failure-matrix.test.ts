// A fault at every step of a set, alone or with another: the code the requester gets, and that nothing is left.
import test from 'ava'
import { type VssCode, VssError } from '../../lib/errors.ts'
import type { Fault } from '../helpers/fakes/faults.ts'
import { World } from '../helpers/fakes/world.ts'
import { nothingIsLeft, smallWorld } from './small-world.ts'

interface Row {
  title: string
  point: string
  fault: Fault
  code: VssCode
  culprit?: string
  aborts: boolean
  /** The closing call of each writer; undefined if it was not frozen. */
  closing: 'onThaw' | 'onAbort' | undefined
  /** How long the writers were frozen. */
  frozenMillis: number
  /** The summary, behind the code. */
  blamed: RegExp
}

const veto: Fault = { kind: 'throw', error: new VssError('VSS_E_PROVIDER_VETO', 'no') }
const unlisted: Fault = { kind: 'throw', error: new Error('S_FALSE') }

const ROWS: Row[] = [
  {
    title: 'EndPrepareSnapshots vetoes',
    point: 'array.endPrepareSnapshots',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: undefined,
    frozenMillis: 0,
    blamed: /array in endPrepareSnapshots after 0 µs/,
  },
  {
    title: 'R182: EndPrepareSnapshots fails with an unlisted code',
    point: 'array.endPrepareSnapshots',
    fault: unlisted,
    code: 'VSS_E_UNEXPECTED_PROVIDER_ERROR',
    culprit: 'array',
    aborts: true,
    closing: undefined,
    frozenMillis: 0,
    blamed: /array in endPrepareSnapshots after 0 µs/,
  },
  {
    title: 'the flags cannot be set',
    point: 'host.setPendingFlags',
    fault: unlisted,
    code: 'VSS_E_UNEXPECTED',
    aborts: true,
    closing: undefined,
    frozenMillis: 0,
    blamed: /host in setPendingFlags after 0 µs/,
  },
  {
    title: 'PreCommitSnapshots vetoes',
    point: 'array.preCommitSnapshots',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: 'onAbort',
    frozenMillis: 0,
    blamed: /array in preCommitSnapshots after 0 µs/,
  },
  {
    title: 'the flush takes longer than the limit',
    point: 'kernel.hold',
    fault: { kind: 'delay', millis: 10_000 },
    code: 'VSS_E_FLUSH_WRITES_TIMEOUT',
    aborts: true,
    closing: 'onAbort',
    frozenMillis: 10_000,
    blamed: /kernel support in hold after 10\.00 s/,
  },
  {
    title: 'kernel support never answers the hold',
    point: 'kernel.hold',
    fault: { kind: 'hang' },
    code: 'VSS_E_FLUSH_WRITES_TIMEOUT',
    culprit: 'kernel support',
    aborts: true,
    closing: 'onAbort',
    frozenMillis: 11_000,
    blamed: /kernel support in hold after 11\.00 s/,
  },
  {
    title: 'R181: CommitSnapshots vetoes',
    point: 'array.commitSnapshots',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: 'onAbort',
    frozenMillis: 0,
    blamed: /array in commitSnapshots after 0 µs/,
  },
  {
    title: 'R96, R97: CommitSnapshots takes 11 s',
    point: 'array.commitSnapshots',
    fault: { kind: 'delay', millis: 11_000 },
    code: 'VSS_E_HOLD_WRITES_TIMEOUT',
    culprit: 'array',
    aborts: true,
    closing: 'onAbort',
    frozenMillis: 10_100,
    blamed: /array in commitSnapshots, not done after 10\.10 s/,
  },
  {
    title: 'R104: CommitSnapshots waits for its own write and never returns',
    point: 'array.commitSnapshots',
    fault: { kind: 'hang' },
    code: 'VSS_E_HOLD_WRITES_TIMEOUT',
    culprit: 'array',
    aborts: true,
    closing: 'onAbort',
    frozenMillis: 10_100,
    blamed: /array in commitSnapshots, not done after 10\.10 s/,
  },
  {
    title: 'the event loop is blocked for 15 s during CommitSnapshots',
    point: 'array.commitSnapshots',
    fault: { kind: 'block', millis: 15_000 },
    code: 'VSS_E_HOLD_WRITES_TIMEOUT',
    culprit: 'array',
    aborts: true,
    closing: 'onAbort',
    frozenMillis: 15_000,
    blamed: /array in commitSnapshots after 15\.00 s/,
  },
  {
    title: 'the release gives no verdict',
    point: 'kernel.release',
    fault: { kind: 'throw', error: new Error('gone') },
    code: 'VSS_E_HOLD_WRITES_TIMEOUT',
    culprit: 'kernel support',
    aborts: true,
    closing: 'onAbort',
    frozenMillis: 0,
    blamed: /kernel support in release after 0 µs/,
  },
  {
    title: 'PostCommitSnapshots vetoes',
    point: 'array.postCommitSnapshots',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: 'onAbort',
    frozenMillis: 0,
    blamed: /array in postCommitSnapshots after 0 µs/,
  },
  {
    title: 'GetTargetLuns vetoes',
    point: 'array.getTargetLuns',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: 'onThaw',
    frozenMillis: 0,
    blamed: /array in getTargetLuns after 0 µs/,
  },
  {
    title: 'LocateLuns vetoes',
    point: 'array.locateLuns',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: 'onThaw',
    frozenMillis: 0,
    blamed: /array in locateLuns after 0 µs/,
  },
  {
    title: 'the rescan fails',
    point: 'host.rescan',
    fault: unlisted,
    code: 'VSS_E_UNEXPECTED',
    aborts: true,
    closing: 'onThaw',
    frozenMillis: 0,
    blamed: /host in rescan after 0 µs/,
  },
  {
    title: 'the host cannot bring the copies in',
    point: 'host.importVolumes',
    fault: unlisted,
    code: 'VSS_E_UNEXPECTED',
    aborts: true,
    closing: 'onThaw',
    frozenMillis: 0,
    blamed: /host in importVolumes after 0 µs/,
  },
  {
    title: 'PreFinalCommitSnapshots vetoes',
    point: 'array.preFinalCommitSnapshots',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: 'onThaw',
    frozenMillis: 0,
    blamed: /array in preFinalCommitSnapshots after 0 µs/,
  },
  {
    title: 'PostFinalCommitSnapshots vetoes',
    point: 'array.postFinalCommitSnapshots',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: 'onThaw',
    frozenMillis: 0,
    blamed: /array in postFinalCommitSnapshots after 0 µs/,
  },
]

for (const row of ROWS) {
  test(`${row.title}: the set fails with ${row.code} and nothing is left of it`, async (t) => {
    const world = await smallWorld()
    world.faults.set(row.point, row.fault)
    const backup = await world.prepared()
    const error = await t.throwsAsync<VssError>(world.clock.run(backup.doSnapshotSet()), {
      instanceOf: VssError,
    })
    t.is(error?.code, row.code, error?.message)
    if (row.culprit !== undefined) t.is(error?.culprit, row.culprit)
    t.is(world.providers[0]?.calls.includes('abortSnapshots'), row.aborts)
    for (const writer of world.writers)
      t.deepEqual(writer.closingCalls, row.closing === undefined ? [] : [row.closing])
    t.is(backup.report?.freezeMicros, row.frozenMillis * 1000)
    const summary = backup.report?.summary ?? ''
    t.true(summary.startsWith(`The set failed with ${row.code}: `), summary)
    t.regex(summary, row.blamed)
    const failed = backup.report?.timeline.filter(({ code, unfinished }) => code !== undefined || unfinished)
    t.true((failed?.length ?? 0) > 0, 'the time line shows where it went wrong')
    await nothingIsLeft(t, world, backup)
  })
}

test('an error of a second provider aborts the one that has committed', async (t) => {
  const world = new World()
  const first = world.host.addVolume()
  world.host.addVolume()
  const one = await world.addProvider('one')
  one.supports = (lun): boolean => lun.serialNumber === first.luns[0]?.lunInformation.serialNumber
  const two = await world.addProvider('two')
  world.faults.set('two.commitSnapshots', { kind: 'throw', error: new VssError('VSS_E_PROVIDER_VETO', 'no') })
  const backup = await world.prepared()
  await t.throwsAsync(world.clock.run(backup.doSnapshotSet()))
  t.deepEqual(
    [one, two].map((provider) => [...provider.sets.values()].map(({ state }) => state)),
    [['aborted'], ['aborted']],
  )
  t.true(
    world.trace.indexOf('kernel.release') < world.trace.indexOf('one.abortSnapshots'),
    'writes flow first',
  )
  await nothingIsLeft(t, world, backup)
})

test('a failing abort hides nothing and stops nothing', async (t) => {
  const world = await smallWorld()
  world.faults.set('array.commitSnapshots', {
    kind: 'throw',
    error: new VssError('VSS_E_INSUFFICIENT_STORAGE', 'full'),
  })
  world.faults.set('array.abortSnapshots', { kind: 'throw', error: new Error('also broken') })
  world.faults.set('front.onAbort', { kind: 'throw', error: new Error('and this') })
  const backup = await world.prepared()
  const error = await t.throwsAsync<VssError>(world.clock.run(backup.doSnapshotSet()))
  t.is(error?.code, 'VSS_E_INSUFFICIENT_STORAGE')
  t.regex(backup.report?.warnings.join('\n') ?? '', /abortSnapshots of provider 'array'.*also broken/)
  await nothingIsLeft(t, world, backup)
})
