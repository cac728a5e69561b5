// The proof must fail when there is something to find: each test takes copies that pass, changes one
// thing, and names the check that has to notice.
import test from 'ava'
import {
  BYSTANDER_OFFSET_BYTES,
  BYSTANDER_RECORD_BYTES,
  BYSTANDER_SLOTS,
  encodeBystanderRecord,
  placeOf,
} from '../../lib/demo/bystander-format.ts'
import type { ByteSource } from '../../lib/demo/byte-source.ts'
import { type Check, checkOf, isVerified } from '../../lib/demo/check.ts'
import {
  ACCOUNTS,
  Accounts,
  encodeLogRecord,
  LOG_RECORD_BYTES,
  LOG_SLOTS,
  PAGE_BYTES,
  slotOf,
  transactionOf,
} from '../../lib/demo/ledger-format.ts'
import { type BlockDevice, LedgerStore } from '../../lib/demo/ledger-store.ts'
import { LoadProgress } from '../../lib/demo/load-progress.ts'
import { proveBystander } from '../../lib/demo/prove-bystander.ts'
import { proveLedger } from '../../lib/demo/prove-ledger.ts'
import { newGuid } from '../../lib/ids.ts'

/** A volume in memory, and a copy of it when it is asked for. */
class Volume implements BlockDevice, ByteSource {
  readonly bytes: Buffer
  flushCount = 0

  constructor(
    bytes: Buffer = Buffer.alloc(BYSTANDER_OFFSET_BYTES + BYSTANDER_SLOTS * BYSTANDER_RECORD_BYTES),
  ) {
    this.bytes = bytes
  }

  get sizeBytes(): number {
    return this.bytes.length
  }

  async read(offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    return Buffer.from(this.bytes.subarray(offsetBytes, offsetBytes + lengthBytes))
  }

  async write(offsetBytes: number, bytes: Uint8Array): Promise<void> {
    this.bytes.set(bytes, offsetBytes)
  }

  async flush(): Promise<void> {
    this.flushCount++
  }

  copy(): Volume {
    return new Volume(Buffer.from(this.bytes))
  }
}

interface Copies {
  run: string
  data: Volume
  log: Volume
  /** Of either load. */
  last: number
}

async function ledgerAfter(transactions: number): Promise<Copies> {
  const [run, data, log] = [newGuid(), new Volume(), new Volume()]
  const store = new LedgerStore(run, log, data, new LoadProgress())
  await store.initialize()
  for (let i = 0; i < transactions; i++) await store.commit()
  return { run, data, log, last: await store.checkpoint() }
}

async function bystanderAfter(records: number): Promise<Copies> {
  const [run, data, log] = [newGuid(), new Volume(), new Volume()]
  let previousCrc = 0
  for (let number = 1; number <= records; number++) {
    const { block, crc } = encodeBystanderRecord(run, number, previousCrc)
    await volumeOf({ data, log }, number).write(bystanderOffset(number), block)
    previousCrc = crc
  }
  return { run, data, log, last: records }
}

function bystanderOffset(number: number): number {
  return BYSTANDER_OFFSET_BYTES + placeOf(number).slot * BYSTANDER_RECORD_BYTES
}

function volumeOf<V>({ data, log }: { data: V; log: V }, number: number): V {
  return placeOf(number).volume === 0 ? data : log
}

async function ledgerChecks({ run, data, log, last }: Copies): Promise<boolean[]> {
  const { checks } = await proveLedger(data, log, { run, frozenAt: last, acknowledgedBeforeFreeze: last })
  return outcomes(checks)
}

async function bystanderChecks({ run, data, log, last }: Copies): Promise<boolean[]> {
  const facts = { run, acknowledgedBeforeHold: last, issuedBeforeRelease: last }
  return outcomes((await proveBystander(data, log, facts)).checks)
}

function outcomes(checks: readonly Check[]): boolean[] {
  return checks.map((check) => 'passed' in check && check.passed)
}

function flip(volume: Volume, offsetBytes: number): void {
  volume.bytes.writeUInt8(volume.bytes.readUInt8(offsetBytes) ^ 1, offsetBytes)
}

for (const transactions of [7, 300, LOG_SLOTS + 17]) {
  test(`a ledger of ${transactions} transactions is proved, and a flipped bit in it is found`, async (t) => {
    const copies = await ledgerAfter(transactions)
    t.deepEqual(await ledgerChecks(copies), [true, true])
    const number = Math.max(1, transactions - 5)
    for (const at of [0, 10, 30, 40, 200, LOG_RECORD_BYTES - 1]) {
      const log = copies.log.copy()
      flip(log, slotOf(number) * LOG_RECORD_BYTES + at)
      t.deepEqual(await ledgerChecks({ ...copies, log }), [false, true], `log byte ${at}`)
    }
    for (const at of [0, 24, 100, PAGE_BYTES - 1]) {
      const data = copies.data.copy()
      flip(data, 3 * PAGE_BYTES + at)
      t.deepEqual(await ledgerChecks({ ...copies, data }), [true, false], `page byte ${at}`)
    }
  })
}

test('a ledger that lost its last transaction, whole as it is, is found', async (t) => {
  const copies = await ledgerAfter(40)
  const log = copies.log.copy()
  log.bytes.fill(0, slotOf(40) * LOG_RECORD_BYTES, (slotOf(40) + 1) * LOG_RECORD_BYTES)
  t.deepEqual(await ledgerChecks({ ...copies, log }), [false, false])
})

