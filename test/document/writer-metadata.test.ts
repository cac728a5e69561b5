import test from 'ava'
import { createVssExamineWriterMetadata, WriterMetadataDocument } from '../../lib/document/writer-metadata.ts'
import {
  VSS_COMPONENT_TYPE,
  VSS_RESTOREMETHOD_ENUM,
  VSS_SOURCE_TYPE,
  VSS_USAGE_TYPE,
  VSS_WRITERRESTORE_ENUM,
} from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'
import { canonical } from './canonical.ts'
import { fails } from './fails.ts'
import { missingFixtures, readFixtures } from './fixtures.ts'

const WRITER = '0f0e0d0c-0b0a-0908-0706-050403020100'
const INSTANCE = '10111213-1415-1617-1819-1a1b1c1d1e1f'
const IDENTIFICATION =
  `<IDENTIFICATION writerId="${WRITER.toUpperCase()}" instanceId="${INSTANCE}" friendlyName="Ledger Writer" ` +
  'usage="USER_DATA" dataSource="TRANSACTION_DB" majorVersion="1" minorVersion="2"/>'

function wmd(inside: string, attributes = 'version="1.2"'): string {
  return `<WRITER_METADATA xmlns="x-schema:#VssWriterMetadataInfo" ${attributes}>${inside}</WRITER_METADATA>`
}

const SMALL = wmd(`${IDENTIFICATION}<BACKUP_LOCATIONS/>`)

for (const [name, bytes] of readFixtures(/^WM\d+\.xml(\.xz)?$/)) {
  test(`${name} of a real backup is loaded and saved as an equivalent document`, (t) => {
    const loaded = WriterMetadataDocument.fromXml(bytes)
    const saved = loaded.saveAsXML()
    t.true(canonical(saved) === canonical(bytes.toString('utf8')))
    t.true(WriterMetadataDocument.fromXml(saved).saveAsXML() === saved)
  })
}

const withFixtures = missingFixtures === undefined ? test : test.skip
const because = missingFixtures === undefined ? '' : ` (skipped: ${missingFixtures})`

withFixtures(`the metadata of a real SQL Server writer has the values its server shows${because}`, (t) => {
  const [[, bytes] = []] = readFixtures(/^WM5\.xml$/)
  if (!bytes) return t.fail('WM5.xml is missing')
  const sql = WriterMetadataDocument.fromXml(bytes)
  t.deepEqual(sql.getIdentityEx(), {
    instanceId: '235435d9-34d6-41ea-8c08-5958a9982636',
    writerId: 'a65faa63-5ea8-4ebc-9dbd-a0c4db26912a',
    writerName: 'SqlServerWriter',
    instanceName: 'Microsoft SQL Server 2017:SQLWriter',
    usage: VSS_USAGE_TYPE.VSS_UT_USERDATA,
    source: VSS_SOURCE_TYPE.VSS_ST_TRANSACTEDDB,
  })
  t.is(sql.getBackupSchema(), 881)
  t.deepEqual(sql.getRestoreMethod(), {
    method: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_IF_CAN_REPLACE,
    service: null,
    userProcedure: null,
    writerRestore: VSS_WRITERRESTORE_ENUM.VSS_WRE_ALWAYS,
    rebootRequired: false,
    mappings: 0,
  })
  t.deepEqual(sql.getFileCounts(), { includeFiles: 0, excludeFiles: 0, components: 6 })
  t.deepEqual(sql.getComponent(0).getComponentInfo(), {
    type: VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP,
    logicalPath: 'WIN2012-SQL17-2',
    componentName: 'master',
    caption: null,
    icon: null,
    restoreMetadata: false,
    notifyOnBackupComplete: true,
    selectable: true,
    selectableForRestore: true,
    componentFlags: 2,
    fileCount: 2,
    databases: 0,
    logFiles: 0,
    dependencies: 0,
  })
  const file = sql.getComponent(0).getFile(1)
  t.is(file.getPath(), 'E:\\MSSQL14.MSSQLSERVER\\MSSQL\\DATA')
  t.is(file.getFilespec(), 'mastlog.ldf')
  t.false(file.getRecursive())
  t.is(file.getAlternateLocation(), null)
  t.is(file.getBackupTypeMask(), 0xf0f)
})

