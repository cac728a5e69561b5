// Whatever is passed in, it is refused with a code or does what it says; the process survives it all.

import test from 'ava'
import { Lun } from '../../lib/array/lun.ts'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { binding, Initiator, type LunHandle, NativeFailure } from '../../lib/binding.ts'
import { type VssCode, VssError } from '../../lib/errors.ts'
import { mebi, newArray, newLun, page, temporaryDirectory } from './array-fixture.ts'

const outOfPlace: [what: string, offset: unknown, code: VssCode][] = [
  ['negative', -512, 'ERR_OUT_OF_RANGE'],
  ['a negative bigint', -512n, 'ERR_OUT_OF_RANGE'],
  ['fractional', 512.5, 'ERR_INVALID_ARGUMENT'],
  ['not a number', Number.NaN, 'ERR_INVALID_ARGUMENT'],
  ['infinite', Number.POSITIVE_INFINITY, 'ERR_OUT_OF_RANGE'],
  ['beyond 2^53', 2 ** 60, 'ERR_OUT_OF_RANGE'],
  ['beyond 2^64', 2n ** 70n, 'ERR_OUT_OF_RANGE'],
  ['so large that offset + length overflows', 2n ** 64n - 512n, 'ERR_OUT_OF_RANGE'],
  ['beyond the end', mebi, 'ERR_OUT_OF_RANGE'],
  ['such that the request crosses the end', mebi - 512, 'ERR_OUT_OF_RANGE'],
  ['no multiple of 512', 100, 'ERR_ALIGNMENT'],
  ['a string', '512', 'ERR_INVALID_ARGUMENT'],
  ['null', null, 'ERR_INVALID_ARGUMENT'],
  ['undefined', undefined, 'ERR_INVALID_ARGUMENT'],
  [
    'an object with a throwing valueOf',
    {
      valueOf: () => {
        throw new Error('no')
      },
    },
    'ERR_INVALID_ARGUMENT',
  ],
  ['a symbol', Symbol('512'), 'ERR_INVALID_ARGUMENT'],
]

for (const [what, offset, code] of outOfPlace) {
  test(`an offset that is ${what} is refused with ${code}, for reads and for writes`, async (t) => {
    const lun = await newLun(t)
    await t.throwsAsync(lun.write(offset as number, page(1)), { code })
    await t.throwsAsync(lun.readInto(offset as number, Buffer.alloc(4096)), { code })
    t.deepEqual(await lun.read(0, mebi), Buffer.alloc(mebi), 'nothing was written')
  })
}

for (const length of [-1, 1.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY, '512', null, {}]) {
  test(`a length of ${String(length)} is refused before memory is allocated for it`, async (t) => {
    const lun = await newLun(t)
    await t.throwsAsync(lun.read(0, length as number), { code: 'ERR_INVALID_ARGUMENT' })
  })
}

test('a length of 513 is refused for its alignment, one beyond the end for its range', async (t) => {
  const lun = await newLun(t)
  await t.throwsAsync(lun.read(0, 513), { code: 'ERR_ALIGNMENT' })
  await t.throwsAsync(lun.read(0, 8 * mebi), { code: 'ERR_OUT_OF_RANGE' })
  await t.throwsAsync(lun.write(0, Buffer.alloc(40 * mebi)), { code: 'ERR_OUT_OF_RANGE' })
})

for (const bytes of ['text', 512, null, undefined, {}, [1, 2, 3], new ArrayBuffer(512)]) {
  const what = bytes instanceof ArrayBuffer ? 'an ArrayBuffer' : JSON.stringify(bytes)
  test(`${what} is no buffer, and refused as one`, async (t) => {
    const lun = await newLun(t)
    await t.throwsAsync(lun.write(0, bytes as never), { code: 'ERR_INVALID_ARGUMENT' })
    await t.throwsAsync(lun.readInto(0, bytes as never), { code: 'ERR_INVALID_ARGUMENT' })
  })
}

