// The documents of a backup saved to one place and loaded again.
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import {
  loadMetadata,
  type MetadataToSave,
  type SavedSnapshotSet,
  saveMetadata,
} from '../../lib/cabinet/saved-metadata.ts'
import { VssError } from '../../lib/errors.ts'
import { bracedGuid, GUID_NULL } from '../../lib/ids.ts'
import { guid, name, optionalText, text } from '../document/arbitraries.ts'
import { INSTANCE, transportableSet, WRITER, withComponent } from '../document/backup-components-samples.ts'
import { canonical } from '../document/canonical.ts'
import { missingFixtures, readFixtures } from '../document/fixtures.ts'
import { withComponents } from '../document/ledger-writer.ts'
import { build, writer } from '../document/said.ts'
import { folderOf } from './folder.ts'

const SET: SavedSnapshotSet = {
  snapshotSetId: INSTANCE,
  machineName: 'east',
  shadowCopies: [
    { snapshotId: WRITER, alias: 'Data', originalVolume: 'D:\\', providerId: GUID_NULL },
    { snapshotId: INSTANCE, alias: null, originalVolume: '/srv', providerId: WRITER },
  ],
}

function sample(): MetadataToSave {
  const [backupComponents, component] = withComponent()
  component.backupMetadata = 'opaque <&>'
  backupComponents.transportableSet = transportableSet()
  return { backupComponents, writers: [withComponents().finish(), withComponents().finish()], set: SET }
}

for (const format of ['zip', 'directory'] as const) {
  test(`R3, R131: a backup's documents are loaded from a ${format} as they were saved`, async (t) => {
    const path = join(folderOf(t), `monday.${format}`)
    const saved = sample()
    await saveMetadata(
      path,
      { ...saved, aliases: [{ name: 'x', value: 'y' }], logFile: 'log.tmp' },
      { format },
    )
    const loaded = await loadMetadata(path)
    t.is(loaded.backupComponents.toXml(), xmlOf(saved))
    t.deepEqual(
      loaded.writers.map((document) => document.toXml()),
      saved.writers.map((document) => (typeof document === 'string' ? document : document.toXml())),
    )
    t.deepEqual(loaded.set, SET)
    t.deepEqual(loaded.aliases, [
      { name: 'Data', value: bracedGuid(WRITER) },
      { name: 'VSS_SHADOW_SET', value: bracedGuid(INSTANCE) },
      { name: 'x', value: 'y' },
    ])
    t.is(loaded.logFile, 'log.tmp')
    t.is((await stat(path)).isDirectory(), format === 'directory')
  })

  test(`a path that is taken is refused, and what is there stays, for a ${format}`, async (t) => {
    const folder = folderOf(t)
    const path = join(folder, 'taken')
    await saveMetadata(path, sample(), { format })
    await t.throwsAsync(saveMetadata(path, { ...sample(), writers: [] }, { format }), {
      instanceOf: VssError,
      code: 'VSS_E_OBJECT_ALREADY_EXISTS',
    })
    t.is((await loadMetadata(path)).writers.length, 2)
    t.deepEqual(await readdir(folder), ['taken'])
  })

  test(`what cannot be saved leaves nothing behind, for a ${format}`, async (t) => {
    const folder = folderOf(t)
    const path = join(folder, 'new')
    const refused: [VssError['code'], Parameters<typeof saveMetadata>[1]][] = [
      ['VSS_E_CORRUPT_XML_DOCUMENT', { backupComponents: '<a', writers: [] }],
      ['VSS_E_INVALID_XML_DOCUMENT', { ...sample(), writers: [withComponent()[0].toXml()] }],
      ['E_INVALIDARG', { ...sample(), logFile: 'a\0' }],
      ['E_INVALIDARG', { ...sample(), set: { ...SET, snapshotSetId: 'set' } }],
      ['E_INVALIDARG', { backupComponents: '', writers: undefined } as never],
    ]
    for (const [code, metadata] of refused) {
      await t.throwsAsync(saveMetadata(path, metadata, { format }), { instanceOf: VssError, code })
    }
    await t.throwsAsync(saveMetadata(path, sample(), { format, signal: AbortSignal.abort() }), {
      code: 'VSS_S_ASYNC_CANCELLED',
    })
    await t.throwsAsync(saveMetadata(join(path, 'deeper'), sample(), { format }), {
      code: 'VSS_E_OBJECT_NOT_FOUND',
    })
    t.deepEqual(await readdir(folder), [])
  })
}

function xmlOf({ backupComponents }: MetadataToSave): string {
  return typeof backupComponents === 'string' ? backupComponents : backupComponents.toXml()
}

