/**
 * The room of shadow copies: what a diff area is set to, what is given up for it, and what is told of it.
 */
import {
  type ArrayHandle,
  binding,
  type GivenUpCopy,
  NativeFailure,
  type SpaceEventRecord,
  type SpacePolicy,
  unwrap,
} from '../binding.ts'
import { type AsyncOptions, cancellable } from '../cancellation.ts'
import { describeValue, VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import { abortable } from './abortable.ts'

/** What is absent stays as it is. */
export interface DiffAreaOptions {
  /**
   * How much may be kept for the shadow copies of the LUN and for nobody else; at least 4096. Null: as much as the
   * file system holds.
   *
   * @defaultValue `null`
   */
  maximumBytes?: number | null
  /**
   * What becomes of a write that finds no room, because the maximum is reached or the file system is full.
   * `drop-oldest`: it succeeds, and the oldest shadow copies are given up until it fits. `refuse`: it rejects with
   * `ERR_NO_SPACE`. `stall`: it waits for room, up to a limit, and then rejects.
   *
   * @defaultValue `'drop-oldest'`
   */
  policy?: SpacePolicy
  /**
   * How long a write waits at most under the policy `stall`.
   *
   * @defaultValue `10_000`
   */
  stallMillis?: number
}

/** A shadow copy that was given up since the array was opened, and what whoever reads it is told. */
export interface LostCopy extends GivenUpCopy {
  setId: Guid | null
  error: VssError
}

interface SpaceEventBase {
  /** The LUN whose diff area it is. */
  lunGuid: Guid | null
  usedBytes: number
  maximumBytes: number | null
  /** By how much more is used a second, in the last seconds. */
  bytesPerSecond: number
  /** Until it is full, at that rate; null without a maximum, or while nothing is written. */
  leftMillis: number | null
}

/**
 * `filling`: a diff area has become fuller than 80 or 90 % of its maximum. `full`: a write was refused, or has begun to
 * wait; not told again within 10 s. `copy-given-up`: a shadow copy has gone, and why.
 */
export type SpaceEvent =
  | (SpaceEventBase & { kind: 'filling'; thresholdPercent: number })
  | (SpaceEventBase & { kind: 'full'; error: VssError })
  | (SpaceEventBase & { kind: 'copy-given-up'; copy: GivenUpCopy; error: VssError })

export function requireDiffAreaOptions(wanted: DiffAreaOptions): void {
  if (typeof wanted === 'object' && wanted !== null) return
  throw new VssError('ERR_INVALID_ARGUMENT', `a diff area is set to an object, not ${describeValue(wanted)}`)
}

/** As a call of the binding: what fails is given, not thrown. */
export async function setDiffArea(
  array: ArrayHandle,
  guid: Guid,
  wanted: DiffAreaOptions,
): Promise<NativeFailure | undefined> {
  const present = await binding.diffAreaFind(array, guid)
  if (present instanceof NativeFailure) return present
  const maximumBytes = wanted.maximumBytes === undefined ? present.maximumBytes : wanted.maximumBytes
  const { policy = present.policy, stallMillis = present.stallMillis } = wanted
  return binding.diffAreaSet(array, guid, maximumBytes, policy, stallMillis)
}

export async function lostCopies(array: ArrayHandle): Promise<LostCopy[]> {
  return unwrap(await binding.copiesGivenUp(array)).map(({ failure, ...copy }) => ({
    ...copy,
    error: new NativeFailure(failure).toError(copy.copyGuid),
  }))
}

/** Events in order, until the array is closed. */
export async function* watchSpace(
  array: ArrayHandle,
  isClosing: () => boolean,
  options: AsyncOptions | undefined,
): AsyncGenerator<SpaceEvent, void> {
  let behind = 0
  while (!isClosing()) {
    // A wait that nobody is interested in any more would keep the process alive.
    const told = await cancellable('spaceEvents', options, async (signal) =>
      unwrap(await abortable(waitFor(array, behind, signal), signal)),
    )
    for (const record of told) {
      behind = record.sequence
      yield eventOf(record)
    }
  }
}

function waitFor(
  array: ArrayHandle,
  behind: number,
  signal: AbortSignal | undefined,
): ReturnType<typeof binding.spaceEventsNext> {
  const waiting = binding.spaceEventsNext(array, behind)
  const end = (): void => void binding.spaceEventsEnd(array)
  signal?.addEventListener('abort', end, { once: true })
  return waiting.finally(() => signal?.removeEventListener('abort', end))
}

function eventOf({
  sequence: _sequence,
  kind,
  thresholdPercent,
  copy,
  failure,
  ...base
}: SpaceEventRecord): SpaceEvent {
  if (kind === 'filling') return { ...base, kind, thresholdPercent: thresholdPercent ?? 0 }
  const error = new NativeFailure(failure).toError(copy?.copyGuid ?? base.lunGuid ?? undefined)
  if (copy === undefined) return { ...base, kind: 'full', error }
  return { ...base, kind: 'copy-given-up', copy, error }
}
