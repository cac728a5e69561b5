/**
 * How far a load has come and when, readable from any thread at any moment without asking the load.
 *
 * The load says `issued` before it makes a request and `acknowledged` after it has been answered; so
 * what is read as acknowledged was, and what is above issued had not been begun. The times of both are
 * kept for the latest {@link REMEMBERED_COUNT} numbers, on the clock by which holds are measured. A time
 * is stored before its number, and the store of a number publishes it to the other threads.
 */
import { monotonicMicros } from '../array/engine.ts'
import { VssError } from '../errors.ts'

/** More than a load does between a hold and the report of its end. */
const REMEMBERED_COUNT = 1 << 16
const COUNTER_BYTES = 8
const TIMES_BYTES: number = REMEMBERED_COUNT * Float64Array.BYTES_PER_ELEMENT

const ISSUED = 0
const ACKNOWLEDGED = 1

export class LoadProgress {
  readonly buffer: SharedArrayBuffer
  readonly #numbers: Int32Array
  readonly #timesMicros: readonly [Float64Array, Float64Array]

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(COUNTER_BYTES + 2 * TIMES_BYTES)) {
    this.buffer = buffer
    this.#numbers = new Int32Array(buffer, 0, 2)
    this.#timesMicros = [
      new Float64Array(buffer, COUNTER_BYTES, REMEMBERED_COUNT),
      new Float64Array(buffer, COUNTER_BYTES + TIMES_BYTES, REMEMBERED_COUNT),
    ]
  }

  issued(number: number, atMicros: number = monotonicMicros()): void {
    this.#timesMicros[ISSUED][number % REMEMBERED_COUNT] = atMicros
    Atomics.store(this.#numbers, ISSUED, number)
  }

  acknowledged(number: number, atMicros: number = monotonicMicros()): void {
    this.#timesMicros[ACKNOWLEDGED][number % REMEMBERED_COUNT] = atMicros
    Atomics.store(this.#numbers, ACKNOWLEDGED, number)
  }

  get lastIssued(): number {
    return Atomics.load(this.#numbers, ISSUED)
  }

  get lastAcknowledged(): number {
    return Atomics.load(this.#numbers, ACKNOWLEDGED)
  }

  /** The last number that was acknowledged before this moment, 0 if none was. */
  lastAcknowledgedBefore(micros: number): number {
    return this.#last(ACKNOWLEDGED, (atMicros) => atMicros < micros)
  }

  /** The last number that was issued up to this moment, 0 if none was. */
  lastIssuedUntil(micros: number): number {
    return this.#last(ISSUED, (atMicros) => atMicros <= micros)
  }

  #last(which: typeof ISSUED | typeof ACKNOWLEDGED, isEarly: (atMicros: number) => boolean): number {
    const latest = Atomics.load(this.#numbers, which)
    for (let number = latest; number > 0; number--) {
      // Half of what is remembered: the load goes on writing while this looks back.
      if (latest - number > REMEMBERED_COUNT / 2) {
        throw new VssError('ERR_INTERNAL', `a load is more than ${REMEMBERED_COUNT / 2} steps past the hold`)
      }
      if (isEarly(this.#timesMicros[which][number % REMEMBERED_COUNT] as number)) return number
    }
    return 0
  }
}
