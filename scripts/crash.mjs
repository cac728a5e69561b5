// npm run crash [-- --json] [--states N] [--seed S] [--stop I]    power cuts in random lives of an array
//
// N states (100000) of the lives with seeds S (1), S + 1, …, on every processor. A violation is told with the seed and
// the operation after which the power went; --seed with --stop tries that one again.
//
// --planted builds the array with the ordering bugs of native/base/planted.h to choose from and plants one after the
// other: each has to be seen, within N states (20000). The exit code is 1 for a violation, or a bug that was not seen.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './program.mjs'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    states: { type: 'string' },
    seed: { type: 'string', default: '1' },
    stop: { type: 'string', default: '0' },
    planted: { type: 'boolean', default: false },
  },
})
const count = (name, text) => {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text)
  console.error(`--${name} is a number, not "${text}"`)
  process.exit(2)
}
const states = count('states', values.states ?? (values.planted ? '20000' : '100000'))
const seed = count('seed', values.seed)
const stop = count('stop', values.stop)

function build() {
  const folder = values.planted ? 'build-cmake/planted/build' : 'build-cmake/build'
  const options = values.planted
    ? ['--out', folder, '--CDHOLDFAST_PLANTED=ON', '--CDHOLDFAST_ADDON=OFF']
    : ['--out', folder]
  const argv = [join(root, 'scripts/native.mjs'), 'cmake', ...options]
  const { status } = spawnSync(process.execPath, argv, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(status ?? 1)
  return join(root, folder, 'holdfast_tests')
}

/** One process of the campaign; gives its violation, if it found one, and how many states it tried. */
function run(program, settings, onStates) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env }
    for (const [name, value] of Object.entries(settings)) env[`HOLDFAST_${name}`] = String(value)
    const child = spawn(program, ['--gtest_filter=Crash.*', '--gtest_brief=1'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let tried = 0
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      const told = [...text.matchAll(/^(\d+) states$/gm)].at(-1)
      if (!told) return
      tried = Number(told[1])
      onStates(tried)
    })
    child.on('error', reject)
    child.on('close', (status, signal) => {
      const found = /seed (\d+), stop after operation (\d+), policy (\d+), state (\d+): (.*)/.exec(stdout)
      const whole = /^(\d+) states of \d+ lives$/m.exec(stdout)
      if (status === 0 && whole) return resolve({ states: Number(whole[1]), violation: undefined })
      const [, ofSeed, ofStop, policy, at, what] = found ?? []
      resolve({
        states: found ? Number(at) : tried,
        violation: found
          ? { seed: Number(ofSeed), stop: Number(ofStop), policy: Number(policy), what }
          : { what: `the process ended with ${signal ?? `exit code ${status}`}` },
      })
    })
  })
}

/** The states of a campaign on every processor. */
async function campaign(program, wanted, planted = 0) {
  const processes = stop === 0 ? availableParallelism() : 1
  const tried = Array.from({ length: processes }, () => 0)
  const started = performance.now()
  const show = () => {
    const sum = tried.reduce((a, b) => a + b, 0)
    const seconds = ((performance.now() - started) / 1000).toFixed(0)
    process.stderr.write(`\r${sum} of ${wanted} states, ${seconds} s `)
  }
  const results = await Promise.all(
    tried.map((_, i) =>
      run(
        program,
        {
          CRASH_STATES: Math.ceil(wanted / processes),
          CRASH_SEED: seed + i,
          CRASH_SEED_STEP: processes,
          CRASH_STOP: stop,
          CRASH_TELL: 1,
          PLANTED_BUG: planted,
        },
        (states) => {
          tried[i] = states
          if (process.stderr.isTTY && planted === 0) show()
        },
      ),
    ),
  )
  if (process.stderr.isTTY && planted === 0) process.stderr.write('\r\x1b[K')
  return {
    states: results.reduce((sum, result) => sum + result.states, 0),
    violations: results.flatMap(({ violation }) => violation ?? []),
    seconds: Math.round((performance.now() - started) / 100) / 10,
  }
}

/** The bugs in the order of their numbers, from the header that plants them. */
function plantedBugs() {
  const header = readFileSync(join(root, 'native/base/planted.h'), 'utf8')
  const list = /enum class PlantedBug : uint8_t \{([^}]*)\}/.exec(header)?.[1] ?? ''
  return [...list.matchAll(/^ {2}(\w+),/gm)].map(([, name]) => name)
}

const program = build()
if (values.planted) {
  const bugs = []
  for (const [number, name] of plantedBugs().entries()) {
    const { states: tried, violations, seconds } = await campaign(program, states, number)
    const seen = violations.length > 0
    bugs.push({ name, seen, states: tried, seconds, what: violations[0]?.what })
    if (!values.json) console.log(`${seen ? 'seen    ' : 'not seen'}  ${name}, ${tried} states, ${seconds} s`)
  }
  // The first is none: what is seen there is no planted bug.
  const missed = bugs.filter(({ name, seen }) => seen === (name === 'none'))
  if (values.json)
    console.log(JSON.stringify({ planted: bugs.length - 1, missed: missed.length, seed, bugs }))
  process.exitCode = missed.length > 0 ? 1 : 0
} else {
  const result = await campaign(program, states)
  const { violations } = result
  if (values.json) {
    const { states: tried, seconds } = result
    const found = violations.length > 0 ? { found: violations } : {}
    console.log(JSON.stringify({ states: tried, violations: violations.length, seed, seconds, ...found }))
  } else {
    for (const { seed: at, stop: after, what } of violations)
      console.log(`violation: ${what}\n  again: npm run crash -- --seed ${at} --stop ${after}`)
    console.log(`${result.states} states, ${violations.length} violations, ${result.seconds} s`)
  }
  process.exitCode = violations.length > 0 ? 1 : 0
}
