import test from 'ava'
import { LoadProgress } from '../../lib/demo/load-progress.ts'
import { VssError } from '../../lib/errors.ts'

/** Number n was issued at 10 n and acknowledged at 10 n + 5. */
function progressOf(count: number): LoadProgress {
  const progress = new LoadProgress()
  for (let number = 1; number <= count; number++) {
    progress.issued(number, 10 * number)
    progress.acknowledged(number, 10 * number + 5)
  }
  return progress
}

test('a moment divides what was acknowledged before it from what was not', (t) => {
  const progress = new LoadProgress(progressOf(100).buffer)
  t.is(progress.lastAcknowledged, 100)
  t.is(progress.lastAcknowledgedBefore(505), 49)
  t.is(progress.lastAcknowledgedBefore(506), 50)
  t.is(progress.lastAcknowledgedBefore(10_000), 100)
  t.is(progress.lastAcknowledgedBefore(15), 0)
})

test('a moment divides what was issued up to it from what came later', (t) => {
  const progress = new LoadProgress(progressOf(100).buffer)
  t.is(progress.lastIssued, 100)
  t.is(progress.lastIssuedUntil(499), 49)
  t.is(progress.lastIssuedUntil(500), 50)
  t.is(progress.lastIssuedUntil(9), 0)
})

test('a moment too long ago is refused instead of guessed', (t) => {
  const progress = progressOf(200_000)
  t.is(progress.lastIssuedUntil(1_800_000), 180_000)
  t.throws(() => progress.lastIssuedUntil(5), { instanceOf: VssError, code: 'ERR_INTERNAL' })
})
