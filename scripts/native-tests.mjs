// npm run test:native [-- FILTER]    builds and runs the native tests; FILTER is a regular expression over names
// npm run test:asan, test:tsan       the same under sanitizers
//
// --verbose shows the output of tests that pass as well; --junit FILE leaves the results for scripts/verify.mjs.
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sanitize: { type: 'string' },
    junit: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})

const folders = { 'address,undefined': 'build-cmake/asan/build', thread: 'build-cmake/tsan/build' }
const build = values.sanitize === undefined ? 'build-cmake/build' : folders[values.sanitize]
if (!build) {
  console.error(`--sanitize is one of: ${Object.keys(folders).join(' or ')}`)
  process.exit(2)
}

function run(program, args, env = process.env) {
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit', env })
  if (status !== 0) process.exit(status ?? 1)
}

const options = values.sanitize ? ['-B', 'Debug', `--CDHOLDFAST_SANITIZE=${values.sanitize}`] : []
run(process.execPath, [join(root, 'scripts/native.mjs'), 'cmake', '--out', build, ...options])
run(
  'ctest',
  [
    ...['--test-dir', build, '--output-on-failure', '--no-tests=error'],
    ...['-j', String(Math.min(availableParallelism(), 4))],
    ...(values.verbose ? ['--verbose'] : []),
    ...(values.junit ? ['--output-junit', values.junit] : []),
    ...positionals.flatMap((filter) => ['-R', filter]),
  ],
  {
    ...process.env,
    ASAN_OPTIONS: 'detect_stack_use_after_return=1:strict_string_checks=1',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1',
  },
)
