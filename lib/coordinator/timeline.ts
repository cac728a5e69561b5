/**
 * Timeline: who did what when while a set was made, kept for every set, successful or not.
 *
 * Times are microseconds since DoSnapshotSet began, by the coordinator's clock; a hold is measured
 * by the kernel support itself, and its own numbers are in the entry's detail.
 */
import type { Clock } from '../clock.ts'
import { asVssError, type VssCode } from '../errors.ts'
import type { HoldVerdict } from './kernel-support.ts'

export interface TimelineEntry {
  /** A phase of DoSnapshotSet (`preCommitSnapshots`), an event (`Freeze`) or a call. */
  name: string
  /** Whose time it was: `coordinator`, `kernel support`, `host`, a writer, provider, volume or LUN. */
  party: string
  kind: 'phase' | 'writer' | 'provider' | 'kernel' | 'host'
  startMicros: number
  durationMicros: number
  /** Absent if it went well. */
  code?: VssCode
}

/** Everything a finished or failed DoSnapshotSet leaves behind for people. */
export interface SnapshotSetReport {
  timeline: TimelineEntry[]
  /** Provider calls that took too long while writers were frozen, and the like. */
  warnings: string[]
  /** One sentence: who held the set up, and for how long. */
  summary: string
  /** From the first Freeze to the last closing call; 0 if nobody was frozen. */
  freezeMicros: number
  /** Absent if the set never got that far. */
  hold?: HoldVerdict
}

export class Timeline {
  readonly entries: TimelineEntry[] = []
  readonly warnings: string[] = []
  hold: HoldVerdict | undefined
  freezeMicros = 0
  readonly #clock: Clock
  readonly #originMillis: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#originMillis = clock.nowMillis()
  }

  microsSince(startMillis: number): number {
    return Math.round((this.#clock.nowMillis() - startMillis) * 1000)
  }

  /** Records one piece of work, also if it fails. */
  async measure<T>(
    kind: TimelineEntry['kind'],
    name: string,
    party: string,
    work: () => Promise<T>,
  ): Promise<T> {
    const startMillis = this.#clock.nowMillis()
    const entry: TimelineEntry = {
      name,
      party,
      kind,
      startMicros: Math.round((startMillis - this.#originMillis) * 1000),
      durationMicros: 0,
    }
    this.entries.push(entry)
    try {
      return await work()
    } catch (thrown) {
      entry.code = asVssError(thrown).code
      throw thrown
    } finally {
      entry.durationMicros = this.microsSince(startMillis)
    }
  }

  /** Gives the finished report. */
  report(): SnapshotSetReport {
    const report: SnapshotSetReport = {
      timeline: structuredClone(this.entries),
      warnings: [...this.warnings],
      summary: this.#summary(),
      freezeMicros: this.freezeMicros,
    }
    if (this.hold !== undefined) report.hold = structuredClone(this.hold)
    return report
  }

  #summary(): string {
    const parts: string[] = []
    if (this.hold !== undefined) {
      const slowest = longest(this.hold.luns, (lun) => lun.holdMicros)
      parts.push(
        `writes were held for ${duration(this.hold.holdMicros)}${slowest === undefined ? '' : ` (longest on ${slowest.lun})`}`,
      )
    }
    if (this.freezeMicros > 0) parts.push(`writers were frozen for ${duration(this.freezeMicros)}`)
    const culprit = longest(
      this.entries.filter((entry) => entry.kind !== 'phase'),
      (entry) => entry.durationMicros,
    )
    if (culprit !== undefined) {
      parts.push(`longest was ${culprit.party} in ${culprit.name} with ${duration(culprit.durationMicros)}`)
    }
    return parts.length === 0 ? 'Nobody was held up.' : `${capitalised(parts.join('; '))}.`
  }
}

function longest<T>(items: readonly T[], measure: (item: T) => number): T | undefined {
  let found: T | undefined
  for (const item of items) if (found === undefined || measure(item) > measure(found)) found = item
  return found
}

function duration(micros: number): string {
  if (micros < 1000) return `${Math.round(micros)} µs`
  if (micros < 1_000_000) return `${(micros / 1000).toFixed(1)} ms`
  return `${(micros / 1_000_000).toFixed(2)} s`
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
