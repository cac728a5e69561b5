// holdfast snapshot, run as a shell runs it.
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { StorageArray } from '../../lib/array/storage-array.ts'
import type { CheckReport } from '../../lib/binding-values.ts'
import type { KnownSnapshot } from '../../lib/cli/known-snapshots.ts'
import { partitionDisk } from '../../lib/demo/disk.ts'
import { VSS_VOLUME_SNAPSHOT_ATTRIBUTES } from '../../lib/enums.ts'
import { newGuid } from '../../lib/ids.ts'
import { gptBytes } from '../demo/memory-disk.ts'
import { type ErrorResult, failure, holdfast, lastLine, result, temporaryDirectory } from './command.ts'

interface CreatedResult {
  setId: string
  holdMicros: number
  snapshots: KnownSnapshot[]
}

const LUN_BYTES = 4 << 20

/** An array with LUNs of one partition each, whose contents begin with `text`. */
async function arrayWith(dir: string, count: number, text: string): Promise<string[]> {
  await using array = await StorageArray.create(dir)
  const guids: string[] = []
  for (let i = 0; i < count; i++) {
    const guid = await array.createLun(LUN_BYTES)
    await using lun = await array.openLun(guid)
    await partitionDisk(lun, `disk ${i}`)
    await lun.write(1 << 20, Buffer.alloc(4096, text))
    await lun.flush()
    guids.push(guid)
  }
  return guids
}

async function overwrite(dir: string, guid: string, text: string): Promise<void> {
  await using array = await StorageArray.open(dir)
  await using lun = await array.openLun(guid)
  await lun.write(1 << 20, Buffer.alloc(4096, text))
  await lun.flush()
}

test.serial('a copy that is filled in full is complete when the command ends', async (t) => {
  const dir = join(temporaryDirectory(t), 'array')
  const [lun = ''] = await arrayWith(dir, 1, 'before')
  const { snapshots } = await result<CreatedResult>(t, 'snapshot', 'create', dir, lun, '--method', 'plex')
  await overwrite(dir, lun, 'after!')
  await using array = await StorageArray.open(dir)
  const { copyLun, attributes } = snapshots[0] as KnownSnapshot
  t.not(attributes & VSS_VOLUME_SNAPSHOT_ATTRIBUTES.VSS_VOLSNAP_ATTR_PLEX, 0)
  t.true((await array.findLun(copyLun)).isPlex)
  await using copy = await array.openLun(copyLun)
  t.deepEqual(await copy.read(1 << 20, 4096), Buffer.alloc(4096, 'before'))
})

test.serial(
  'a set is listed by later processes, keeps the old bytes, and is gone after its deletion',
  async (t) => {
    const directory = temporaryDirectory(t)
    const dir = join(directory, 'array')
    const luns = await arrayWith(dir, 2, 'before')
    const made = await result<CreatedResult>(t, 'snapshot', 'create', dir, ...luns)
    t.is(made.snapshots.length, 2)
    t.true(made.holdMicros > 0)
    for (const lun of luns) await overwrite(dir, lun, 'after!')

    const { snapshots } = await result<{ snapshots: KnownSnapshot[] }>(t, 'snapshot', 'list', dir)
    t.deepEqual(
      snapshots.map(({ snapshotId }) => snapshotId).sort(),
      made.snapshots.map((one) => one.snapshotId).sort(),
    )
    t.deepEqual(snapshots.map(({ sourceLun }) => sourceLun).sort(), [...luns].sort())

    const [first] = snapshots as [KnownSnapshot]
    const [disk, volume] = [join(directory, 'disk.img'), join(directory, 'volume.img')]
    await result(t, 'snapshot', 'export', dir, first.snapshotId, disk)
    await result(t, 'snapshot', 'export', dir, first.snapshotId, volume, '--volume')
    t.is(statSync(disk).size, LUN_BYTES)
    t.true(statSync(disk).blocks * 512 < LUN_BYTES, 'an image of little is a file of little')
    t.is(statSync(volume).size, first.lengthBytes)
    t.true(readFileSync(volume).subarray(0, 4096).equals(Buffer.alloc(4096, 'before')))
    const onDisk = readFileSync(disk).subarray(first.offsetBytes, first.offsetBytes + first.lengthBytes)
    t.true(onDisk.equals(readFileSync(volume)))

    t.deepEqual(await failure('lun', 'detach', dir, first.sourceLun), [4, 'ERR_LUN_IN_USE'])
    const deleted = await result<{ deletedSnapshots: number }>(t, 'snapshot', 'delete', dir, first.snapshotId)
    t.is(deleted.deletedSnapshots, 1)
    t.deepEqual(await failure('snapshot', 'export', dir, first.snapshotId, `${disk}.2`), [
      3,
      'VSS_E_OBJECT_NOT_FOUND',
    ])
    await result(t, 'snapshot', 'delete', dir, made.setId)
    const left = await result<{ snapshots: KnownSnapshot[] }>(t, 'snapshot', 'list', dir)
    t.deepEqual(left.snapshots, [])
    t.deepEqual(await failure('snapshot', 'delete', dir, made.setId), [3, 'VSS_E_OBJECT_NOT_FOUND'])
  },
)

