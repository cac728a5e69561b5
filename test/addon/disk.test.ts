// The disk functions as the seam shows them; what they do to bytes is proved natively.
import test from 'ava'
import { binding, type DiskEnds, type DiskPatch } from '../../lib/binding.ts'

const sizeBytes = 16 << 20
const endBytes = 1 << 20

function apply(disk: Buffer, patches: readonly DiskPatch[]): void {
  for (const { offsetBytes, bytes } of patches) bytes.copy(disk, offsetBytes)
}

function ends(disk: Buffer): DiskEnds {
  return {
    head: disk.subarray(0, endBytes),
    tail: disk.subarray(disk.length - endBytes),
    sizeBytes: disk.length,
  }
}

function gptDisk(): Buffer {
  const disk = Buffer.alloc(sizeBytes)
  apply(disk, binding.makeGpt(sizeBytes, null, [{ name: 'data', lengthBytes: 4 << 20 }, { name: 'größer' }]))
  return disk
}

test('a disk that makeGpt has partitioned reads back as asked', (t) => {
  const layout = binding.readDiskLayout(ends(gptDisk()))
  t.like(layout, { kind: 'gpt', sizeBytes, damagedPrimary: false, damagedBackup: false, ldm: false })
  t.deepEqual(
    layout.partitions.map(({ index, name }) => ({ index, name })),
    [
      { index: 1, name: 'data' },
      { index: 2, name: 'größer' },
    ],
  )
  t.like(layout.partitions[0], { offsetBytes: 1 << 20, lengthBytes: 4 << 20, attributes: 0n, vssFlags: 0n })
  t.regex(String(layout.diskGuid), /^[0-9a-f-]{36}$/)
})

test('a new identity shares nothing with the old one, and the old one can be put back byte for byte', (t) => {
  const disk = gptDisk()
  const before = Buffer.from(disk)
  const old = binding.readDiskIdentity(ends(disk))
  const fresh = binding.randomDiskIdentity(ends(disk))
  apply(disk, binding.rewriteDiskIdentity(ends(disk), fresh))
  t.deepEqual(binding.readDiskIdentity(ends(disk)), fresh)
  t.not(fresh.diskGuid, old.diskGuid)
  t.is(new Set([...fresh.partitionGuids, ...old.partitionGuids]).size, 4)
  apply(disk, binding.rewriteDiskIdentity(ends(disk), old))
  t.true(disk.equals(before))
})

test('the VSS flags of a copy can be set, are seen, and can be cleared again', (t) => {
  const disk = gptDisk()
  const before = Buffer.from(disk)
  const flags = binding.vssFlagsForCopy(ends(disk))
  t.is(flags, 0xf000_0000_0000_0000n)
  apply(disk, binding.setVssFlags(ends(disk), flags, 0n))
  t.deepEqual(
    binding.readDiskLayout(ends(disk)).partitions.map(({ vssFlags }) => vssFlags),
    [flags, flags],
  )
  apply(disk, binding.setVssFlags(ends(disk), 0n, flags))
  t.true(disk.equals(before))
})

test('what is no disk, or no identity of this one, is refused with a code', (t) => {
  const disk = gptDisk()
  const view = ends(disk)
  t.throws(() => binding.readDiskLayout({ ...view, head: disk.subarray(0, 512) }), {
    code: 'ERR_INVALID_ARGUMENT',
  })
  t.throws(
    () => binding.readDiskLayout({ head: Buffer.alloc(100), tail: Buffer.alloc(100), sizeBytes: 100 }),
    {
      code: 'ERR_DISK_TOO_SMALL',
    },
  )
  const identity = binding.readDiskIdentity(view)
  t.throws(() => binding.rewriteDiskIdentity(view, { ...identity, partitionGuids: [] }), {
    code: 'ERR_INVALID_ARGUMENT',
  })
  t.throws(() => binding.rewriteDiskIdentity(view, { ...identity, kind: 'fat' as never }), {
    code: 'ERR_INVALID_ARGUMENT',
  })
  t.throws(() => binding.makeGpt(4096, null, []), { code: 'ERR_DISK_TOO_SMALL' })
  t.throws(() => binding.parseDeviceIdentification(Buffer.alloc(3)), { code: 'ERR_INVALID_ARGUMENT' })
})
