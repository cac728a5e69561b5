/**
 * What a fake does when it comes to a named point: nothing, unless a test has put something there.
 */
import { type Clock, sleep } from '../../../lib/clock.ts'

export type Fault =
  | { kind: 'throw'; error: unknown }
  | { kind: 'delay'; millis: number }
  | { kind: 'hang' }
  /** The event loop is blocked that long. */
  | { kind: 'block'; millis: number }
  | { kind: 'call'; call: () => void | Promise<void> }

export class Faults {
  readonly #faults: Map<string, Fault> = new Map()
  readonly #clock: Clock & { block?: (millis: number) => void }

  constructor(clock: Clock & { block?: (millis: number) => void }) {
    this.#clock = clock
  }

  /** The fault fires once. */
  set(point: string, fault: Fault): void {
    this.#faults.set(point, fault)
  }

  get pendingCount(): number {
    return this.#faults.size
  }

  clear(): void {
    this.#faults.clear()
  }

  async reach(point: string): Promise<void> {
    const fault = this.#faults.get(point)
    if (fault === undefined) return
    this.#faults.delete(point)
    switch (fault.kind) {
      case 'throw':
        throw fault.error
      case 'delay':
        return sleep(this.#clock, fault.millis)
      case 'hang':
        return new Promise<void>(() => undefined)
      case 'block':
        this.#clock.block?.(fault.millis)
        return undefined
      case 'call':
        return fault.call()
    }
  }
}
