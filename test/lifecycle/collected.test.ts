import test from 'ava'
import { prepareArray, runProgram } from './watch.ts'

test('an array and LUNs that are collected while open are closed, each with a warning', async (t) => {
  const directory = await prepareArray(t)
  const ended = await runProgram('collected.ts', [directory], { flags: ['--expose-gc'] })
  t.like(ended, { code: 0, signal: null, stdout: '11 warnings\n10\n' }, ended.stderr)
  t.regex(ended.stderr, /HOLDFAST_NOT_CLOSED.*garbage-collected while it was open/)
})
