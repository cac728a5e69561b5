// Originals and copies before tools nobody here wrote: a GPT image with a real ext4 in it is adopted, copied while it
// is being written to, exported and judged.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { binding } from '../../lib/binding.ts'
import {
  BackupComponents,
  type Lun,
  openLocalService,
  StorageArray,
  VSS_SNAPSHOT_CONTEXT,
} from '../../lib/index.ts'
import { MiB, temporaryDirectory } from '../host/machine.ts'

const tools = ['sgdisk', 'sfdisk', 'mke2fs', 'e2fsck', 'debugfs', 'qemu-img', 'sg_vpd', 'sg_inq']
const missing = tools.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
const required = process.env['HOLDFAST_REQUIRE_JUDGES'] === '1'
const judged = missing.length === 0 || required ? test : test.skip
const needs = missing.length === 0 ? '' : ` (missing: ${missing.join(', ')})`

const diskBytes = 64 * MiB
const partitionOffsetBytes = MiB
const partitionBytes = 48 * MiB

function judge(t: ExecutionContext, ...[command, ...args]: [string, ...string[]]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  t.is(status, 0, `${command} ${args.join(' ')}\n${stdout}\n${stderr}`)
  return stdout + stderr
}

/** A tree with files small and large, nested and empty; the same every time. */
function makeTree(directory: string): void {
  for (let depth = 0, path = directory; depth < 4; depth++, path = join(path, `d${depth}`)) {
    mkdirSync(path)
    for (let file = 0; file < 8; file++) {
      const seed = createHash('sha256').update(`${depth} ${file}`).digest()
      writeFileSync(join(path, `f${file}`), Buffer.alloc(file * 7919, seed))
    }
  }
}

function makeDisk(t: ExecutionContext, directory: string): { image: string; tree: string } {
  const [image, tree, fileSystem] = ['disk.img', 'tree', 'ext4.img'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  makeTree(tree)
  for (const [path, bytes] of [
    [image, diskBytes],
    [fileSystem, partitionBytes],
  ] as const) {
    writeFileSync(path, '')
    truncateSync(path, bytes)
  }
  judge(t, 'mke2fs', '-q', '-t', 'ext4', '-d', tree, fileSystem)
  judge(t, 'sgdisk', `--new=1:2048:+${partitionBytes / MiB}M`, '--change-name=1:data', image)
  judge(t, 'sgdisk', '--new=2:0:+4M', '--typecode=2:0700', '--change-name=2:more', image)
  const disk = openSync(image, 'r+')
  writeSync(disk, readFileSync(fileSystem), 0, partitionBytes, partitionOffsetBytes)
  closeSync(disk)
  return { image, tree }
}

const recordBytes = 4096
/** The second partition of the disk: what the writer has to itself. */
const ring = { offsetBytes: partitionOffsetBytes + partitionBytes, records: (4 * MiB) / recordBytes }

/**
 * Writes numbered records to the second partition, each when the one before has been acknowledged, and
 * round and round: so a copy of one instant holds all of them up to some number, and none behind it.
 */
class RingWriter {
  acknowledged = 0
  readonly #lun: Lun
  readonly #writing: Promise<void>
  #isStopped = false

  constructor(lun: Lun) {
    this.#lun = lun
    this.#writing = this.#write().finally(() => {
      this.#isStopped = true
    })
  }

  async #write(): Promise<void> {
    while (!this.#isStopped) {
      const number = this.acknowledged + 1
      const block = Buffer.alloc(recordBytes, number & 0xff)
      block.writeUInt32LE(number)
      await this.#lun.write(ring.offsetBytes + (number % ring.records) * recordBytes, block)
      this.acknowledged = number
    }
  }

  /** Gives the last number; nothing is under way any more. */
  async stop(): Promise<number> {
    this.#isStopped = true
    await this.#writing
    return this.acknowledged
  }

  /** Resolves when this many more have been acknowledged. */
  async more(count: number): Promise<number> {
    const wanted = this.acknowledged + count
    while (this.acknowledged < wanted && !this.#isStopped) await this.#lun.flush()
    return this.acknowledged
  }
}

/** The last record of a ring, of which every one must be whole and in its place. */
function lastRecord(t: ExecutionContext, disk: string): number {
  const bytes = readFileSync(disk).subarray(ring.offsetBytes, ring.offsetBytes + ring.records * recordBytes)
  const slots = Array.from({ length: ring.records }, (_, slot) =>
    bytes.subarray(slot * recordBytes, (slot + 1) * recordBytes),
  )
  const last = Math.max(...slots.map((slot) => slot.readUInt32LE()))
  const isWhole = (slot: Buffer, number: number): boolean => {
    const block = Buffer.alloc(recordBytes, number & 0xff)
    block.writeUInt32LE(number)
    return slot.equals(block)
  }
  for (let number = Math.max(1, last - ring.records + 1); number <= last; number++) {
    if (!isWhole(slots[number % ring.records] as Buffer, number)) t.fail(`record ${number} is not there`)
  }
  return last
}

