// npm run sim [-- --json] [--seed S] [--runs N]    whole backups under virtual time, with failures at every step
//
// N runs (20000) with the seeds S (1), S + 1, …, on every processor; test/sim says what strikes and what has to hold
// afterwards. A violation is told with its seed; --seed with --runs 1 tries that one again.
//
// --planted plants one bug after the other between the parties: each has to be seen within N runs (4000). The exit code
// is 1 for a violation, or a bug that was not seen.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './program.mjs'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string' },
    planted: { type: 'boolean', default: false },
  },
})
const count = (name, text) => {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  console.error(`--${name} is a number, not "${text}"`)
  process.exit(2)
}
const seed = count('seed', values.seed)
const runs = count('runs', values.runs ?? (values.planted ? '4000' : '20000'))

/** One process of the campaign; resolves with what it reports. */
function simulate(options) {
  return new Promise((resolve, reject) => {
    const loader = process.features.typescript ? [] : ['--import=tsx']
    const argv = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
    const child = spawn(process.execPath, [...loader, join(root, 'test/sim/main.ts'), ...argv], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text
    })
    child.on('error', reject)
    child.on('close', (status) => {
      if (status === 0) resolve(JSON.parse(stdout))
      else reject(new Error(`a process of the simulation ended with exit code ${status}`))
    })
  })
}

/** The runs on every processor, each with every nth seed. */
async function campaign() {
  const processes = Math.max(1, Math.min(availableParallelism(), runs))
  const share = (index) => Math.floor(runs / processes) + (index < runs % processes ? 1 : 0)
  const parts = await Promise.all(
    Array.from({ length: processes }, (_, index) =>
      simulate({ seed: seed + index, step: processes, runs: share(index) }),
    ),
  )
  const outcomes = {}
  for (const part of parts)
    for (const [outcome, times] of Object.entries(part.outcomes))
      outcomes[outcome] = (outcomes[outcome] ?? 0) + times
  return {
    runs: parts.reduce((sum, part) => sum + part.runs, 0),
    violations: parts.reduce((sum, part) => sum + part.violations, 0),
    outcomes,
    injected: new Set(parts.flatMap((part) => part.injected)).size,
    found: parts.flatMap((part) => part.found).sort((a, b) => a.seed - b.seed),
  }
}

const started = performance.now()
const secondsSince = () => Math.round((performance.now() - started) / 100) / 10

if (values.planted) {
  const bugs = []
  for (const name of await simulate({ planted: 'list' })) {
    const { runs: tried, found } = await simulate({ planted: name, seed, runs })
    const seen = found.length > 0
    bugs.push({ name, seen, runs: tried, what: found[0]?.violations[0] })
    if (!values.json) console.log(`${seen ? 'seen    ' : 'not seen'}  ${name}, ${tried} runs`)
  }
  const missed = bugs.filter(({ seen }) => !seen).length
  if (values.json)
    console.log(JSON.stringify({ planted: bugs.length, missed, seed, seconds: secondsSince(), bugs }))
  process.exitCode = missed > 0 ? 1 : 0
} else {
  const { runs: done, violations, outcomes, injected, found } = await campaign()
  const seconds = secondsSince()
  if (values.json) {
    console.log(JSON.stringify({ runs: done, violations, seed, seconds, injected, outcomes, found }))
  } else {
    for (const one of found) {
      const lines = [...one.violations, 'with', ...one.injections]
      console.log(`violation with seed ${one.seed}:\n  ${lines.join('\n  ')}`)
      console.log(`  again: npm run sim -- --seed ${one.seed} --runs 1`)
    }
    for (const [outcome, times] of Object.entries(outcomes).sort(([, a], [, b]) => b - a))
      console.log(`${String(times).padStart(8)}  ${outcome}`)
    console.log(
      `${done} runs, ${violations} violations, ${injected} kinds of failure and step, ${seconds} s, seed ${seed}`,
    )
  }
  process.exitCode = violations > 0 ? 1 : 0
}
