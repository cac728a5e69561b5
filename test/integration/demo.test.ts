// npm start, as a user runs it: the command as a process, its JSON, its files, and its end.
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { ImageFile } from '../../lib/demo/byte-source.ts'
import { isExt } from '../../lib/demo/file-system-check.ts'
import { proveBystander } from '../../lib/demo/prove-bystander.ts'
import { proveLedger } from '../../lib/demo/prove-ledger.ts'
import type { DemoReport } from '../../lib/demo/report.ts'
import { BackupComponentsDocument } from '../../lib/document/backup-components.ts'
import { WriterMetadataDocument } from '../../lib/document/writer-metadata.ts'
import { type Ended, type ErrorResult, holdfast, lastLine, temporaryDirectory, tool } from '../cli/command.ts'
import { gptBytes } from '../demo/memory-disk.ts'

const areJudgesThere = (await Promise.all([tool('sgdisk', '--version'), tool('mke2fs', '-V')])).every(
  (output) => output !== undefined,
)
// One after the other: each has two loads of its own.
const judged = areJudgesThere || process.env['HOLDFAST_REQUIRE_JUDGES'] === '1' ? test.serial : test.skip

/** A demo whose temporary files lie where the test can see whether they are gone. */
function places(t: ExecutionContext): { out: string; temporary: string; env: NodeJS.ProcessEnv } {
  const directory = temporaryDirectory(t)
  const temporary = join(directory, 'temporary')
  mkdirSync(temporary)
  return { out: join(directory, 'out'), temporary, env: { TMPDIR: temporary } }
}

/** What a demo has left behind; other programs may use the directory too. */
function arraysIn(temporary: string): string[] {
  return readdirSync(temporary).filter((name) => name.startsWith('holdfast-'))
}

function failedChecks({ checks }: DemoReport): string[] {
  return checks.flatMap((check) =>
    'passed' in check && !check.passed ? `${check.name}: ${check.detail}` : [],
  )
}

const OF_EVERY_SET = [
  'the writes of all volumes were held throughout',
  'the partition tables of originals and copies are valid',
  'the partitions of the copies carry the flags of shadow copies',
  "the copies' disks have new identifiers",
  'the images are equal to the shadow copies, which do not change',
  'the Backup Components Document reads back and says that the backup succeeded',
  'all metadata sectors of the originals are the same before, during and after',
  'the flags of the copies were pending on the originals while the set was made, and only then',
]
const OF_THE_LOADS = [
  'every ledger transaction acknowledged before the freeze is in the copies, whole',
  'the ledger accounts in the copies are those after its last transaction',
  'every bystander record acknowledged before the hold is in the copies',
  'no bystander record first issued after the release is in the copies',
  'no bystander record is in the copies without its predecessors',
  'both loads went on afterwards',
]
const OF_IMAGES = [
  'the copies are equal to the images read before',
  'e2fsck finds nothing to mend in the copies',
  'the images are as they were before',
]

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