async function exportDisk(lun: Lun, path: string): Promise<void> {
  const file = openSync(path, 'w')
  for (let at = 0; at < lun.sizeBytes; at += 8 * MiB)
    writeSync(file, await lun.read(at, 8 * MiB), 0, 8 * MiB, at)
  closeSync(file)
}

function cutPartition(disk: string, path: string): void {
  writeFileSync(
    path,
    readFileSync(disk).subarray(partitionOffsetBytes, partitionOffsetBytes + partitionBytes),
  )
}

judged(
  `judges find nothing wrong with an original, its copy, and the file system in the copy${needs}`,
  async (t) => {
    t.timeout(60_000)
    const directory = temporaryDirectory(t)
    const { image, tree } = makeDisk(t, directory)
    const before = join(directory, 'before.img')
    writeFileSync(before, readFileSync(image))
    const arrayPath = join(directory, 'array')
    const array = await StorageArray.create(arrayPath)
    const guid = await array.adoptLun(image)
    await array.close()

    const exported = join(directory, 'copy.img')
    const service = await openLocalService({ arrayPath })
    const backup = new BackupComponents(service.coordinator)
    backup.initializeForBackup()
    backup.setContext(VSS_SNAPSHOT_CONTEXT.VSS_CTX_NAS_ROLLBACK)
    backup.startSnapshotSet()
    for (const { name } of service.host.volumes()) await backup.addToSnapshotSet(name)
    const writer = new RingWriter(service.lun(guid))
    const writtenBefore = await writer.more(50)
    await backup.doSnapshotSet()
    const writtenAtEnd = writer.acknowledged
    await writer.more(50)
    await writer.stop()
    await backup.close()
    // What is written from now on is in no copy: the file system of the original is destroyed.
    await service.lun(guid).write(partitionOffsetBytes, Buffer.alloc(MiB, 0xff))
    const [copyInfo] = (await service.array.listLuns()).filter(({ snapshotId }) => snapshotId !== null)
    const copy = await service.array.openLun(String(copyInfo?.guid))
    await exportDisk(copy, exported)
    const pages = [copy.inquiry(), copy.vpd(0x80), copy.vpd(0x83)]
    await copy.close()
    await service.close()

    const copied = lastRecord(t, exported)
    // One more may have been under way when the set ended.
    t.true(
      copied >= writtenBefore && copied <= writtenAtEnd + 1,
      `${writtenBefore} ≤ ${copied} ≤ ${writtenAtEnd + 1}`,
    )
    t.true(writtenAtEnd > writtenBefore, 'nothing was written while the set was being made')

    for (const disk of [image, exported]) {
      t.regex(judge(t, 'sgdisk', '--verify', disk), /No problems found/)
      t.regex(judge(t, 'sfdisk', '--verify', disk), /No errors detected/)
    }
    for (const partition of ['1', '2']) {
      const inCopy = judge(t, 'sgdisk', `--info=${partition}`, exported)
      t.regex(inCopy, /Attribute flags: F000000000000000/)
      const inOriginal = judge(t, 'sgdisk', `--info=${partition}`, image)
      t.regex(inOriginal, /Attribute flags: 0000000000000000/)
      const uniqueGuid = /Partition unique GUID: (\S+)/
      t.not(inCopy.match(uniqueGuid)?.[1], inOriginal.match(uniqueGuid)?.[1])
    }

    const volume = join(directory, 'volume.img')
    const expected = join(directory, 'expected.img')
    cutPartition(exported, volume)
    cutPartition(before, expected)
    t.regex(
      judge(t, 'qemu-img', 'compare', '-f', 'raw', '-F', 'raw', volume, expected),
      /Images are identical/,
    )
    judge(t, 'e2fsck', '-fn', volume)
    const restored = join(directory, 'restored')
    mkdirSync(restored)
    judge(t, 'debugfs', '-R', `rdump / ${restored}`, volume)
    judge(t, 'diff', '--recursive', '--exclude=lost+found', tree, restored)

    const raw = pages.map((page, index) => {
      const path = join(directory, `page-${index}`)
      writeFileSync(path, page)
      return path
    })
    t.regex(judge(t, 'sg_inq', '--raw', `--inhex=${raw[0]}`), /Vendor identification: HOLDFAST/)
    judge(t, 'sg_vpd', '--page=0x80', '--raw', `--inhex=${raw[1]}`)
    t.regex(judge(t, 'sg_vpd', '--page=0x83', '--raw', `--inhex=${raw[2]}`), /SCSI name string:\s+naa\.3/)
    t.is(binding.parseDeviceIdentification(pages[2] as Buffer).length, 3)
  },
)
