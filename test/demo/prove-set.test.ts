// Hold, images, document and loads: what passes, and what one thing changed does to it.
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { HoldVerdict } from '../../lib/coordinator/kernel-support.ts'
import { type CopiedImage, type CopyOptions, copyToImage } from '../../lib/demo/copy-volume.ts'
import { hashMetadata, hashOutside, metadataRanges } from '../../lib/demo/disk.ts'
import type { ImageBefore } from '../../lib/demo/image.ts'
import { proveContents, proveGivenBack } from '../../lib/demo/prove-images.ts'
import { proveLoadsWentOn } from '../../lib/demo/prove-loads.ts'
import { proveDocument, proveHold, proveImages } from '../../lib/demo/prove-set.ts'
import { BackupComponentsDocument } from '../../lib/document/backup-components.ts'
import { VSS_COMPONENT_TYPE } from '../../lib/enums.ts'
import { readDiskLayout } from '../../lib/host/partition-table.ts'
import { newGuid } from '../../lib/ids.ts'
import { temporaryDirectory } from '../cli/command.ts'
import { gptBytes, MemoryDisk, MiB, mbrBytes, problemOf, SECTOR_BYTES } from './memory-disk.ts'

const verdict: HoldVerdict = {
  heldThroughout: true,
  holdMicros: 700,
  heldAtMicros: 1000,
  releasedAtMicros: 1700,
  endedBy: 'release',
  luns: ['A', 'B'].map((name) => ({
    lun: `disk of ${name}`,
    volumeNames: [name],
    holdMicros: 700,
    queuedWriteCount: 0,
    providerWriteCount: 0,
    inFlightWriteCount: 0,
  })),
}

test('only a hold of all volumes that lasted, and not too long, passes', (t) => {
  t.is(problemOf(proveHold(verdict, ['A', 'B'])), '')
  t.is(problemOf(proveHold({ ...verdict, holdMicros: 10_000_000 }, ['A', 'B'])), '')
  t.is(problemOf(proveHold(undefined, ['A', 'B'])), 'there was no hold')
  t.is(
    problemOf(proveHold({ ...verdict, heldThroughout: false, endedBy: 'deadline' }, ['A', 'B'])),
    'the hold did not last: it was ended by deadline',
  )
  t.is(problemOf(proveHold({ ...verdict, holdMicros: 10_000_001 }, ['A', 'B'])), 'it took 10000001 µs')
  t.is(problemOf(proveHold(verdict, ['A', 'B', 'C'])), 'C was not held')
})

async function copied(
  t: ExecutionContext,
): Promise<{ name: string; volume: MemoryDisk; image: CopiedImage }> {
  const volume = new MemoryDisk(gptBytes())
  return { name: 'S1', volume, image: await copyToImage(volume, join(temporaryDirectory(t), 'volume.img')) }
}

test('a shadow copy that has changed since it was copied is found', async (t) => {
  const copy = await copied(t)
  t.is(problemOf(await proveImages([copy])), '')
  copy.volume.flip(5 * MiB)
  t.is(problemOf(await proveImages([copy])), 'S1 has changed since it was copied')
})

test('the comparison of copies and images tells how far it is, and ends when it is told to', async (t) => {
  const { name, volume, image } = await copied(t)
  const said: (readonly [string, number])[] = []
  const controller = new AbortController()
  const optionsFor = (what: string): CopyOptions => ({
    signal: controller.signal,
    onAdvance: (doneBytes: number) => {
      said.push([what, doneBytes])
      if (what !== name && doneBytes === 4 * MiB) controller.abort()
    },
  })
  const error = await t.throwsAsync(proveImages([{ name, volume, image }], optionsFor), {
    any: true,
  } as never)
  t.is(error, controller.signal.reason)
  t.deepEqual(said.at(7), [name, 8 * MiB])
  t.deepEqual(said.at(-1), [image.path, 4 * MiB])
})

test('an image that is not what was read, by a byte or by its end, is found, as one of several', async (t) => {
  const [whole, changed] = [await copied(t), await copied(t)]
  const { path } = changed.image
  const bytes = readFileSync(path)
  bytes.writeUInt8(1, 5 * MiB)
  writeFileSync(path, bytes)
  t.is(problemOf(await proveImages([whole, changed])), `${path} is not what was read`)
  truncateSync(whole.image.path, 4 * MiB)
  t.is(problemOf(await proveImages([whole])), `${whole.image.path} is not what was read`)
})

const setId = newGuid()

function documentOf(succeeded: readonly boolean[]): string {
  const document = BackupComponentsDocument.create()
  document.snapshotSetId = setId
  const writer = document.addWriter({ instanceId: newGuid(), writerId: newGuid(), instanceName: 'ledger' })
  for (const [index, value] of succeeded.entries()) {
    writer.addComponent(VSS_COMPONENT_TYPE.VSS_CT_DATABASE, null, `component ${index}`).backupSucceeded =
      value
  }
  return document.toXml()
}