test.serial(
  'the demo verifies a set of two LUNs under load, and its images can be proved again',
  async (t) => {
    const { out, temporary, env } = places(t)
    const ended = await holdfast(['demo', '--json', '--out', out], { env })
    const report = lastLine<DemoReport>(ended)
    t.deepEqual(failedChecks(report), [])
    t.is(ended.code, 0, ended.stderr)
    t.is(report.state, 'created')
    t.true(report.verified)
    t.deepEqual(
      report.checks.map(({ name }) => name),
      [...OF_THE_LOADS, ...OF_EVERY_SET],
    )
    t.true(report.checks.every((check) => 'passed' in check))
    t.true((report.transactionsAtInstant ?? 0) > 0)
    t.true((report.transactionsAfter ?? 0) > 0)
    t.true(report.holdMicros > 0 && report.holdMicros < 10_000_000)
    t.true(report.freezeMillis > 0)
    t.deepEqual(
      report.frozenWriters.map(({ writer, closedBy }) => [writer, closedBy]),
      [['Holdfast Demo Ledger', 'thaw']],
    )
    t.is(report.heldLuns.length, 2)
    t.true(report.timeline.some(({ name, kind }) => name === 'commitSnapshots' && kind === 'provider'))
    for (const phase of [
      'Initialization',
      'Discovery',
      'PrepareForBackup',
      'DoSnapshotSet',
      'BackupComplete',
    ]) {
      t.true(ended.stderr.includes(phase), phase)
    }

    t.deepEqual(arraysIn(temporary), [])
    const [data, log] = [join(out, 'data.img'), join(out, 'log.img')]
    t.deepEqual(
      report.volumes.map((volume) => [volume.image, volume.sha256]),
      [data, log].map((path) => [path, sha256(path)]),
    )
    t.true(statSync(data).blocks * 512 < statSync(data).size, 'holes stay holes')
    t.deepEqual(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')), report)
    const document = BackupComponentsDocument.fromXml(readFileSync(join(out, 'backup-components.xml')))
    t.is(document.writers[0]?.components[0]?.backupStamp, String(report.transactionsAtInstant))
    const metadata = WriterMetadataDocument.fromXml(readFileSync(join(out, 'writer-metadata-1.xml')))
    t.is(metadata.getIdentity().writerName, 'Holdfast Demo Ledger')

    const prove = async (): Promise<boolean[]> => {
      await using dataImage = await ImageFile.open(data)
      await using logImage = await ImageFile.open(log)
      const { ledger, bystander } = report
      if (ledger === null || bystander === null) throw new Error('the report has no loads')
      const proofs = await proveLedger(dataImage, logImage, ledger)
      const { checks } = await proveBystander(dataImage, logImage, bystander)
      return [...proofs.checks, ...checks].map((check) => 'passed' in check && check.passed)
    }
    t.deepEqual(await prove(), [true, true, true, true, true])
    const bytes = readFileSync(log)
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100)
    writeFileSync(log, bytes)
    t.deepEqual(await prove(), [false, true, true, true, true], 'a changed byte of the log is found')
  },
)

test.serial('the demo prints for people who held whom, the time line and the proof', async (t) => {
  const { out, env } = places(t)
  const { code, stdout } = await holdfast(['demo', '--out', out], { env })
  t.is(code, 0, stdout)
  for (const part of ['Who held whom', 'Time line', 'Proof', 'Writes were held for', 'Verified: set']) {
    t.true(stdout.includes(part), part)
  }
  t.regex(stdout, /writer Holdfast Demo Ledger\s+│/)
  t.regex(stdout, /PHYSICALDRIVE\d.*│ \d+ µs/)
})

for (const phase of ['PrepareForBackup', 'Proving the copies']) {
  for (const signal of ['SIGINT', 'SIGHUP'] as const) {
    test.serial(`a demo that gets ${signal} at '${phase}' undoes everything and ends with 130`, async (t) => {
      const { out, temporary, env } = places(t)
      const ended = await holdfast(['demo', '--json', '--out', out], { env, interruptAt: phase, signal })
      t.is(ended.code, 130, ended.stderr)
      const { error, ...rest } = lastLine<ErrorResult & { state: string; verified: boolean }>(ended)
      t.is(error.code, 'ERR_CANCELLED')
      t.is(rest.state, 'aborted')
      t.false(rest.verified)
      t.deepEqual(arraysIn(temporary), [])
      t.false(existsSync(out))
    })
  }
}

test.serial('a demo whose progress nobody wants to read goes on, and is verified', async (t) => {
  const { out, temporary, env } = places(t)
  const ended = await holdfast(['demo', '--json', '--out', out], { env, closeStderrAt: 'Setting up' })
  t.is(ended.code, 0, ended.stderr)
  t.true(lastLine<DemoReport>(ended).verified)
  t.deepEqual(arraysIn(temporary), [])
})

test.serial('a demo without room for its images names the one, and leaves nothing', async (t) => {
  const { out, temporary, env } = places(t)
  const image = join(out, '..', 'disk.img')
  writeFileSync(image, gptBytes())
  // No file of more than 4 MiB: enough for the array, not for a volume of 6 MiB.
  const ended = await holdfast(['demo', '--json', '--out', out, '--image', image], { env, fileSizeKiB: 4096 })
  t.is(ended.code, 6, ended.stderr)
  const { error } = lastLine<ErrorResult & { error: { culprit: string } }>(ended)
  t.is(error.code, 'ERR_NO_SPACE')
  t.is(error.culprit, join(out, 'disk.p1.img'))
  t.true(error.message.includes(error.culprit), error.message)
  t.deepEqual(arraysIn(temporary), [])
  t.false(existsSync(out))
})

