/**
 * A real array in a directory of its own, with LUNs that hold real partition tables.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Lun } from '../../lib/array/lun.ts'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { binding, type DiskPatch, type NewPartition } from '../../lib/binding.ts'
import type { VssCode } from '../../lib/errors.ts'
import { VssError } from '../../lib/errors.ts'
import type { Guid } from '../../lib/ids.ts'

export const MiB = 1_048_576
/** MBR type of a dynamic disk, which a header in sector 6 confirms. */
export const LDM_TYPE = 0x42

/** In memory where there is such a place: these tests are about contents, not about disks. */
export function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holdfast-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A new array that is closed and removed when the test has ended. */
export async function newArray(t: ExecutionContext): Promise<StorageArray> {
  const directory = temporaryDirectory(t)
  const array = await StorageArray.create(join(directory, 'array'))
  t.teardown(() => array.close())
  return array
}

async function newLun(array: StorageArray, sizeBytes: number, patches: DiskPatch[]): Promise<Lun> {
  const lun = await array.openLun(await array.createLun(sizeBytes))
  for (const { offsetBytes, bytes } of patches) await lun.write(offsetBytes, bytes)
  await lun.flush()
  return lun
}

/** One partition that fills the disk unless told otherwise. */
export function gptLun(
  array: StorageArray,
  partitions: NewPartition[] = [{ name: 'data' }],
  sizeBytes: number = 8 * MiB,
): Promise<Lun> {
  return newLun(array, sizeBytes, binding.makeGpt(sizeBytes, null, partitions))
}

/** Primary partitions of 2 MiB, the first at 1 MiB; of type 07h unless told otherwise. */
export function mbrLun(
  array: StorageArray,
  options: { signature?: number; partitions?: number; type?: number } = {},
): Promise<Lun> {
  const sector = Buffer.alloc(512)
  sector.writeUInt32LE(options.signature ?? 0x1234abcd, 440)
  for (let index = 0; index < (options.partitions ?? 1); index++) {
    const entry = 446 + 16 * index
    sector.writeUInt8(options.type ?? 0x07, entry + 4)
    sector.writeUInt32LE(2048 + 4096 * index, entry + 8)
    sector.writeUInt32LE(4096, entry + 12)
  }
  sector.writeUInt16LE(0xaa55, 510)
  const patches: DiskPatch[] = [{ offsetBytes: 0, bytes: sector }]
  if (options.type === LDM_TYPE) patches.push({ offsetBytes: 6 * 512, bytes: privateHeader() })
  return newLun(array, 8 * MiB, patches)
}

function privateHeader(): Buffer {
  const sector = Buffer.alloc(512)
  sector.write('PRIVHEAD')
  return sector
}

/** No partition table: what is at its start is a file system's superblock, or nothing. */
export function bareLun(array: StorageArray, sizeBytes: number = 2 * MiB): Promise<Lun> {
  return newLun(array, sizeBytes, [])
}

/** Everything a partition table can lie in: before the first partition, and the last 33 sectors. */
export async function metadataHash(lun: Lun): Promise<string> {
  const hash = createHash('sha256')
  hash.update(await lun.read(0, MiB))
  hash.update(await lun.read(lun.sizeBytes - 33 * 512, 33 * 512))
  return hash.digest('hex')
}

export async function sha256(reader: {
  sizeBytes: number
  read(offset: number, length: number): Promise<Buffer>
}): Promise<string> {
  return createHash('sha256')
    .update(await reader.read(0, reader.sizeBytes))
    .digest('hex')
}

export async function copyLuns(array: StorageArray): Promise<Guid[]> {
  return (await array.listLuns()).flatMap(({ guid, snapshotId }) => (snapshotId === null ? [] : guid))
}

/** The error of a rejection, which must carry this code. */
export async function rejectsWith(
  t: ExecutionContext,
  code: VssCode,
  work: Promise<unknown>,
): Promise<VssError> {
  const error = await t.throwsAsync<VssError>(work, { instanceOf: VssError })
  t.is(error.code, code, error.message)
  return error
}
