// Images that cannot be backed up: each is refused by its name, and no byte of it or of the good one beside it changes.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { examineImage } from '../../lib/demo/image.ts'
import { runImageDemo } from '../../lib/demo/image-demo.ts'
import type { DemoReport } from '../../lib/demo/report.ts'
import { type VssCode, VssError } from '../../lib/errors.ts'
import { temporaryDirectory } from '../host/machine.ts'
import { editEntries, gptBytes, MiB, SECTOR_BYTES } from './memory-disk.ts'

const { signal } = new AbortController()
const two = [{ name: 'one', lengthBytes: 2 * MiB }, { name: 'two' }]
const MICROSOFT_RESERVED = 'e3c9e316-0b5c-4db8-817d-f92df00215ae'

interface Demo {
  report: Promise<DemoReport>
  out: string
  /** What was said to be done, by what it was done to. */
  advanced: Map<string, number>
  /** Resolves when it begins to copy out of a shadow copy. */
  copying: Promise<void>
}

function demoOf(directory: string, images: readonly string[]): Demo {
  const [out, advanced] = [join(directory, 'out'), new Map<string, number>()]
  let begin = (): void => undefined
  const copying = new Promise<void>((resolve) => {
    begin = resolve
  })
  const progress = {
    phase: () => undefined,
    note: () => undefined,
    advance: (what: string, doneBytes: number) => {
      advanced.set(what, doneBytes)
      if (what.startsWith(out)) begin()
    },
  }
  return { report: runImageDemo({ images, out, progress, signal }), out, advanced, copying }
}

function fileOf(directory: string, name: string, bytes: Uint8Array): string {
  const path = join(directory, name)
  writeFileSync(path, bytes)
  return path
}

/** A good image and this one are given; the error must be about this one. */
async function refusal(t: ExecutionContext, bytes: Buffer): Promise<VssError> {
  const directory = temporaryDirectory(t)
  const goodBytes = gptBytes(two)
  const good = fileOf(directory, 'good.img', goodBytes)
  const bad = fileOf(directory, 'bad.img', bytes)
  const timesBefore = [good, bad].map((path) => statSync(path).mtimeMs)
  const { report, out } = demoOf(directory, [good, bad])
  const error = await t.throwsAsync<VssError>(report, { instanceOf: VssError })
  t.is(error.culprit, bad)
  t.true(error.text.includes(bad), error.text)
  t.regex(error.remedy, /image/)
  t.true(readFileSync(bad).equals(bytes))
  t.true(readFileSync(good).equals(goodBytes))
  t.deepEqual(
    [good, bad].map((path) => statSync(path).mtimeMs),
    timesBefore,
  )
  t.false(existsSync(out))
  return error
}

/** Fills sectors, counted from the end if negative, with what no table begins with. */
function withoutSectors(bytes: Buffer, ...sectors: readonly number[]): Buffer {
  for (const sector of sectors) {
    const at = (sector < 0 ? bytes.length : 0) + sector * SECTOR_BYTES
    bytes.fill(0xa5, at, at + SECTOR_BYTES)
  }
  return bytes
}

const damaged: readonly (readonly [string, () => Buffer, VssCode])[] = [
  ['that was cut short', () => gptBytes(two).subarray(0, 4 * MiB), 'ERR_DISK_DAMAGED'],
  ['both of whose GPT headers are corrupt', () => withoutSectors(gptBytes(two), 1, -1), 'ERR_DISK_DAMAGED'],
  ['both of whose entry arrays are corrupt', () => withoutSectors(gptBytes(two), 2, -33), 'ERR_DISK_DAMAGED'],
  [
    'whose partitions overlap',
    () =>
      editEntries(gptBytes(two), ['primary', 'backup'], (entries) =>
        entries.writeBigUInt64LE(entries.readBigUInt64LE(40), 128 + 32),
      ),
    'ERR_DISK_LAYOUT',
  ],
  [
    'with a partition behind its last usable sector',
    () =>
      editEntries(gptBytes(two), ['primary', 'backup'], (entries) =>
        entries.writeBigUInt64LE(BigInt((8 * MiB) / SECTOR_BYTES), 128 + 40),
      ),
    'ERR_DISK_LAYOUT',
  ],
  ['without its protective MBR', () => withoutSectors(gptBytes(two), 0), 'ERR_DISK_DAMAGED'],
  ['smaller than a sector', () => Buffer.alloc(100), 'ERR_DISK_TOO_SMALL'],
  ['of no bytes', () => Buffer.alloc(0), 'ERR_DISK_TOO_SMALL'],
  ['that ends inside a sector', () => Buffer.alloc(MiB + 100), 'ERR_LUN_SIZE'],
]

for (const [which, make, code] of damaged) {
  test(`an image ${which} is refused by name and left as it is`, async (t) => {
    t.is((await refusal(t, make())).code, code)
  })
}

