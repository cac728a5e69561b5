/**
 * The life that gets killed: `node life.ts DIRECTORY persistent|auto-release FIRST_NUMBER`.
 *
 * Writes numbered pages, flushes, takes sets of both LUNs, deletes the oldest, for ever, and says on standard output
 * what it has been promised, a line each, written at once:
 *
 *     { "flushed": [[lun, page, number], …] }     these pages hold this number or a later one
 *     { "set": id, "copies": [[guid, sha256], …] } the set is CREATED and its copies have these contents
 *     { "deleting": id }                           from here on the set may be gone
 */
import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Lun, StorageArray } from '../../../lib/index.ts'
import { takeCopies } from '../../array/take-copies.ts'

export const lunBytes: number = 2 ** 20
export const pageBytes: number = 4096
const pageCount = lunBytes / pageBytes

/** A page that tells in every sector which page it is and which write it comes from. */
export function numberedPage(page: number, number: number): Buffer {
  const bytes = Buffer.alloc(pageBytes)
  for (let at = 0; at < pageBytes; at += 16) {
    bytes.writeDoubleLE(number, at)
    bytes.writeUInt32LE(page, at + 8)
    bytes.writeUInt32LE(at / 16, at + 12)
  }
  return bytes
}

/** The numbers of a page's sectors; undefined for one that is not whole. */
export function sectorNumbers(page: number, bytes: Buffer): (number | undefined)[] {
  const numbers: (number | undefined)[] = []
  for (let sector = 0; sector < pageBytes; sector += 512) {
    const part = bytes.subarray(sector, sector + 512)
    const number = part.readDoubleLE(0)
    const whole =
      number === 0
        ? part.every((byte) => byte === 0)
        : part.equals(numberedPage(page, number).subarray(sector, sector + 512))
    numbers.push(whole ? number : undefined)
  }
  return numbers
}

export async function sha256(lun: Lun): Promise<string> {
  return createHash('sha256')
    .update(await lun.read(0, lun.sizeBytes))
    .digest('hex')
}

function say(fact: object): void {
  writeSync(1, `${JSON.stringify(fact)}\n`)
}

async function writePages(luns: readonly Lun[], next: () => number): Promise<void> {
  const written = new Map<string, [number, number, number]>()
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      const index = Math.floor(Math.random() * luns.length)
      const page = Math.floor(Math.random() * pageCount)
      const key = `${index} ${page}`
      if (written.has(key)) return
      const number = next()
      written.set(key, [index, page, number])
      await luns[index]?.write(page * pageBytes, numberedPage(page, number))
    }),
  )
  await Promise.all(luns.map((lun) => lun.flush()))
  say({ flushed: [...written.values()] })
}

async function takeSet(array: StorageArray, luns: readonly Lun[], autoRelease: boolean): Promise<string[]> {
  const copies = await takeCopies(array, luns, { autoRelease })
  const sums: [string, string][] = []
  for (const { guid } of copies) {
    const copy = await array.openLun(guid)
    sums.push([guid, await sha256(copy)])
    await copy.close()
  }
  say({ set: copies[0]?.setId, copies: sums })
  return copies.map(({ snapshotId }) => snapshotId)
}

async function live(directory: string, autoRelease: boolean, firstNumber: number): Promise<never> {
  const array = await StorageArray.open(directory)
  const originals = (await array.listLuns()).filter(({ snapshotId }) => snapshotId === null)
  const luns = await Promise.all(originals.map(({ guid }) => array.openLun(guid)))
  // By guid on both sides, whatever order the list has.
  luns.sort((a, b) => (a.guid < b.guid ? -1 : 1))
  const kept = (await array.listSets()).map(({ setId, copies }) => ({
    setId: setId as string,
    snapshots: copies.map(({ snapshotId }) => snapshotId as string),
  }))
  let number = firstNumber
  say({ alive: true })
  for (let round = 0; ; round++) {
    await writePages(luns, () => number++)
    if (round % 4 === 3) {
      const busy = writePages(luns, () => number++)
      const snapshots = await takeSet(array, luns, autoRelease)
      kept.push({ setId: '', snapshots })
      await busy
    }
    if (kept.length > 5) {
      const oldest = kept.shift()
      if (oldest === undefined) continue
      const sets = await array.listSets()
      const set = sets.find(({ copies }) =>
        copies.some(({ snapshotId }) => oldest.snapshots.includes(snapshotId)),
      )
      if (set === undefined) continue
      say({ deleting: set.setId })
      await array.deleteCopies(oldest.snapshots)
    }
  }
}

const [, script, directory, kind, firstNumber] = process.argv
if (script === fileURLToPath(import.meta.url) && directory !== undefined) {
  await live(directory, kind === 'auto-release', Number(firstNumber))
}
