/**
 * Parts of files: the range lists of partial files and directed targets, and the ranges file that may stand in for
 * a list (reference 2.13).
 *
 * A list is `offset:length[,offset:length …]` with numbers of 64 bits, decimal or `0x` hexadecimal; blanks may follow
 * a comma. Instead of it there may be the full path of a ranges file, bare or as `File=<path>`.
 */
import { badArgument, checkedText } from './values.ts'

/** A stretch of a file, in bytes. */
export interface FileRange {
  readonly offset: bigint
  readonly length: bigint
}

/** What a ranges text says: the ranges themselves, or the file in which they are. */
export type Ranges =
  | { readonly ranges: readonly FileRange[]; readonly rangesFile: null }
  | { readonly ranges: null; readonly rangesFile: string }

const NUMBER = '0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20}'
const RANGE = new RegExp(`^[ \\t]*(${NUMBER}):(${NUMBER})[ \\t]*$`)
const LIST = /^[ \t]*[0-9][0-9a-fA-FxX]*:[0-9]/
const FILE = /^File=/i
const PATH = /^(?:\/|\\|[A-Za-z]:[\\/]|%[^%]+%)/
const MAX_UINT64 = 0xffff_ffff_ffff_ffffn
/** Ranges of one file; a text longer than this takes longer to read than it can save. */
const MAX_RANGES = 1_000_000
const RANGE_BYTES = 16
const COUNT_BYTES = 8

/**
 * Reads the ranges of a partial file or a directed target.
 *
 * @example
 * ```ts
 * parseRanges('0:0x1000, 8192:512').ranges // [{ offset: 0n, length: 4096n }, { offset: 8192n, length: 512n }]
 * parseRanges('/var/lib/ledger/books.ranges').rangesFile // '/var/lib/ledger/books.ranges'
 * ```
 *
 * @throws VssError `E_INVALIDARG` if it is neither a list nor a full path, or a range ends beyond 2⁶⁴
 */
export function parseRanges(text: string): Ranges {
  const path = checkedText(text, 'ranges').replace(FILE, '')
  if (!LIST.test(text) && PATH.test(path)) return { ranges: null, rangesFile: path }
  const parts = text.split(',', MAX_RANGES + 1)
  if (parts.length > MAX_RANGES) throw badArgument(`ranges lists more than ${MAX_RANGES} of them`)
  return { ranges: parts.map(parseRange), rangesFile: null }
}

function parseRange(part: string): FileRange {
  const [, offset, length] = RANGE.exec(part) ?? []
  if (offset === undefined || length === undefined) {
    throw badArgument(
      `ranges has '${part.slice(0, 40)}', expected offset:length or the full path of a ranges file`,
    )
  }
  return checkedRange({ offset: BigInt(offset), length: BigInt(length) })
}

/** The text of a list, in decimal. */
export function formatRanges(ranges: readonly FileRange[]): string {
  return ranges.map((range) => `${checkedRange(range).offset}:${range.length}`).join(',')
}

/**
 * The content of a ranges file: the number of ranges and then offset and length of each, as unsigned little-endian
 * numbers of 64 bits.
 */
export function encodeRangesFile(ranges: readonly FileRange[]): Uint8Array {
  const bytes = new Uint8Array(COUNT_BYTES + ranges.length * RANGE_BYTES)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(ranges.length), true)
  for (const [index, range] of ranges.entries()) {
    const { offset, length } = checkedRange(range)
    view.setBigUint64(COUNT_BYTES + index * RANGE_BYTES, offset, true)
    view.setBigUint64(COUNT_BYTES + index * RANGE_BYTES + 8, length, true)
  }
  return bytes
}

/** @throws VssError `E_INVALIDARG` if the bytes are not as many as their count says, or a range ends beyond 2⁶⁴ */
export function decodeRangesFile(bytes: Uint8Array): FileRange[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = bytes.length < COUNT_BYTES ? -1n : view.getBigUint64(0, true)
  if (BigInt(bytes.length) !== BigInt(COUNT_BYTES) + count * BigInt(RANGE_BYTES)) {
    throw badArgument(`a ranges file of ${bytes.length} bytes does not hold the ranges it counts`)
  }
  return Array.from({ length: Number(count) }, (_, index) =>
    checkedRange({
      offset: view.getBigUint64(COUNT_BYTES + index * RANGE_BYTES, true),
      length: view.getBigUint64(COUNT_BYTES + index * RANGE_BYTES + 8, true),
    }),
  )
}

/**
 * The two lists of a directed target say the same bytes in the same order, so they have as many bytes in all. What
 * stands in ranges files is not looked at.
 *
 * @throws VssError `E_INVALIDARG` if they do not, or one of them cannot be read
 */
export function checkRangePair(source: string, destination: string): void {
  const from = parseRanges(source).ranges
  const to = parseRanges(destination).ranges
  if (from === null || to === null) return
  const total = (ranges: readonly FileRange[]): bigint => ranges.reduce((sum, { length }) => sum + length, 0n)
  if (total(from) !== total(to)) {
    throw badArgument(
      `the source ranges have ${total(from)} bytes and the destination ranges ${total(to)}; they pair up`,
    )
  }
}

function checkedRange(range: FileRange): FileRange {
  const { offset, length } = range
  if (typeof offset !== 'bigint' || typeof length !== 'bigint' || offset < 0n || length < 0n) {
    throw badArgument('a range has an offset and a length, both bigints that are not negative')
  }
  if (offset + length > MAX_UINT64 + 1n) throw badArgument(`the range ${offset}:${length} ends beyond 2⁶⁴`)
  return range
}