withFixtures(`exclusions and a missing restore method of real writers are read${because}`, (t) => {
  const documents = new Map(readFixtures(/^WM[679]\.xml$/))
  const optimization = WriterMetadataDocument.fromXml(documents.get('WM6.xml') ?? '')
  t.is(optimization.getRestoreMethod(), null)
  t.is(optimization.getExcludeFromSnapshotCount(), 17)
  t.is(optimization.getExcludeFromSnapshotFile(4).getPath(), '\\System Volume Information\\Heat')
  t.true(optimization.getExcludeFromSnapshotFile(4).getRecursive())
  const bits = WriterMetadataDocument.fromXml(documents.get('WM7.xml') ?? '')
  t.deepEqual(bits.getFileCounts(), { includeFiles: 0, excludeFiles: 3, components: 0 })
  const registry = WriterMetadataDocument.fromXml(documents.get('WM9.xml') ?? '')
  t.is(registry.getFileCounts().excludeFiles, 5)
  t.is(registry.getComponent(0).getComponentInfo().fileCount, 9)
})

test('a document with everything in it is read into the documented members', (t) => {
  const metadata = WriterMetadataDocument.fromXml(
    wmd(
      `${IDENTIFICATION}
      <RESTORE_METHOD method="STOP_RESTART_SERVICE" service="ledgerd" userProcedure="see handbook"
          writerRestore="ifReplaceFails" rebootRequired="yes">
        <ALTERNATE_LOCATION_MAPPING path="/var/lib/ledger" filespec="books.db" recursive="no" alternatePath="/mnt/a"/>
      </RESTORE_METHOD>
      <BACKUP_LOCATIONS>
        <EXCLUDE_FILES path="/var/lib/ledger" filespec="*.tmp" recursive="yes"/>
        <DATABASE logicalPath="main" componentName="books" selectable="yes">
          <DATABASE_FILES path="/var/lib/ledger" filespec="books.db" filespecBackupType="257"/>
          <DATABASE_LOGFILES path="/var/lib/ledger" filespec="books.wal"/>
          <ICON data="AQID"/>
          <DEPENDENCY writerId="${INSTANCE}" logicalPath="\\\\host\\a" componentName="b"/>
        </DATABASE>
        <FILE_GROUP componentName="config"/>
      </BACKUP_LOCATIONS>`,
      'version="1.2" backupSchema="51"',
    ),
  )
  t.deepEqual(metadata.getVersion(), { majorVersion: 1, minorVersion: 2 })
  t.is(metadata.getIdentity().writerId, WRITER)
  t.is(metadata.getBackupSchema(), 51)
  t.like(metadata.getRestoreMethod(), {
    method: VSS_RESTOREMETHOD_ENUM.VSS_RME_STOP_RESTORE_START,
    service: 'ledgerd',
    userProcedure: 'see handbook',
    writerRestore: VSS_WRITERRESTORE_ENUM.VSS_WRE_IF_REPLACE_FAILS,
    rebootRequired: true,
    mappings: 1,
  })
  t.is(metadata.getAlternateLocationMapping(0).getAlternateLocation(), '/mnt/a')
  t.is(metadata.getExcludeFile(0).getFilespec(), '*.tmp')
  const books = metadata.getComponent(0)
  t.like(books.getComponentInfo(), {
    type: VSS_COMPONENT_TYPE.VSS_CT_DATABASE,
    fileCount: 0,
    databases: 1,
    logFiles: 1,
    dependencies: 1,
    selectable: true,
    selectableForRestore: false,
  })
  t.deepEqual(books.getComponentInfo().icon, Uint8Array.of(1, 2, 3))
  t.is(books.getDatabaseFile(0).getBackupTypeMask(), 257)
  t.is(books.getDatabaseLogFile(0).getBackupTypeMask(), 0xf0f)
  t.is(books.getDependency(0).getWriterId(), INSTANCE)
  t.is(books.getDependency(0).getLogicalPath(), '\\\\host\\a')
  t.is(books.getDependency(0).getComponentName(), 'b')
  t.is(metadata.getComponent(1).getComponentInfo().type, VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP)
})

