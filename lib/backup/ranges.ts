/**
 * Byte ranges of partial files and directed targets (reference 2.13): as text, `offset:length, offset:length …` in
 * decimal or with `0x`, or in a ranges file, a count and as many pairs of 64 bit, little-endian.
 */
import { describeValue, VssError } from '../errors.ts'

export interface ByteRange {
  readonly offset: bigint
  readonly length: bigint
}

/** As many bytes of one file for as many of another. */
export interface RangePair {
  readonly sourceOffset: bigint
  readonly destinationOffset: bigint
  readonly length: bigint
}

const LIMIT = 2n ** 64n
const NUMBER = '(?:0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})'
const RANGE = new RegExp(`^\\s*(${NUMBER})\\s*:\\s*(${NUMBER})\\s*$`)

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
 * Reads ranges as text.
 *
 * @throws VssError `E_INVALIDARG` if it is no list of ranges or one of them ends beyond 64 bit
 * @example parseRanges('0:4096, 0x10000:0x200') // [{ offset: 0n, length: 4096n }, { offset: 65536n, length: 512n }]
 */
export function parseRanges(ranges: string): ByteRange[] {
  return ranges.split(',').map((text) => {
    const [, offset, length] = RANGE.exec(text) ?? []
    if (offset === undefined || length === undefined) throw badRanges(`${describeValue(text)} is no range`)
    return checked({ offset: BigInt(offset), length: BigInt(length) })
  })
}

/**
 * Reads the content of a ranges file.
 *
 * @throws VssError `E_INVALIDARG` if it is not exactly as long as its count says
 */
export function readRangesFile(content: Uint8Array): ByteRange[] {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
  const count = content.byteLength >= 8 ? view.getBigUint64(0, true) : -1n
  if (BigInt(content.byteLength) !== 8n + 16n * count) {
    throw badRanges(`a ranges file of ${content.byteLength} bytes does not hold the ranges that it counts`)
  }
  return Array.from({ length: Number(count) }, (_, index) =>
    checked({
      offset: view.getBigUint64(8 + 16 * index, true),
      length: view.getBigUint64(16 + 16 * index, true),
    }),
  )
}

/**
 * What goes where, with ranges of a directed target cut until each piece has its counterpart (R145).
 *
 * @throws VssError `E_INVALIDARG` unless both lists have the same length in all
 */
export function pairRanges(source: readonly ByteRange[], destination: readonly ByteRange[]): RangePair[] {
  const [from, to] = [totalOf(source), totalOf(destination)]
  if (from !== to) throw badRanges(`ranges of ${from} bytes cannot be restored to ranges of ${to} bytes`)
  const pairs: RangePair[] = []
  const there = destination.filter(({ length }) => length > 0n)
  let index = 0
  let used = 0n
  for (const { offset, length } of source) {
    for (let done = 0n; done < length; ) {
      const target = there[index] as ByteRange
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

function totalOf(ranges: readonly ByteRange[]): bigint {
  return ranges.reduce((total, { length }) => total + length, 0n)
}

function checked(range: ByteRange): ByteRange {
  if (range.offset + range.length > LIMIT)
    throw badRanges(`range ${range.offset}:${range.length} passes 64 bit`)
  return range
}

function badRanges(text: string): VssError {
  return new VssError('E_INVALIDARG', text, { culprit: 'ranges' })
}
