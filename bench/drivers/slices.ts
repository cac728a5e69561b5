/** Ratios of alternating slices: how fast one thing is beside another that ran next to it. */
import { median, medianInterval, rounded } from '../support/stats.ts'

export interface Slice {
  iops: number
  p99Us: number
}

export interface Ratio {
  ratio: number
  low: number
  high: number
}

/** The median of a slice of one side divided by that of the other in the same round, with its 95 % interval. */
export function ratioOf(ours: readonly Slice[], reference: readonly Slice[]): Ratio {
  const ratios = ours.map((slice, i) => slice.iops / (reference[i] as Slice).iops)
  const { low, high } = medianInterval(ratios)
  return { ratio: rounded(median(ratios), 2), low: rounded(low, 2), high: rounded(high, 2) }
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}
