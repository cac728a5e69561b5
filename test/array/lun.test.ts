import test from 'ava'
import { binding } from '../../lib/binding.ts'
import { newArray, newLun, page } from './array-fixture.ts'

test('a LUN gives back what was written to it, and zeroes everywhere else', async (t) => {
  const lun = await newLun(t)
  await lun.write(8192, page(1))
  t.deepEqual(await lun.read(8192, 4096), page(1))
  t.deepEqual(await lun.read(4096, 4096), Buffer.alloc(4096))
  t.deepEqual(await lun.read(8192n, 512), page(1).subarray(0, 512))
})

test('a request of no bytes succeeds and does nothing', async (t) => {
  const lun = await newLun(t)
  await lun.write(512, Buffer.alloc(0))
  t.is((await lun.read(lun.sizeBytes, 0)).length, 0)
})

test('what a write was given is what it writes, however the buffer changes after the call', async (t) => {
  const lun = await newLun(t)
  const bytes = page(3)
  const writing = lun.write(0, bytes)
  bytes.fill(0xff)
  await writing
  t.deepEqual(await lun.read(0, 4096), page(3))
})

test('writes survive a flush and reopening', async (t) => {
  const array = await newArray(t)
  const guid = await array.createLun(1 << 20)
  {
    await using lun = await array.openLun(guid)
    await lun.write(4096, page(4), { forceUnitAccess: true })
    await lun.write(65536, page(5))
    await lun.flush()
  }
  const lun = await array.openLun(guid)
  t.deepEqual(await lun.read(4096, 4096), page(4))
  t.deepEqual(await lun.read(65536, 4096), page(5))
})

test('a write larger than one request is carried out in pieces and read back whole', async (t) => {
  const lun = await newLun(t, 80 << 20)
  const bytes = page(6, (33 << 20) + 512)
  await lun.write(1 << 20, bytes)
  t.true((await lun.read(1 << 20, bytes.length)).equals(bytes))
})

test('thousands of requests at a time are all answered, those that fail among them', async (t) => {
  const lun = await newLun(t, 16 << 20)
  const requests = Array.from({ length: 5000 }, (_, i) =>
    i % 50 === 0
      ? lun.read(513, 512)
      : i % 2 === 0
        ? lun.write((i % 4096) * 4096, page(i))
        : lun.read(0, 512),
  )
  const failed = (await Promise.allSettled(requests)).filter(({ status }) => status === 'rejected')
  t.is(failed.length, 100)
})

test('close() waits for requests already made, refuses later ones, and may be called twice', async (t) => {
  const lun = await newLun(t)
  let written = 0
  const writes = Array.from({ length: 50 }, (_, i) =>
    lun.write(i * 4096, page(i)).then(() => {
      written++
    }),
  )
  const closing = lun.close()
  const late = lun.write(0, page(9))
  await closing
  t.is(written, 50)
  await Promise.all(writes)
  await t.throwsAsync(late, { code: 'ERR_LUN_CLOSED' })
  await t.throwsAsync(lun.read(0, 512), { code: 'ERR_LUN_CLOSED' })
  await t.throwsAsync(lun.flush(), { code: 'ERR_LUN_CLOSED' })
  await t.throwsAsync(lun.inspect(), { code: 'ERR_LUN_CLOSED' })
  await t.notThrowsAsync(lun.close())
})

test('the error of a failed request shows the line that made the request', async (t) => {
  const lun = await newLun(t)
  async function theCaller(): Promise<void> {
    await lun.write(513, page(0))
  }
  const error = await t.throwsAsync(theCaller(), { code: 'ERR_ALIGNMENT' })
  t.regex(String(error?.stack), /theCaller/)
  t.like(error, { offsetBytes: 513 })
})

test('a LUN answers INQUIRY with its identity, and page 83h parses to designators of its own', async (t) => {
  const lun = await newLun(t)
  t.is(lun.inquiry().toString('latin1', 8, 16), 'HOLDFAST')
  t.deepEqual([...lun.vpd(0).subarray(4)], [0, 0x80, 0x83])
  t.true(lun.vpd(0x80).toString('latin1').includes(lun.guid.replaceAll('-', '')))
  const designators = binding.parseDeviceIdentification(lun.vpd(0x83))
  t.true(designators.some(({ identifiesLogicalUnit }) => identifiesLogicalUnit))
  t.throws(() => lun.vpd(0x42), { code: 'ERR_INVALID_ARGUMENT' })
})

test('inspect() tells size, place and family of a LUN', async (t) => {
  const lun = await newLun(t)
  const info = await lun.inspect()
  t.like(info, { guid: lun.guid, sizeBytes: 1 << 20, snapshotId: null, adoptedPath: null, held: false })
  t.is(info.pendingVssFlags, 0n)
  t.true(info.basePath.endsWith(lun.guid))
})

test('readEnds() gives both ends of the disk, which overlap on a small one', async (t) => {
  const lun = await newLun(t, 4 << 20)
  await lun.write(0, page(1))
  await lun.write((4 << 20) - 4096, page(2))
  const ends = await lun.readEnds()
  t.is(ends.head.length, 1 << 20)
  t.deepEqual(ends.head.subarray(0, 4096), page(1))
  t.deepEqual(ends.tail.subarray(-4096), page(2))
  const small = await newLun(t, 512)
  t.is((await small.readEnds()).tail.length, 512)
})

// Serial: the other tests have requests under way as well.
test.serial(
  'reads beyond what a process may have under way are refused, the others are served, and room comes back',
  async (t) => {
    const lun = await newLun(t, 64 << 20)
    await lun.write(0, page(7))
    const first = await lun.read(0, 32 << 20)
    const answers = await Promise.allSettled(Array.from({ length: 17 }, () => lun.read(0, 32 << 20)))
    const codes = answers.map((answer) =>
      answer.status === 'rejected'
        ? (answer.reason as { code: string }).code
        : answer.value.equals(first)
          ? 'served'
          : 'other bytes',
    )
    t.deepEqual(codes, [...Array.from({ length: 16 }, () => 'served'), 'ERR_OUT_OF_MEMORY'])
    t.true((await lun.read(0, 32 << 20)).equals(first))
  },
)
