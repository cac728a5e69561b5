/**
 * One process of `npm run sim`: `main.ts --seed S --step N --runs R [--planted NAME]` runs the seeds S, S + N, … and
 * writes a line of JSON. With a planted bug it stops at the first run that sees it.
 */
import { parseArgs } from 'node:util'
import { type Run, run } from './campaign.ts'
import { PLANTED_BUGS } from './planted.ts'

/** What the process reports. */
export interface Campaign {
  runs: number
  violations: number
  outcomes: Record<string, number>
  /** Steps at which something was injected, and kinds of failure there. */
  injected: string[]
  /** The first runs in which a rule was broken. */
  found: Run[]
}

const FOUND_MAX = 5

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    step: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    planted: { type: 'string' },
  },
})

const planted = values.planted === undefined ? undefined : PLANTED_BUGS[values.planted]
if (values.planted !== undefined && planted === undefined) {
  console.log(JSON.stringify(Object.keys(PLANTED_BUGS)))
  process.exit(0)
}

// Thousands of expected errors need no stack; a single run, which somebody looks into, has them.
if (Number(values.runs) > 1) Error.stackTraceLimit = 0

const result: Campaign = { runs: 0, violations: 0, outcomes: {}, injected: [], found: [] }
const injected = new Set<string>()
let seed = Number(values.seed)
while (result.runs < Number(values.runs)) {
  const one = await run(seed, planted)
  seed += Number(values.step)
  result.runs++
  result.outcomes[one.outcome] = (result.outcomes[one.outcome] ?? 0) + 1
  for (const place of one.injected) injected.add(place)
  if (one.violations.length === 0) continue
  result.violations++
  if (result.found.length < FOUND_MAX) result.found.push(one)
  if (planted !== undefined) break
}
result.injected = [...injected]
console.log(JSON.stringify(result))
