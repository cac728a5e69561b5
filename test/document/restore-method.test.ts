// What a writer says of its restore: method, service and the places files may go to.
import test from 'ava'
import { WriterMetadataDocument } from '../../lib/document/writer-metadata.ts'
import { VSS_RESTOREMETHOD_ENUM, VSS_WRITERRESTORE_ENUM } from '../../lib/enums.ts'
import { fails } from './fails.ts'
import { REPLACE, withComponents } from './ledger-writer.ts'

test('an alternate location mapping needs a restore method before it and a file set it matches exactly', (t) => {
  const mapping = { sourcePath: '/a', sourceFilespec: '*.db', recursive: false, destination: '/b' }
  const files = { logicalPath: 'main', databaseName: 'books', path: '/a', filespec: '*.db' }

  fails(t, 'VSS_E_OBJECT_NOT_FOUND', () => withComponents().addAlternateLocationMapping(mapping))

  const matching = withComponents()
  matching.setRestoreMethod(REPLACE)
  matching.addAlternateLocationMapping(mapping)
  matching.addDatabaseLogFiles(files)
  t.is(matching.finish().getAlternateLocationMapping(0).getAlternateLocation(), '/b')

  for (const other of [{ sourcePath: '/a/' }, { sourceFilespec: '*' }, { recursive: true }]) {
    const metadata = withComponents()
    metadata.addDatabaseFiles(files)
    metadata.setRestoreMethod(REPLACE)
    metadata.addAlternateLocationMapping({ ...mapping, ...other })
    fails(t, 'E_INVALIDARG', () => metadata.finish())
  }
})

test('a second restore method replaces the first and keeps the mappings', (t) => {
  const metadata = withComponents()
  metadata.addFilesToFileGroup({ groupName: 'config', path: '/a', filespec: '*', recursive: true })
  metadata.setRestoreMethod(REPLACE)
  metadata.addAlternateLocationMapping({
    sourcePath: '/a',
    sourceFilespec: '*',
    recursive: true,
    destination: '/b',
  })
  metadata.setRestoreMethod({
    method: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_STOP_START,
    service: 'ledgerd',
    writerRestore: VSS_WRITERRESTORE_ENUM.VSS_WRE_NEVER,
  })
  t.deepEqual(metadata.finish().getRestoreMethod(), {
    method: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_STOP_START,
    service: 'ledgerd',
    userProcedure: null,
    writerRestore: VSS_WRITERRESTORE_ENUM.VSS_WRE_NEVER,
    rebootRequired: false,
    mappings: 1,
  })
})

test('every defined restore method and writer restore survives saving, and the undefined ones are refused', (t) => {
  for (const method of Object.values(VSS_RESTOREMETHOD_ENUM)) {
    for (const writerRestore of Object.values(VSS_WRITERRESTORE_ENUM)) {
      const metadata = withComponents()
      if (method === 0 || writerRestore === 0) {
        fails(t, 'E_INVALIDARG', () => metadata.setRestoreMethod({ method, writerRestore, service: 's' }))
        continue
      }
      metadata.setRestoreMethod({ method, writerRestore, service: 's' })
      const loaded = WriterMetadataDocument.fromXml(metadata.finish().toXml())
      t.like(loaded.getRestoreMethod(), { method, writerRestore })
    }
  }
})

test('a method that stops a service needs its name', (t) => {
  const { VSS_RME_STOP_RESTORE_START, VSS_RME_RESTORE_STOP_START } = VSS_RESTOREMETHOD_ENUM
  for (const method of [VSS_RME_STOP_RESTORE_START, VSS_RME_RESTORE_STOP_START]) {
    fails(t, 'E_INVALIDARG', () => withComponents().setRestoreMethod({ ...REPLACE, method }))
  }
})
