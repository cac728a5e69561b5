// Every handler of a writer with every way to fail in it, against a real coordinator: what the set, the status, the
// other writer and the next backup make of it.
import test, { type ExecutionContext } from 'ava'
import { DEFAULT_LIMITS } from '../../lib/coordinator/limits.ts'
import { OperationWriters } from '../../lib/coordinator/operation-writers.ts'
import { VSS_WRITER_STATE as WS } from '../../lib/enums.ts'
import type { VssCode } from '../../lib/errors.ts'
import { newGuid } from '../../lib/ids.ts'
import type { BackupComponents } from '../../lib/requester/backup-components.ts'
import type { Misbehaviour } from '../../lib/test-kit/misbehaviour.ts'
import { TestWriter } from '../../lib/test-kit/test-writer.ts'
import { parseTestWriterConfig, TEST_EVENTS, type TestEvent } from '../../lib/test-kit/test-writer-config.ts'
import { World } from '../helpers/fakes/world.ts'

const CONFIG = parseTestWriterConfig(
  '<TestWriter><Component componentType="filegroup" componentName="c"/></TestWriter>',
)

const FAILURES: Record<string, Misbehaviour> = {
  'a retryable veto': { kind: 'veto', retryable: true },
  'a veto for good': { kind: 'veto', retryable: false },
  'a refusal': { kind: 'refuse', retryable: true },
  'a throw': { kind: 'throw', message: 'out of order' },
  'an answer that is slow': { kind: 'delay', delayMillis: 5_000 },
  'no answer': { kind: 'hang' },
}

/** The state a failure in an event leaves, where a requester can still ask for one. */
const STATE: Partial<Record<TestEvent, number>> = {
  PrepareForBackup: WS.VSS_WS_FAILED_AT_PREPARE_BACKUP,
  PrepareForSnapshot: WS.VSS_WS_FAILED_AT_PREPARE_SNAPSHOT,
  Freeze: WS.VSS_WS_FAILED_AT_FREEZE,
  Thaw: WS.VSS_WS_FAILED_AT_THAW,
  PostSnapshot: WS.VSS_WS_FAILED_AT_POST_SNAPSHOT,
  BackupComplete: WS.VSS_WS_FAILED_AT_BACKUP_COMPLETE,
  PreRestore: WS.VSS_WS_FAILED_AT_PRE_RESTORE,
  PostRestore: WS.VSS_WS_FAILED_AT_POST_RESTORE,
}

/** The code that goes with it; S_OK for an answer that is merely slow. */
function codeOf(event: TestEvent, misbehaviour: Misbehaviour): VssCode {
  switch (misbehaviour.kind) {
    case 'veto':
    case 'refuse':
      return misbehaviour.retryable ? 'VSS_E_WRITERERROR_RETRYABLE' : 'VSS_E_WRITERERROR_NONRETRYABLE'
    case 'throw':
      return 'VSS_E_WRITERERROR_NONRETRYABLE'
    case 'delay':
      return 'S_OK'
    case 'hang':
      return event === 'Freeze' || event === 'Thaw'
        ? 'VSS_E_WRITERERROR_TIMEOUT'
        : 'VSS_E_WRITER_NOT_RESPONDING'
  }
}

/** Only these two events can cost the set, and a veto leaves even there the decision to the requester. */
function costsTheSet(event: TestEvent, { kind }: Misbehaviour): boolean {
  return (event === 'Freeze' || event === 'Thaw') && kind !== 'veto' && kind !== 'delay'
}

interface Stage {
  world: World
  faulty: TestWriter
  other: TestWriter
}

async function stage(event: TestEvent, misbehaviour: Misbehaviour): Promise<Stage> {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  const options = { config: CONFIG, clock: world.clock }
  const faulty = new TestWriter({ ...options, writerName: 'faulty', instanceName: 'faulty' })
  const other = new TestWriter({ ...options, writerName: 'other', instanceName: 'other' })
  faulty.orders.add({ point: event, misbehaviour })
  await faulty.subscribe(world.coordinator)
  await other.subscribe(world.coordinator)
  return { world, faulty, other }
}

async function statusOf(
  world: World,
  backup: BackupComponents,
  writerName: string,
): Promise<{ state: number; failure: VssCode } | undefined> {
  await world.clock.run(backup.gatherWriterStatus())
  return Array.from({ length: backup.getWriterStatusCount() }, (_, index) =>
    backup.getWriterStatus(index),
  ).find((status) => status.writerName === writerName)
}

/** Nobody is frozen, nothing is held, and the next backup is as if nothing had been. */
async function nothingIsLeft(t: ExecutionContext, { world, faulty, other }: Stage): Promise<void> {
  t.false(faulty.isFrozen)
  t.false(other.isFrozen)
  t.deepEqual(world.kernelSupport.heldVolumes, [])
  t.is(world.host.flagged.size, 0)
  t.false(world.coordinator.isSetInProgress)
  faulty.orders.clear()
  const next = await world.prepared()
  await world.clock.run(next.doSnapshotSet())
  await world.clock.run(next.backupComplete())
  t.like(await statusOf(world, next, 'faulty'), { state: WS.VSS_WS_STABLE, failure: 'S_OK' })
  await world.clock.run(next.close())
  t.deepEqual([...faulty.problems, ...other.problems], [])
}

