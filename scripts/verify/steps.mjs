// Runs the steps of a verification one after the other and keeps the tally.
import { spawn } from 'node:child_process'

const longestExcerpt = 200

/** Runs a program with a time limit, in a process group of its own so that nothing survives the limit. */
function runProgram(argv, { cwd, env, limitMillis }) {
  return new Promise((resolve) => {
    const child = spawn(argv[0], argv.slice(1), {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text
        if (stream === child.stdout) stdout += text
      })
    }
    let timedOut = false
    const killGroup = () => {
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended already.
      }
    }
    const timer = setTimeout(() => {
      timedOut = true
      killGroup()
    }, limitMillis)
    // An interrupted verification must not leave its programs behind.
    process.once('exit', killGroup)
    child.on('error', (error) => {
      output += `${error.message}\n`
    })
    child.on('close', (status) => {
      clearTimeout(timer)
      process.removeListener('exit', killGroup)
      resolve({ ok: status === 0 && !timedOut, status, timedOut, stdout, output })
    })
  })
}

// Progress of make, ninja, CMake, gyp and ctest; what went wrong stands between these lines.
const progress = new RegExp(
  [
    String.raw`^\[\d+/\d+\] (Building|Linking)`,
    '^(INFO |-- |gyp info |make: )',
    String.raw`^ {2}(CXX|CC|TOUCH|AR|COPY|SOLINK)\(`,
    String.raw`^ +Start +\d+:`,
    String.raw`^ *\d+/\d+ Test .* Passed +[\d.]+ sec`,
  ].join('|'),
)

function excerpt(output) {
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !progress.test(line))
  const cut = lines.length - longestExcerpt
  return cut > 0 ? [`… ${cut} lines before`, ...lines.slice(cut)] : lines
}

export class Verification {
  #cwd
  #env
  passed = 0
  failed = 0
  skipped = 0

  constructor(cwd, env) {
    this.#cwd = cwd
    this.#env = env
  }

  /**
   * A step without tests of its own is a failure or nothing. One with `results` (its output → counts) adds them;
   * `repeats` says that the same tests have been counted before, so that only their failures count.
   */
  async step(name, argv, { env = {}, limitMinutes = 5, results, repeats = false } = {}) {
    process.stdout.write(`▸ ${name}\n`)
    const started = performance.now()
    const limitMillis = limitMinutes * 60_000
    const run = await runProgram(argv, { cwd: this.#cwd, env: { ...this.#env, ...env }, limitMillis })
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    const counts = results?.(run)
    // A runner that crashed after its last test has no failed test to show, and is a failure all the same.
    const failed = Math.max(counts?.failed ?? 0, run.ok ? 0 : 1)
    this.failed += failed
    if (failed > 0) {
      const details = counts?.details.length ? counts.details : excerpt(run.output)
      if (counts?.failed === 0)
        details.push(`the runner ended with exit code ${run.status} and no failed test`)
      process.stdout.write(`${details.map((line) => `    ${line}`).join('\n')}\n`)
    } else if (/^skipped: /m.test(run.stdout) && !counts) {
      this.skipped++
      process.stdout.write(`    ${run.stdout.trim()}\n`)
    }
    if (counts && !repeats) {
      this.passed += counts.passed
      this.skipped += counts.skipped
      for (const title of counts.skippedTitles) process.stdout.write(`    skipped: ${title}\n`)
    }
    const tally = counts ? `, ${counts.passed} passed, ${counts.failed} failed` : ''
    const verdict = run.timedOut ? `FAILED: over ${limitMinutes} minutes` : failed > 0 ? 'FAILED' : 'ok'
    process.stdout.write(`  ${verdict} (${seconds} s${tally})\n`)
    return failed === 0
  }

  /** Something that could not be done at all. */
  fail(message) {
    this.failed++
    process.stdout.write(`  FAILED: ${message}\n`)
  }

  summary() {
    const skipped = this.skipped > 0 ? `, ${this.skipped} skipped` : ''
    return `${this.passed} passed, ${this.failed} failed${skipped}`
  }
}
