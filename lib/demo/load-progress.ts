/**
 * How far a load has come, readable from any thread at any moment without asking the load. The load
 * sets `issued` before it makes a request and `acknowledged` after it has been answered; so what is
 * read as acknowledged was, and what is above issued had not been begun.
 */
export class LoadProgress {
  readonly buffer: SharedArrayBuffer
  readonly #numbers: Int32Array

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.buffer = buffer
    this.#numbers = new Int32Array(buffer)
  }

  issued(number: number): void {
    Atomics.store(this.#numbers, 0, number)
  }

  acknowledged(number: number): void {
    Atomics.store(this.#numbers, 1, number)
  }

  get lastIssued(): number {
    return Atomics.load(this.#numbers, 0)
  }

  get lastAcknowledged(): number {
    return Atomics.load(this.#numbers, 1)
  }
}
