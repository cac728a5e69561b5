/**
 * Freezing and thawing the writers of a set, level by level.
 *
 * Front-end writers stop first, so that nothing new reaches the back end while that stops; thawing
 * goes the other way round. Within a level all writers are called in parallel and all are waited
 * for: a level is done when every one of its writers is.
 */
import { type Clock, callAt, type Timer } from '../clock.ts'
import { VSS_APPLICATION_LEVEL } from '../enums.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { Timeline } from './timeline.ts'
import type { WriterParticipant } from './writer-participant.ts'

/** In the order of freezing. SYSTEM_RM is reserved and comes last; unknown levels count as front end. */
const LEVELS: readonly VSS_APPLICATION_LEVEL[] = [
  VSS_APPLICATION_LEVEL.VSS_APP_FRONT_END,
  VSS_APPLICATION_LEVEL.VSS_APP_BACK_END,
  VSS_APPLICATION_LEVEL.VSS_APP_SYSTEM,
  VSS_APPLICATION_LEVEL.VSS_APP_SYSTEM_RM,
]

export function writersByLevel(participants: readonly WriterParticipant[]): WriterParticipant[][] {
  const levelOf = ({ identity }: WriterParticipant): number =>
    Math.max(0, LEVELS.indexOf(identity.applicationLevel))
  return LEVELS.map((_, index) =>
    participants.filter((participant) => levelOf(participant) === index),
  ).filter((writers) => writers.length > 0)
}

/**
 * Sends Freeze. Rejects with the error of the first writer that ends the set; writers of later levels
 * have then not been frozen, the others await their closing event. The watch is set anew with each
 * level, for a front end must not wait longer than its window while a back end hangs.
 */
export async function freezeWriters(
  participants: readonly WriterParticipant[],
  setId: Guid,
  graceMillis: number,
  timeline: Timeline,
  watch: FreezeWatch,
  signal: AbortSignal,
): Promise<void> {
  for (const writers of writersByLevel(participants)) {
    const replies = writers.map((writer) => {
      writer.traceFreeze(setId)
      const limitMillis = writer.identity.freezeTimeoutMillis + graceMillis
      return writer.sendMeasured(timeline, { type: 'Freeze' }, limitMillis, signal)
    })
    watch.arm()
    failOnFatal(writers, await Promise.all(replies), 'Freeze')
  }
}

/** Sends Thaw to every frozen writer. Rejects after a level in which a writer failed. */
export async function thawWriters(
  participants: readonly WriterParticipant[],
  graceMillis: number,
  timeline: Timeline,
): Promise<void> {
  const frozen = participants.filter((participant) => participant.isFrozen)
  for (const writers of writersByLevel(frozen).reverse()) {
    const replies = await Promise.all(
      writers.map((writer) =>
        writer.sendMeasured(timeline, { type: 'Thaw' }, writer.identity.freezeTimeoutMillis + graceMillis),
      ),
    )
    failOnFatal(writers, replies, 'Thaw')
  }
}

/** As the report of a set has it: from the first Freeze to the last closing call, each when it was sent. */
export function freezeMicros(participants: readonly WriterParticipant[]): number {
  const spans = participants.flatMap(({ freezeSpan }) => freezeSpan ?? [])
  if (spans.length === 0) return 0
  const startMillis = Math.min(...spans.map((span) => span.startMillis))
  const endMillis = Math.max(...spans.map((span) => span.endMillis))
  return Math.round((endMillis - startMillis) * 1000)
}

function failOnFatal(
  writers: readonly WriterParticipant[],
  replies: readonly { fatal: boolean }[],
  event: string,
): void {
  const culprit = writers.find((_, index) => replies[index]?.fatal)
  if (culprit !== undefined) throw culprit.toError(event)
}

/**
 * Watches the windows of frozen writers from the coordinator's side. When one ends, the writer has
 * let go by itself (its own timer sees to that) and the set cannot be consistent any more.
 */
export class FreezeWatch {
  readonly #clock: Clock
  readonly #participants: readonly WriterParticipant[]
  readonly #onExpired: (error: VssError) => void
  #timer: Timer | undefined

  constructor(
    clock: Clock,
    participants: readonly WriterParticipant[],
    onExpired: (error: VssError) => void,
  ) {
    this.#clock = clock
    this.#participants = participants
    this.#onExpired = onExpired
  }

  /** Sets the timer to the earliest end of a window. */
  arm(): void {
    this.disarm()
    const ends = this.#participants.flatMap(({ windowEndMillis }) => windowEndMillis ?? [])
    if (ends.length === 0) return
    this.#timer = callAt(this.#clock, Math.min(...ends), () => this.check())
  }

  disarm(): void {
    this.#timer?.clear()
    this.#timer = undefined
  }

  /** Reports a window that has ended. Called by the timer, and at each step in case that came late. */
  check(): void {
    const now = this.#clock.nowMillis()
    const late = this.#participants.find(
      ({ windowEndMillis }) => windowEndMillis !== undefined && windowEndMillis <= now,
    )
    if (late === undefined) return
    const text = `writer '${late.name}' was frozen longer than its window of ${late.identity.freezeTimeoutMillis} ms`
    this.#onExpired(
      new VssError('VSS_E_UNEXPECTED_WRITER_ERROR', text, {
        culprit: late.name,
        cause: new VssError('VSS_E_WRITERERROR_TIMEOUT', text, { culprit: late.name }),
      }),
    )
  }
}
