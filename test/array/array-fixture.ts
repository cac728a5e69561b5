// An array of its own for a test, in a directory that goes with it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Lun } from '../../lib/array/lun.ts'
import { StorageArray } from '../../lib/array/storage-array.ts'

export const mebi: number = 1 << 20

export function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

export async function newArray(t: ExecutionContext): Promise<StorageArray> {
  const array = await StorageArray.create(join(temporaryDirectory(t), 'array'), { mode: 'writeback' })
  t.teardown(() => array.close())
  return array
}

export async function newLun(t: ExecutionContext, sizeBytes: number = mebi): Promise<Lun> {
  const array = await newArray(t)
  const lun = await array.openLun(await array.createLun(sizeBytes))
  t.teardown(() => lun.close())
  return lun
}

/** A unit of bytes that no other number gives. */
export function page(seed: number, length: number = 4096): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i + 4 <= length; i += 4) bytes.writeUInt32LE((seed * 0x9e3779b1 + i) >>> 0, i)
  return bytes
}
