import test from 'ava'
import { parseSize } from '../../lib/cli/arguments.ts'
import { EXIT, EXIT_MEANINGS, EXIT_OF_CODE, exitCodeOf } from '../../lib/cli/exit-codes.ts'
import { errorRecord } from '../../lib/cli/output.ts'
import { isVssCode, type VssCode, VssError } from '../../lib/errors.ts'

test('each code of the table has one exit code, which --help explains', (t) => {
  const explained = EXIT_MEANINGS.map(([code]) => code)
  t.deepEqual(explained, Object.values(EXIT))
  for (const [code, exit] of Object.entries(EXIT_OF_CODE)) {
    t.true(isVssCode(code), code)
    t.true(explained.includes(exit), code)
    t.not(exit, EXIT.ok, code)
    t.is(exitCodeOf(new VssError(code as VssCode, 'x')), exit)
  }
})

test('one failure of each class ends as the table says', (t) => {
  const ends = (code: VssCode): number => exitCodeOf(new VssError(code, 'x'))
  t.is(ends('VSS_E_WRITERERROR_INCONSISTENTSNAPSHOT'), 1)
  t.is(ends('ERR_INVALID_ARGUMENT'), 2)
  t.is(ends('ERR_LUN_NOT_FOUND'), 3)
  t.is(ends('VSS_E_SNAPSHOT_SET_IN_PROGRESS'), 4)
  t.is(ends('ERR_ARRAY_DAMAGED'), 5)
  t.is(ends('ERR_NO_SPACE'), 6)
  t.is(ends('VSS_E_HOLD_WRITES_TIMEOUT'), 7)
  t.is(ends('ERR_INTERNAL'), 70)
  t.is(ends('ERR_CANCELLED'), 130)
})

test('an error of the system ends by its kind, any other error is a defect', (t) => {
  const system = (code: string): Error => Object.assign(new Error(code), { code, syscall: 'open' })
  t.is(exitCodeOf(system('ENOENT')), 3)
  t.is(exitCodeOf(system('EEXIST')), 4)
  t.is(exitCodeOf(system('ENOSPC')), 6)
  t.is(exitCodeOf(system('ELOOP')), 1)
  t.is(exitCodeOf(new TypeError('x is not a function')), 70)
  t.is(exitCodeOf('thrown text'), 70)
})

test('a full disk is a full disk, although the clean-up failed too', (t) => {
  const full = new VssError('ERR_NO_SPACE', 'the disk is full')
  const thrown = Object.assign(new Error('An error was suppressed during disposal.'), {
    name: 'SuppressedError',
    error: new Error('closing failed too'),
    suppressed: full,
  })
  t.is(exitCodeOf(thrown), 6)
  t.like(errorRecord(thrown), { code: 'ERR_NO_SPACE', text: 'the disk is full' })
})

test('sizes are read in powers of 1024, and nonsense is refused', (t) => {
  t.is(parseSize('512'), 512)
  t.is(parseSize('64k'), 65536)
  t.is(parseSize('1.5GiB'), 1.5 * 2 ** 30)
  t.is(parseSize('8TB'), 8 * 2 ** 40)
  for (const text of ['', '0', '-1', '1e3', '513', 'M', '4 quux', '0.1k', '99999999T']) {
    t.throws(() => parseSize(text), { code: 'commander.invalidArgument' }, text)
  }
})
