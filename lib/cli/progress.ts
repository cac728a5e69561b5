/**
 * Progress on stderr. On a terminal, what takes longer than a second gets one line that is written
 * over; elsewhere a line every few seconds, so that a log shows that something is going on.
 */
import type { DemoProgress } from '../demo/progress.ts'
import { bytesText } from './output.ts'

const QUIET_MILLIS = 1000
const TERMINAL_STEP_MILLIS = 100
const LOG_STEP_MILLIS = 5000

export class StderrProgress implements DemoProgress {
  readonly #out: NodeJS.WriteStream = process.stderr
  #what = ''
  #sinceMillis = 0
  #saidMillis = -Infinity
  #lineIsOpen = false

  phase(title: string): void {
    this.#line(`${title} …`)
  }

  note(text: string): void {
    this.#line(`  ${text}`)
  }

  advance(what: string, doneBytes: number, totalBytes: number): void {
    const now = performance.now()
    if (what !== this.#what) {
      this.#what = what
      this.#sinceMillis = now
      this.#saidMillis = -Infinity
    }
    const stepMillis = this.#out.isTTY ? TERMINAL_STEP_MILLIS : LOG_STEP_MILLIS
    if (now - this.#sinceMillis < QUIET_MILLIS || now - this.#saidMillis < stepMillis) return
    this.#saidMillis = now
    const percent = Math.floor((100 * doneBytes) / Math.max(1, totalBytes))
    const text = `  ${what}: ${percent} % of ${bytesText(totalBytes)}`
    if (!this.#out.isTTY) {
      this.#line(text)
      return
    }
    this.#out.write(`\r${text}\x1b[K`)
    this.#lineIsOpen = true
  }

  /** Ends a line that was being written over. */
  end(): void {
    if (this.#lineIsOpen) this.#out.write('\r\x1b[K')
    this.#lineIsOpen = false
  }

  #line(text: string): void {
    this.end()
    this.#out.write(`${text}\n`)
  }
}

/** Says what is going on if it takes longer than a second. */
export async function announce<T>(what: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => process.stderr.write(`${what} …\n`), QUIET_MILLIS)
  try {
    return await work
  } finally {
    clearTimeout(timer)
  }
}