test('a log that is a transaction ahead of the accounts is found', async (t) => {
  const copies = await ledgerAfter(40)
  const log = copies.log.copy()
  const crcAt = slotOf(40) * LOG_RECORD_BYTES + LOG_RECORD_BYTES - 4
  const { block } = encodeLogRecord(copies.run, 41, log.bytes.readUInt32LE(crcAt))
  await log.write(slotOf(41) * LOG_RECORD_BYTES, block)
  t.deepEqual(await ledgerChecks({ ...copies, log }), [false, false])
})

test('a whole ledger of another run is no ledger of this one', async (t) => {
  const copies = await ledgerAfter(40)
  t.deepEqual(await ledgerChecks({ ...copies, run: newGuid() }), [false, false])
})

test('a whole record in the place of another, and one with a forged predecessor, are found', async (t) => {
  const copies = await ledgerAfter(40)
  const moved = copies.log.copy()
  moved.bytes.copyWithin(
    slotOf(20) * LOG_RECORD_BYTES,
    slotOf(21) * LOG_RECORD_BYTES,
    slotOf(22) * LOG_RECORD_BYTES,
  )
  t.deepEqual(await ledgerChecks({ ...copies, log: moved }), [false, true])
  const forged = copies.log.copy()
  await forged.write(slotOf(20) * LOG_RECORD_BYTES, encodeLogRecord(copies.run, 20, 12345).block)
  t.deepEqual(await ledgerChecks({ ...copies, log: forged }), [false, true])
})

test('a whole page of an earlier time is found', async (t) => {
  const copies = await ledgerAfter(500)
  const data = copies.data.copy()
  await data.write(0, new Accounts().encodePage(copies.run, 0))
  t.deepEqual(await ledgerChecks({ ...copies, data }), [true, false])
})

for (const records of [1, 2, 301, 2 * BYSTANDER_SLOTS + 3]) {
  test(`${records} bystander records are proved, and a flipped bit in one of them is found`, async (t) => {
    const copies = await bystanderAfter(records)
    t.deepEqual(await bystanderChecks(copies), [true, true, true])
    const number = Math.max(1, records - 1)
    const damaged = { ...copies, data: copies.data.copy(), log: copies.log.copy() }
    flip(volumeOf(damaged, number), bystanderOffset(number) + 1000)
    const [isAllThere, , isWithoutGap] = await bystanderChecks(damaged)
    t.deepEqual([isAllThere, isWithoutGap], [false, false])
  })
}

test('a bystander record whose predecessor on the other volume is missing is found', async (t) => {
  const copies = await bystanderAfter(300)
  const data = copies.data.copy()
  data.bytes.fill(0, bystanderOffset(299), bystanderOffset(299) + BYSTANDER_RECORD_BYTES)
  t.deepEqual(await bystanderChecks({ ...copies, data }), [true, true, false])
})

test('copies of two instants are found: one volume goes on while the other has stopped', async (t) => {
  const [early, late] = [await bystanderAfter(100), await bystanderAfter(140)]
  const mixed = { run: late.run, data: late.data, log: late.log.copy(), last: 140 }
  // The second volume as it was at record 100.
  for (let number = 102; number <= 140; number += 2) {
    mixed.log.bytes.fill(0, bystanderOffset(number), bystanderOffset(number) + BYSTANDER_RECORD_BYTES)
  }
  t.deepEqual(await bystanderChecks(mixed), [false, true, false])
  t.deepEqual(await bystanderChecks(early), [true, true, true])
})

test('a bystander record issued after the release, and one lost before the hold, are found', async (t) => {
  const { run, data, log } = await bystanderAfter(300)
  const prove = async (acknowledgedBeforeHold: number, issuedBeforeRelease: number): Promise<boolean[]> =>
    outcomes((await proveBystander(data, log, { run, acknowledgedBeforeHold, issuedBeforeRelease })).checks)
  t.deepEqual(await prove(299, 301), [true, true, true])
  t.deepEqual(await prove(298, 299), [true, false, true])
  t.deepEqual(await prove(301, 301), [false, true, true])
})

test('empty copies prove nothing', async (t) => {
  const empty = { run: newGuid(), data: new Volume(), log: new Volume(), last: 0 }
  t.deepEqual(await bystanderChecks(empty), [false, false, false])
  t.deepEqual(await ledgerChecks(empty), [true, false])
})

test('a result is verified if a check has passed and none has failed; skipped ones do not count', (t) => {
  const [good, bad] = [checkOf('a', [], 'x'), checkOf('b', ['wrong'], 'x')]
  const skipped: Check = { name: 'c', skipped: 'not installed' }
  t.true(isVerified([good, skipped]))
  t.false(isVerified([good, bad]))
  t.false(isVerified([skipped]))
  t.false(isVerified([]))
})

test('transactions are spread over the accounts, follow from their number, and keep the total', (t) => {
  const touched = new Set<number>()
  const accounts = new Accounts()
  for (let number = 1; number <= 20_000; number++) {
    const { from, to, amount } = transactionOf(number)
    t.not(from, to)
    t.true(amount > 0)
    touched.add(from).add(to)
    accounts.apply(number)
  }
  t.is(touched.size, ACCOUNTS)
  t.is(
    accounts.balances.reduce((sum, balance) => sum + balance, 0),
    ACCOUNTS * 1_000_000,
  )
})

test('the store flushes its log before it writes a page, and pages before the ring is full', async (t) => {
  const order: string[] = []
  const device = (name: string): BlockDevice => ({
    write: async () => void order.push(`${name} write`),
    flush: async () => void order.push(`${name} flush`),
  })
  const store = new LedgerStore(newGuid(), device('log'), device('data'), new LoadProgress())
  await store.commit()
  t.deepEqual(order.slice(0, 3), ['log write', 'log flush', 'data write'])
  for (let number = 2; number <= LOG_SLOTS; number++) await store.commit()
  t.true(order.filter((step) => step === 'data flush').length >= 2)
})
