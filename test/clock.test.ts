// The clock everything runs by outside the tests: what Node's timers do not promise, it has to.
import { setTimeout as wait } from 'node:timers/promises'
import test from 'ava'
import { callAt, systemClock, type Timer } from '../lib/clock.ts'
import { VirtualClock } from './helpers/virtual-clock.ts'

test('a timer of the system clock never fires before its time by that clock', async (t) => {
  const early: number[] = []
  await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      await wait(index % 10)
      const dueMillis = systemClock.nowMillis() + 20
      await new Promise<void>((resolve) => systemClock.setTimer(resolve, 20))
      const missingMillis = dueMillis - systemClock.nowMillis()
      if (missingMillis > 0) early.push(missingMillis)
    }),
  )
  t.deepEqual(early, [])
})

for (const delayMillis of [2 ** 31 - 1, 2 ** 31, 2 ** 33, Number.POSITIVE_INFINITY]) {
  test(`a timer of ${delayMillis} ms does not fire at once, and can be cleared`, async (t) => {
    let fired = false
    const timer = systemClock.setTimer(() => {
      fired = true
    }, delayMillis)
    await wait(20)
    timer.clear()
    timer.clear()
    t.false(fired)
  })
}

test('a timer that has been cleared does not fire, also if it was to be set again', async (t) => {
  let fired = false
  const timer = systemClock.setTimer(() => {
    fired = true
  }, 5)
  timer.clear()
  await wait(20)
  t.false(fired)
})

test('callAt calls once the time has come, whatever early timers it is given', async (t) => {
  const clock = new VirtualClock()
  clock.countsWholeMillis = true
  clock.block(0.7)
  const calledAt: number[] = []
  callAt(clock, 10.7, () => calledAt.push(clock.nowMillis()))
  await clock.advance(20)
  t.deepEqual(calledAt, [11])
  t.is(clock.timerCount, 0)
})

test('callAt is cleared between two timers as well as before the first', async (t) => {
  const clock = new VirtualClock()
  clock.countsWholeMillis = true
  clock.block(0.7)
  const timers: Timer[] = [10.7, 10.7].map((dueMillis) => callAt(clock, dueMillis, () => t.fail()))
  timers[0]?.clear()
  await clock.advance(9.4)
  t.is(clock.timerCount, 1)
  timers[1]?.clear()
  await clock.advance(20)
  t.is(clock.timerCount, 0)
})
