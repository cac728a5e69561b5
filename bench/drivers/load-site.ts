/**
 * What the write-path bench measures on one medium: LUNs of the array in four states, each in a native process of its
 * own, one through `Lun.write`, and a plain file for fio. All of them are of one size and written before.
 */
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StorageArray } from 'holdfast'
import { quantile } from '../support/stats.ts'
import { DriverSession } from './driver.ts'
import { fioSlice, type Pattern } from './fio.ts'
import type { Slice } from './slices.ts'

export type State = 'no-copy' | 'after-copy' | '100-copies' | 'deleting'

/** One way to load a LUN or a file: what takes no part in a slice happens before. */
export type Side = (pattern: Pattern, depth: number, millis: number) => Promise<Slice>

const lunBytes = 512 * 2 ** 20
const pageBytes = 4096
/** Changed units that a deletion has to collect where the slices themselves change none. */
const sparseUnits = 30_000

interface Hello {
  mode: 'direct' | 'writeback'
  basePath: string
}

async function writeFile(path: string): Promise<void> {
  const megabyte = Buffer.alloc(2 ** 20, 0x5a)
  await using file = await open(path, 'w')
  for (let at = 0; at < lunBytes; at += megabyte.length) await file.write(megabyte, 0, megabyte.length, at)
  await file.sync()
}

export class LoadSite {
  readonly #directory: string
  readonly #plain: DriverSession
  readonly #copied: DriverSession
  readonly #hundred: DriverSession
  readonly #array: StorageArray
  readonly #lun: Awaited<ReturnType<StorageArray['openLun']>>
  readonly direct: boolean

  private constructor(
    directory: string,
    sessions: { session: DriverSession; hello: Hello }[],
    array: StorageArray,
    lun: Awaited<ReturnType<StorageArray['openLun']>>,
  ) {
    this.#directory = directory
    const [plain, copied, hundred] = sessions.map(({ session }) => session)
    this.#plain = plain as DriverSession
    this.#copied = copied as DriverSession
    this.#hundred = hundred as DriverSession
    this.#array = array
    this.#lun = lun
    this.direct = sessions[0]?.hello.mode === 'direct'
  }

  static async open(directory: string): Promise<LoadSite> {
    await mkdir(directory, { recursive: true })
    const sessions = []
    for (const name of ['plain', 'copied', 'hundred']) {
      sessions.push(await DriverSession.start<Hello>('io_load', [join(directory, name), lunBytes]))
    }
    await writeFile(join(directory, 'fio'))
    const array = await StorageArray.create(join(directory, 'js'))
    const lun = await array.openLun(await array.createLun(lunBytes))
    const megabyte = Buffer.alloc(2 ** 20, 0x5a)
    for (let at = 0; at < lunBytes; at += megabyte.length) await lun.write(at, megabyte)
    await lun.flush()
    return new LoadSite(directory, sessions, array, lun)
  }

  fio: Side = (pattern, depth, millis) =>
    fioSlice(join(this.#directory, 'fio'), {
      pattern,
      depth,
      millis,
      sizeBytes: lunBytes,
      direct: this.direct,
    })

  readonly native: Record<State, Side> = {
    'no-copy': (pattern, depth, millis) => this.#plain.ask('slice', pattern, depth, millis, 0),
    // Every unit is protected when the slice begins, and a random write names none of them twice.
    'after-copy': async (pattern, depth, millis) => {
      await this.#copied.ask('clear')
      await this.#copied.ask('copy', 1)
      return this.#copied.ask('slice', pattern, depth, millis, 0)
    },
    '100-copies': (pattern, depth, millis) =>
      this.#hundred.ask('slice', pattern, depth, millis, Math.max(1, Math.round(millis / 100))),
    // Deletes what the slice after-copy has left, so it comes right behind it.
    deleting: async (pattern, depth, millis) => {
      if (pattern === 'randread') await this.#copied.ask('sparse', sparseUnits)
      return this.#copied.ask('deleting', pattern, depth, millis)
    },
  }

  /** For the rows of one pattern and depth: 100 copies, of which each sees something else. */
  async prepareHundred(): Promise<void> {
    await this.#hundred.ask('clear')
    for (let i = 0; i < 100; i++) {
      await this.#hundred.ask('copy', 1)
      await this.#hundred.ask('sparse', 100)
    }
  }

  /** 4 KiB random writes through `Lun.write`. */
  js: Side = async (_pattern, depth, millis) => {
    const latencies: number[] = []
    const start = performance.now()
    const end = start + millis
    const chain = async (): Promise<void> => {
      const page = Buffer.alloc(pageBytes, 0x5a)
      for (let now = performance.now(); now < end; ) {
        await this.#lun.write(Math.floor(Math.random() * (lunBytes / pageBytes)) * pageBytes, page)
        const after = performance.now()
        latencies.push(after - now)
        now = after
      }
    }
    await Promise.all(Array.from({ length: depth }, chain))
    const seconds = (performance.now() - start) / 1000
    return { iops: latencies.length / seconds, p99Us: quantile(latencies, 0.99) * 1000 }
  }

  /** A 4 KiB write and a flush, one after the other: pairs a second. */
  readonly syncs: Record<'no-copy' | 'after-copy', (millis: number) => Promise<Slice>> = {
    'no-copy': (millis) => this.#plain.ask('syncs', millis),
    'after-copy': async (millis) => {
      await this.#copied.ask('clear')
      await this.#copied.ask('copy', 1)
      return this.#copied.ask('syncs', millis)
    },
  }

  /** pwrite and fdatasync on the plain file: pairs a second. */
  async fileSyncs(millis: number): Promise<Slice> {
    const page = Buffer.alloc(pageBytes, 0x5a)
    await using file = await open(join(this.#directory, 'fio'), 'r+')
    const { fdatasyncSync, writeSync } = await import('node:fs')
    const latencies: number[] = []
    const start = performance.now()
    for (let now = start; now < start + millis; ) {
      writeSync(file.fd, page, 0, pageBytes, Math.floor(Math.random() * (lunBytes / pageBytes)) * pageBytes)
      fdatasyncSync(file.fd)
      const after = performance.now()
      latencies.push(after - now)
      now = after
    }
    const seconds = (performance.now() - start) / 1000
    return { iops: latencies.length / seconds, p99Us: quantile(latencies, 0.99) * 1000 }
  }

  /** 512 copies, of which each sees something else. */
  async prepareDeep(): Promise<void> {
    await this.#hundred.ask('clear')
    for (let i = 0; i < 512; i++) {
      await this.#hundred.ask('copy', 1)
      await this.#hundred.ask('sparse', 100)
    }
  }

  /** 4 KiB random reads of the oldest or the newest copy. */
  readCopy(which: 'oldest' | 'newest', millis: number): Promise<Slice> {
    return this.#hundred.ask(which, millis)
  }

  async close(): Promise<void> {
    for (const session of [this.#plain, this.#copied, this.#hundred]) await session.close()
    await this.#lun.close()
    await this.#array.close()
    await rm(this.#directory, { recursive: true, force: true })
  }
}
