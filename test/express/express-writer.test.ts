// Express writers: what they may say, where it is kept, and how a backup sees them.
import { mkdtempSync, rmSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Coordinator } from '../../lib/coordinator/coordinator.ts'
import {
  VSS_BACKUP_SCHEMA,
  VSS_BACKUP_TYPE,
  VSS_COMPONENT_TYPE,
  VSS_RESTOREMETHOD_ENUM,
  VSS_USAGE_TYPE,
  VSS_WRITER_STATE,
  VSS_WRITERRESTORE_ENUM,
} from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'
import { createVssExpressWriter, type ExpressWriter } from '../../lib/express/express-writer.ts'
import type { CreateExpressWriterMetadata } from '../../lib/express/metadata.ts'
import { ExpressWriterStore } from '../../lib/express/store.ts'
import { newGuid } from '../../lib/ids.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { fails } from '../document/fails.ts'
import { IDENTITY, REPLACE, withComponents } from '../document/ledger-writer.ts'
import { World } from '../helpers/fakes/world.ts'

const WRITER = IDENTITY.writerId
const { VSS_CT_FILEGROUP, VSS_CT_DATABASE } = VSS_COMPONENT_TYPE
const METHOD = {
  method: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_IF_CAN_REPLACE,
  writerRestore: VSS_WRITERRESTORE_ENUM.VSS_WRE_NEVER,
}
const FILES = { groupName: 'config', path: '/etc/ledger', filespec: '*', recursive: true }

function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-express-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function described(express: ExpressWriter): CreateExpressWriterMetadata {
  const metadata = express.createMetadata(WRITER, 'Ledger', VSS_USAGE_TYPE.VSS_UT_USERDATA, 2, 1)
  metadata.addExcludeFiles({ path: '/etc/ledger', filespec: '*.tmp', recursive: true })
  metadata.addComponent({ type: VSS_CT_FILEGROUP, componentName: 'config', selectable: true })
  metadata.addFilesToFileGroup(FILES)
  metadata.setRestoreMethod(METHOD)
  metadata.addComponentDependency({
    forComponentName: 'config',
    onWriterId: newGuid(),
    onComponentName: 'other',
  })
  metadata.setBackupSchema(VSS_BACKUP_SCHEMA.VSS_BS_COPY)
  return metadata
}

test('a registered express writer is gathered with the others and answers for itself without a process', async (t) => {
  const directory = join(folderOf(t), 'writers')
  const express = createVssExpressWriter(directory)
  const metadata = described(express)
  await express.register()

  const { kernelSupport, host } = new World()
  const expressWriters = new ExpressWriterStore(directory)
  const coordinator = new Coordinator({ kernelSupport, host, expressWriters })
  const backup = new BackupComponents(coordinator)
  backup.initializeForBackup()
  backup.setBackupState(true, false, VSS_BACKUP_TYPE.VSS_BT_FULL)
  await backup.gatherWriterMetadata()
  t.is(backup.getWriterMetadataCount(), 1)
  const { instanceId, metadata: gathered } = backup.getWriterMetadata(0)
  t.is(gathered.saveAsXML(), metadata.saveAsXML())
  t.like(gathered.getIdentity(), { writerId: WRITER, writerName: 'Ledger' })
  t.deepEqual(gathered.getVersion(), { majorVersion: 2, minorVersion: 1 })
  backup.addComponent(instanceId, WRITER, VSS_CT_FILEGROUP, null, 'config')
  await backup.prepareForBackup()
  await backup.gatherWriterStatus()
  t.like(backup.getWriterStatus(0), { failure: 'S_OK', state: VSS_WRITER_STATE.VSS_WS_STABLE })
  await backup.backupComplete()
  await backup.close()

  await express.unregister(`{${WRITER.toUpperCase()}}`)
  const later = new BackupComponents(coordinator)
  later.initializeForBackup()
  await later.gatherWriterMetadata()
  t.is(later.getWriterMetadataCount(), 0)
  await later.close()
  await coordinator.close()
})

test('registering needs metadata, twice is refused, and so is taking off what is not there', async (t) => {
  const directory = folderOf(t)
  const express = createVssExpressWriter(directory)
  await t.throwsAsync(express.register(), { instanceOf: VssError, code: 'VSS_E_BAD_STATE' })
  await t.throwsAsync(express.unregister(WRITER), { code: 'VSS_E_OBJECT_NOT_FOUND' })
  await t.throwsAsync(express.unregister('me'), { code: 'E_INVALIDARG' })
  described(express)
  await express.register()
  await t.throwsAsync(express.register(), { code: 'VSS_E_OBJECT_ALREADY_EXISTS' })
  t.deepEqual(await readdir(directory), [`${WRITER}.xml`])
  await express.unregister(WRITER)
  await express.register()
  fails(t, 'E_INVALIDARG', () => createVssExpressWriter(''))
})

