// Each test takes disks that pass, changes one thing, and asks whether the check notices it.
import test from 'ava'
import { binding } from '../../lib/binding.ts'
import { identifiersOf } from '../../lib/demo/disk.ts'
import {
  type DiskPair,
  proveFlags,
  proveIdentifiers,
  proveTables,
  readDisk,
} from '../../lib/demo/prove-disks.ts'
import { askLun } from '../../lib/host/lun-information.ts'
import { layoutOf, readDiskEnds, readDiskLayout } from '../../lib/host/partition-table.ts'
import { VSS_FLAGS } from '../../lib/host/volume.ts'
import { newGuid } from '../../lib/ids.ts'
import { editEntries, gptBytes, MemoryDisk, MiB, mbrBytes, problemOf, SECTOR_BYTES } from './memory-disk.ts'

const two = [{ name: 'one', lengthBytes: 2 * MiB }, { name: 'two' }]

async function pairOf(original: MemoryDisk, copy?: MemoryDisk): Promise<DiskPair> {
  return {
    original: await readDisk(original, 'original'),
    copy: await readDisk(copy ?? (await original.copy()), 'copy'),
  }
}

for (const [kind, bytes] of [
  ['GPT', gptBytes(two)],
  ['MBR', mbrBytes(0x1234abcd)],
] as const) {
  test(`a copy of a ${kind} disk as an array makes it passes every check`, async (t) => {
    const pairs = [await pairOf(new MemoryDisk(Buffer.from(bytes)))]
    t.is(problemOf(proveTables(pairs)), '')
    t.is(problemOf(proveFlags(pairs)), '')
    t.is(problemOf(proveIdentifiers(pairs)), '')
    t.like(proveTables(pairs), { detail: '4 partitions on 2 disks' })
    t.like(proveFlags(pairs), { detail: 'read back from 2 partitions of 1 copies' })
  })

  test(`a partition of a copied ${kind} disk without one of its flags is found`, async (t) => {
    const original = new MemoryDisk(Buffer.from(bytes))
    const wanted = layoutOf(await readDiskEnds(await original.copy())).partitions.map(
      ({ vssFlags }) => vssFlags,
    )
    for (const flag of Object.values(VSS_FLAGS).filter((bit) => ((wanted[0] ?? 0n) & bit) !== 0n)) {
      const copy = await original.copy()
      copy.apply(binding.setVssFlags(await readDiskEnds(copy), 0n, flag))
      t.regex(problemOf(proveFlags([await pairOf(original, copy)])), /^copy: partition 1 has flags 0x/)
    }
    t.regex(problemOf(proveFlags([await pairOf(original, original)])), /partition 1 has flags 0x0/)
  })
}

test('one GPT partition of several without its flags is found', async (t) => {
  const original = new MemoryDisk(gptBytes(two))
  const copy = await original.copy()
  editEntries(copy.bytes, ['primary', 'backup'], (entries) => entries.writeBigUInt64LE(0n, 128 + 48))
  t.regex(problemOf(proveFlags([await pairOf(original, copy)])), /^copy: partition 2 has flags 0x0, not 0xf/)
})

for (const [title, harm, problem] of [
  ['primary header', (disk: MemoryDisk) => disk.flip(SECTOR_BYTES), 'the primary GPT is damaged'],
  ['primary entries', (disk: MemoryDisk) => disk.flip(2 * SECTOR_BYTES), 'the primary GPT is damaged'],
  ['backup header', (disk: MemoryDisk) => disk.flip(8 * MiB - SECTOR_BYTES), 'the backup GPT is damaged'],
  [
    'disk that has grown',
    (disk: MemoryDisk) => {
      disk.bytes = Buffer.concat([disk.bytes, Buffer.alloc(MiB)])
    },
    'the backup GPT is not at the end of the disk',
  ],
  [
    'backup that names a partition otherwise',
    (disk: MemoryDisk) => editEntries(disk.bytes, ['backup'], (entries) => entries.write('X', 56)),
    'the two GPTs differ',
  ],
  [
    'MBR written over a GPT',
    (disk: MemoryDisk) => mbrBytes(1).copy(disk.bytes, 0, 0, SECTOR_BYTES),
    'there is a GPT without its protective MBR',
  ],
  [
    'table without partitions',
    (disk: MemoryDisk) => editEntries(disk.bytes, ['primary', 'backup'], (entries) => entries.fill(0)),
    'there is no partition',
  ],
] as const) {
  test(`a partition table with a damaged or wrong ${title} is found on original and copy`, async (t) => {
    const disk = new MemoryDisk(gptBytes(two))
    const whole = await disk.copy()
    harm(disk)
    const onOriginal = problemOf(proveTables([await pairOf(disk, whole)]))
    t.true(onOriginal.startsWith(`original: ${problem}`), onOriginal)
    const onCopy = problemOf(proveTables([await pairOf(whole, disk)]))
    t.true(onCopy.startsWith(`copy: ${problem}`), onCopy)
  })
}

