import test from 'ava'
import { CreateWriterMetadata } from '../../lib/document/create-writer-metadata.ts'
import { WriterMetadataDocument } from '../../lib/document/writer-metadata.ts'
import { VSS_BACKUP_SCHEMA, VSS_COMPONENT_TYPE, VSS_USAGE_TYPE } from '../../lib/enums.ts'
import { canonical } from './canonical.ts'
import { fails } from './fails.ts'
import { IDENTITY, REPLACE, withComponents } from './ledger-writer.ts'

const { VSS_CT_DATABASE, VSS_CT_FILEGROUP, VSS_CT_UNDEFINED } = VSS_COMPONENT_TYPE

test('a writer that says everything produces the documented document', (t) => {
  const metadata = new CreateWriterMetadata({ ...IDENTITY, instanceName: 'east', majorVersion: 1 })
  metadata.addExcludeFiles({ path: '/var/lib/ledger', filespec: '*.tmp', recursive: true })
  metadata.addExcludeFilesFromSnapshot({ path: '/var/cache', filespec: '*', recursive: false })
  metadata.addComponent({
    type: VSS_CT_DATABASE,
    logicalPath: 'main',
    componentName: 'books',
    caption: 'The "books"\nof <Größe>',
    icon: Uint8Array.of(1, 2, 3),
    notifyOnBackupComplete: true,
    selectable: true,
    selectableForRestore: true,
    componentFlags: 3,
  })
  metadata.addDatabaseFiles({
    logicalPath: 'main',
    databaseName: 'books',
    path: '/var/lib/ledger',
    filespec: 'books.db',
  })
  metadata.addDatabaseLogFiles({
    logicalPath: 'main',
    databaseName: 'books',
    path: '/var/lib/ledger/',
    filespec: 'books.wal',
    backupTypeMask: 0x101,
  })
  metadata.addComponent({
    type: VSS_CT_FILEGROUP,
    componentName: 'config',
    selectable: false,
    restoreMetadata: true,
  })
  metadata.addFilesToFileGroup({
    groupName: 'config',
    path: '/etc/ledger',
    filespec: '*',
    recursive: true,
    alternateLocation: '/run/ledger/etc',
  })
  metadata.addComponentDependency({
    forComponentName: 'config',
    onWriterId: '{A65FAA63-5EA8-4EBC-9DBD-A0C4DB26912A}',
    onLogicalPath: '\\\\other\\db',
    onComponentName: 'master',
  })
  metadata.setRestoreMethod({
    ...REPLACE,
    userProcedure: 'see https://example.org/?a&b',
    rebootRequired: true,
  })
  metadata.addAlternateLocationMapping({
    sourcePath: '/etc/ledger',
    sourceFilespec: '*',
    recursive: true,
    destination: '/mnt/restore',
  })
  metadata.setBackupSchema(VSS_BACKUP_SCHEMA.VSS_BS_COPY | VSS_BACKUP_SCHEMA.VSS_BS_TIMESTAMPED)
  const document = metadata.finish()
  t.is(
    canonical(document.toXml()),
    canonical(`<WRITER_METADATA xmlns="x-schema:#VssWriterMetadataInfo" version="1.2" backupSchema="48">
      <IDENTIFICATION writerId="0f0e0d0c-0b0a-0908-0706-050403020100" instanceName="east" usage="USER_DATA"
          instanceId="10111213-1415-1617-1819-1a1b1c1d1e1f" friendlyName="Ledger Writer"
          dataSource="TRANSACTION_DB" majorVersion="1" minorVersion="0"/>
      <RESTORE_METHOD method="RESTORE_IF_CAN_BE_REPLACED" writerRestore="always" rebootRequired="yes"
          userProcedure="see https://example.org/?a&amp;b">
        <ALTERNATE_LOCATION_MAPPING path="/etc/ledger" filespec="*" recursive="yes" alternatePath="/mnt/restore"/>
      </RESTORE_METHOD>
      <BACKUP_LOCATIONS>
        <EXCLUDE_FILES path="/var/lib/ledger" filespec="*.tmp" recursive="yes"/>
        <EXCLUDE_FILES_FROM_SNAPSHOT path="/var/cache" filespec="*" recursive="no"/>
        <DATABASE logicalPath="main" componentName="books" caption="The &quot;books&quot;&#10;of &lt;Größe&gt;"
            restoreMetadata="no" notifyOnBackupComplete="yes" selectable="yes" selectableForRestore="yes"
            componentFlags="3">
          <ICON data="AQID"/>
          <DATABASE_FILES path="/var/lib/ledger" filespec="books.db" filespecBackupType="3855"/>
          <DATABASE_LOGFILES path="/var/lib/ledger/" filespec="books.wal" filespecBackupType="257"/>
        </DATABASE>
        <FILE_GROUP componentName="config" restoreMetadata="yes" notifyOnBackupComplete="no" selectable="no"
            selectableForRestore="no" componentFlags="0">
          <FILE_LIST path="/etc/ledger" filespec="*" recursive="yes" alternatePath="/run/ledger/etc"
              filespecBackupType="3855"/>
          <DEPENDENCY writerId="a65faa63-5ea8-4ebc-9dbd-a0c4db26912a" logicalPath="\\\\other\\db"
              componentName="master"/>
        </FILE_GROUP>
      </BACKUP_LOCATIONS></WRITER_METADATA>`),
  )
  t.is(document.getComponent(0).getComponentInfo().caption, 'The "books"\nof <Größe>')
  t.is(WriterMetadataDocument.fromXml(document.toXml()).toXml(), document.toXml())
})

