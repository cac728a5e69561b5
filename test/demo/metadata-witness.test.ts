// The witness of the originals' metadata, with disks in memory and a set that is nothing but its phases.
import test, { type ExecutionContext } from 'ava'
import { MetadataWitness } from '../../lib/demo/metadata-witness.ts'
import { phaseChannel } from '../../lib/diagnostics.ts'
import { ALL_VSS_FLAGS, VSS_FLAGS } from '../../lib/host/volume.ts'
import { newGuid } from '../../lib/ids.ts'
import { gptBytes, MemoryDisk, MiB, problemOf, SECTOR_BYTES } from './memory-disk.ts'

const setId = newGuid()

interface Course {
  before?: (disk: MemoryDisk) => void
  /** While the look of the freeze is taken. */
  during?: (disk: MemoryDisk) => void
  after?: (disk: MemoryDisk) => void
  phase?: string
}

/** What the two checks find wrong, of two disks of which the second goes through this. */
async function watch(t: ExecutionContext, course: Course): Promise<[string, string]> {
  const disks = [new MemoryDisk(gptBytes()), new MemoryDisk(gptBytes())] as const
  course.before?.(disks[1])
  const witness = await MetadataWitness.watch(disks)
  t.teardown(() => witness.stop())
  for (const disk of disks) disk.pendingVssFlags = ALL_VSS_FLAGS
  course.during?.(disks[1])
  phaseChannel.start.publish({ setId, phase: course.phase ?? 'freeze' })
  // The look is taken in the turns that follow.
  await new Promise((resolve) => setImmediate(resolve))
  for (const disk of disks) disk.pendingVssFlags = 0n
  course.after?.(disks[1])
  // Of a set of somebody else, which must not count.
  phaseChannel.start.publish({ setId: newGuid(), phase: 'freeze' })
  const [metadata, flags] = await witness.prove(setId)
  witness.stop()
  if (metadata === undefined || flags === undefined) throw new Error('the witness gave no checks')
  return [problemOf(metadata), problemOf(flags)]
}

// One after the other: every witness of a process hears of every set.
test.serial('originals that stay as they are, with flags pending during the set only, pass', async (t) => {
  t.deepEqual(await watch(t, {}), ['', ''])
  t.deepEqual(await watch(t, { during: (disk) => disk.flip(MiB), after: (disk) => disk.flip(4 * MiB) }), [
    '',
    '',
  ])
})

const metadataBytes = [0, SECTOR_BYTES + 56, 2 * SECTOR_BYTES + 48, 8 * MiB - SECTOR_BYTES, 8 * MiB - 1]

for (const at of metadataBytes) {
  test.serial(`a changed metadata byte at ${at} is found: after the set, or during it only`, async (t) => {
    const flip = (disk: MemoryDisk): void => void disk.flip(at)
    for (const course of [{ after: flip }, { during: flip }, { during: flip, after: flip }]) {
      const [metadata, flags] = await watch(t, course)
      t.regex(metadata, /^LUN \S+ gave \w{64}, \w{64}, \w{64}$/)
      t.is(flags, '')
    }
  })
}

test.serial('flags that are not pending, in part only, too early, or for ever are found', async (t) => {
  const pending = (flags: bigint) => (disk: MemoryDisk) => {
    disk.pendingVssFlags = flags
  }
  for (const [course, shown] of [
    [{ during: pending(0n) }, '0x0, 0x0, 0x0'],
    [{ during: pending(VSS_FLAGS.hidden) }, '0x0, 0x4000000000000000, 0x0'],
    [{ before: pending(1n) }, '0x1, 0xf000000000000000, 0x0'],
    [{ after: pending(ALL_VSS_FLAGS) }, '0x0, 0xf000000000000000, 0xf000000000000000'],
  ] as const) {
    const [metadata, flags] = await watch(t, course)
    t.is(metadata, '')
    t.true(flags.endsWith(` showed ${shown}`), flags)
  }
})

test.serial('a set during which nobody could look is not proved', async (t) => {
  const [metadata, flags] = await watch(t, { phase: 'thaw' })
  t.regex(metadata, / gave \w{64}, nothing, \w{64}; LUN /)
  t.regex(flags, / showed 0x0, 0x0, 0x0; LUN /)
  const failing = await watch(t, {
    during: (disk) => {
      const inspect = disk.inspect.bind(disk)
      disk.inspect = async () => {
        disk.inspect = inspect
        throw new Error('unplugged')
      }
    },
  })
  t.deepEqual(failing, Array(2).fill('the look during the set failed: unplugged'))
})

test.serial('where no original has a partition table there are no metadata to be proved', async (t) => {
  const disk = new MemoryDisk(Buffer.alloc(MiB))
  const witness = await MetadataWitness.watch([disk])
  disk.pendingVssFlags = ALL_VSS_FLAGS
  phaseChannel.start.publish({ setId, phase: 'freeze' })
  await new Promise((resolve) => setImmediate(resolve))
  disk.pendingVssFlags = 0n
  const [metadata, flags] = await witness.prove(setId)
  witness.stop()
  t.like(metadata, { skipped: 'no original has a partition table' })
  t.is(flags === undefined ? 'none' : problemOf(flags), '')
})
