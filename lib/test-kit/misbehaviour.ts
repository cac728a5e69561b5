/**
 * What a test writer or a test provider does at a point instead of its work: a list of orders, each for one
 * point and a number of times.
 */
import { type Clock, sleep } from '../clock.ts'
import { describeValue, VssError } from '../errors.ts'

export type Misbehaviour =
  /** Reports a failure and answers true: the requester decides. */
  | { kind: 'veto'; retryable: boolean }
  /** Answers false, which is fatal where that matters. */
  | { kind: 'refuse'; retryable: boolean }
  | { kind: 'throw'; message: string }
  /** Answers as it would, that much later. */
  | { kind: 'delay'; delayMillis: number }
  /** Never answers. */
  | { kind: 'hang' }

export interface Order<Point extends string, What extends { kind: string } = Misbehaviour> {
  point: Point
  misbehaviour: What
  /** How many times; then it behaves. @defaultValue for good */
  times?: number
}

/** Keeps the orders and counts them down. The first that fits is carried out. */
export class Orders<Point extends string, What extends { kind: string } = Misbehaviour> {
  readonly #orders: { point: Point; misbehaviour: What; left: number }[] = []

  /** @throws VssError `E_INVALIDARG` for a number of times that is none */
  constructor(orders: readonly Order<Point, What>[] = []) {
    for (const order of orders) this.add(order)
  }

  add({ point, misbehaviour, times = Number.POSITIVE_INFINITY }: Order<Point, What>): void {
    if (!(times >= 0)) {
      throw new VssError('E_INVALIDARG', `${point} cannot misbehave ${describeValue(times)} times`)
    }
    this.#orders.push({ point, misbehaviour, left: times })
  }

  clear(): void {
    this.#orders.length = 0
  }

  /** What is ordered for this point now, which uses it up once; undefined to behave. */
  take(point: Point): What | undefined {
    const order = this.#orders.find((candidate) => candidate.point === point && candidate.left > 0)
    if (order === undefined) return undefined
    order.left--
    return order.misbehaviour
  }
}

/** Waits as ordered; resolves at once for what does not wait, and never for one that hangs. */
export async function linger(
  misbehaviour: { kind: string; delayMillis?: number },
  clock: Clock,
): Promise<void> {
  if (misbehaviour.kind === 'delay') await sleep(clock, misbehaviour.delayMillis ?? 0)
  if (misbehaviour.kind === 'hang') await new Promise<never>(() => undefined)
}
