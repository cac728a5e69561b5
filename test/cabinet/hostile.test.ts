// Saved metadata that somebody else could hand over: refused with a typed error, in bounded time and memory.
import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { loadMetadata, type MetadataLimits, saveMetadata } from '../../lib/cabinet/saved-metadata.ts'
import { VssError } from '../../lib/errors.ts'
import { withComponent } from '../document/backup-components-samples.ts'
import { withComponents } from '../document/ledger-writer.ts'
import { folderOf } from './folder.ts'

const INVALID = 'VSS_E_INVALID_XML_DOCUMENT'
const CORRUPT = 'VSS_E_CORRUPT_XML_DOCUMENT'

interface Entry {
  name: string
  bytes: Buffer
  /** What the archive says of its length. @defaultValue the truth */
  claimedBytes?: number
  claimedSum?: number
  flags?: number
}

/** A zip file, written out by hand so that it can lie. */
function zipOf(entries: readonly Entry[], claimedEntries = entries.length): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, bytes, claimedBytes = bytes.length, claimedSum = crc32(bytes), flags = 0 } of entries) {
    const packed = deflateRawSync(bytes)
    const nameBytes = Buffer.from(name)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(flags, 2)
    fields.writeUInt16LE(8, 4)
    fields.writeUInt32LE(claimedSum, 10)
    fields.writeUInt32LE(packed.length, 14)
    fields.writeUInt32LE(claimedBytes, 18)
    fields.writeUInt16LE(nameBytes.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, nameBytes, packed])
    const central = Buffer.alloc(14)
    central.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, central, nameBytes)
    parts.push(local)
    offset += local.length
  }
  const listed = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(claimedEntries, 4)
  end.writeUInt16LE(claimedEntries, 6)
  end.writeUInt32LE(listed.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, listed, Buffer.from('PK\x05\x06'), end])
}

function manifest(writers: string[] = [], components = 'BCDocument.xml'): Entry {
  const named = writers.map((file) => `<Writer Name="w" MetadataFile="${file}"/>`).join('')
  const text = `<Manifest><BackupComponents File="${components}"/><Writers>${named}</Writers></Manifest>`
  return { name: 'Manifest.xml', bytes: Buffer.from(text) }
}

const COMPONENTS: Entry = { name: 'BCDocument.xml', bytes: Buffer.from(withComponent()[0].toXml()) }
const METADATA: Entry = { name: 'WM0.xml', bytes: Buffer.from(withComponents().finish().toXml()) }

async function refused(
  t: ExecutionContext,
  code: VssError['code'],
  content: Buffer | readonly Entry[],
  limits: Partial<MetadataLimits> = {},
): Promise<void> {
  const path = join(folderOf(t), 'hostile.zip')
  await writeFile(path, Buffer.isBuffer(content) ? content : zipOf(content))
  const error = await t.throwsAsync(loadMetadata(path, { limits }), { instanceOf: VssError, code })
  t.true((error?.message.length ?? 0) < 2_000)
}

test('a zip file written by hand is loaded, so what follows is refused for what it says', async (t) => {
  const path = join(folderOf(t), 'plain.zip')
  await writeFile(
    path,
    zipOf([manifest(['WM0.xml']), COMPONENTS, METADATA, { name: 'notes', bytes: Buffer.alloc(9) }]),
  )
  const loaded = await loadMetadata(path)
  t.is(loaded.writers[0]?.getIdentity().writerName, 'Ledger Writer')
})

test('a zip bomb is refused by what it says of itself, and cut off where it lies', async (t) => {
  const bomb = Buffer.alloc(64 << 20, 0x20)
  const before = process.memoryUsage().rss
  await refused(t, INVALID, [manifest(), { ...COMPONENTS, bytes: bomb }])
  await refused(t, CORRUPT, [manifest(), { ...COMPONENTS, bytes: bomb, claimedBytes: 1000 }])
  t.true(process.memoryUsage().rss - before < 150e6)
})

test('many documents may not hold more together than one cabinet may', async (t) => {
  const names = Array.from({ length: 50 }, (_, index) => `WM${index}.xml`)
  const entries = [manifest(names), COMPONENTS, ...names.map((name) => ({ ...METADATA, name }))]
  await refused(t, INVALID, entries, { maxBytes: 20 * METADATA.bytes.length })
  await refused(t, INVALID, entries, { maxNodes: 100 })
  await refused(t, INVALID, entries, { maxWriters: 49 })
  await refused(t, INVALID, entries, { maxWriters: 10 })
})

test('a name that leads outside is refused, in the archive and in the manifest', async (t) => {
  for (const name of ['../WM0.xml', '/etc/passwd', 'a/../../b', 'C:/x', '..\\WM0.xml']) {
    await refused(t, CORRUPT, [manifest(), COMPONENTS, { ...METADATA, name }])
  }
  for (const name of ['..', 'a/..', 'C:', 'a\\', ''])
    await refused(t, INVALID, [manifest([name]), COMPONENTS])
  // Only the last part of a path counts, and it is looked for in the archive.
  await refused(t, INVALID, [manifest(['/etc/passwd']), COMPONENTS])
})