test('R40: the mask of a file set is 0xF0F unless the writer gives another', (t) => {
  const metadata = withComponents()
  metadata.addDatabaseFiles({ logicalPath: 'main', databaseName: 'books', path: '/a', filespec: 'b' })
  metadata.addFilesToFileGroup({
    groupName: 'config',
    path: '/a',
    filespec: 'b',
    recursive: false,
    backupTypeMask: 1,
  })
  const document = metadata.finish()
  t.is(document.getComponent(0).getDatabaseFile(0).getBackupTypeMask(), 0xf0f)
  t.is(document.getComponent(1).getFile(0).getBackupTypeMask(), 1)
})

test('R2: components of one writer are reported separately, in the order in which they were added', (t) => {
  const document = withComponents().finish()
  t.is(document.getFileCounts().components, 2)
  t.is(document.getComponent(0).getComponentInfo().componentName, 'books')
  t.is(document.getComponent(1).getComponentInfo().componentName, 'config')
  t.is(document.getRestoreMethod(), null)
})

test('R157: a second component of one path and name is VSS_E_OBJECT_ALREADY_EXISTS, of whatever type', (t) => {
  const metadata = withComponents()
  fails(
    t,
    'VSS_E_OBJECT_ALREADY_EXISTS',
    () =>
      metadata.addComponent({
        type: VSS_CT_FILEGROUP,
        logicalPath: 'main',
        componentName: 'books',
        selectable: true,
      }),
    () =>
      metadata.addComponent({
        type: VSS_CT_FILEGROUP,
        logicalPath: '',
        componentName: 'config',
        selectable: true,
      }),
    () =>
      metadata.addComponent({
        type: VSS_CT_DATABASE,
        logicalPath: null,
        componentName: 'config',
        selectable: true,
      }),
  )
  metadata.addComponent({
    type: VSS_CT_DATABASE,
    logicalPath: 'other',
    componentName: 'books',
    selectable: true,
  })
  t.is(metadata.finish().getFileCounts().components, 3)
})

test('a refused component leaves nothing behind', (t) => {
  const metadata = withComponents()
  const before = metadata.saveAsXML()
  const add = (componentName: string, more: object = {}): void =>
    metadata.addComponent({ type: VSS_CT_DATABASE, componentName, selectable: true, ...more })
  fails(
    t,
    'E_INVALIDARG',
    () => add('with\\backslash'),
    () => add(''),
    () => add(undefined as unknown as string),
    () => add('nul\0'),
    () => add('lone \ud800'),
    () => add('a', { type: VSS_CT_UNDEFINED }),
    () => add('a', { type: 3 }),
    () => add('a', { caption: '\x07' }),
    () => add('a', { logicalPath: '\uffff' }),
    () => add('a', { selectable: undefined }),
    () => add('a', { selectableForRestore: 1 }),
    () => add('a', { componentFlags: -1 }),
    () => add('a', { componentFlags: 2 ** 32 }),
    () => add('a', { componentFlags: 0.5 }),
    () => add('a', { icon: 'AQID' }),
  )
  t.is(metadata.saveAsXML(), before)
})