test('a handle that is none, of the other kind, or forged is refused', async (t) => {
  const array = await newArray(t)
  const opened = await binding.lunOpen((array as never)['handle'], await array.createLun(mebi))
  t.true(opened instanceof NativeFailure, 'a private field cannot be had')
  for (const forged of [
    undefined,
    null,
    0,
    {},
    [],
    'handle',
    Symbol('h'),
    () => {},
    new Proxy({}, {}),
    array,
  ]) {
    for (const outcome of [
      await binding.lunFlush(forged as unknown as LunHandle),
      await binding.lunWrite(forged as unknown as LunHandle, 0, page(0), false, Initiator.host),
      await binding.arrayCheck(forged as never),
      await binding.hold('00000000-0000-0000-0000-000000000001', [forged as never], 1000, false),
    ]) {
      t.true(outcome instanceof NativeFailure)
      t.is((outcome as NativeFailure).toError().code, 'ERR_INVALID_ARGUMENT')
    }
  }
  const lun = await newLun(t)
  const wrongKind = await binding.arrayCheck(Lun.handleOf(lun) as never)
  t.true(wrongKind instanceof NativeFailure)
})

test('a buffer that was detached before the call is refused', async (t) => {
  const lun = await newLun(t)
  const bytes = new Uint8Array(4096)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  await t.throwsAsync(lun.write(0, bytes), { code: 'ERR_INVALID_ARGUMENT' })
  await t.throwsAsync(lun.readInto(0, bytes), { code: 'ERR_INVALID_ARGUMENT' })
})

test('a buffer that is detached after the call does not matter to a write and fails a read', async (t) => {
  const lun = await newLun(t)
  const bytes = new Uint8Array(page(7))
  const writing = lun.write(0, bytes)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  await writing
  t.deepEqual(await lun.read(0, 4096), page(7))

  const target = new Uint8Array(4096)
  const reading = lun.readInto(0, target)
  structuredClone(target.buffer, { transfer: [target.buffer] })
  await t.throwsAsync(reading, { code: 'ERR_INVALID_ARGUMENT' })
  t.deepEqual(await lun.read(0, 4096), page(7), 'the slot is free again')
})

test('a resizable buffer that shrinks during a read fails it, one that grows does not', async (t) => {
  const lun = await newLun(t)
  await lun.write(0, page(8))
  // Node 20 has it, the types of ES2023 do not.
  const make = (): ArrayBuffer & { resize: (length: number) => void } =>
    new (ArrayBuffer as unknown as new (length: number, options: object) => never)(4096, {
      maxByteLength: 8192,
    })
  const shrinking = make()
  const reading = lun.readInto(0, new Uint8Array(shrinking))
  shrinking.resize(512)
  await t.throwsAsync(reading, { code: 'ERR_INVALID_ARGUMENT' })

  const growing = make()
  const growingRead = lun.readInto(0, new Uint8Array(growing))
  growing.resize(8192)
  await growingRead
  t.deepEqual(Buffer.from(growing, 0, 4096), page(8))
})

test('a shared buffer can be written from and read into', async (t) => {
  const lun = await newLun(t)
  const shared = new Uint8Array(new SharedArrayBuffer(4096))
  shared.set(page(9))
  await lun.write(0, shared)
  const target = new Uint8Array(new SharedArrayBuffer(4096))
  await lun.readInto(0, target)
  t.deepEqual(Buffer.from(target), page(9))
})

test('a view into the middle of a buffer, and one of wider elements, stand for their bytes', async (t) => {
  const lun = await newLun(t)
  const around = Buffer.alloc(8192, 1)
  page(10).copy(around, 1001)
  await lun.write(0, around.subarray(1001, 1001 + 4096))
  const wide = new Float64Array(512)
  await lun.readInto(0, wide as unknown as Uint8Array)
  t.deepEqual(Buffer.from(wide.buffer), page(10))
})

