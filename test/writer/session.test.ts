/** The writer's own side: what it does without, or against, a coordinator. */
import test from 'ava'
import { VSS_WRITER_STATE as WS } from '../../lib/enums.ts'
import type { OperationEventBody, WriterReply } from '../../lib/writer/events.ts'
import { bench, SET, STATE } from './bench.ts'

const prepare: OperationEventBody = { type: 'PrepareForSnapshot', state: STATE, set: SET }

test('a writer passes through the documented states', async (t) => {
  const { clock, send } = await bench()
  const states: number[] = []
  const events: OperationEventBody[] = [
    { type: 'PrepareForBackup', state: STATE, set: SET, components: null },
    prepare,
    { type: 'Freeze' },
    { type: 'Thaw' },
    { type: 'PostSnapshot', components: null, devices: [] },
    { type: 'BackupComplete', components: null },
    { type: 'BackupShutdown', setId: SET.setId },
  ]
  for (const event of events) states.push((await clock.run(send(event))).state)
  t.deepEqual(states, [
    WS.VSS_WS_STABLE,
    WS.VSS_WS_WAITING_FOR_FREEZE,
    WS.VSS_WS_WAITING_FOR_THAW,
    WS.VSS_WS_WAITING_FOR_POST_SNAPSHOT,
    WS.VSS_WS_WAITING_FOR_BACKUP_COMPLETE,
    WS.VSS_WS_STABLE,
    WS.VSS_WS_STABLE,
  ])
  t.is(clock.timerCount, 0, 'no timer outlives the freeze')
})

const FAILURES: [OperationEventBody['type'], string, number][] = [
  ['PrepareForBackup', 'onPrepareBackup', WS.VSS_WS_FAILED_AT_PREPARE_BACKUP],
  ['PrepareForSnapshot', 'onPrepareSnapshot', WS.VSS_WS_FAILED_AT_PREPARE_SNAPSHOT],
  ['Freeze', 'onFreeze', WS.VSS_WS_FAILED_AT_FREEZE],
  ['Thaw', 'onThaw', WS.VSS_WS_FAILED_AT_THAW],
  ['PostSnapshot', 'onPostSnapshot', WS.VSS_WS_FAILED_AT_POST_SNAPSHOT],
  ['BackupComplete', 'onBackupComplete', WS.VSS_WS_FAILED_AT_BACKUP_COMPLETE],
]

for (const [type, handler, state] of FAILURES) {
  test(`a veto in ${handler} is not fatal, a false is, and both leave the state of that event`, async (t) => {
    for (const returned of [true, false]) {
      const { clock, writer, send } = await bench()
      writer.answers.set(handler, () => {
        writer.setWriterFailure('VSS_E_WRITERERROR_RETRYABLE', 'first')
        writer.setWriterFailure('VSS_E_WRITERERROR_OUTOFRESOURCES', 'last')
        return returned
      })
      const events: OperationEventBody[] = [
        { type: 'PrepareForBackup', state: STATE, set: SET, components: null },
        prepare,
        { type: 'Freeze' },
        { type: 'Thaw' },
        { type: 'PostSnapshot', components: null, devices: [] },
        { type: 'BackupComplete', components: null },
      ]
      let reply: WriterReply | undefined
      for (const event of events) {
        reply = await clock.run(send(event))
        if (event.type === type) break
      }
      t.like(reply, { state, failure: 'VSS_E_WRITERERROR_OUTOFRESOURCES', fatal: !returned, message: 'last' })
    }
  })
}

test('a handler that answers neither true nor false nor nothing fails, and says what it answered', async (t) => {
  const { clock, writer, send } = await bench()
  writer.answers.set('onPrepareSnapshot', (() => 0) as unknown as () => boolean)
  const reply = await clock.run(send(prepare))
  t.like(reply, { failure: 'VSS_E_WRITERERROR_NONRETRYABLE', fatal: true })
  t.regex(reply.message ?? '', /onPrepareSnapshot|PrepareForSnapshot returned 0/)
})

test('R160: a frozen writer is released by its own timer when the coordinator is gone', async (t) => {
  const { clock, writer, send } = await bench()
  await clock.run(send({ type: 'Freeze' }))
  await clock.advance(59_999)
  t.true(writer.frozen)
  await clock.advance(1)
  t.false(writer.frozen)
  t.deepEqual(writer.events, ['onFreeze', 'onAbort'])
  t.like(await send({ type: 'Status' }), {
    state: WS.VSS_WS_FAILED_AT_THAW,
    failure: 'VSS_E_WRITERERROR_TIMEOUT',
  })
  t.like(await send({ type: 'Thaw' }), { fatal: true, failure: 'VSS_E_WRITERERROR_TIMEOUT' })
  t.deepEqual(writer.events, ['onFreeze', 'onAbort'], 'a late Thaw calls nothing')
})

test('R160: a timer that fires a fraction of a millisecond early still releases the writer at the end of its window', async (t) => {
  const { clock, writer, send } = await bench()
  clock.countsWholeMillis = true
  clock.block(0.7)
  await clock.run(send({ type: 'Freeze' }))
  await clock.advance(59_999.5)
  t.true(writer.frozen, 'the window has not ended')
  await clock.advance(1.5)
  t.deepEqual(writer.events, ['onFreeze', 'onAbort'])
  t.is(clock.timerCount, 0)
})