test('files are added only to a component that exists and has the right type', (t) => {
  const metadata = withComponents()
  const file = { path: '/a', filespec: 'b' }
  fails(
    t,
    'VSS_E_OBJECT_NOT_FOUND',
    () => metadata.addDatabaseFiles({ databaseName: 'books', ...file }),
    () => metadata.addDatabaseLogFiles({ logicalPath: 'main', databaseName: 'Books', ...file }),
    () =>
      metadata.addFilesToFileGroup({ logicalPath: 'main', groupName: 'config', recursive: true, ...file }),
    () =>
      metadata.addComponentDependency({
        forComponentName: 'x',
        onWriterId: IDENTITY.instanceId,
        onComponentName: 'y',
      }),
  )
  fails(
    t,
    'E_INVALIDARG',
    () => metadata.addDatabaseFiles({ databaseName: 'config', ...file }),
    () => metadata.addDatabaseLogFiles({ databaseName: 'config', ...file }),
    () => metadata.addFilesToFileGroup({ logicalPath: 'main', groupName: 'books', recursive: true, ...file }),
  )
})

test('paths are absolute and without wildcards, file specifications without directories', (t) => {
  const metadata = withComponents()
  const exclude = (path: string, filespec: string): void =>
    metadata.addExcludeFiles({ path, filespec, recursive: true })
  fails(
    t,
    'E_INVALIDARG',
    () => exclude('var/lib', '*'),
    () => exclude('', '*'),
    () => exclude('/var/*', '*'),
    () => exclude('C:\\a?', '*'),
    () => exclude('\\\\?\\Volume{0}\\*', '*'),
    () => exclude('/var', ''),
    () => exclude('/var', 'a/b'),
    () => exclude('/var', 'a\\b'),
    () => exclude('/var\0', 'a'),
    () => exclude('/var', 'a\ud800'),
    () => metadata.addExcludeFiles({ path: '/var', filespec: '*', recursive: 'no' as unknown as boolean }),
    () => metadata.addExcludeFilesFromSnapshot({ path: 'var', filespec: '*', recursive: true }),
    () =>
      metadata.addFilesToFileGroup({
        groupName: 'config',
        path: '/a',
        filespec: 'b',
        recursive: true,
        alternateLocation: 'c',
      }),
  )
  for (const path of [
    '/',
    '/var/lib/',
    'C:\\Windows',
    'd:',
    '\\System Volume Information\\Heat',
    '%SystemRoot%\\Registration',
    '$UserProfile$\\x',
    '\\\\?\\Volume{c7463aba-f40d-11e9-80c7-806e6f6e6963}\\Boot',
    '\\\\host\\share',
  ]) {
    t.notThrows(() => exclude(path, 'Perfc???.*'), path)
  }
})

test('R195: a dependency inside one writer is refused', (t) => {
  const onWriterId = `{${IDENTITY.writerId.toUpperCase()}}`
  const metadata = withComponents()
  fails(t, 'E_INVALIDARG', () =>
    metadata.addComponentDependency({ forComponentName: 'config', onWriterId, onComponentName: 'books' }),
  )
})

test('the schema is written only when it is not zero', (t) => {
  const metadata = withComponents()
  metadata.setBackupSchema(881)
  t.true(metadata.saveAsXML().includes('backupSchema="881"'))
  metadata.setBackupSchema(0)
  t.false(metadata.saveAsXML().includes('backupSchema'))
  fails(
    t,
    'E_INVALIDARG',
    () => metadata.setBackupSchema(-1),
    () => metadata.setBackupSchema(Number.NaN),
  )
})