test('a copy that lost its partition table, or is divided otherwise, is found', async (t) => {
  const original = new MemoryDisk(gptBytes(two))
  for (const bytes of [Buffer.alloc(8 * MiB), gptBytes(), gptBytes([{ lengthBytes: 3 * MiB }, {}])]) {
    const problem = problemOf(proveTables([await pairOf(original, new MemoryDisk(bytes))]))
    t.is(problem, 'copy is not divided as original is')
  }
})

test('where no disk has a partition table the checks of tables and flags are skipped', async (t) => {
  const pairs = [await pairOf(new MemoryDisk(Buffer.alloc(MiB)))]
  t.like(proveTables(pairs), { skipped: 'no disk has a partition table' })
  t.like(proveFlags(pairs), { skipped: 'no copy has a partition' })
  t.is(problemOf(proveIdentifiers(pairs)), '')
})

test('a copy that shares one identifier of any kind with its original is found', async (t) => {
  const [diskGuid, uniqueGuid] = [newGuid(), newGuid()]
  const gpt = new MemoryDisk(gptBytes([{ uniqueGuid }], 8 * MiB, diskGuid))
  const mbr = new MemoryDisk(mbrBytes(0xcafe))
  const withPage = async (page: number): Promise<MemoryDisk> => {
    const copy = await gpt.copy()
    copy.forgedPages.set(page, gpt.vpd(page))
    return copy
  }
  const [designator] = askLun(gpt).deviceIdDescriptor.identifiers
  for (const [original, copy, shared] of [
    [gpt, new MemoryDisk(gptBytes([{}], 8 * MiB, diskGuid)), `disk GUID ${diskGuid}`],
    [gpt, new MemoryDisk(gptBytes([{ uniqueGuid }])), `partition GUID ${uniqueGuid}`],
    [
      gpt,
      new MemoryDisk(gptBytes([{}, { uniqueGuid }].map((p) => ({ ...p, lengthBytes: MiB })))),
      uniqueGuid,
    ],
    [gpt, await withPage(0x80), `serial number ${askLun(gpt).serialNumber}`],
    [
      gpt,
      await withPage(0x83),
      `VPD 83h ${designator?.type}:${designator?.codeSet}:${designator?.identifier}`,
    ],
    [mbr, new MemoryDisk(mbrBytes(0xcafe)), 'MBR signature cafe'],
  ] as const) {
    const problem = problemOf(proveIdentifiers([await pairOf(original, copy)]))
    t.true(problem.startsWith('original and copy share '), problem)
    t.true(problem.includes(shared), problem)
  }
})

test('identifiers shared by the copies of two originals, and a disk without any, are found', async (t) => {
  const first = await pairOf(new MemoryDisk(gptBytes()))
  const second = await pairOf(new MemoryDisk(gptBytes()))
  t.is(problemOf(proveIdentifiers([first, second])), '')
  const [identifier] = first.copy.identifiers
  second.copy = { ...second.copy, name: 'twin', identifiers: [String(identifier)] }
  t.is(problemOf(proveIdentifiers([first, second])), `copy and twin share ${identifier}`)
  second.copy.identifiers = []
  t.is(problemOf(proveIdentifiers([first, second])), 'twin has no identifier')
})

test('everything that tells a disk from others is among its identifiers', async (t) => {
  const [diskGuid, uniqueGuid] = [newGuid(), newGuid()]
  const disk = new MemoryDisk(gptBytes([{ uniqueGuid, lengthBytes: MiB }, {}], 8 * MiB, diskGuid))
  const kinds = identifiersOf(await readDiskLayout(disk), askLun(disk)).map((text) =>
    text.replace(/ \S+$/, ''),
  )
  t.deepEqual(
    kinds.filter((kind) => kind !== 'VPD 83h'),
    ['disk GUID', 'partition GUID', 'partition GUID', 'serial number'],
  )
  t.is(
    kinds.filter((kind) => kind === 'VPD 83h').length,
    binding
      .parseDeviceIdentification(disk.vpd(0x83))
      .filter(({ identifiesLogicalUnit }) => identifiesLogicalUnit).length,
  )
})
