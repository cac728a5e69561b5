/**
 * What the engine makes of the ranges of partial files and directed targets (reference 2.13; document/ranges.ts reads
 * them): in which file they are, and what goes where.
 */
import type { FileRange } from '../document/ranges.ts'
import { VssError } from '../errors.ts'

/** As many bytes of one file for as many of another. */
export interface RangePair {
  readonly sourceOffset: bigint
  readonly destinationOffset: bigint
  readonly length: bigint
}

/**
 * The file that a ranges string names instead of giving ranges, either as `File=PATH` or as the bare full path
 * (reference 2.13, conflict 13); `null` where it gives them.
 */
export function rangesFileOf(ranges: string): string | null {
  const named = /^\s*File\s*=\s*(.+?)\s*$/i.exec(ranges)?.[1]
  if (named !== undefined) return named
  return /^\s*(?:[/\\]|[A-Za-z]:[\\/]|%[^%]+%|\$)/.test(ranges) ? ranges.trim() : null
}

/**
 * What goes where, with ranges of a directed target cut until each piece has its counterpart (R145).
 *
 * @throws VssError `E_INVALIDARG` unless both lists have the same length in all
 */
export function pairRanges(source: readonly FileRange[], destination: readonly FileRange[]): RangePair[] {
  const [from, to] = [totalOf(source), totalOf(destination)]
  if (from !== to) throw badRanges(`ranges of ${from} bytes cannot be restored to ranges of ${to} bytes`)
  const pairs: RangePair[] = []
  const there = destination.filter(({ length }) => length > 0n)
  let index = 0
  let used = 0n
  for (const { offset, length } of source) {
    for (let done = 0n; done < length; ) {
      const target = there[index] as FileRange
      const piece = length - done < target.length - used ? length - done : target.length - used
      pairs.push({ sourceOffset: offset + done, destinationOffset: target.offset + used, length: piece })
      done += piece
      used += piece
      if (used === target.length) {
        index++
        used = 0n
      }
    }
  }
  return pairs
}

function totalOf(ranges: readonly FileRange[]): bigint {
  return ranges.reduce((total, { length }) => total + length, 0n)
}

function badRanges(text: string): VssError {
  return new VssError('E_INVALIDARG', text, { culprit: 'ranges' })
}