test('a disk without a volume is refused by name, however good the one beside it is', async (t) => {
  const empty = await refusal(t, gptBytes([]))
  t.is(empty.code, 'VSS_E_OBJECT_NOT_FOUND')
  t.regex(empty.text, /no volume to back up: its partition table is empty$/)
  const reserved = await refusal(t, gptBytes([{ typeGuid: MICROSOFT_RESERVED }]))
  t.is(reserved.code, 'VSS_E_OBJECT_NOT_FOUND')
  t.regex(reserved.text, /no partition of it holds a volume$/)
})

test('of two images with the same identity the second is refused by name', async (t) => {
  const directory = temporaryDirectory(t)
  const bytes = gptBytes(two)
  const [one, twin] = [fileOf(directory, 'one.img', bytes), fileOf(directory, 'twin.img', bytes)]
  const { report } = demoOf(directory, [one, twin])
  const error = await t.throwsAsync<VssError>(report, { code: 'VSS_E_OBJECT_ALREADY_EXISTS' })
  t.is(error.culprit, twin)
  for (const image of [one, twin]) t.true(readFileSync(image).equals(bytes))
})

test('an image that an array has already is refused by name', async (t) => {
  const directory = temporaryDirectory(t)
  const image = fileOf(directory, 'disk.img', gptBytes(two))
  const first = demoOf(directory, [image])
  // It has adopted the image when it copies a volume of it.
  await Promise.race([first.copying, first.report])
  // Into another directory, since that of the first is taken as well.
  const second = demoOf(temporaryDirectory(t), [image])
  const error = await t.throwsAsync<VssError>(second.report, { instanceOf: VssError })
  t.is(error.code, 'ERR_LUN_ADOPTED')
  t.is(error.culprit, image)
  t.deepEqual(
    (await first.report).checks.filter((check) => 'passed' in check && !check.passed),
    [],
  )
})

test('a directory, a FIFO, a device, and a path where nothing is, are refused by name', async (t) => {
  const directory = temporaryDirectory(t)
  const [folder, nothing] = [join(directory, 'folder.img'), join(directory, 'nothing.img')]
  mkdirSync(folder)
  const fifo = join(directory, 'fifo.img')
  execFileSync('mkfifo', [fifo])
  for (const [path, code, remedy] of [
    [fifo, 'ERR_INVALID_ARGUMENT', 'Give the path of a raw disk image.'],
    [folder, 'ERR_INVALID_ARGUMENT', 'Give the path of a raw disk image.'],
    [nothing, 'VSS_E_OBJECT_NOT_FOUND', 'Check the path of the image.'],
    ['/dev/null', 'ERR_INVALID_ARGUMENT', 'Give the path of a raw disk image.'],
  ] as const) {
    const error = await t.throwsAsync<VssError>(demoOf(directory, [path]).report, { instanceOf: VssError })
    t.like(error, { code, culprit: path, remedy })
    t.true(error.text.includes(path), error.text)
  }
})

// Alone: permissions mean nothing to root, so this process is somebody else meanwhile.
test.serial('an image that may not be read, or only be read, is refused by name', async (t) => {
  const directory = temporaryDirectory(t)
  const image = fileOf(directory, 'disk.img', gptBytes(two))
  chmodSync(directory, 0o755)
  const isRoot = process.geteuid?.() === 0
  for (const mode of [0o444, 0]) {
    chmodSync(image, mode)
    if (isRoot) process.seteuid?.(65_534)
    try {
      const error = await t.throwsAsync<VssError>(examineImage(image, 'disk'))
      t.like(error, { code: 'E_ACCESSDENIED', culprit: image, errno: 13 })
      t.regex(error.remedy, /^Make the image writable, or give a copy of it/)
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
  }
})

test('two good images are verified, both are compared, and the progress of each copy is told', async (t) => {
  const directory = temporaryDirectory(t)
  const images = ['a.img', 'b.img'].map((name) => fileOf(directory, name, gptBytes(two)))
  const { report, out, advanced } = demoOf(directory, images)
  const { verified, checks, volumes } = await report
  t.true(verified)
  const detailOf = (start: string): unknown => {
    const check = checks.find(({ name }) => name.startsWith(start))
    return check !== undefined && 'detail' in check ? check.detail : check
  }
  t.regex(String(detailOf('the copies are equal')), /^2 disk\(s\) compared/)
  t.regex(String(detailOf('all metadata sectors')), /on 2 LUNs hashed three times$/)
  t.regex(String(detailOf('the partition tables')), /^8 partitions on 4 disks$/)
  t.deepEqual(
    volumes.map(({ image }) => [image, advanced.get(image)] as const),
    volumes.map(({ sizeBytes }, index) => [join(out, `${'aabb'[index]}.p${(index % 2) + 1}.img`), sizeBytes]),
  )
})
