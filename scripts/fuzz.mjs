// npm run fuzz [-- --json] [--minutes M] [--target NAME]    libFuzzer under ASan and UBSan on whatever reads bytes
//
// M minutes (60) on every processor, in equal parts for every fuzzer of test/fuzz, or all of them for NAME. Each starts
// from the seeds it makes itself, from what campaigns have found before (test/fuzz/corpus/NAME) and from what the last
// campaign here has come to (build-cmake/fuzz/corpus/NAME).
//
// An input that breaks a promise is written to build-cmake/fuzz/finds/NAME, told with the command that repeats it, and
// ends that fuzzer. Once it is mended, the input belongs into test/fuzz/corpus/NAME: the native tests run what is there.
// The exit code is 1 if there was one.
//
// Needs clang with libFuzzer: on Debian 12, clang and libclang-rt-14-dev.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './program.mjs'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '60' },
    target: { type: 'string' },
  },
})
const known = readdirSync(join(root, 'test/fuzz'))
  .filter((name) => name.endsWith('_fuzz.cc'))
  .map((name) => name.slice(0, -'_fuzz.cc'.length))
const minutes = Number(values.minutes)
if (!(minutes > 0 && minutes <= 10_000)) {
  console.error(`--minutes is a number of minutes, not "${values.minutes}"`)
  process.exit(2)
}
if (values.target !== undefined && !known.includes(values.target)) {
  console.error(`--target is one of: ${known.join(', ')}`)
  process.exit(2)
}
const targets = values.target === undefined ? known : [values.target]

const folder = join(root, 'build-cmake/fuzz')
const build = join(folder, 'build')

function must(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (error) console.error(`${program}: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}

const configure = ['-S', root, '-B', build, '-G', 'Ninja', '-DCMAKE_CXX_COMPILER=clang++']
must('cmake', [...configure, '-DHOLDFAST_FUZZERS=ON'])
must('cmake', ['--build', build, '--target', ...targets.map((target) => `${target}_fuzz`)])

function made(...path) {
  const made = join(folder, ...path)
  mkdirSync(made, { recursive: true })
  return made
}

/** One fuzzer for so long; what it did, and what it found. */
function run(target, seconds) {
  const program = join(build, `${target}_fuzz`)
  const seeds = made('seeds', target)
  must(program, ['--seeds', seeds])
  const finds = made('finds', target)
  const regressions = join(root, 'test/fuzz/corpus', target)
  const args = [
    made('corpus', target),
    seeds,
    ...(existsSync(regressions) ? [regressions] : []),
    `-artifact_prefix=${finds}/`,
    `-max_total_time=${Math.max(1, Math.round(seconds))}`,
    ...['-rss_limit_mb=1024', '-malloc_limit_mb=128', '-timeout=20', '-max_len=65536'],
    ...['-print_final_stats=1', '-reload=0'],
  ]
  return new Promise((resolve, reject) => {
    const env = {
      ...process.env,
      ASAN_OPTIONS: 'detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1',
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    }
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] })
    let told = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      told = (told + text).slice(-100_000)
    })
    child.on('error', reject)
    child.on('close', (status, signal) => {
      const number = (pattern) => Number([...told.matchAll(pattern)].at(-1)?.[1] ?? 0)
      const result = {
        target,
        executions: number(/^stat::number_of_executed_units: (\d+)/gm),
        coverage: number(/\bcov: (\d+)/g),
      }
      if (status === 0) return resolve(result)
      const file = /Test unit written to (\S+)/.exec(told)?.[1]
      const why = /^(broken promise: .*|SUMMARY: .*|.*runtime error: .*|simulator: .*)$/m.exec(told)?.[1]
      const again = file && `${relative(root, program)} ${relative(root, file)}`
      const what = why ?? `it ended with ${signal ?? `exit code ${status}`}`
      resolve({ ...result, find: { what, again, output: told.slice(-4000) } })
    })
  })
}

const processors = availableParallelism()
const started = performance.now()
const left = [...targets]
const results = []
const seconds = (minutes * 60 * Math.min(processors, targets.length)) / targets.length
await Promise.all(
  Array.from({ length: processors }, async () => {
    for (let target = left.shift(); target !== undefined; target = left.shift()) {
      const result = await run(target, seconds)
      results.push(result)
      if (values.json) continue
      const { executions, coverage, find } = result
      console.log(`${target}: ${executions} executions, ${coverage} edges`)
      if (!find) continue
      console.log(
        `  found: ${find.what}\n  again: ${find.again ?? 'it left no input behind'}\n${find.output}`,
      )
    }
  }),
)
const finds = results.filter(({ find }) => find)
const executions = results.reduce((sum, result) => sum + result.executions, 0)
const took = Math.round((performance.now() - started) / 100) / 10
if (values.json) {
  const found = finds.map(({ target, find }) => ({ target, what: find.what, again: find.again }))
  const each = results.map(({ target, executions: done, coverage }) => ({
    target,
    executions: done,
    coverage,
  }))
  console.log(JSON.stringify({ executions, finds: finds.length, seconds: took, targets: each, found }))
} else {
  console.log(`${executions} executions of ${targets.length} fuzzers, ${finds.length} finds, ${took} s`)
}
process.exitCode = finds.length > 0 ? 1 : 0