test('R160: an onFreeze that hangs is judged by the window although the timer fires early', async (t) => {
  const { clock, faults, writer, send } = await bench()
  clock.countsWholeMillis = true
  clock.block(0.7)
  faults.set('w.onFreeze', { kind: 'hang' })
  const reply = await clock.run(send({ type: 'Freeze' }))
  t.like(reply, { state: WS.VSS_WS_FAILED_AT_FREEZE, failure: 'VSS_E_WRITERERROR_TIMEOUT', fatal: true })
  t.deepEqual(writer.closingCalls, ['onAbort'])
})

test('a veto without a closing event is released by the timer as well', async (t) => {
  const { clock, writer, send } = await bench()
  writer.answers.set('onFreeze', () => false)
  await clock.run(send({ type: 'Freeze' }))
  await clock.advance(60_000)
  t.deepEqual(writer.events, ['onFreeze', 'onAbort'])
})

test('a Thaw that a blocked event loop delivers after the window calls onAbort, not onThaw', async (t) => {
  const { clock, writer, send } = await bench()
  await clock.run(send({ type: 'Freeze' }))
  clock.block(60_001)
  const reply = await send({ type: 'Thaw' })
  t.like(reply, { fatal: true, failure: 'VSS_E_WRITERERROR_TIMEOUT' })
  await clock.settle()
  t.deepEqual(writer.closingCalls, ['onAbort'])
})

test('an onFreeze that blocked the event loop beyond the window is aborted at once, one time', async (t) => {
  const { clock, faults, writer, send } = await bench()
  faults.set('w.onFreeze', { kind: 'block', millis: 60_001 })
  const reply = await send({ type: 'Freeze' })
  t.like(reply, { state: WS.VSS_WS_FAILED_AT_FREEZE, failure: 'VSS_E_WRITERERROR_TIMEOUT', fatal: true })
  await clock.settle()
  t.deepEqual(writer.closingCalls, ['onAbort'])
  t.false(writer.frozen)
})

test('an onFreeze that comes back after its window is aborted once more, so that it does not stay frozen', async (t) => {
  const { clock, faults, writer, send } = await bench()
  faults.set('w.onFreeze', { kind: 'delay', millis: 70_000 })
  const reply = await clock.run(send({ type: 'Freeze' }))
  t.like(reply, { state: WS.VSS_WS_FAILED_AT_FREEZE, failure: 'VSS_E_WRITERERROR_TIMEOUT', fatal: true })
  t.deepEqual(writer.closingCalls, ['onAbort'])
  await clock.advance(20_000)
  t.deepEqual(writer.closingCalls, ['onAbort', 'onAbort'])
  t.false(writer.frozen)
})

test('Abort waits for a running handler and then calls onAbort once', async (t) => {
  const { clock, faults, writer, send } = await bench()
  faults.set('w.onFreeze', { kind: 'delay', millis: 3000 })
  const freezing = send({ type: 'Freeze' })
  await clock.advance(1000)
  const aborting = send({ type: 'Abort' })
  await clock.advance(1000)
  t.deepEqual(writer.events, ['onFreeze'])
  await clock.run(Promise.all([freezing, aborting]))
  t.deepEqual(writer.events, ['onFreeze', 'onAbort'])
  t.is(clock.timerCount, 0)
})

test('Abort is repeated for nobody: after onThaw, after onAbort and after PostSnapshot it calls nothing', async (t) => {
  const { clock, writer, send } = await bench()
  await clock.run(send({ type: 'Freeze' }))
  await clock.run(send({ type: 'Thaw' }))
  await clock.run(send({ type: 'Abort' }))
  t.deepEqual(writer.events, ['onFreeze', 'onThaw'])
  await clock.run(send({ type: 'PostSnapshot', components: null, devices: [] }))
  await clock.run(send({ type: 'Abort' }))
  t.deepEqual(writer.events, ['onFreeze', 'onThaw', 'onPostSnapshot'])
})

test('an onThaw that hangs fails with a timeout at the end of the window, without an onAbort beside it', async (t) => {
  const { clock, faults, writer, send } = await bench()
  faults.set('w.onThaw', { kind: 'hang' })
  await clock.run(send({ type: 'Freeze' }))
  const reply = await clock.run(send({ type: 'Thaw' }))
  t.like(reply, { state: WS.VSS_WS_FAILED_AT_THAW, failure: 'VSS_E_WRITERERROR_TIMEOUT', fatal: true })
  t.deepEqual(writer.closingCalls, ['onThaw'])
})

test('R136: BackupShutdown releases a writer that nobody has thawed', async (t) => {
  const { clock, writer, send } = await bench()
  await clock.run(send({ type: 'Freeze' }))
  await clock.run(send({ type: 'BackupShutdown', setId: null }))
  t.deepEqual(writer.events, ['onFreeze', 'onAbort', 'onBackupShutdown'])
})