test.serial(
  'a LUN goes back to its shadow copy, and a copy that is broken off outlives it as a LUN of its own',
  async (t) => {
    const directory = temporaryDirectory(t)
    const dir = join(directory, 'array')
    const [lun] = (await arrayWith(dir, 1, 'before')) as [string]
    const { setId, snapshots } = await result<CreatedResult>(t, 'snapshot', 'create', dir, lun)
    const { snapshotId, copyLun } = snapshots[0] as KnownSnapshot
    await overwrite(dir, lun, 'after!')
    t.deepEqual(
      await failure('lun', 'revert', dir, lun, setId),
      [3, 'VSS_E_OBJECT_NOT_FOUND'],
      'a set is none',
    )
    await result(t, 'lun', 'revert', dir, lun, snapshotId)
    t.deepEqual(await failure('lun', 'delete', dir, lun), [4, 'ERR_LUN_IN_USE'])
    t.deepEqual(await result(t, 'snapshot', 'break', dir, setId), { id: setId, luns: [copyLun] })
    t.deepEqual(await failure('snapshot', 'break', dir, setId), [3, 'VSS_E_OBJECT_NOT_FOUND'])

    const again = await result<CreatedResult>(t, 'snapshot', 'create', dir, copyLun)
    t.is(again.snapshots[0]?.sourceLun, copyLun)
    await using array = await StorageArray.open(dir)
    for (const guid of [lun, copyLun]) {
      await using opened = await array.openLun(guid)
      const bytes = await opened.read(0, LUN_BYTES)
      t.true(bytes.includes(Buffer.alloc(4096, 'before')), guid)
      t.false(bytes.includes('after!'), guid)
    }
  },
)

test.serial('an export does not replace a file that is there unless it is told to', async (t) => {
  const directory = temporaryDirectory(t)
  const [dir, image] = [join(directory, 'array'), join(directory, 'disk.img')]
  const luns = await arrayWith(dir, 1, 'bytes')
  const { snapshots } = await result<CreatedResult>(t, 'snapshot', 'create', dir, ...luns)
  const { snapshotId } = snapshots[0] as KnownSnapshot
  writeFileSync(image, 'precious')
  t.deepEqual(await failure('snapshot', 'export', dir, snapshotId, image), [4, 'VSS_E_OBJECT_ALREADY_EXISTS'])
  t.is(readFileSync(image, 'utf8'), 'precious')
  await result(t, 'snapshot', 'export', dir, snapshotId, image, '--force')
  t.is(statSync(image).size, LUN_BYTES)
  t.deepEqual(await failure('snapshot', 'export', dir, snapshotId, join(directory, 'no/disk.img')), [
    3,
    'VSS_E_OBJECT_NOT_FOUND',
  ])
  t.false(existsSync(`${image}.unfinished`))
})