async function inBackup(t: ExecutionContext, event: TestEvent, misbehaviour: Misbehaviour): Promise<void> {
  const all = await stage(event, misbehaviour)
  const { world, other } = all
  const code = codeOf(event, misbehaviour)
  const backup = await world.prepared()
  if (event === 'Abort') {
    await world.clock.run(backup.abortBackup())
    t.true(other.events.includes('Abort'))
  } else {
    const making = world.clock.run(backup.doSnapshotSet())
    const failed = costsTheSet(event, misbehaviour)
    if (failed) {
      await t.throwsAsync(making, { code: 'VSS_E_UNEXPECTED_WRITER_ERROR', message: /'faulty'/ })
    } else {
      await making
      await world.clock.run(backup.backupComplete())
    }
    const status = await statusOf(world, backup, 'faulty')
    if (event === 'Identify') {
      t.is(status === undefined, code !== 'S_OK', 'who fails to describe itself is not there')
    } else {
      const state = code === 'S_OK' ? WS.VSS_WS_STABLE : (STATE[event] ?? WS.VSS_WS_STABLE)
      t.like(status, { state, failure: STATE[event] === undefined ? 'S_OK' : code })
    }
    if (!failed) t.like(await statusOf(world, backup, 'other'), { state: WS.VSS_WS_STABLE, failure: 'S_OK' })
    if (failed) await world.clock.run(backup.abortBackup())
  }
  await world.clock.run(backup.close())
  t.is(other.events.at(-1), 'BackupShutdown')
  await nothingIsLeft(t, all)
}

async function inRestore(t: ExecutionContext, event: TestEvent, misbehaviour: Misbehaviour): Promise<void> {
  const all = await stage(event, misbehaviour)
  const { world, faulty, other } = all
  const never = new AbortController().signal
  const restore = new OperationWriters(newGuid(), world.clock, DEFAULT_LIMITS)
  const filter = { enabledClasses: [], disabledClasses: [], disabledInstances: [] }
  await world.clock.run(restore.gather(world.coordinator.writers, filter, never))
  const state = {
    restoreType: 1,
    selectComponents: false,
    backupBootableSystemState: false,
    backupType: 1,
    partialFileSupport: false,
  } as const
  await world.clock.run(restore.preRestore(state, [], never))
  await world.clock.run(restore.postRestore(state, [], never))
  const code = codeOf(event, misbehaviour)
  const statuses = await world.clock.run(restore.statuses(never))
  t.like(
    statuses.find(({ writerName }) => writerName === 'faulty'),
    { state: code === 'S_OK' ? WS.VSS_WS_STABLE : STATE[event], failure: code },
  )
  t.like(
    statuses.find(({ writerName }) => writerName === 'other'),
    { state: WS.VSS_WS_STABLE, failure: 'S_OK' },
  )
  await world.clock.run(restore.shutdown(null))
  t.false(faulty.events.includes('Abort'), 'a restore has no abort')
  t.deepEqual(other.events, ['Identify', 'PreRestore', 'PostRestore'])
  await nothingIsLeft(t, all)
}

/** What the cells of an event prove. */
const PROVES: Partial<Record<TestEvent, string>> = {
  Identify: 'R118: ',
  PrepareForBackup: 'R26: ',
  PrepareForSnapshot: 'R166: ',
  Freeze: 'R63, R166: ',
  Thaw: 'R32, R166: ',
  PostSnapshot: 'R32, R166: ',
  PreRestore: 'R166: ',
  PostRestore: 'R166: ',
}

for (const event of TEST_EVENTS) {
  for (const [what, misbehaviour] of Object.entries(FAILURES)) {
    test(`${PROVES[event] ?? ''}${what} in ${event} is that writer's and that set's alone`, async (t) => {
      const isRestore = event === 'PreRestore' || event === 'PostRestore'
      await (isRestore ? inRestore : inBackup)(t, event, misbehaviour)
    })
  }
}

test('R164: a writer that fails retryably twice is well at the third try', async (t) => {
  const all = await stage('Identify', { kind: 'delay', delayMillis: 1 })
  const { world, faulty } = all
  faulty.orders.add({ point: 'PrepareForBackup', misbehaviour: { kind: 'veto', retryable: true }, times: 2 })
  const failures: unknown[] = []
  for (let attempt = 0; attempt < 3; attempt++) {
    const backup = await world.prepared()
    failures.push((await statusOf(world, backup, 'faulty'))?.failure)
    await world.clock.run(backup.abortBackup())
    await world.clock.run(backup.close())
  }
  t.deepEqual(failures, ['VSS_E_WRITERERROR_RETRYABLE', 'VSS_E_WRITERERROR_RETRYABLE', 'S_OK'])
})
