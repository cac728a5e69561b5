/**
 * Timeline: who did what when while a set was made, kept for every set, successful or not.
 *
 * Times are microseconds since DoSnapshotSet began, by the coordinator's clock; a hold is measured
 * by the kernel support itself, and its own numbers are in the entry's detail.
 */
import type { Clock } from '../clock.ts'
import { asVssError, type VssCode, type VssError } from '../errors.ts'
import type { HoldVerdict } from './kernel-support.ts'

export interface TimelineEntry {
  /** A phase of DoSnapshotSet (`preCommitSnapshots`), an event (`Freeze`) or a call. */
  name: string
  /** Whose time it was: `coordinator`, `kernel support`, `host`, a writer, provider, volume or LUN. */
  party: string
  kind: 'phase' | 'writer' | 'provider' | 'kernel' | 'host'
  startMicros: number
  durationMicros: number
  /** What it failed with; absent if it went well or has not ended. */
  code?: VssCode
  /** It had not ended when the report was made; `durationMicros` is the time until then. */
  unfinished?: true
}

/** Everything a finished or failed DoSnapshotSet leaves behind for people. */
export interface SnapshotSetReport {
  timeline: TimelineEntry[]
  /** Provider calls that took too long while writers were frozen, and the like. */
  warnings: string[]
  /** One sentence: who held the set up or made it fail, and for how long. */
  summary: string
  /**
   * From the sending of the first Freeze to that of the last closing call, Thaw or Abort; 0 if nobody
   * was frozen. With one writer it is the duration in its `holdfast:freeze` message.
   */
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
  readonly #open: Set<TimelineEntry> = new Set()
  #failure: string | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#originMillis = clock.nowMillis()
  }

  microsSince(startMillis: number): number {
    return Math.round((this.#clock.nowMillis() - startMillis) * 1000)
  }

  /** Records one piece of work, also if it fails: by rejecting, or with a result that `codeOf` finds fault with. */
  async measure<T>(
    kind: TimelineEntry['kind'],
    name: string,
    party: string,
    work: () => Promise<T>,
    codeOf?: (result: T) => VssCode | undefined,
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
    this.#open.add(entry)
    try {
      const result = await work()
      const code = codeOf?.(result)
      if (code !== undefined) entry.code = code
      return result
    } catch (thrown) {
      entry.code = asVssError(thrown).code
      throw thrown
    } finally {
      entry.durationMicros = this.microsSince(startMillis)
      this.#open.delete(entry)
    }
  }

  /** To be called when the set has failed and before anything is undone: who is to blame shows now. */
  fail(error: VssError): void {
    const phase = this.entries.findLast(({ kind }) => kind === 'phase')
    if (error.code === 'VSS_S_ASYNC_CANCELLED') {
      const afterMicros = this.microsSince(this.#originMillis)
      this.#failure = `the set was cancelled in ${phase?.name ?? 'its beginning'} after ${duration(afterMicros)}`
      return
    }
    const blamed = this.#blame(error, phase)
    this.#failure = `the set failed with ${error.code}`
    if (blamed === undefined) return
    const elapsed = duration(this.#durationOf(blamed))
    this.#failure += `: ${blamed.party} in ${blamed.name}`
    this.#failure += this.#open.has(blamed) ? `, not done after ${elapsed}` : ` after ${elapsed}`
  }

  /** Gives the finished report. Work that is still under way is in it with the time it has taken so far. */
  report(): SnapshotSetReport {
    const report: SnapshotSetReport = {
      timeline: this.entries.map((entry) =>
        this.#open.has(entry)
          ? { ...entry, durationMicros: this.#durationOf(entry), unfinished: true }
          : { ...entry },
      ),
      warnings: [...this.warnings],
      summary: this.#summary(),
      freezeMicros: this.freezeMicros,
    }
    if (this.hold !== undefined) report.hold = structuredClone(this.hold)
    return report
  }

  #durationOf(entry: TimelineEntry): number {
    if (!this.#open.has(entry)) return entry.durationMicros
    return this.microsSince(this.#originMillis) - entry.startMicros
  }

  /** The call that the set failed in: the culprit's own, else the worst of the phase. */
  #blame({ code, culprit }: VssError, phase: TimelineEntry | undefined): TimelineEntry | undefined {
    const calls = this.entries.filter(({ kind }) => kind !== 'phase')
    const worst = (entries: readonly TimelineEntry[]): TimelineEntry | undefined =>
      longest(entries, (entry) => this.#durationOf(entry))
    const wentWrong = calls.filter((entry) => entry.code !== undefined || this.#open.has(entry))
    const own = worst(wentWrong.filter(({ party }) => party === culprit))
    if (own !== undefined) return own
    // A window has ended, and its writer has done nothing wrong: somebody kept it frozen.
    if (code === 'VSS_E_UNEXPECTED_WRITER_ERROR') {
      return worst(calls.slice(calls.findIndex(({ name }) => name === 'Freeze')))
    }
    const isOfPhase = (entry: TimelineEntry): boolean =>
      phase !== undefined && this.entries.indexOf(entry) > this.entries.indexOf(phase)
    return worst(wentWrong.filter(isOfPhase)) ?? worst(calls.filter(isOfPhase))
  }

  #summary(): string {
    const parts: string[] = this.#failure === undefined ? [] : [this.#failure]
    if (this.hold !== undefined) {
      const slowest = longest(this.hold.luns, (lun) => lun.holdMicros)
      parts.push(
        `writes were held for ${duration(this.hold.holdMicros)}${slowest === undefined ? '' : ` (longest on ${slowest.lun})`}`,
      )
    }
    if (this.freezeMicros > 0) parts.push(`writers were frozen for ${duration(this.freezeMicros)}`)
    if (this.#failure === undefined) {
      const slowest = longest(
        this.entries.filter((entry) => entry.kind !== 'phase'),
        (entry) => this.#durationOf(entry),
      )
      if (slowest !== undefined) {
        parts.push(
          `longest was ${slowest.party} in ${slowest.name} with ${duration(this.#durationOf(slowest))}`,
        )
      }
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
