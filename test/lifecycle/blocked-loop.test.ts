// What must stay true while JavaScript is blocked: the limit of a hold.
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { binding, unwrap } from '../../lib/binding.ts'
import { arm, hold, openOnly } from './scenes.ts'
import { prepareArray, startWorker } from './watch.ts'

const limitMillis = 10_000

test('a hold ends at its limit, to 0.2 s, while the event loop of whoever took it is blocked', async (t) => {
  t.timeout(60_000)
  const directory = await prepareArray(t)
  const { array, lun } = await openOnly(directory)
  // The bystander writes without end and notes the longest wait between two acknowledged writes.
  const bystander = await startWorker(t, 'writing on', directory, 'wait')
  await sleep(300)
  const setId = await arm(array, lun)
  const lease = await hold(setId, lun, limitMillis)
  const heldAt = binding.monotonicMicros()
  const until = performance.now() + limitMillis + 2000
  while (performance.now() < until) {
    // Blocked on purpose: no timer, promise or callback of this thread runs.
  }
  const reported = new Promise<{ from: number; to: number }>((resolve) => {
    bystander.worker.on('message', resolve)
  })
  bystander.worker.postMessage('report')
  const gap = await reported
  t.true(Math.abs(gap.from - heldAt) < 200_000, `writes stopped ${gap.from - heldAt} µs after the hold`)
  const flowedAfter = (gap.to - heldAt) / 1e6
  t.true(Math.abs(flowedAfter - limitMillis / 1000) < 0.2, `writes flowed again after ${flowedAfter} s`)
  const verdict = unwrap(await binding.release(lease))
  t.like(verdict, { heldThroughout: false, endedBy: 'deadline' })
  await t.throwsAsync(array.recordSet(setId), { code: 'VSS_E_OBJECT_NOT_FOUND' })
  t.deepEqual(await array.listSets(), [])
  await bystander.worker.terminate()
  await array.close()
})