judged('an image of a real ext4 is adopted, proved and given back (needs gdisk and e2fsprogs)', async (t) => {
  const { out, temporary, env } = places(t)
  const image = join(out, '..', 'disk.img')
  await makeExtDisk(image)
  const before = sha256(image)
  const ended = await holdfast(['demo', '--json', '--out', out, '--image', image], { env })
  const report = lastLine<DemoReport>(ended)
  t.deepEqual(failedChecks(report), [])
  t.is(ended.code, 0, ended.stderr)
  t.true(report.verified)
  t.is(report.transactionsAtInstant, null)
  t.is(sha256(image), before)
  t.deepEqual(arraysIn(temporary), [])
  t.deepEqual(
    report.checks.map(({ name }) => name),
    [...OF_EVERY_SET, ...OF_IMAGES],
  )
  t.true(report.checks.every((check) => 'passed' in check))
  const copy = join(out, 'disk.p1.img')
  t.deepEqual(
    report.volumes.map((volume) => volume.image),
    [copy],
  )
  await using file = await ImageFile.open(copy)
  t.true(await isExt(file))
  t.regex((await tool('debugfs', '-R', 'cat /hello', copy)) ?? '', /^held fast\n$/)
})

judged('an image of a damaged ext4 is not verified (needs gdisk and e2fsprogs)', async (t) => {
  const { out, env } = places(t)
  const image = join(out, '..', 'disk.img')
  await makeExtDisk(image)
  const bytes = readFileSync(image)
  // The bitmaps and inode tables of the file system in the first partition.
  bytes.fill(0xa5, (1 << 20) + 8192, (1 << 20) + 65536)
  writeFileSync(image, bytes)
  const ended = await holdfast(['demo', '--json', '--out', out, '--image', image], { env })
  t.is(ended.code, 1, ended.stderr)
  const report = lastLine<DemoReport>(ended)
  t.false(report.verified)
  t.deepEqual(
    failedChecks(report).map((text) => text.slice(0, 6)),
    ['e2fsck'],
  )
  t.is(sha256(image), createHash('sha256').update(bytes).digest('hex'))
})

test.serial('of several images the error names the one that is damaged, or is not there', async (t) => {
  const { out, temporary, env } = places(t)
  const [good, bad] = ['good.img', 'bad.img'].map((name) => join(out, '..', name)) as [string, string]
  const bytes = gptBytes()
  writeFileSync(good, bytes)
  // The partition table is of a larger disk: the image was cut short.
  writeFileSync(bad, gptBytes().subarray(0, bytes.length / 2))
  const before = sha256(bad)
  const demo = (image: string): Promise<Ended> =>
    holdfast(['demo', '--json', '--out', out, '--image', good, image], { env })
  const damaged = await demo(bad)
  t.is(damaged.code, 5)
  const { error } = lastLine<ErrorResult & { error: { culprit: string; remedy: string } }>(damaged)
  t.like(error, { code: 'ERR_DISK_DAMAGED', culprit: bad })
  t.regex(error.remedy, /^Repair the partition table of the image/)
  const missing = await demo(`${bad}.not`)
  t.is(missing.code, 3)
  t.like(lastLine<ErrorResult>(missing).error, { code: 'VSS_E_OBJECT_NOT_FOUND', culprit: `${bad}.not` })
  t.deepEqual([sha256(good), sha256(bad)], [createHash('sha256').update(bytes).digest('hex'), before])
  t.deepEqual(arraysIn(temporary), [])
})

/** A GPT disk with one partition that holds an ext4 with one file. */
async function makeExtDisk(path: string): Promise<void> {
  const [tree, fileSystem] = [`${path}.tree`, `${path}.ext4`]
  mkdirSync(tree)
  writeFileSync(join(tree, 'hello'), 'held fast\n')
  for (const [file, sizeBytes] of [
    [path, 32 << 20],
    [fileSystem, 24 << 20],
  ] as const) {
    writeFileSync(file, '')
    truncateSync(file, sizeBytes)
  }
  await tool('sgdisk', '--new=1:2048:+24M', '--change-name=1:data', path)
  await tool('mkfs.ext4', '-q', '-d', tree, fileSystem)
  const disk = readFileSync(path)
  readFileSync(fileSystem).copy(disk, 1 << 20)
  writeFileSync(path, disk)
}
