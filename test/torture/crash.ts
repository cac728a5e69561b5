/**
 * npm run torture -- crash [--states N] [--seed S] [--stop I]    power cuts in random lives of an array
 *
 * N states (100000) from seed S on. What a failure prints is the seed and the operation after which the power went;
 * --seed with --stop tries that one again.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    states: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    stop: { type: 'string', default: '0' },
  },
})
const root = fileURLToPath(new URL('../..', import.meta.url))
// --verbose: ctest shows what a passed test printed, the number of states.
const argv = ['scripts/native-tests.mjs', '--verbose', '^Crash\\.']
const { status } = spawnSync(process.execPath, argv, {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    HOLDFAST_CRASH_STATES: values.states,
    HOLDFAST_CRASH_SEED: values.seed,
    HOLDFAST_CRASH_STOP: values.stop,
  },
})
process.exitCode = status ?? 1
