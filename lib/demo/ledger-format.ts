/**
 * The ledger on disk: a log of transactions in a ring, and pages of accounts.
 *
 * Transaction n moves an amount between two accounts; which ones and how much follows from n alone.
 * So whoever reads a copy knows without asking the store what has to be in it.
 */
import type { Guid } from '../ids.ts'
import { newBlock, type RecordBlock, readBlock, sealBlock } from './record.ts'

export const LOG_RECORD_BYTES = 512
export const LOG_SLOTS = 8192
export const PAGE_BYTES = 4096
export const PAGES = 64
export const ACCOUNTS_PER_PAGE = 64
export const ACCOUNTS: number = PAGES * ACCOUNTS_PER_PAGE
export const INITIAL_BALANCE = 1_000_000

/** Where the log lies on the log volume, and the pages on the data volume. */
export const LEDGER_BYTES: number = LOG_SLOTS * LOG_RECORD_BYTES

const LOG_KIND = 'HFLEDGER'
const PAGE_KIND = 'HFPAGE'

export interface Transaction {
  from: number
  to: number
  amount: number
}

export function transactionOf(number: number): Transaction {
  const from = mix(number, 1) % ACCOUNTS
  const step = 1 + (mix(number, 2) % (ACCOUNTS - 1))
  return { from, to: (from + step) % ACCOUNTS, amount: 1 + (mix(number, 3) % 1000) }
}

export function slotOf(number: number): number {
  return (number - 1) % LOG_SLOTS
}

export function pageOf(account: number): number {
  return Math.floor(account / ACCOUNTS_PER_PAGE)
}

export function encodeLogRecord(
  run: Guid,
  number: number,
  previousCrc: number,
): { block: Buffer; crc: number } {
  const { from, to, amount } = transactionOf(number)
  const { block, body } = newBlock(LOG_RECORD_BYTES, LOG_KIND, run, number, previousCrc)
  body.writeUInt32LE(from, 0)
  body.writeUInt32LE(to, 4)
  body.writeUInt32LE(amount, 8)
  return { block, crc: sealBlock(block) }
}

export function readLogRecord(block: Buffer, run: Guid): (RecordBlock & Transaction) | 'empty' | 'damaged' {
  const record = readBlock(block, LOG_KIND, run)
  if (typeof record === 'string') return record
  const { body } = record
  return { ...record, from: body.readUInt32LE(0), to: body.readUInt32LE(4), amount: body.readUInt32LE(8) }
}

/** The state after a number of transactions: what the pages hold. */
export class Accounts {
  readonly balances: number[] = new Array<number>(ACCOUNTS).fill(INITIAL_BALANCE)
  /** The last transaction that touched the page; 0 if none has. */
  readonly pageNumbers: number[] = new Array<number>(PAGES).fill(0)

  /** Gives the pages that have changed. */
  apply(number: number): number[] {
    const { from, to, amount } = transactionOf(number)
    this.balances[from] = (this.balances[from] ?? 0) - amount
    this.balances[to] = (this.balances[to] ?? 0) + amount
    const pages = [...new Set([pageOf(from), pageOf(to)])]
    for (const page of pages) this.pageNumbers[page] = number
    return pages
  }

  encodePage(run: Guid, page: number): Buffer {
    const { block, body } = newBlock(PAGE_BYTES, PAGE_KIND, run, this.pageNumbers[page] ?? 0, page)
    for (let i = 0; i < ACCOUNTS_PER_PAGE; i++) {
      body.writeDoubleLE(this.balances[page * ACCOUNTS_PER_PAGE + i] ?? 0, i * 8)
    }
    sealBlock(block)
    return block
  }
}

/** Whole and of this run; says nothing about what is in it. */
export function isWholePage(block: Buffer, run: Guid): boolean {
  return typeof readBlock(block, PAGE_KIND, run) !== 'string'
}

/** A well-spread number from two small ones (the finaliser of MurmurHash3). */
function mix(number: number, salt: number): number {
  let hash = Math.imul(number ^ (salt << 28), 0x9e37_79b1)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
