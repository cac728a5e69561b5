// The tally of "npm run verify" is what others rely on; a reader of results that miscounts would hide a failure.
import test from 'ava'

interface Counts {
  passed: number
  failed: number
  skipped: number
  details: string[]
  skippedTitles: string[]
}

const { readTap, readJUnit } = (await import(
  new URL('../../scripts/verify/counts.mjs', import.meta.url).href
)) as { readTap(text: string): Counts; readJUnit(text: string): Counts }

test('results of ava are counted, failures keep their diagnostics and skipped titles are named', (t) => {
  const counts = readTap(
    [
      'TAP version 13',
      'ok 1 - file › a',
      'ok 2 - file › needs sgdisk # SKIP',
      '# file › a line a test logged',
      'not ok 3 - file › c',
      '  ---',
      '    name: AssertionError',
      '  ...',
      'ok 4 - file › d',
      '',
      '1..4',
      '# tests 4',
      '# pass 2',
      '# skip 1',
      '# fail 1',
    ].join('\n'),
  )
  t.like(counts, { passed: 2, failed: 1, skipped: 1, skippedTitles: ['file › needs sgdisk'] })
  t.deepEqual(counts.details, ['not ok 3 - file › c', '  ---', '    name: AssertionError', '  ...'])
})

test('a test file that crashed is a failure', (t) => {
  t.is(readTap('TAP version 13\nnot ok 1 - test/a.test.ts exited due to SIGSEGV\n\n1..0\n').failed, 1)
})

test('results of ctest are counted by what became of each test', (t) => {
  const counts = readJUnit(
    [
      '<testsuite name="Linux-c++" tests="4" failures="1" disabled="1" skipped="1">',
      '\t<testcase name="Crc.A" classname="Crc.A" time="0.01" status="run">',
      '\t<testcase name="Crc.B" classname="Crc.B" time="0.02" status="fail">',
      '\t<testcase name="Crc.C" classname="Crc.C" time="0" status="notrun">',
      '\t\t<skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>',
      '\t\t<system-out>crc_test.cc:2: Skipped',
      'sgdisk is not installed',
      '</system-out>',
      '\t<testcase name="Crc.D" classname="Crc.D" time="0" status="disabled">',
    ].join('\n'),
  )
  t.like(counts, {
    passed: 1,
    failed: 1,
    skipped: 2,
    skippedTitles: ['Crc.C (sgdisk is not installed)', 'Crc.D'],
  })
})
