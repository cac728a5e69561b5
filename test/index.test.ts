import { readFileSync } from 'node:fs'
import test from 'ava'
import {
  type DiskEnds,
  Initiator,
  layoutOf,
  makeGpt,
  type ReadableDisk,
  readDiskEnds,
  readDiskLayout,
  vssFlagsForCopy,
} from '../lib/index.ts'

test('whoever gets the ends of a disk can read, with public members only, what they say', async (t) => {
  const sizeBytes = 8 << 20
  const bytes = Buffer.alloc(sizeBytes)
  for (const patch of makeGpt(sizeBytes, [{ name: 'data' }])) patch.bytes.copy(bytes, patch.offsetBytes)
  const disk: ReadableDisk = { sizeBytes, read: async (at, length) => bytes.subarray(at, at + length) }
  const ends: DiskEnds = await readDiskEnds(disk)
  t.deepEqual(
    layoutOf(ends).partitions.map(({ name }) => name),
    ['data'],
  )
  t.deepEqual(await readDiskLayout(disk), layoutOf(ends))
  t.not(vssFlagsForCopy(ends), 0n)
  t.is(Initiator.host, 0)
})

test('the public list takes nothing but types from the seam to native code', (t) => {
  const source = readFileSync(new URL('../lib/index.ts', import.meta.url), 'utf8')
  const statements = source.match(/export (type )?(\*|\{[^}]*\}) from '[^']+'/g) ?? []
  t.true(statements.length > 30)
  t.deepEqual(
    statements.filter((text) => text.endsWith("'./binding.ts'") && !text.startsWith('export type')),
    [],
  )
})