test('sizes, ids, modes and paths that cannot be are refused with a code', async (t) => {
  const array = await newArray(t)
  for (const size of [0, 100, 513, 2 ** 44]) {
    await t.throwsAsync(array.createLun(size), { code: 'ERR_LUN_SIZE' }, String(size))
  }
  await t.throwsAsync(array.createLun(-512), { code: 'ERR_OUT_OF_RANGE' })
  await t.throwsAsync(array.openLun('no guid'), { code: 'E_INVALIDARG' })
  await t.throwsAsync(array.openLun('00000000-0000-0000-0000-000000000001'), { code: 'ERR_LUN_NOT_FOUND' })
  await t.throwsAsync(array.deleteCopies(['00000000-0000-0000-0000-000000000001']), {
    code: 'VSS_E_OBJECT_NOT_FOUND',
  })
  t.like(await t.throwsAsync(array.adoptLun('/nowhere/at/all.img'), { instanceOf: VssError }), { errno: 2 })
  await t.throwsAsync(
    array.armSet({
      get setId(): string {
        throw new Error('getter')
      },
    } as never),
    { code: 'ERR_INVALID_ARGUMENT' },
  )
  const directory = temporaryDirectory(t)
  await t.throwsAsync(StorageArray.create(`${directory}/a`, { mode: 'fast' as never }), {
    code: 'ERR_INVALID_ARGUMENT',
  })
  for (const path of ['', null, 7, `${directory}/zero\0byte`]) {
    await t.throwsAsync(StorageArray.open(path as string), { code: 'ERR_INVALID_ARGUMENT' }, String(path))
  }
  await t.throwsAsync(StorageArray.open(`${directory}/nothing`), { code: 'ERR_ARRAY_NOT_FOUND' })
  await t.throwsAsync(StorageArray.open(directory), { code: 'ERR_ARRAY_NOT_FOUND' })
  await t.throwsAsync(StorageArray.create(array.path), { code: 'ERR_ARRAY_EXISTS' })
})

const noGuids: unknown[] = [undefined, null, 5, {}, Symbol('guid'), 'no guid', ['5']]

test('what is no GUID is refused with E_INVALIDARG wherever the array takes one', async (t) => {
  const array = await newArray(t)
  for (const value of noGuids) {
    const guid = value as string
    for (const call of [
      () => array.openLun(guid),
      () => array.findLun(guid),
      () => array.detachLun(guid),
      () => array.deleteCopies([guid]),
      () => array.deleteCopies(guid as never),
    ]) {
      await t.throwsAsync(
        call,
        { instanceOf: VssError, code: 'E_INVALIDARG' },
        `${String(call)} ${typeof guid}`,
      )
    }
  }
})

test('a read of more than a Buffer can hold is refused with the limit, before memory is asked for', async (t) => {
  const lun = await newLun(t, 2 ** 43)
  for (const length of [2 ** 42, 2 ** 43]) {
    const error = await t.throwsAsync<VssError>(lun.read(0, length), { instanceOf: VssError })
    t.true(['ERR_OUT_OF_RANGE', 'ERR_OUT_OF_MEMORY'].includes(error?.code ?? ''), error?.message)
  }
})

test('an image that is not there, or may not be written, is named, with what to do about it', async (t) => {
  const array = await newArray(t)
  const missing = '/nowhere/at/all.img'
  const error = await t.throwsAsync<VssError>(array.adoptLun(missing))
  t.like(error, { code: 'ERR_LUN_NOT_FOUND', culprit: missing, errno: 2 })
  t.regex(error?.message ?? '', /there is no disk image \/nowhere\/at\/all\.img\. Check the path/)
  // A file that nobody may write to, root included.
  const sealed = '/sys/kernel/uevent_seqnum'
  const refused = await t.throwsAsync<VssError>(array.adoptLun(sealed))
  t.like(refused, { code: 'ERR_LUN_READ_ONLY', culprit: sealed })
  t.regex(
    refused?.message ?? '',
    /opening the disk image \/sys\/kernel\/uevent_seqnum for writing: .*Let this process/,
  )
})

test('a LUN that is open when it is detached says so, and not that it was given up', async (t) => {
  const array = await newArray(t)
  const guid = await array.createLun(mebi)
  await using lun = await array.openLun(guid)
  await array.detachLun(guid)
  const gone = {
    code: 'ERR_LUN_NOT_FOUND',
    message: new RegExp(`LUN ${guid} has been detached from its array`),
  }
  await t.throwsAsync(lun.read(0, 512), gone)
  await t.throwsAsync(lun.write(0, page(1)), gone)
  await t.throwsAsync(lun.flush(), gone)
})
