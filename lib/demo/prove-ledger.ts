/**
 * The proof of the ledger, from nothing but two images and the numbers that were acknowledged.
 */
import type { Guid } from '../ids.ts'
import type { ByteSource } from './byte-source.ts'
import { type Check, checkOf } from './check.ts'
import {
  ACCOUNTS,
  Accounts,
  INITIAL_BALANCE,
  isWholePage,
  LEDGER_BYTES,
  LOG_RECORD_BYTES,
  LOG_SLOTS,
  PAGE_BYTES,
  PAGES,
  readLogRecord,
  slotOf,
  transactionOf,
} from './ledger-format.ts'

export interface LedgerFacts {
  run: Guid
  /** The store's answer to onFreeze. */
  frozenAt: number
  /** Acknowledged to others when onFreeze was called. */
  acknowledgedBeforeFreeze: number
}

export interface LedgerProof {
  checks: Check[]
  /** The last transaction in the copies; 0 if there is none. */
  transactionsAtInstant: number
}

export async function proveLedger(
  data: ByteSource,
  log: ByteSource,
  facts: LedgerFacts,
): Promise<LedgerProof> {
  const { run, frozenAt, acknowledgedBeforeFreeze } = facts
  const { last, problems } = await readLog(log, run)
  if (last < acknowledgedBeforeFreeze) {
    problems.unshift(
      `the log ends at ${last}, but ${acknowledgedBeforeFreeze} was acknowledged before the freeze`,
    )
  }
  if (last !== frozenAt) problems.unshift(`the log ends at ${last}, the store stood still at ${frozenAt}`)
  const first = Math.max(1, last - LOG_SLOTS + 1)
  const pageProblems = await readPages(data, run, last)
  return {
    checks: [
      checkOf(
        'every ledger transaction acknowledged before the freeze is in the copies, whole',
        problems,
        `transactions ${first} to ${last} read from the log, ${acknowledgedBeforeFreeze} acknowledged before`,
      ),
      checkOf(
        'the ledger accounts in the copies are those after its last transaction',
        pageProblems,
        `${ACCOUNTS} accounts in ${PAGES} pages hold what transactions 1 to ${last} leave`,
      ),
    ],
    transactionsAtInstant: last,
  }
}

/** Every slot of the ring must hold the newest transaction that belongs there, chained to its predecessor. */
async function readLog(log: ByteSource, run: Guid): Promise<{ last: number; problems: string[] }> {
  const problems: string[] = []
  const ring = await log.read(0, LEDGER_BYTES)
  const records = Array.from({ length: LOG_SLOTS }, (_, slot) =>
    readLogRecord(ring.subarray(slot * LOG_RECORD_BYTES, (slot + 1) * LOG_RECORD_BYTES), run),
  )
  let last = 0
  for (const [slot, record] of records.entries()) {
    if (record === 'damaged') problems.push(`slot ${slot} of the log is damaged`)
    else if (record !== 'empty') last = Math.max(last, record.number)
  }
  for (let number = Math.max(1, last - LOG_SLOTS + 1); number <= last; number++) {
    const record = records[slotOf(number)]
    const previous = number === 1 ? undefined : records[slotOf(number - 1)]
    if (record === undefined || typeof record === 'string' || record.number !== number) {
      problems.push(`transaction ${number} is missing`)
      continue
    }
    const expected = transactionOf(number)
    const isRight =
      record.from === expected.from && record.to === expected.to && record.amount === expected.amount
    if (!isRight) problems.push(`transaction ${number} says something else`)
    const isChained =
      typeof previous === 'object' && previous.number === number - 1
        ? record.previousCrc === previous.crc
        : number > 1 || record.previousCrc === 0
    if (!isChained) problems.push(`transaction ${number} does not follow ${number - 1}`)
  }
  return { last, problems }
}

async function readPages(data: ByteSource, run: Guid, last: number): Promise<string[]> {
  const problems: string[] = []
  const expected = new Accounts()
  for (let number = 1; number <= last; number++) expected.apply(number)
  const pages = await data.read(0, PAGES * PAGE_BYTES)
  for (let page = 0; page < PAGES; page++) {
    const block = pages.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES)
    if (!isWholePage(block, run)) problems.push(`page ${page} is damaged`)
    else if (!block.equals(expected.encodePage(run, page)))
      problems.push(`page ${page} is not that of ${last}`)
  }
  const total = expected.balances.reduce((sum, balance) => sum + balance, 0)
  if (total !== ACCOUNTS * INITIAL_BALANCE) problems.push(`the accounts add up to ${total}`)
  return problems
}
