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

/** The published numbers, typed in from the documentation and not from the table under test. */
const PUBLISHED = `
80042301 BAD_STATE, 80042302 UNEXPECTED, 80042303 PROVIDER_ALREADY_REGISTERED, 80042304 PROVIDER_NOT_REGISTERED,
80042306 PROVIDER_VETO, 80042307 PROVIDER_IN_USE, 80042308 OBJECT_NOT_FOUND, 8004230C VOLUME_NOT_SUPPORTED,
8004230D OBJECT_ALREADY_EXISTS, 8004230E VOLUME_NOT_SUPPORTED_BY_PROVIDER, 8004230F UNEXPECTED_PROVIDER_ERROR,
80042310 CORRUPT_XML_DOCUMENT, 80042311 INVALID_XML_DOCUMENT, 80042312 MAXIMUM_NUMBER_OF_VOLUMES_REACHED,
80042313 FLUSH_WRITES_TIMEOUT, 80042314 HOLD_WRITES_TIMEOUT, 80042315 UNEXPECTED_WRITER_ERROR,
80042316 SNAPSHOT_SET_IN_PROGRESS, 80042317 MAXIMUM_NUMBER_OF_SNAPSHOTS_REACHED, 80042318 WRITER_INFRASTRUCTURE,
80042319 WRITER_NOT_RESPONDING, 8004231A WRITER_ALREADY_SUBSCRIBED, 8004231B UNSUPPORTED_CONTEXT,
8004231D VOLUME_IN_USE, 8004231E MAXIMUM_DIFFAREA_ASSOCIATIONS_REACHED, 8004231F INSUFFICIENT_STORAGE,
80042320 NO_SNAPSHOTS_IMPORTED, 80042321 SOME_SNAPSHOTS_NOT_IMPORTED,
80042322 MAXIMUM_NUMBER_OF_REMOTE_MACHINES_REACHED, 80042323 REMOTE_SERVER_UNAVAILABLE,
80042324 REMOTE_SERVER_UNSUPPORTED, 80042325 REVERT_IN_PROGRESS, 80042326 REVERT_VOLUME_LOST,
80042327 REBOOT_REQUIRED, 80042328 TRANSACTION_FREEZE_TIMEOUT, 80042329 TRANSACTION_THAW_TIMEOUT,
8004232A UNSELECTED_VOLUME, 8004232B SNAPSHOT_NOT_IN_SET, 8004232C NESTED_VOLUME_LIMIT, 8004232D VOLUME_NOT_LOCAL,
8004232E CLUSTER_TIMEOUT, 8004232F NOT_SUPPORTED, 80042336 WRITERERROR_PARTIAL_FAILURE,
800423F0 WRITERERROR_INCONSISTENTSNAPSHOT, 800423F1 WRITERERROR_OUTOFRESOURCES, 800423F2 WRITERERROR_TIMEOUT,
800423F3 WRITERERROR_RETRYABLE, 800423F4 WRITERERROR_NONRETRYABLE, 800423F5 WRITERERROR_RECOVERY_FAILED,
800423F6 BREAK_REVERT_ID_FAILED, 800423F7 LEGACY_PROVIDER, 800423F8 MISSING_DISK, 800423F9 MISSING_HIDDEN_VOLUME,
800423FA MISSING_VOLUME, 800423FB AUTORECOVERY_FAILED, 800423FC DYNAMIC_DISK_ERROR, 800423FD NONTRANSPORTABLE_BCD,
800423FE CANNOT_REVERT_DISKID, 800423FF RESYNC_IN_PROGRESS, 80042400 CLUSTER_ERROR,
80042401 ASRERROR_DISK_ASSIGNMENT_FAILED, 80042402 ASRERROR_DISK_RECREATION_FAILED, 80042403 ASRERROR_NO_ARCPATH,
80042404 ASRERROR_MISSING_DYNDISK, 80042405 ASRERROR_SHARED_CRIDISK, 80042406 ASRERROR_DATADISK_RDISK0,
80042407 ASRERROR_RDISK0_TOOSMALL, 80042408 ASRERROR_CRITICAL_DISKS_TOO_SMALL, 80042409 WRITER_STATUS_NOT_AVAILABLE,
8004240A ASRERROR_DYNAMIC_VHD_NOT_SUPPORTED, 80042411 CRITICAL_VOLUME_ON_INVALID_DISK,
80042412 ASRERROR_RDISK_FOR_SYSTEM_DISK_NOT_FOUND, 80042413 ASRERROR_NO_PHYSICAL_DISK_AVAILABLE,
80042414 ASRERROR_FIXED_PHYSICAL_DISK_AVAILABLE_AFTER_DISK_EXCLUSION,
80042415 ASRERROR_CRITICAL_DISK_CANNOT_BE_EXCLUDED, 80042416 ASRERROR_SYSTEM_PARTITION_HIDDEN, 80042417 FSS_TIMEOUT`

const PUBLISHED_OTHERS: Record<string, number> = {
  S_OK: 0,
  S_FALSE: 1,
  E_NOTIMPL: 0x80004001,
  E_ABORT: 0x80004004,
  E_FAIL: 0x80004005,
  E_UNEXPECTED: 0x8000ffff,
  E_ACCESSDENIED: 0x80070005,
  E_OUTOFMEMORY: 0x8007000e,
  E_INVALIDARG: 0x80070057,
  VSS_S_ASYNC_PENDING: 0x00042309,
  VSS_S_ASYNC_FINISHED: 0x0004230a,
  VSS_S_ASYNC_CANCELLED: 0x0004230b,
  VSS_S_SOME_SNAPSHOTS_NOT_IMPORTED: 0x00042321,
  FSSAGENT_E_TIMEOUT: 0x80042500,
  FSRVP_E_SHADOWCOPYSET_ID_MISMATCH: 0x80042501,
}

function published(): Map<string, number> {
  const numbers = new Map(Object.entries(PUBLISHED_OTHERS))
  for (const [, hex, name] of PUBLISHED.matchAll(/([0-9A-F]{8}) (\w+)/g)) {
    numbers.set(`VSS_E_${name}`, Number.parseInt(hex ?? '', 16))
  }
  return numbers
}

test('every published code is in the table with its published number, and no other VSS code is', (t) => {
  const table = new Map(Object.entries(CODES).map(([code, [hresult]]) => [code, hresult as number]))
  for (const [code, hresult] of published()) t.is(table.get(code), hresult, code)
  const unpublished = [...table.keys()].filter((code) => !code.startsWith('ERR_') && !published().has(code))
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