test('an identity that VSS does not allow is refused', (t) => {
  const create = (more: object) => () => new CreateWriterMetadata({ ...IDENTITY, ...more })
  fails(
    t,
    'E_INVALIDARG',
    create({ writerId: 'ledger' }),
    create({ instanceId: '' }),
    create({ writerName: '' }),
    create({ writerName: 'a\0' }),
    create({ usage: VSS_USAGE_TYPE.VSS_UT_UNDEFINED }),
    create({ source: 4 }),
    create({ majorVersion: 1.5 }),
  )
})

test('R120: after the handler has returned nothing can be added any more', (t) => {
  const metadata = withComponents()
  const xml = metadata.saveAsXML()
  const document = metadata.finish()
  const file = { path: '/a', filespec: 'b' }
  fails(
    t,
    'VSS_E_BAD_STATE',
    () => metadata.addComponent({ type: VSS_CT_FILEGROUP, componentName: 'late', selectable: true }),
    () => metadata.addExcludeFiles({ ...file, recursive: true }),
    () => metadata.addExcludeFilesFromSnapshot({ ...file, recursive: true }),
    () => metadata.addDatabaseFiles({ logicalPath: 'main', databaseName: 'books', ...file }),
    () => metadata.addDatabaseLogFiles({ logicalPath: 'main', databaseName: 'books', ...file }),
    () => metadata.addFilesToFileGroup({ groupName: 'config', ...file, recursive: true }),
    () => metadata.setRestoreMethod(REPLACE),
    () =>
      metadata.addAlternateLocationMapping({
        sourcePath: '/',
        sourceFilespec: '*',
        recursive: true,
        destination: '/',
      }),
    () =>
      metadata.addComponentDependency({
        forComponentName: 'config',
        onWriterId: IDENTITY.instanceId,
        onComponentName: 'x',
      }),
    () => metadata.setBackupSchema(1),
    () => metadata.addIncludeFiles({ ...file, recursive: true }),
    () => metadata.saveAsXML(),
    () => metadata.getDocument(),
    () => metadata.finish(),
  )
  t.is(document.toXml(), xml)
})

test('include files, which VSS has taken back, are E_NOTIMPL', (t) => {
  const metadata = withComponents()
  const xml = metadata.saveAsXML()
  fails(t, 'E_NOTIMPL', () => metadata.addIncludeFiles({ path: '/a', filespec: '*', recursive: false }))
  t.is(metadata.saveAsXML(), xml)
})

test('changing the DOM a writer is given says nothing', (t) => {
  const metadata = withComponents()
  const xml = metadata.saveAsXML()
  const dom = metadata.getDocument()
  t.is(dom.documentElement?.localName, 'WRITER_METADATA')
  dom.documentElement?.setAttribute('backupSchema', '1')
  t.is(metadata.saveAsXML(), xml)
})

test('R121: a component may be empty, and a writer without a restore method is told from one that has it', (t) => {
  const silent = withComponents().finish()
  t.is(silent.getRestoreMethod(), null)
  t.is(silent.getComponent(0).getComponentInfo().databases, 0)
  const stated = withComponents()
  stated.setRestoreMethod(REPLACE)
  t.is(stated.finish().getRestoreMethod()?.method, REPLACE.method)
})

test('R61, R130: the alternate path of a file set is read beside its normal path', (t) => {
  const metadata = withComponents()
  const files = { groupName: 'config', filespec: '*.db', recursive: false }
  metadata.addFilesToFileGroup({ ...files, path: '/var/lib/ledger', alternateLocation: '/var/spool/ledger' })
  metadata.addFilesToFileGroup({ ...files, path: '/etc/ledger' })
  const config = metadata.finish().getComponent(1)
  t.deepEqual(
    [0, 1].map((index) => [config.getFile(index).getPath(), config.getFile(index).getAlternateLocation()]),
    [
      ['/var/lib/ledger', '/var/spool/ledger'],
      ['/etc/ledger', null],
    ],
  )
})

test('every schema a writer may state is read back, and without one it is full backups only', (t) => {
  t.is(withComponents().finish().getBackupSchema(), VSS_BACKUP_SCHEMA.VSS_BS_UNDEFINED)
  for (const bit of Object.values(VSS_BACKUP_SCHEMA)) {
    const metadata = withComponents()
    metadata.setBackupSchema(bit)
    t.is(metadata.finish().getBackupSchema(), bit)
  }
})
