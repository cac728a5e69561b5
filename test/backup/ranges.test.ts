import { fc, testProp } from '@fast-check/ava'
import test from 'ava'
import { pairRanges, rangesFileOf } from '../../lib/backup/ranges.ts'
import { type FileRange, parseRanges } from '../../lib/document/ranges.ts'
import { fails } from '../document/fails.ts'

test('R152: a ranges file is told from ranges in both of its spellings', (t) => {
  t.is(rangesFileOf('0:12'), null)
  t.is(rangesFileOf('File=C:\\tmp\\r.bin'), 'C:\\tmp\\r.bin')
  t.is(rangesFileOf('c:\\tmp\\r.bin'), 'c:\\tmp\\r.bin')
  t.is(rangesFileOf('/tmp/r.bin'), '/tmp/r.bin')
  t.is(rangesFileOf('%TEMP%\\r.bin'), '%TEMP%\\r.bin')
})

const ranges: fc.Arbitrary<FileRange[]> = fc
  .array(fc.integer({ min: 0, max: 20 }), { maxLength: 8 })
  .map((lengths) => lengths.map((length, index) => ({ offset: BigInt(index * 100), length: BigInt(length) })))

function bytesOf(list: readonly FileRange[]): bigint[] {
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
  const listed = (text: string): readonly FileRange[] => parseRanges(text).ranges ?? []
  t.deepEqual(pairRanges(listed('0:10,100:5'), listed('1000:4,2000:0,3000:11')), [
    { sourceOffset: 0n, destinationOffset: 1000n, length: 4n },
    { sourceOffset: 4n, destinationOffset: 3000n, length: 6n },
    { sourceOffset: 100n, destinationOffset: 3006n, length: 5n },
  ])
})
