import { readFileSync } from 'node:fs'
import test from 'ava'
import {
  asVssError,
  CODES,
  codeOfHresult,
  describeThrown,
  firstThrown,
  hresultOf,
  isVssCode,
  type VssCode,
  VssError,
} from '../lib/errors.ts'
import { publishedCodes } from './conformance/codes.ts'

test('every published code is in the table with its published number, and no other VSS code is', (t) => {
  const table = new Map(Object.entries(CODES).map(([code, [hresult]]) => [code, hresult as number]))
  for (const [code, hresult] of publishedCodes()) t.is(table.get(code), hresult, code)
  const unpublished = [...table.keys()].filter(
    (code) => !code.startsWith('ERR_') && !publishedCodes().has(code),
  )
  t.deepEqual(unpublished, [])
})

test('every code that native code can report is in the table', (t) => {
  const definitions = readFileSync(new URL('../native/base/codes.def', import.meta.url), 'utf8')
  const texts = [...definitions.matchAll(/^HOLDFAST_CODE\(\w+, "([^"]+)"\)/gm)].map(([, text]) => text ?? '')
  t.true(texts.length > 30)
  const own = texts.filter((text) => text.startsWith('ERR_'))
  t.deepEqual(
    texts.filter((text) => text !== 'OK' && !isVssCode(text)),
    [],
  )
  t.deepEqual(
    Object.keys(CODES)
      .filter((code) => code.startsWith('ERR_'))
      .sort(),
    own.sort(),
  )
})

test('no two codes share a number, and own codes carry the customer bit and FACILITY_ITF', (t) => {
  const owners = new Map<number, string>()
  for (const [code, [hresult, remedy]] of Object.entries(CODES)) {
    t.is(owners.get(hresult), undefined, `${code} has the number of ${owners.get(hresult)}`)
    owners.set(hresult, code)
    t.is(codeOfHresult(hresult), code as VssCode)
    t.is(codeOfHresult(hresult | 0), code as VssCode, 'the signed form finds the same code')
    if (code.startsWith('ERR_')) t.is((hresult & 0xffff_0000) >>> 0, 0xa004_0000, code)
    t.regex(remedy, /^[^\n]{10,}[.]$/, `${code} has a remedy of one line`)
  }
  t.is(codeOfHresult(0x8004_2305), undefined)
})

test('an error names what happened and what to do, and carries everything it was given', (t) => {
  const cause = new TypeError('boom')
  const error = new VssError('ERR_IO', "write to LUN 'data' failed.", {
    cause,
    culprit: 'data',
    errno: 5,
    offsetBytes: 4096,
  })
  t.is(error.message, `ERR_IO: write to LUN 'data' failed. ${CODES.ERR_IO[1]}`)
  t.is(error.hresult, hresultOf('ERR_IO'))
  t.is(error.cause, cause)
  t.like(error, { culprit: 'data', errno: 5, offsetBytes: 4096, name: 'VssError' })
  t.true(error instanceof Error)
})

test('an error survives the way through plain data, its chain of causes included', (t) => {
  const inner = new VssError('VSS_E_PROVIDER_VETO', 'no space', { cause: new Error('ENOSPC'), errno: 28 })
  const outer = new VssError('VSS_E_HOLD_WRITES_TIMEOUT', 'late', {
    cause: inner,
    culprit: 'p',
    remedy: 'Go on.',
  })
  const back = VssError.fromRecord(structuredClone(outer.toJSON()))
  t.is(back.message, outer.message)
  t.is(back.remedy, 'Go on.')
  t.true(back.cause instanceof VssError)
  t.like(back.cause, { code: 'VSS_E_PROVIDER_VETO', errno: 28 })
  t.deepEqual(back.toJSON(), outer.toJSON())
})

test('anything thrown becomes a VssError, and a VssError stays itself', (t) => {
  const own = new VssError('E_INVALIDARG', 'x')
  t.is(asVssError(own), own)
  t.like(asVssError('just text', 'VSS_E_PROVIDER_VETO', 'p'), {
    code: 'VSS_E_PROVIDER_VETO',
    text: 'just text',
  })
  t.is(asVssError(undefined).code, 'VSS_E_UNEXPECTED')
  const circular: { self?: unknown } = {}
  circular.self = circular
  t.is(describeThrown(circular), 'thrown value of type object')
  t.is(describeThrown(new RangeError('')), 'RangeError')
  t.is(describeThrown(undefined), 'thrown value undefined')
})

/** What `await using` throws when the block failed, and then the clean-up too; Node 20 has no class for it. */
function suppressedError(error: unknown, suppressed: unknown): Error {
  const text = 'An error was suppressed during disposal.'
  return Object.assign(new Error(text), { name: 'SuppressedError', error, suppressed })
}

test('of failures during a clean-up the one that came first is the one that is told of', (t) => {
  const first = new VssError('ERR_NO_SPACE', 'the disk is full')
  const closing = new VssError('ERR_IO', 'closing failed too')
  const twice = suppressedError(closing, suppressedError(closing, first))
  t.is(firstThrown(twice), first)
  t.is(asVssError(twice), first)
  t.is(describeThrown(twice), first.message)
  t.is(firstThrown(closing), closing)
})

test('what await using throws when both the block and the clean-up fail is recognized', async (t) => {
  const first = new Error('first')
  const thrown = await t.throwsAsync(async () => {
    await using failing = {
      [Symbol.asyncDispose]: () => Promise.reject(new Error('second')),
    }
    t.truthy(failing)
    throw first
  })
  t.not(thrown, first)
  t.is(firstThrown(thrown), first)
})
