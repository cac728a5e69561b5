// Range lists, ranges files and restore options: text in and out.
import test from 'ava'
import fc from 'fast-check'
import {
  checkRangePair,
  decodeRangesFile,
  encodeRangesFile,
  type FileRange,
  formatRanges,
  parseRanges,
} from '../../lib/document/ranges.ts'
import {
  formatRestoreOptions,
  parseRestoreOptions,
  type RestoreOption,
  restoreOption,
} from '../../lib/document/restore-options.ts'
import { RUNS, text } from './arbitraries.ts'
import { fails } from './fails.ts'

const range: fc.Arbitrary<FileRange> = fc
  .tuple(fc.bigInt({ min: 0n, max: 2n ** 63n }), fc.bigInt({ min: 0n, max: 2n ** 63n }))
  .map(([offset, length]) => ({ offset, length }))

test('ranges are read in decimal and hexadecimal, with blanks after commas', (t) => {
  t.deepEqual(parseRanges('0:4096,0x2000:0X10, 3:0').ranges, [
    { offset: 0n, length: 4096n },
    { offset: 8192n, length: 16n },
    { offset: 3n, length: 0n },
  ])
  t.deepEqual(parseRanges(`0:${2n ** 64n}`).ranges, [{ offset: 0n, length: 2n ** 64n }])
})

test('a ranges file is named by its full path, bare or behind File=', (t) => {
  for (const path of ['/var/lib/a:b,c', 'C:\\lib\\books.ranges', '\\\\host\\share\\r', '%TEMP%\\r']) {
    t.is(parseRanges(path).rangesFile, path)
    t.is(parseRanges(`File=${path}`).rangesFile, path)
  }
})

test('ranges of another form are E_INVALIDARG', (t) => {
  for (const bad of [
    '',
    '1',
    '1:',
    ':1',
    '1:2,',
    '1:2;3:4',
    '-1:2',
    '1:2:3',
    'books.ranges',
    'File=r',
    '0xg:1',
  ]) {
    fails(t, 'E_INVALIDARG', () => parseRanges(bad))
  }
  fails(
    t,
    'E_INVALIDARG',
    () => parseRanges(`1:${2n ** 64n}`),
    () => parseRanges(undefined as unknown as string),
    () => parseRanges('0:1,'.repeat(1_000_001)),
    () => formatRanges([{ offset: -1n, length: 0n }]),
  )
})

test('ranges survive their text and their file', (t) => {
  fc.assert(
    fc.property(fc.array(range, { minLength: 1, maxLength: 20 }), (ranges) => {
      t.deepEqual(parseRanges(formatRanges(ranges)).ranges, ranges)
      t.deepEqual(decodeRangesFile(encodeRangesFile(ranges)), ranges)
    }),
    RUNS,
  )
})

test('a ranges file is a count and pairs, little-endian, and one that is cut or padded is refused', (t) => {
  const bytes = encodeRangesFile([{ offset: 0x0102n, length: 3n }])
  t.is(Buffer.from(bytes).toString('hex'), '0100000000000000' + '0201000000000000' + '0300000000000000')
  t.deepEqual(decodeRangesFile(encodeRangesFile([])), [])
  fails(
    t,
    'E_INVALIDARG',
    () => decodeRangesFile(bytes.subarray(0, 23)),
    () => decodeRangesFile(Uint8Array.of(...bytes, 0)),
    () => decodeRangesFile(bytes.subarray(0, 7)),
    () => decodeRangesFile(new Uint8Array(8).fill(0xff)),
  )
})

test('R145: source and destination of a directed target are of one length, unless a file says what they are', (t) => {
  t.notThrows(() => checkRangePair('0:10,20:10', '5:20'))
  t.notThrows(() => checkRangePair('/a.ranges', '5:20'))
  fails(t, 'E_INVALIDARG', () => checkRangePair('0:10', '0:11'))
})

test('a prefix of the restore options is for the pair behind it and no other', (t) => {
  const options = parseRestoreOptions('"main\\books":"Roll Forward"="All", "Authoritative" = "Item:a, b"')
  t.deepEqual(options, [
    { subcomponent: 'main\\books', name: 'Roll Forward', value: 'All' },
    { subcomponent: null, name: 'Authoritative', value: 'Item:a, b' },
  ])
  t.is(restoreOption(options, 'AUTHORITATIVE', 'main\\books'), 'Item:a, b')
  t.is(restoreOption(options, 'roll forward', 'main\\books'), 'All')
  t.is(restoreOption(options, 'roll forward'), undefined)
  t.deepEqual(parseRestoreOptions(' '), [])
})

test('restore options of another form are E_INVALIDARG', (t) => {
  for (const bad of ['a', '"a"', '"a"=b', '"a"="b"x', '"a"="b",', '"a"="b" "c"="d"', '"":"a"', '""="b"']) {
    fails(t, 'E_INVALIDARG', () => parseRestoreOptions(bad))
  }
  fails(t, 'E_INVALIDARG', () => formatRestoreOptions([{ subcomponent: null, name: 'a"', value: '' }]))
})

test('restore options survive their text', (t) => {
  const plain = text.map((value) => value.replaceAll('"', ''))
  const option: fc.Arbitrary<RestoreOption> = fc.record({
    subcomponent: fc.option(plain),
    name: plain.filter((value) => value !== ''),
    value: plain,
  })
  fc.assert(
    fc.property(fc.array(option, { maxLength: 4 }), (options) => {
      t.deepEqual(parseRestoreOptions(formatRestoreOptions(options)), options)
    }),
    RUNS,
  )
})
