/**
 * LedgerStore: a small transactional store. A transaction is a record in the log, flushed, and then
 * the change of the account pages; it is acknowledged when both are done. Pages are flushed before
 * the ring of the log comes round to what they would need for their recovery.
 */
import type { Guid } from '../ids.ts'
import {
  Accounts,
  encodeLogRecord,
  LOG_RECORD_BYTES,
  LOG_SLOTS,
  PAGE_BYTES,
  PAGES,
  slotOf,
} from './ledger-format.ts'
import type { LoadProgress } from './load-progress.ts'

/** A place for a part of the store. */
export interface BlockDevice {
  write(offsetBytes: number, bytes: Uint8Array): Promise<void>
  flush(): Promise<void>
}

export class LedgerStore {
  readonly #run: Guid
  readonly #log: BlockDevice
  readonly #data: BlockDevice
  readonly #progress: LoadProgress
  readonly #accounts: Accounts = new Accounts()
  #number = 0
  #crc = 0

  constructor(run: Guid, log: BlockDevice, data: BlockDevice, progress: LoadProgress) {
    this.#run = run
    this.#log = log
    this.#data = data
    this.#progress = progress
  }

  /** Writes the pages of a store without transactions. */
  async initialize(): Promise<void> {
    for (let page = 0; page < PAGES; page++) await this.#writePage(page)
    await this.#data.flush()
  }

  /** Carries out the next transaction. */
  async commit(): Promise<void> {
    const number = this.#number + 1
    this.#progress.issued(number)
    const { block, crc } = encodeLogRecord(this.#run, number, this.#crc)
    await this.#log.write(slotOf(number) * LOG_RECORD_BYTES, block)
    await this.#log.flush()
    this.#number = number
    this.#crc = crc
    await Promise.all(this.#accounts.apply(number).map((page) => this.#writePage(page)))
    if (number % (LOG_SLOTS / 2) === 0) await this.#data.flush()
    this.#progress.acknowledged(number)
  }

  /** Makes all that was acknowledged durable, in log and pages. Gives the last number. */
  async checkpoint(): Promise<number> {
    await this.#data.flush()
    return this.#number
  }

  #writePage(page: number): Promise<void> {
    return this.#data.write(page * PAGE_BYTES, this.#accounts.encodePage(this.#run, page))
  }
}
