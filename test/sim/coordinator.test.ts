/**
 * A quick campaign of the simulation; `npm run sim` is the long one, and tries a seed again.
 */
import test from 'ava'
import { run } from './campaign.ts'
import { PLANTED_BUGS } from './planted.ts'

const RUNS = 300
/** Enough for every planted bug: what makes it show is rare for some. */
const PLANTED_RUNS = 1000

test(`in ${RUNS} backups with failures everybody comes free, and all commit or all abort`, async (t) => {
  t.timeout(600_000)
  const outcomes = new Map<string, number>()
  for (let seed = 1; seed <= RUNS; seed++) {
    const { outcome, violations, injections } = await run(seed)
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    if (violations.length === 0) continue
    t.fail([`npm run sim -- --seed ${seed} --runs 1`, ...violations, 'with', ...injections].join('\n  '))
    return
  }
  t.log([...outcomes].map(([code, count]) => `${code} ${count}`).join(', '))
  t.true((outcomes.get('created') ?? 0) > 50, 'enough sets come about')
  t.true(outcomes.size >= 6, 'failures of many kinds are met')
})

for (const [name, bug] of Object.entries(PLANTED_BUGS)) {
  test(`the planted bug ${name} is seen`, async (t) => {
    t.timeout(600_000)
    for (let seed = 1; seed <= PLANTED_RUNS; seed++) {
      const { violations } = await run(seed, bug)
      if (violations.length === 0) continue
      t.log(`seed ${seed}: ${violations[0]}`)
      t.pass()
      return
    }
    t.fail(`not seen in ${PLANTED_RUNS} runs`)
  })
}

test('the same seed is the same run', async (t) => {
  const first = await run(7)
  const second = await run(7)
  t.deepEqual(first, second)
})
