import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { StorageArray } from '../../lib/array/storage-array.ts'

const tebibyte = 2 ** 40
const lunCount = 64

function diskBytes(directory: string): number {
  return Number(execFileSync('du', ['-s', '--block-size=1', directory], { encoding: 'utf8' }).split('\t')[0])
}

test.serial(
  '64 untouched LUNs of 1 TiB take at most 1 MiB of disk and 64 KiB of memory each, and open in 100 ms',
  async (t) => {
    t.timeout(60_000)
    // On a disk: a file system in memory would count what it keeps as memory of this machine.
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-size-'))
    t.teardown(() => rmSync(directory, { recursive: true, force: true }))
    const path = join(directory, 'array')
    const made = await StorageArray.create(path)
    for (let i = 0; i < lunCount; i++) await made.createLun(tebibyte)
    await made.close()
    t.true(diskBytes(path) / lunCount <= 2 ** 20)

    const openings: number[] = []
    for (let i = 0; i < 5; i++) {
      const residentBefore = process.memoryUsage().rss
      const start = performance.now()
      const array = await StorageArray.open(path)
      openings.push(performance.now() - start)
      const luns = await array.listLuns()
      t.is(luns.length, lunCount)
      t.true((process.memoryUsage().rss - residentBefore) / lunCount <= 64 * 2 ** 10)
      await array.close()
    }
    openings.sort((a, b) => a - b)
    t.log(`opened in ${openings.map((millis) => millis.toFixed(1)).join(', ')} ms`)
    t.true(Number(openings[2]) < 100, 'the median of five')
  },
)
