/** What a bench has to reach: shown with every run, and with --check the exit code. */
import { printTable } from './report.ts'

export interface Bar {
  name: string
  measured: number
  limit: number
  /** `most`: measured may not be above the limit; `least`: not below. */
  kind: 'most' | 'least'
}

const isMet = ({ measured, limit, kind }: Bar): boolean =>
  kind === 'most' ? measured <= limit : measured >= limit

/** Prints the bars; with `check`, one that is not met makes the program end with 1. */
export function judge(bars: readonly Bar[], check: boolean): void {
  printTable(
    ['bar', 'measured', 'limit', ''],
    bars.map((bar) => [
      ...[bar.name, bar.measured, `${bar.kind === 'most' ? '≤' : '≥'} ${bar.limit}`],
      isMet(bar) ? 'met' : 'NOT MET',
    ]),
  )
  if (check && !bars.every(isMet)) process.exitCode = 1
}
