import { fc, testProp } from '@fast-check/ava'
import test from 'ava'
import {
  type ByteRange,
  pairRanges,
  parseRanges,
  rangesFileOf,
  readRangesFile,
} from '../../lib/backup/ranges.ts'
import { fails } from '../document/fails.ts'

test('ranges are read in decimal and hexadecimal, with blanks after the commas', (t) => {
  t.deepEqual(parseRanges('0:4096, 0x10000:0x200,5 : 0'), [
    { offset: 0n, length: 4096n },
    { offset: 65536n, length: 512n },
    { offset: 5n, length: 0n },
  ])
  fails(
    t,
    'E_INVALIDARG',
    () => parseRanges(''),
    () => parseRanges('1:2,'),
    () => parseRanges('-1:2'),
    () => parseRanges('1'),
    () => parseRanges('0xffffffffffffffff:2'),
  )
})

test('R152: a ranges file is told from ranges in both of its spellings', (t) => {
  t.is(rangesFileOf('0:12'), null)
  t.is(rangesFileOf('File=C:\\tmp\\r.bin'), 'C:\\tmp\\r.bin')
  t.is(rangesFileOf('c:\\tmp\\r.bin'), 'c:\\tmp\\r.bin')
  t.is(rangesFileOf('/tmp/r.bin'), '/tmp/r.bin')
  t.is(rangesFileOf('%TEMP%\\r.bin'), '%TEMP%\\r.bin')
})

test('a ranges file holds a count and as many pairs, little-endian, and nothing else', (t) => {
  const content = Buffer.alloc(40)
  content.writeBigUInt64LE(2n, 0)
  content.writeBigUInt64LE(7n, 8)
  content.writeBigUInt64LE(8n, 16)
  content.writeBigUInt64LE(1n << 40n, 24)
  content.writeBigUInt64LE(9n, 32)
  t.deepEqual(readRangesFile(content), [
    { offset: 7n, length: 8n },
    { offset: 1n << 40n, length: 9n },
  ])
  fails(
    t,
    'E_INVALIDARG',
    () => readRangesFile(content.subarray(0, 39)),
    () => readRangesFile(Buffer.alloc(0)),
    () => readRangesFile(Buffer.alloc(8, 0xff)),
  )
})

const ranges: fc.Arbitrary<ByteRange[]> = fc
  .array(fc.integer({ min: 0, max: 20 }), { maxLength: 8 })
  .map((lengths) => lengths.map((length, index) => ({ offset: BigInt(index * 100), length: BigInt(length) })))

function bytesOf(list: readonly ByteRange[]): bigint[] {
  return list.flatMap(({ offset, length }) =>
    Array.from({ length: Number(length) }, (_, at) => offset + BigInt(at)),
  )
}

testProp(
  'R145: paired ranges carry the bytes of the source to those of the destination in order',
  [ranges, ranges],
  (t, source, target) => {
    const [from, to] = [bytesOf(source), bytesOf(target)]
    if (from.length !== to.length) {
      fails(t, 'E_INVALIDARG', () => pairRanges(source, target))
      return
    }
    const moved = pairRanges(source, target).flatMap(({ sourceOffset, destinationOffset, length }) =>
      Array.from({ length: Number(length) }, (_, at) => [
        sourceOffset + BigInt(at),
        destinationOffset + BigInt(at),
      ]),
    )
    t.deepEqual(
      moved,
      from.map((byte, index) => [byte, to[index]]),
    )
  },
)

test('R145: ranges of equal length in all are cut where either list has a border', (t) => {
  t.deepEqual(pairRanges(parseRanges('0:10,100:5'), parseRanges('1000:4,2000:0,3000:11')), [
    { sourceOffset: 0n, destinationOffset: 1000n, length: 4n },
    { sourceOffset: 4n, destinationOffset: 3000n, length: 6n },
    { sourceOffset: 100n, destinationOffset: 3006n, length: 5n },
  ])
})
