// npm run conformance [-- --json] [--check] [--goals] [--again | --kept]    docs/conformance.md: members, constants, requirements
//
// What is proved comes from a run of all tests. Results of a run of the sources as they are now, by this program or by
// npm run verify, are used again; --again runs the tests in any case, --kept in none. --json prints one line instead of
// the head of the page. --check writes nothing and fails if the page is not current, --goals if something that has to
// conform does not.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './program.mjs'
import { beginResults, keptResults } from './verify/results.mjs'
import { testEnv, testFiles } from './verify/tests.mjs'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    goals: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    kept: { type: 'boolean', default: false },
  },
})

/** Runs every test and keeps the results. A test that fails proves nothing and hides nothing. */
function runTests() {
  console.error('running the tests: as long as npm run test:native and npm test take')
  const { junit, finish } = beginResults()
  const program = (argv, stdout) =>
    spawnSync(process.execPath, argv, {
      cwd: root,
      stdio: ['ignore', stdout, 2],
      maxBuffer: 1 << 28,
      env: testEnv(),
    })
  program([join(root, 'scripts/native-tests.mjs'), '--junit', junit], 2)
  finish(String(program(['node_modules/ava/entrypoints/cli.mjs', '--tap', ...testFiles], 'pipe').stdout))
  return keptResults()
}

const kept = values.again ? undefined : keptResults()
const { tap, junit } = kept ?? (values.kept ? undefined : runTests()) ?? {}
if (tap === undefined) {
  console.error('there are no results of a run of these sources')
  process.exit(1)
}
const loader = process.features.typescript ? [] : ['--import=tsx']
const flags = ['json', 'check', 'goals'].filter((name) => values[name]).map((name) => `--${name}`)
const { status } = spawnSync(
  process.execPath,
  [
    ...loader,
    join(root, 'test/conformance/main.ts'),
    '--tap',
    tap,
    ...(junit ? ['--junit', junit] : []),
    ...flags,
  ],
  { cwd: root, stdio: 'inherit' },
)
process.exitCode = status ?? 1