test.serial('an export destroys nothing but the plain file that it was told to replace', async (t) => {
  const directory = temporaryDirectory(t)
  const [dir, adopted] = [join(directory, 'array'), join(directory, 'adopted.img')]
  const linked = join(directory, 'linked.img')
  const luns = await arrayWith(dir, 1, 'bytes')
  {
    const disk = gptBytes()
    writeFileSync(adopted, disk)
    linkSync(adopted, linked)
    await using array = await StorageArray.open(dir)
    luns.push(await array.adoptLun(adopted))
  }
  const { snapshots } = await result<CreatedResult>(t, 'snapshot', 'create', dir, ...luns)
  const { snapshotId } = snapshots[0] as KnownSnapshot
  const exportTo = (path: string): Promise<[number | null, string]> =>
    failure('snapshot', 'export', dir, snapshotId, path, '--force')

  const bytes = readFileSync(adopted)
  const base = join(dir, 'base', readdirSync(join(dir, 'base'))[0] ?? '')
  for (const path of [adopted, linked, base, join(dir, 'new.img')]) {
    t.deepEqual(await exportTo(path), [4, 'VSS_E_OBJECT_ALREADY_EXISTS'], path)
  }
  t.true(readFileSync(adopted).equals(bytes))
  t.false(existsSync(join(dir, 'new.img')))

  const [dangling, fifo, folder] = ['link', 'fifo', 'folder'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  symlinkSync(join(directory, 'nowhere'), dangling)
  execFileSync('mkfifo', [fifo])
  mkdirSync(folder)
  for (const path of [dangling, fifo, folder]) {
    t.deepEqual(await exportTo(path), [4, 'VSS_E_OBJECT_ALREADY_EXISTS'], path)
  }
  t.deepEqual(await failure('snapshot', 'export', dir, snapshotId, dangling), [
    4,
    'VSS_E_OBJECT_ALREADY_EXISTS',
  ])
  t.true(lstatSync(dangling).isSymbolicLink())
  t.true(lstatSync(fifo).isFIFO())

  const image = join(directory, 'disk.img')
  writeFileSync(`${image}.unfinished`, 'precious')
  await result(t, 'snapshot', 'export', dir, snapshotId, image)
  t.is(readFileSync(`${image}.unfinished`, 'utf8'), 'precious')
  t.deepEqual(
    readdirSync(directory)
      .filter((name) => name.startsWith('disk.img'))
      .sort(),
    ['disk.img', 'disk.img.unfinished'],
  )
  t.deepEqual((await result<CheckReport>(t, 'array', 'check', dir)).faults, [])
})

test.serial('an export for which there is no room says so, names the file, and leaves nothing', async (t) => {
  const directory = temporaryDirectory(t)
  const dir = join(directory, 'array')
  const luns = await arrayWith(dir, 1, 'bytes')
  const { snapshots } = await result<CreatedResult>(t, 'snapshot', 'create', dir, ...luns)
  const { snapshotId } = snapshots[0] as KnownSnapshot
  const images = join(directory, 'images')
  mkdirSync(images)
  const image = join(images, 'disk.img')
  // Files of at most 1 MiB, for this command only: enough for an array that is opened, not for an image.
  const ended = await holdfast(['snapshot', 'export', dir, snapshotId, image, '--json'], {
    fileSizeKiB: 1024,
  })
  t.is(ended.code, 6, ended.stderr)
  const { error } = lastLine<ErrorResult & { error: { culprit: string } }>(ended)
  t.is(error.code, 'ERR_NO_SPACE')
  t.is(error.culprit, image)
  t.true(error.message.includes(image), error.message)
  t.deepEqual(readdirSync(images), [])
})

test.serial('a set of a LUN that is not there is not made', async (t) => {
  const dir = join(temporaryDirectory(t), 'array')
  const [lun = ''] = await arrayWith(dir, 1, 'bytes')
  t.deepEqual(await failure('snapshot', 'create', dir, lun, newGuid()), [3, 'ERR_LUN_NOT_FOUND'])
  t.deepEqual((await result<{ snapshots: KnownSnapshot[] }>(t, 'snapshot', 'list', dir)).snapshots, [])
  t.deepEqual(await failure('snapshot', 'create', dir), [2, 'ERR_INVALID_ARGUMENT'])
})

test.serial(
  'a LUN is resynchronized from a copy of another, stays the disk it is, and later only what changed',
  async (t) => {
    const dir = join(temporaryDirectory(t), 'array')
    const [source = '', destination = ''] = await arrayWith(dir, 2, 'before')
    const { snapshots } = await result<CreatedResult>(t, 'snapshot', 'create', dir, source)
    const snapshotId = String(snapshots[0]?.snapshotId)
    await overwrite(dir, destination, 'other')
    const inspect = async (guid: string): Promise<{ content: string; layout: { diskGuid: string } }> =>
      await result(t, 'lun', 'inspect', dir, guid)
    const before = await inspect(destination)
    const done = await result<{ incremental: boolean }>(t, 'lun', 'resync', dir, destination, snapshotId)
    t.like(done, { guid: destination, snapshotId, incremental: false })
    const after = await inspect(destination)
    t.is(after.content, 'copied')
    t.is(after.layout.diskGuid, before.layout.diskGuid)

    await overwrite(dir, source, 'later')
    const later = await result<CreatedResult>(t, 'snapshot', 'create', dir, source)
    const laterId = String(later.snapshots[0]?.snapshotId)
    t.like(await result(t, 'lun', 'resync', dir, destination, laterId), { incremental: true })
    await using array = await StorageArray.open(dir)
    await using lun = await array.openLun(destination)
    t.is((await lun.read(1 << 20, 512)).toString('latin1', 0, 5), 'later')
  },
)