test('metadata made elsewhere are loaded and registered as they are', async (t) => {
  const express = createVssExpressWriter(folderOf(t))
  const xml = described(express).saveAsXML()
  const other = folderOf(t)
  const again = createVssExpressWriter(other)
  again.loadMetadata(xml)
  await again.register()
  const [connection] = await new ExpressWriterStore(other).connections()
  t.is((await connection?.deliver({ type: 'Identify' }))?.metadataXml, xml)
})

test('what only a writer that runs could do is VSS_E_NOT_SUPPORTED', (t) => {
  const express = createVssExpressWriter(folderOf(t))
  const metadata = described(express)
  const before = metadata.saveAsXML()
  const component = { type: VSS_CT_FILEGROUP, componentName: 'x', selectable: true }
  fails(
    t,
    'VSS_E_NOT_SUPPORTED',
    () => express.createMetadata(WRITER, 'Ledger', VSS_USAGE_TYPE.VSS_UT_OTHER, 1, 0),
    () => metadata.addComponent({ ...component, type: VSS_CT_DATABASE }),
    () => metadata.addComponent({ ...component, restoreMetadata: true }),
    () => metadata.addComponent({ ...component, notifyOnBackupComplete: true }),
    () => metadata.addFilesToFileGroup({ ...FILES, alternateLocation: '/var/spool' }),
    () => metadata.addFilesToFileGroup({ ...FILES, backupTypeMask: 0x202 }),
    () => metadata.setRestoreMethod({ ...METHOD, writerRestore: VSS_WRITERRESTORE_ENUM.VSS_WRE_ALWAYS }),
    ...[
      VSS_RESTOREMETHOD_ENUM.VSS_RME_UNDEFINED,
      VSS_RESTOREMETHOD_ENUM.VSS_RME_CUSTOM,
      VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_TO_ALTERNATE_LOCATION,
    ].map((method) => () => metadata.setRestoreMethod({ ...METHOD, method })),
    ...[
      VSS_BACKUP_SCHEMA.VSS_BS_DIFFERENTIAL,
      VSS_BACKUP_SCHEMA.VSS_BS_INCREMENTAL,
      VSS_BACKUP_SCHEMA.VSS_BS_LOG,
      VSS_BACKUP_SCHEMA.VSS_BS_TIMESTAMPED,
      VSS_BACKUP_SCHEMA.VSS_BS_AUTHORITATIVE_RESTORE,
    ].map((schema) => () => metadata.setBackupSchema(schema)),
  )
  t.is(metadata.saveAsXML(), before)
})

test('a document that says more than an express writer may is not loaded', (t) => {
  const express = createVssExpressWriter(folderOf(t))
  const xml = described(express).saveAsXML()
  const running = withComponents()
  running.setRestoreMethod(REPLACE)
  fails(
    t,
    'VSS_E_NOT_SUPPORTED',
    () => express.loadMetadata(running.finish().toXml()),
    () => express.loadMetadata(xml.replace('usage="USER_DATA"', 'usage="OTHER"')),
    () => express.loadMetadata(xml.replace('writerRestore="never"', 'writerRestore="always"')),
    () => express.loadMetadata(xml.replace('filespecBackupType="3855"', 'filespecBackupType="514"')),
    () => express.loadMetadata(xml.replace('backupSchema="16"', 'backupSchema="3"')),
  )
  fails(t, 'VSS_E_CORRUPT_XML_DOCUMENT', () => express.loadMetadata('<a'))
})

test('a stored document that cannot be used is left out, and the others are not', async (t) => {
  const directory = folderOf(t)
  const express = createVssExpressWriter(directory)
  const xml = described(express).saveAsXML()
  await express.register()
  await writeFile(join(directory, `${newGuid()}.xml`), 'no document')
  await writeFile(join(directory, `${newGuid()}.xml`), xml)
  await writeFile(join(directory, 'notes.xml'), xml)
  const store = new ExpressWriterStore(directory)
  t.deepEqual(
    (await store.connections()).map(({ identity }) => identity.writerId),
    [WRITER],
  )
  t.deepEqual(await new ExpressWriterStore(join(directory, 'none')).connections(), [])
})
