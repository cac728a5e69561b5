// Runs the steps of a verification one after the other and keeps the tally.
import { spawn } from 'node:child_process'

/** Runs a program with a time limit, in a process group of its own so that nothing survives the limit. */
function runProgram(argv, { cwd, env, limitMillis }) {
  return new Promise((resolve) => {
    const child = spawn(argv[0], argv.slice(1), {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const chunks = []
    let stdout = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
      chunks.push(chunk)
    })
    child.stderr.on('data', (chunk) => chunks.push(chunk))
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
    child.on('error', (error) => chunks.push(Buffer.from(`${error.message}\n`)))
    child.on('close', (status) => {
      clearTimeout(timer)
      process.removeListener('exit', killGroup)
      const output = Buffer.concat(chunks).toString()
      resolve({ ok: status === 0 && !timedOut, timedOut, stdout, output })
    })
  })
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
      const details = run.ok || counts?.details.length ? counts.details.join('\n') : run.output.trimEnd()
      process.stdout.write(`${details.replace(/^/gm, '    ')}\n`)
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