test('the files have the names and the manifest the form of DiskShadow', async (t) => {
  const path = join(folderOf(t), 'saved')
  await saveMetadata(path, sample())
  t.deepEqual((await readdir(path)).sort(), ['BCDocument.xml', 'Manifest.xml', 'WM0.xml', 'WM1.xml'])
  const manifest = (await readFile(join(path, 'Manifest.xml'))).toString('utf16le')
  t.is(
    canonical(manifest.replace(/^\ufeff/, '')),
    canonical(`<Manifest><ShadowCopySet GUID='{${INSTANCE}}' MachineName='east'>
      <ShadowCopy GUID='{${WRITER}}' Alias='Data' OriginalVolume='D:\\' Provider='{${GUID_NULL}}'/>
      <ShadowCopy GUID='{${INSTANCE}}' Alias='' OriginalVolume='/srv' Provider='{${WRITER}}'/></ShadowCopySet>
      <BackupComponents File='BCDocument.xml'/>
      <Aliases><Alias Name='Data' Value='{${WRITER}}'/><Alias Name='VSS_SHADOW_SET' Value='{${INSTANCE}}'/></Aliases>
      <Writers Count='2'><Writer Name='Ledger%sWriter' MetadataFile='WM0.xml'/>
        <Writer Name='Ledger%sWriter' MetadataFile='WM1.xml'/></Writers></Manifest>`),
  )
})

test('texts are saved as documents are, and an empty directory is taken', async (t) => {
  const path = join(folderOf(t), 'empty')
  await mkdir(path)
  const { backupComponents, writers } = sample()
  await saveMetadata(path, {
    backupComponents: xmlOf({ backupComponents, writers }),
    writers: writers.map((document) => (typeof document === 'string' ? document : document.toXml())),
  })
  const loaded = await loadMetadata(path)
  t.is(loaded.backupComponents.toXml(), xmlOf({ backupComponents, writers }))
  t.is(loaded.set, null)
  t.deepEqual(loaded.aliases, [])
})

const copy = fc.record({
  snapshotId: guid,
  alias: fc.option(name),
  originalVolume: text,
  providerId: guid,
})

test('whatever is saved is loaded, as a zip file and as a directory', async (t) => {
  const folder = folderOf(t)
  let number = 0
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        writers: fc.array(writer, { maxLength: 3 }),
        set: fc.option(
          fc.record({
            snapshotSetId: guid,
            machineName: text,
            shadowCopies: fc.array(copy, { maxLength: 3 }),
          }),
        ),
        aliases: fc.array(fc.record({ name: text, value: text }), { maxLength: 2 }),
        logFile: optionalText,
        format: fc.constantFrom('zip' as const, 'directory' as const),
      }),
      async ({ writers, format, ...rest }) => {
        const path = join(folder, String(number++))
        const documents = writers.map(build)
        const [backupComponents] = withComponent()
        await saveMetadata(path, { backupComponents, writers: documents, ...rest }, { format })
        const loaded = await loadMetadata(path)
        t.is(loaded.backupComponents.toXml(), backupComponents.toXml())
        t.deepEqual(
          loaded.writers.map((document) => document.toXml()),
          documents.map((document) => document.toXml()),
        )
        t.deepEqual(loaded.set, rest.set)
        t.deepEqual(loaded.aliases.slice(loaded.aliases.length - rest.aliases.length), rest.aliases)
        t.is(loaded.logFile, rest.logFile)
      },
    ),
    { numRuns: 12 },
  )
})

const withFixtures = missingFixtures === undefined ? test : test.skip
const because = missingFixtures === undefined ? '' : ` (skipped: ${missingFixtures})`

withFixtures(
  `the metadata of a real backup are loaded by their manifest, and saved anew${because}`,
  async (t) => {
    const folder = folderOf(t)
    const unpacked = join(folder, 'unpacked')
    await mkdir(unpacked)
    const files = readFixtures(/\.xml(\.xz)?$/)
    for (const [file, bytes] of files) await writeFile(join(unpacked, file), bytes)
    const loaded = await loadMetadata(unpacked)
    t.like(loaded.set, {
      machineName: 'WIN2012-SQL17-2',
      snapshotSetId: 'e109943b-232e-4b52-8dc4-62b7de94761b',
    })
    t.deepEqual(loaded.set?.shadowCopies, [
      {
        snapshotId: 'c1749777-4753-44f0-a078-05c23c8771fa',
        alias: 'LocVolumeShadow',
        originalVolume: 'C:\\',
        providerId: GUID_NULL,
      },
    ])
    t.is(loaded.backupComponents.snapshotSetId, loaded.set?.snapshotSetId ?? null)
    t.is(loaded.writers.length, 11)
    t.is(loaded.writers[5]?.getIdentity().writerName, 'SqlServerWriter')
    t.is(loaded.logFile, 'Dis7A07.tmp')
    // Every writer of the components document is among the metadata.
    const instances = new Set(loaded.writers.map((document) => document.getIdentity().instanceId))
    t.true(loaded.backupComponents.writers.every(({ instanceId }) => instances.has(instanceId)))

    const zip = join(folder, 'again.zip')
    const { aliases: _derived, ...rest } = loaded
    await saveMetadata(zip, rest)
    const again = await loadMetadata(zip)
    t.deepEqual(again.set, loaded.set)
    t.deepEqual(again.aliases, loaded.aliases)
    t.deepEqual(
      again.writers.map((document) => document.toXml()),
      loaded.writers.map((document) => document.toXml()),
    )
    t.true((await stat(zip)).size < 1_000_000, 'it is packed')
  },
)