test('an index that is out of range, fractional or no number is VSS_E_OBJECT_NOT_FOUND', (t) => {
  const metadata = WriterMetadataDocument.fromXml(
    wmd(`${IDENTIFICATION}<BACKUP_LOCATIONS><FILE_GROUP componentName="a"/></BACKUP_LOCATIONS>`),
  )
  const component = metadata.getComponent(0)
  for (const index of [-1, 1, 0.5, Number.NaN, 2 ** 40, '0' as unknown as number]) {
    for (const call of [
      () => metadata.getComponent(index),
      () => metadata.getExcludeFile(index),
      () => metadata.getIncludeFile(index),
      () => metadata.getExcludeFromSnapshotFile(index),
      () => metadata.getAlternateLocationMapping(index),
      () => component.getFile(index),
      () => component.getDatabaseFile(index),
      () => component.getDatabaseLogFile(index),
      () => component.getDependency(index),
    ]) {
      t.is(t.throws(call, { instanceOf: VssError })?.code, 'VSS_E_OBJECT_NOT_FOUND')
    }
  }
})

test('R12: changing what a reader was given changes nothing in the document', (t) => {
  const metadata = WriterMetadataDocument.fromXml(
    wmd(
      `${IDENTIFICATION}<RESTORE_METHOD method="CUSTOM" writerRestore="never"/><BACKUP_LOCATIONS>
      <FILE_GROUP componentName="a"><ICON data="AQID"/></FILE_GROUP></BACKUP_LOCATIONS>`,
    ),
  )
  const before = metadata.toXml()
  metadata.getIdentity().writerName = 'other'
  metadata.getVersion().majorVersion = 9
  const info = metadata.getComponent(0).getComponentInfo()
  info.componentName = 'b'
  info.icon?.fill(0)
  const method = metadata.getRestoreMethod()
  if (method) method.mappings = 7
  t.is(metadata.getIdentity().writerName, 'Ledger Writer')
  t.is(metadata.getVersion().majorVersion, 1)
  t.is(metadata.getComponent(0).getComponentInfo().componentName, 'a')
  t.deepEqual(metadata.getComponent(0).getComponentInfo().icon, Uint8Array.of(1, 2, 3))
  t.is(metadata.getRestoreMethod()?.mappings, 0)
  t.is(metadata.toXml(), before)
})

test('R12: the DOM a reader hands out is a copy of its own', (t) => {
  const metadata = createVssExamineWriterMetadata(SMALL)
  const dom = metadata.getDocument()
  t.is(dom.documentElement?.getAttribute('version'), '1.2')
  dom.documentElement?.setAttribute('backupSchema', '1')
  dom.documentElement?.removeChild(dom.documentElement.lastChild as never)
  t.is(metadata.getBackupSchema(), 0)
  t.is(metadata.saveAsXML(), WriterMetadataDocument.fromXml(SMALL).saveAsXML())
})

test('R12: loadFromXML shows one reader another document, and a refused one changes nothing', (t) => {
  const metadata = createVssExamineWriterMetadata(SMALL)
  const other = metadata.reader()
  other.loadFromXML(SMALL.replace('Ledger Writer', 'Another'))
  t.is(other.getIdentity().writerName, 'Another')
  t.is(metadata.getIdentity().writerName, 'Ledger Writer')
  fails(t, 'VSS_E_CORRUPT_XML_DOCUMENT', () => other.loadFromXML('<a'))
  fails(t, 'VSS_E_INVALID_XML_DOCUMENT', () => other.loadFromXML(wmd(IDENTIFICATION)))
  t.is(other.getIdentity().writerName, 'Another')
})

test('what is not known stays in its place when the document is saved again', (t) => {
  const xml = wmd(
    `<!-- head --><FUTURE a="1"><x:DEEP xmlns:x="urn:x" x:b="&#10;2"/>text &amp; more</FUTURE>${IDENTIFICATION}
    <?hint keep me?><BACKUP_LOCATIONS unknown="u"><FILE_GROUP componentName="a" later="&#9;z"><NEW/></FILE_GROUP>
    <![CDATA[<raw>]]></BACKUP_LOCATIONS>`,
  )
  const saved = WriterMetadataDocument.fromXml(xml).toXml()
  t.is(canonical(saved), canonical(xml))
  t.true(saved.includes('later="&#9;z"'))
})

