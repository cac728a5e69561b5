/**
 * A clock whose time moves only when a test says so.
 *
 * `advance` fires the timers that fall due, in order of their time and then of their creation, and
 * lets promises settle in between, so that code under test reacts as it would between two ticks of
 * a real event loop.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock, Timer } from '../../lib/clock.ts'

interface Pending {
  dueMillis: number
  sequence: number
  callback: () => void
}

export class VirtualClock implements Clock {
  /**
   * Count as Node's timers do, in whole milliseconds from the whole millisecond begun: a timer then
   * fires up to a millisecond early by the clock it was set with.
   */
  countsWholeMillis = false
  #nowMillis = 0
  #sequence = 0
  readonly #pending: Set<Pending> = new Set()
  readonly #wallStartMillis: number

  constructor(wallStartMillis: number = Date.UTC(2030, 0, 1)) {
    this.#wallStartMillis = wallStartMillis
  }

  nowMillis(): number {
    return this.#nowMillis
  }

  wallMillis(): number {
    return this.#wallStartMillis + this.#nowMillis
  }

  setTimer(callback: () => void, delayMillis: number): Timer {
    const dueMillis = this.countsWholeMillis
      ? Math.floor(this.#nowMillis) + Math.max(1, Math.trunc(delayMillis))
      : this.#nowMillis + Math.max(0, delayMillis)
    const pending: Pending = {
      dueMillis,
      sequence: this.#sequence++,
      callback,
    }
    this.#pending.add(pending)
    return { clear: () => void this.#pending.delete(pending) }
  }

  get timerCount(): number {
    return this.#pending.size
  }

  /** Moves time without firing anything: an event loop that was blocked that long. */
  block(millis: number): void {
    this.#nowMillis += millis
  }

  /** Lets every promise that can settle settle, without moving time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 2; turn++) await nextTurn()
  }

  /** Moves time by `millis`, firing what falls due on the way. */
  async advance(millis: number): Promise<void> {
    const endMillis = this.#nowMillis + millis
    await this.settle()
    for (
      let next = this.#earliest();
      next !== undefined && next.dueMillis <= endMillis;
      next = this.#earliest()
    ) {
      this.#fire(next)
      await this.settle()
    }
    this.#nowMillis = Math.max(this.#nowMillis, endMillis)
  }

  /** Runs timers until `work` has settled, and gives its outcome. Fails if nothing is left to fire. */
  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false
    const watched = work.finally(() => {
      settled = true
    })
    watched.catch(() => undefined)
    for (;;) {
      await this.settle()
      if (settled) return watched
      const next = this.#earliest()
      if (next === undefined) throw new Error('the work waits for something that no timer will bring')
      this.#fire(next)
    }
  }

  #earliest(): Pending | undefined {
    let first: Pending | undefined
    for (const pending of this.#pending) {
      if (
        first === undefined ||
        pending.dueMillis < first.dueMillis ||
        (pending.dueMillis === first.dueMillis && pending.sequence < first.sequence)
      ) {
        first = pending
      }
    }
    return first
  }

  #fire(pending: Pending): void {
    this.#pending.delete(pending)
    this.#nowMillis = Math.max(this.#nowMillis, pending.dueMillis)
    pending.callback()
  }
}
