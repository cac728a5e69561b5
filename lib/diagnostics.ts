/**
 * Tracing channels for whoever wants to watch a set being made without being part of it.
 *
 * Each is a `diagnostics_channel` tracing channel: subscribe to `tracing:<name>:start`,
 * `…:asyncEnd` and `…:error`, or use `diagnostics_channel.tracingChannel(name).subscribe(…)`.
 * Nobody listening costs nothing. The message of start, end and error of one piece of work is the
 * same object; `durationMicros` and, on failure, `error` are filled in before the last of them.
 *
 * | channel          | one message for                                | message |
 * |------------------|------------------------------------------------|---------|
 * | `holdfast:phase` | each step of DoSnapshotSet, in order           | {@link PhaseMessage} |
 * | `holdfast:freeze`| each writer, from Freeze to its closing call   | {@link FreezeMessage} |
 * | `holdfast:hold`  | each hold, from the flush to the verdict       | {@link HoldMessage} |
 *
 * A subscriber runs on the coordinator's event loop, in part while writes are held: it must be quick.
 */
import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import type { Guid } from './ids.ts'

export interface PhaseMessage {
  setId: Guid
  phase: string
  durationMicros?: number
  error?: unknown
}

export interface FreezeMessage {
  setId: Guid
  writerName: string
  instanceId: Guid
  /** How the writer left the freeze; absent while it is frozen. */
  closedBy?: 'thaw' | 'abort'
  durationMicros?: number
  error?: unknown
}

export interface HoldMessage {
  setId: Guid
  volumeNames: readonly string[]
  limitMillis: number
  /** From the closing of the gates to their opening, as the kernel support measured it. */
  holdMicros?: number
  /** When they closed and opened, on the kernel support's monotonic clock. */
  heldAtMicros?: number
  releasedAtMicros?: number
  heldThroughout?: boolean
  durationMicros?: number
  error?: unknown
}

export const phaseChannel: TracingChannel<unknown, PhaseMessage> = tracingChannel('holdfast:phase')
export const freezeChannel: TracingChannel<unknown, FreezeMessage> = tracingChannel('holdfast:freeze')
export const holdChannel: TracingChannel<unknown, HoldMessage> = tracingChannel('holdfast:hold')