test('a document of the set in which every component is marked passes', (t) => {
  t.is(problemOf(proveDocument(documentOf([true, true]), setId, ['component 0', 'component 1'])), '')
  t.is(problemOf(proveDocument(documentOf([]), setId, [])), '')
})

test('a document of another set, unmarked, without a component, or damaged is found', (t) => {
  const names = ['component 0', 'component 1']
  t.is(problemOf(proveDocument(documentOf([true, true]), newGuid(), names)), 'it names another snapshot set')
  t.is(
    problemOf(proveDocument(documentOf([true, false]), setId, names)),
    "component 'component 1' is not marked as backed up",
  )
  t.is(problemOf(proveDocument(documentOf([true]), setId, names)), "component 'component 1' is missing")
  const xml = documentOf([true, true])
  for (const damaged of ['', xml.slice(0, -20), xml.replace('snapshotSetId="', 'snapshotSetId="x')]) {
    t.not(problemOf(proveDocument(damaged, setId, names)), '')
  }
})

test('a load that has stood still since the set is found', (t) => {
  t.is(problemOf(proveLoadsWentOn({ transactions: 1, records: 1 })), '')
  t.regex(problemOf(proveLoadsWentOn({ transactions: 0, records: 9 })), /^the ledger has done nothing/)
  t.regex(problemOf(proveLoadsWentOn({ transactions: 9, records: 0 })), /^the bystander has done nothing/)
})

async function imageBefore(path: string, disk: MemoryDisk): Promise<ImageBefore> {
  const { sha256 } = await copyToImage(disk, path)
  const metadata = metadataRanges(await readDiskLayout(disk))
  return {
    path,
    name: 'disk',
    volumeNames: [],
    sha256,
    metadata,
    contents: await hashOutside(disk, metadata),
  }
}

test('a copy may differ in the sectors of its partition table and in no byte else', async (t) => {
  const disk = new MemoryDisk(gptBytes())
  const before = await imageBefore(join(temporaryDirectory(t), 'disk.img'), disk)
  t.is(problemOf(await proveContents([{ before, copy: await disk.copy() }])), '')
  const { firstUsableLba, lastUsableLba } = await readDiskLayout(disk)
  const edges = [firstUsableLba * SECTOR_BYTES, (lastUsableLba + 1) * SECTOR_BYTES - 1]
  for (const at of [...edges, MiB, 4 * MiB]) {
    const copy = (await disk.copy()).flip(at)
    t.is(problemOf(await proveContents([{ before, copy }])), `the copy of ${before.path} differs`, `${at}`)
  }
})

test('an image of which no copy was made is found, and what was compared is counted', async (t) => {
  const disk = new MemoryDisk(gptBytes())
  const before = await imageBefore(join(temporaryDirectory(t), 'disk.img'), disk)
  const good = { before, copy: await disk.copy() }
  t.regex((await proveContents([good, good])).name, /^the copies are equal/)
  t.like(await proveContents([good, good]), {
    detail: '2 disk(s) compared, all bytes but those of the partition tables',
  })
  const missing = { before: { ...before, path: 'other.img' }, copy: undefined }
  t.is(problemOf(await proveContents([good, missing])), 'there is no copy of other.img')
})

test('an image that is not given back as it was is found', async (t) => {
  const path = join(temporaryDirectory(t), 'disk.img')
  const before = await imageBefore(path, new MemoryDisk(gptBytes()))
  t.is(problemOf(await proveGivenBack([before])), '')
  const bytes = readFileSync(path)
  writeFileSync(path, bytes.fill(1, 100, 101))
  t.regex(problemOf(await proveGivenBack([before])), /disk\.img had SHA-256 \w{64} and has \w{64}$/)
})

test('the hash of the metadata tells a change in each of its sectors, and of nothing else', async (t) => {
  for (const bytes of [gptBytes(), mbrBytes(7)]) {
    const disk = new MemoryDisk(bytes)
    const ranges = metadataRanges(await readDiskLayout(disk))
    const hash = await hashMetadata(disk, ranges)
    for (const { offsetBytes, lengthBytes } of ranges) {
      for (let at = offsetBytes; at < offsetBytes + lengthBytes; at += SECTOR_BYTES) {
        disk.flip(at)
        if ((await hashMetadata(disk, ranges)) === hash) t.fail(`sector at ${at} was not seen`)
        disk.flip(at)
      }
      t.is(await hashMetadata(disk, ranges), hash)
    }
    t.is(await hashMetadata(disk.flip(4 * MiB), ranges), hash)
  }
})