test('a prefix for the namespace makes no difference', (t) => {
  const metadata = WriterMetadataDocument.fromXml(
    `<v:WRITER_METADATA xmlns:v="x-schema:#VssWriterMetadataInfo" version="1.2">
      ${IDENTIFICATION.replace('<IDENT', '<v:IDENT')}<v:BACKUP_LOCATIONS/></v:WRITER_METADATA>`,
  )
  t.is(metadata.getIdentity().writerName, 'Ledger Writer')
})

const invalid: Record<string, string> = {
  'another root': '<BACKUP_COMPONENTS xmlns="x-schema:#VssWriterMetadataInfo" version="1.2"/>',
  'another namespace': SMALL.replace('x-schema:#VssWriterMetadataInfo', 'x-schema:#VssComponentMetadata'),
  'no namespace': SMALL.replace(/ xmlns="[^"]*"/, ''),
  'no version': SMALL.replace(/ version="[^"]*"/, ''),
  'version 2': SMALL.replace('version="1.2"', 'version="2.0"'),
  'a schema that is no number': SMALL.replace('version="1.2"', 'version="1.2" backupSchema="0x33"'),
  'a negative schema': SMALL.replace('version="1.2"', 'version="1.2" backupSchema="-1"'),
  'a schema of 33 bits': SMALL.replace('version="1.2"', 'version="1.2" backupSchema="4294967296"'),
  'no identification': wmd('<BACKUP_LOCATIONS/>'),
  'two identifications': wmd(`${IDENTIFICATION}${IDENTIFICATION}<BACKUP_LOCATIONS/>`),
  'no backup locations': wmd(IDENTIFICATION),
  'a writer id that is no GUID': SMALL.replace(WRITER.toUpperCase(), 'me'),
  'a writer id in braces': SMALL.replace(WRITER.toUpperCase(), `{${WRITER}}`),
  'no name': SMALL.replace(/ friendlyName="[^"]*"/, ''),
  'an unknown usage': SMALL.replace('USER_DATA', 'user_data'),
  'a usage that names a property of every object': SMALL.replace('USER_DATA', 'constructor'),
  'an unknown data source': SMALL.replace('TRANSACTION_DB', '1'),
  'an unknown restore method': wmd(
    `${IDENTIFICATION}<RESTORE_METHOD method="X" writerRestore="never"/><BACKUP_LOCATIONS/>`,
  ),
  'a mapping without destination': wmd(
    `${IDENTIFICATION}<RESTORE_METHOD method="CUSTOM" writerRestore="never">` +
      '<ALTERNATE_LOCATION_MAPPING path="/a" filespec="*"/></RESTORE_METHOD><BACKUP_LOCATIONS/>',
  ),
  'a boolean that is no yes or no': SMALL.replace(
    '<BACKUP_LOCATIONS/>',
    '<BACKUP_LOCATIONS><FILE_GROUP componentName="a" selectable="true"/></BACKUP_LOCATIONS>',
  ),
  'a component without a name': SMALL.replace(
    '<BACKUP_LOCATIONS/>',
    '<BACKUP_LOCATIONS><DATABASE/></BACKUP_LOCATIONS>',
  ),
  'a file set without a path': SMALL.replace(
    '<BACKUP_LOCATIONS/>',
    '<BACKUP_LOCATIONS><EXCLUDE_FILES filespec="*"/></BACKUP_LOCATIONS>',
  ),
  'an icon that is not base64': SMALL.replace(
    '<BACKUP_LOCATIONS/>',
    '<BACKUP_LOCATIONS><FILE_GROUP componentName="a"><ICON data="!"/></FILE_GROUP></BACKUP_LOCATIONS>',
  ),
}
for (const [what, xml] of Object.entries(invalid)) {
  test(`a document with ${what} is VSS_E_INVALID_XML_DOCUMENT`, (t) => {
    t.notThrows(() => WriterMetadataDocument.fromXml(SMALL))
    const error = t.throws(() => WriterMetadataDocument.fromXml(xml), { instanceOf: VssError })
    t.is(error?.code, 'VSS_E_INVALID_XML_DOCUMENT')
  })
}