test('an archive that is damaged or says two things is refused', async (t) => {
  const whole = zipOf([manifest(['WM0.xml']), COMPONENTS, METADATA])
  await refused(t, CORRUPT, Buffer.from('no zip file at all'))
  await refused(t, CORRUPT, Buffer.alloc(0))
  for (const end of [1, 30, 200, whole.length - 30, whole.length - 1]) {
    await refused(t, CORRUPT, whole.subarray(0, end))
  }
  await refused(t, CORRUPT, [manifest(), { ...COMPONENTS, claimedSum: 1 }])
  await refused(t, INVALID, [manifest(), COMPONENTS, COMPONENTS])
  await refused(t, INVALID, [manifest(), { ...COMPONENTS, flags: 1 }])
  await refused(t, CORRUPT, zipOf([manifest(), COMPONENTS], 3))
  await refused(t, INVALID, zipOf([manifest(), COMPONENTS], 60_000))
})

test('any byte of an archive may be changed: it is loaded or refused with one of the two codes', async (t) => {
  const path = join(folderOf(t), 'changed.zip')
  const whole = zipOf([manifest(['WM0.xml']), COMPONENTS, METADATA])
  for (let at = 0; at < whole.length; at += 31) {
    const changed = Buffer.from(whole)
    changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at)
    await writeFile(path, changed)
    try {
      t.is((await loadMetadata(path)).writers.length, 1)
    } catch (thrown) {
      if (!(thrown instanceof VssError)) throw thrown
      t.true([INVALID, CORRUPT].includes(thrown.code), `${at}: ${thrown.message}`)
    }
  }
})

test('documents that are missing, of another kind or damaged are refused by their name', async (t) => {
  await refused(t, INVALID, [COMPONENTS])
  await refused(t, INVALID, [manifest(['WM0.xml']), COMPONENTS])
  await refused(t, INVALID, [manifest(['BCDocument.xml']), COMPONENTS])
  await refused(t, CORRUPT, [manifest(), { ...COMPONENTS, bytes: Buffer.from('<a') }])
  await refused(t, INVALID, [{ name: 'Manifest.xml', bytes: Buffer.from('<Manifest/>') }, COMPONENTS])
  const counted = '<Manifest><BackupComponents File="BCDocument.xml"/><Writers Count="1"/></Manifest>'
  await refused(t, INVALID, [{ name: 'Manifest.xml', bytes: Buffer.from(counted) }, COMPONENTS])
  const set = counted.replace('<Back', '<ShadowCopySet GUID="x" MachineName="m"/><Back')
  await refused(t, INVALID, [{ name: 'Manifest.xml', bytes: Buffer.from(set) }, COMPONENTS])
  const path = join(folderOf(t), 'named.zip')
  await writeFile(
    path,
    zipOf([manifest(['WM0.xml']), COMPONENTS, { ...METADATA, bytes: Buffer.from('<b/>') }]),
  )
  t.regex(String(await t.throwsAsync(loadMetadata(path))), /WM0\.xml/)
})

test('in a directory links, pipes and directories are not read', async (t) => {
  const folder = folderOf(t)
  const path = join(folder, 'saved')
  const loads = (): Promise<unknown> => loadMetadata(path)
  await saveMetadata(path, { backupComponents: withComponent()[0], writers: [withComponents().finish()] })
  await rename(join(path, 'WM0.xml'), join(folder, 'outside.xml'))
  await t.throwsAsync(loads(), { code: INVALID, message: /WM0\.xml is named/ })
  await symlink(join(folder, 'outside.xml'), join(path, 'WM0.xml'))
  await t.throwsAsync(loads(), { code: INVALID, message: /WM0\.xml is a link/ })
  await rename(join(path, 'WM0.xml'), join(folder, 'link'))
  await mkdir(join(path, 'WM0.xml'))
  await t.throwsAsync(loads(), { code: INVALID, message: /no plain file/ })
  await rename(join(path, 'WM0.xml'), join(folder, 'folder'))
  execFileSync('mkfifo', [join(path, 'WM0.xml')])
  await t.throwsAsync(loads(), { code: INVALID, message: /no plain file/ })
  await t.throwsAsync(loadMetadata(join(path, 'WM0.xml')), { code: INVALID, message: /neither/ })
  await rename(join(path, 'WM0.xml'), join(folder, 'pipe'))
  await copyFile(join(folder, 'outside.xml'), join(path, 'WM0.xml'))
  await t.notThrowsAsync(loads())
  await t.throwsAsync(loadMetadata(path, { limits: { maxBytes: 100 } }), { code: INVALID })
})

test('what the system says, a wrong path and a signal have their own codes', async (t) => {
  const folder = folderOf(t)
  await t.throwsAsync(loadMetadata(join(folder, 'none')), { code: 'VSS_E_OBJECT_NOT_FOUND' })
  await t.throwsAsync(loadMetadata(''), { code: 'E_INVALIDARG' })
  await t.throwsAsync(loadMetadata('a\0b'), { code: 'E_INVALIDARG' })
  await t.throwsAsync(loadMetadata(7 as never), { code: 'E_INVALIDARG' })
  const path = join(folder, 'plain.zip')
  await writeFile(path, zipOf([manifest(), COMPONENTS]))
  await t.throwsAsync(loadMetadata(path, { signal: AbortSignal.abort() }), { code: 'VSS_S_ASYNC_CANCELLED' })
  t.true((await readFile(path)).length > 0)
})
