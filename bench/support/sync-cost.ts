/** The physical limit beside a commit: what a 4 KiB append and its fdatasync cost on an idle disk. */
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { median } from './stats.ts'

/** The median of `count` appends to a new file in the directory, in microseconds. */
export async function appendSyncMicros(directory: string, count: number): Promise<number> {
  const path = join(directory, `append-${process.pid}`)
  const page = Buffer.alloc(4096, 1)
  const micros: number[] = []
  const file = await open(path, 'w')
  try {
    for (let i = 0; i < count; i++) {
      const start = performance.now()
      await file.write(page)
      await file.datasync()
      micros.push((performance.now() - start) * 1000)
    }
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
  return median(micros)
}
