import test, { type ExecutionContext } from 'ava'
import { BackupComponentsDocument } from '../../lib/document/backup-components.ts'
import type { ComponentRecord } from '../../lib/document/component-record.ts'
import type { VdsLunInformation } from '../../lib/document/lun-information.ts'
import type { TransportableSet } from '../../lib/document/transportable-set.ts'
import {
  VDS_STORAGE_BUS_TYPE,
  VSS_BACKUP_TYPE,
  VSS_COMPONENT_TYPE,
  VSS_FILE_RESTORE_STATUS,
  VSS_RESTORE_TARGET,
  VSS_RESTORE_TYPE,
  VSS_ROLLFORWARD_TYPE,
} from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'
import { GUID_NULL } from '../../lib/ids.ts'
import { canonical } from './canonical.ts'
import { missingFixtures, readFixtures } from './fixtures.ts'

const { VSS_CT_DATABASE, VSS_CT_FILEGROUP } = VSS_COMPONENT_TYPE
const INSTANCE = '10111213-1415-1617-1819-1a1b1c1d1e1f'
const WRITER = '0f0e0d0c-0b0a-0908-0706-050403020100'

function lun(serialNumber: string): VdsLunInformation {
  return {
    version: 1,
    deviceType: 0,
    deviceTypeModifier: 0,
    commandQueueing: true,
    busType: VDS_STORAGE_BUS_TYPE.VDSBusTypeiScsi,
    vendorId: 'HOLDFAST',
    productId: 'LUN <1> & "more"  ',
    productRevision: '',
    serialNumber,
    diskSignature: WRITER,
    deviceIdDescriptor: {
      version: 1,
      identifiers: [
        { codeSet: 1, type: 3, identifier: '6001405abcdef000' },
        { codeSet: 3, type: 8, identifier: '69716e2e' },
      ],
    },
    interconnects: [{ addressType: 5, port: '', address: '00ff' }],
  }
}

function transportableSet(): TransportableSet {
  return {
    snapshotSetId: INSTANCE,
    context: 0x80000029,
    originatingMachine: 'east',
    metadata: null,
    snapshots: [
      {
        snapshotId: WRITER,
        originalVolume: '\\\\?\\Volume{c7463aba-f40d-11e9-80c7-806e6f6e6963}\\',
        providerId: GUID_NULL,
        extents: [
          { lunIndex: 0, offsetBytes: 1_048_576, lengthBytes: 2 ** 52 },
          { lunIndex: 1, offsetBytes: 0, lengthBytes: 0 },
        ],
        luns: [
          { original: lun('1'), target: { ...lun('2'), diskSignature: GUID_NULL } },
          { original: lun('3'), target: null },
        ],
      },
      { snapshotId: INSTANCE, originalVolume: 'D:\\', providerId: WRITER, extents: [], luns: [] },
    ],
  }
}

function withComponent(): [BackupComponentsDocument, ComponentRecord] {
  const document = BackupComponentsDocument.create()
  const writer = document.addWriter({
    instanceId: INSTANCE,
    writerId: WRITER,
    instanceName: 'east',
    backupSchema: 48,
  })
  return [document, writer.addComponent(VSS_CT_DATABASE, 'main', 'books')]
}

function reload(document: BackupComponentsDocument): BackupComponentsDocument {
  return BackupComponentsDocument.fromXml(document.toXml())
}

function reloadComponent(document: BackupComponentsDocument): ComponentRecord | undefined {
  return reload(document).findWriter(INSTANCE)?.findComponent('main', 'books')
}

function fails(t: ExecutionContext, code: VssError['code'], ...calls: (() => unknown)[]): void {
  for (const call of calls) {
    t.is(t.throws(call, { instanceOf: VssError }, call.toString())?.code, code, call.toString())
  }
}

for (const [name, bytes] of readFixtures(/^BC.*\.xml$/)) {
  test(`${name} of a real backup is loaded and saved as an equivalent document`, (t) => {
    const saved = BackupComponentsDocument.fromXml(bytes).toXml()
    t.is(canonical(saved), canonical(bytes.toString('utf8')))
    t.is(BackupComponentsDocument.fromXml(saved).toXml(), saved)
  })
}

const withFixtures = missingFixtures === undefined ? test : test.skip
const because = missingFixtures === undefined ? '' : ` (skipped: ${missingFixtures})`

withFixtures(`R14: the document of a real backup lists its explicit components${because}`, (t) => {
  const [[, bytes] = []] = readFixtures(/^BCDocument\.xml$/)
  if (!bytes) return t.fail('BCDocument.xml is missing')
  const document = BackupComponentsDocument.fromXml(bytes)
  t.true(document.bootableSystemStateBackup)
  t.true(document.selectComponents)
  t.is(document.backupType, VSS_BACKUP_TYPE.VSS_BT_FULL)
  t.false(document.partialFileSupport)
  t.is(document.snapshotSetId, 'e109943b-232e-4b52-8dc4-62b7de94761b')
  t.is(document.restoreType, VSS_RESTORE_TYPE.VSS_RTYPE_UNDEFINED)
  t.is(document.transportableSet, null)
  t.is(document.writers.length, 7)
  const system = document.findWriter('{CE678D65-95D0-4BEA-A43D-2A288BC94500}')
  t.deepEqual(
    system?.components.map((component) => [
      component.componentName,
      component.componentType,
      component.logicalPath,
    ]),
    [
      ['System Files', VSS_CT_FILEGROUP, null],
      ['Win32 Services Files', VSS_CT_FILEGROUP, null],
    ],
  )
})

test('a new document says no to everything and names no type', (t) => {
  t.is(
    canonical(BackupComponentsDocument.create().toXml()),
    canonical(`<BACKUP_COMPONENTS xmlns="x-schema:#VssComponentMetadata" version="1.2"
      bootableSystemStateBackup="no" selectComponents="no" backupType="undefined" partialFileSupport="no"/>`),
  )
})

test('R45: the backup state is kept in the document', (t) => {
  const document = BackupComponentsDocument.create()
  document.bootableSystemStateBackup = true
  document.selectComponents = true
  document.partialFileSupport = true
  document.snapshotSetId = `{${INSTANCE.toUpperCase()}}`
  for (const backupType of Object.values(VSS_BACKUP_TYPE)) {
    document.backupType = backupType
    t.is(reload(document).backupType, backupType)
  }
  for (const restoreType of Object.values(VSS_RESTORE_TYPE)) {
    document.restoreType = restoreType
    t.is(reload(document).restoreType, restoreType)
  }
  const loaded = reload(document)
  t.true(loaded.bootableSystemStateBackup && loaded.selectComponents && loaded.partialFileSupport)
  t.is(loaded.snapshotSetId, INSTANCE)
  document.snapshotSetId = null
  t.is(reload(document).snapshotSetId, null)
})

test('writers and components are found again, and cannot be added twice', (t) => {
  const [document] = withComponent()
  const writer = document.findWriter(INSTANCE)
  t.like(writer, { instanceId: INSTANCE, writerId: WRITER, instanceName: 'east', backupSchema: 48 })
  writer?.addComponent(VSS_CT_FILEGROUP, null, 'books')
  fails(
    t,
    'VSS_E_OBJECT_ALREADY_EXISTS',
    () => document.addWriter({ instanceId: `{${INSTANCE}}`, writerId: WRITER }),
    () => writer?.addComponent(VSS_CT_FILEGROUP, 'main', 'books'),
    () => writer?.addComponent(VSS_CT_FILEGROUP, '', 'books'),
  )
  t.is(document.findWriter(WRITER), undefined)
  t.is(writer?.findComponent('other', 'books'), undefined)
  t.is(writer?.findComponent(undefined, 'books')?.componentType, VSS_CT_FILEGROUP)
  t.is(reload(document).findWriter(INSTANCE)?.components.length, 2)
})

test('R51: metadata of a component comes back character by character', (t) => {
  const [document, component] = withComponent()
  const text = ' a\t"b"\r\n<c>&amp;\u0085\u2028𝄞]]> '
  component.backupMetadata = 'first'
  component.backupMetadata = text
  component.restoreMetadata = ''
  t.is(reloadComponent(document)?.backupMetadata, text)
  t.is(reloadComponent(document)?.restoreMetadata, '')
  component.backupMetadata = null
  t.is(reloadComponent(document)?.backupMetadata, null)
})

test('every property of a component is kept, and has the documented default before', (t) => {
  const [document, component] = withComponent()
  const defaults = {
    componentType: VSS_CT_DATABASE,
    logicalPath: 'main',
    componentName: 'books',
    backupSucceeded: false,
    backupMetadata: null,
    backupStamp: null,
    previousBackupStamp: null,
    backupOptions: null,
    prepareForBackupFailureMsg: null,
    postSnapshotFailureMsg: null,
    partialFiles: [],
    differencedFiles: [],
    restoreMetadata: null,
    restoreOptions: null,
    additionalRestores: false,
    selectedForRestore: false,
    restoreTarget: VSS_RESTORE_TARGET.VSS_RT_ORIGINAL,
    fileRestoreStatus: VSS_FILE_RESTORE_STATUS.VSS_RS_UNDEFINED,
    preRestoreFailureMsg: null,
    postRestoreFailureMsg: null,
    authoritativeRestore: false,
    rollForwardType: VSS_ROLLFORWARD_TYPE.VSS_RF_UNDEFINED,
    rollForwardPoint: null,
    restoreName: null,
    alternateLocationMappings: [],
    newTargets: [],
    directedTargets: [],
    restoreSubcomponents: [],
  }
  t.deepEqual(component.toPlain(), defaults)
  t.deepEqual(reloadComponent(document)?.toPlain(), defaults)

  const properties = {
    backupSucceeded: true,
    backupMetadata: 'metadata',
    backupStamp: 'stamp',
    previousBackupStamp: 'before',
    backupOptions: '"a"="b"',
    prepareForBackupFailureMsg: 'p',
    postSnapshotFailureMsg: 's',
    restoreMetadata: 'r',
    restoreOptions: '"c"="d"',
    additionalRestores: true,
    selectedForRestore: true,
    restoreTarget: VSS_RESTORE_TARGET.VSS_RT_DIRECTED,
    fileRestoreStatus: VSS_FILE_RESTORE_STATUS.VSS_RS_FAILED,
    preRestoreFailureMsg: 'q',
    postRestoreFailureMsg: 't',
    authoritativeRestore: true,
    rollForwardType: VSS_ROLLFORWARD_TYPE.VSS_RF_PARTIAL,
    rollForwardPoint: 'point',
    restoreName: 'name',
  }
  Object.assign(component, properties)
  const partialFile = { path: '/a', filespec: 'b', ranges: '0:512, 0x400:1', metadata: null }
  const differencedFile = {
    path: '/a',
    filespec: '*',
    recursive: true,
    lastModifyTime: 2n ** 63n - 1n,
    lsn: null,
  }
  const relocated = { path: '/a', filespec: '*', recursive: false, alternatePath: '/b' }
  const directedTarget = {
    sourcePath: '/a',
    sourceFilespec: 'b',
    sourceRanges: '0:1',
    destinationPath: '/c',
    destinationFilespec: 'd',
    destinationRanges: '1:1',
  }
  const subcomponent = { logicalPath: 'main\\books', componentName: 'x', repair: false }
  component.addPartialFile({ ...partialFile, metadata: 'm' })
  component.addPartialFile(partialFile)
  component.addDifferencedFile(differencedFile)
  component.addAlternateLocationMapping(relocated)
  component.addNewTarget(relocated)
  component.addDirectedTarget(directedTarget)
  component.addRestoreSubcomponent(subcomponent)
  component.setPartialFileRanges(1, '/tmp/ranges')
  const expected = {
    ...defaults,
    ...properties,
    partialFiles: [
      { ...partialFile, metadata: 'm' },
      { ...partialFile, ranges: '/tmp/ranges' },
    ],
    differencedFiles: [differencedFile],
    alternateLocationMappings: [relocated],
    newTargets: [relocated],
    directedTargets: [directedTarget],
    restoreSubcomponents: [subcomponent],
  }
  t.deepEqual(component.toPlain(), expected)
  t.deepEqual(reloadComponent(document)?.toPlain(), expected)
  fails(
    t,
    'VSS_E_OBJECT_NOT_FOUND',
    () => component.setPartialFileRanges(2, ''),
    () => component.setPartialFileRanges(-1, ''),
  )
})

test('every value of the restore enumerations survives saving', (t) => {
  const [document, component] = withComponent()
  for (const target of Object.values(VSS_RESTORE_TARGET)) {
    component.restoreTarget = target
    t.is(reloadComponent(document)?.restoreTarget, target)
  }
  for (const status of Object.values(VSS_FILE_RESTORE_STATUS)) {
    component.fileRestoreStatus = status
    t.is(reloadComponent(document)?.fileRestoreStatus, status)
  }
  for (const type of Object.values(VSS_ROLLFORWARD_TYPE)) {
    component.rollForwardType = type
    t.is(reloadComponent(document)?.rollForwardType, type)
  }
})

test('what the document cannot carry is E_INVALIDARG and leaves the document as it was', (t) => {
  const [document, component] = withComponent()
  document.transportableSet = transportableSet()
  const before = document.toXml()
  const writer = document.findWriter(INSTANCE)
  const withLun = (more: object): void => {
    const set = transportableSet()
    set.snapshots[0]?.luns.splice(1, 1, { original: { ...lun('1'), ...more }, target: null })
    document.transportableSet = set
  }
  fails(
    t,
    'E_INVALIDARG',
    () => {
      component.backupStamp = 'a\0'
    },
    () => {
      component.backupMetadata = 'lone \udc00'
    },
    () => {
      component.restoreTarget = 9 as VSS_RESTORE_TARGET
    },
    () => {
      component.backupSucceeded = 1 as unknown as boolean
    },
    () => {
      document.backupType = 7 as VSS_BACKUP_TYPE
    },
    () => {
      document.snapshotSetId = 'set'
    },
    () => component.addPartialFile({ path: '/a', filespec: 'b', ranges: '\x01', metadata: null }),
    () => component.addPartialFile({ path: '/a', filespec: 'b', metadata: null } as never),
    () =>
      component.addDifferencedFile({
        path: '/a',
        filespec: 'b',
        recursive: true,
        lastModifyTime: -1n,
        lsn: null,
      }),
    () =>
      component.addDifferencedFile({
        path: '/a',
        filespec: 'b',
        recursive: true,
        lastModifyTime: 0,
        lsn: null,
      } as never),
    () => writer?.addComponent(VSS_COMPONENT_TYPE.VSS_CT_UNDEFINED, null, 'x'),
    () => writer?.addComponent(VSS_CT_DATABASE, null, ''),
    () => writer?.addComponent(VSS_CT_DATABASE, '\0', 'x'),
    () => document.addWriter({ instanceId: WRITER, writerId: 'x' }),
    () => document.addWriter({ instanceId: WRITER, writerId: WRITER, backupSchema: 2 ** 32 }),
    () => withLun({ deviceType: 256 }),
    () => withLun({ vendorId: 'a\0' }),
    () => withLun({ serialNumber: null }),
    () => withLun({ diskSignature: '' }),
    () =>
      withLun({
        deviceIdDescriptor: { version: 1, identifiers: [{ codeSet: 1, type: 3, identifier: '0' }] },
      }),
    () => {
      const set = transportableSet()
      set.snapshots[0]?.luns.pop()
      document.transportableSet = set
    },
    () => {
      document.transportableSet = { ...transportableSet(), context: -1 }
    },
  )
  t.is(document.toXml(), before)
})

test('R172: a transportable set keeps original LUNs, target LUNs and extents', (t) => {
  const document = BackupComponentsDocument.create()
  t.is(document.transportableSet, null)
  document.transportableSet = transportableSet()
  t.deepEqual(reload(document).transportableSet, transportableSet())
  document.addWriter({ instanceId: INSTANCE, writerId: WRITER })
  t.true(document.toXml().indexOf('WRITER_COMPONENTS') < document.toXml().indexOf('SNAPSHOT_SET_DESCRIPTION'))
  document.transportableSet = { ...transportableSet(), snapshots: [] }
  t.deepEqual(reload(document).transportableSet?.snapshots, [])
  document.transportableSet = null
  t.is(reload(document).transportableSet, null)
})

test('BACKUP_METADATA in no namespace, as VSS has been seen to write it, is read and changed in place', (t) => {
  const xml = `<BACKUP_COMPONENTS xmlns="x-schema:#VssComponentMetadata" version="1.2" backupType="full" new="1">
    <WRITER_COMPONENTS xmlns="x-schema:#VssComponentMetadata" instanceId="${INSTANCE}" writerId="${WRITER}"
        instanceName="a:b" backupSchema="881"><COMPONENT logicalPath="main" componentName="books"
        componentType="database" backupStamp="stamp="><FUTURE/><BACKUP_METADATA xmlns="" metadata="first=="/></COMPONENT>
    </WRITER_COMPONENTS></BACKUP_COMPONENTS>`
  const document = BackupComponentsDocument.fromXml(xml)
  t.is(canonical(document.toXml()), canonical(xml))
  const component = document.findWriter(INSTANCE)?.findComponent('main', 'books')
  t.is(component?.backupStamp, 'stamp=')
  t.is(component?.backupMetadata, 'first==')
  if (component) component.backupMetadata = 'second=='
  t.is(canonical(document.toXml()), canonical(xml.replace('first==', 'second==')))
})

const SMALL = `<BACKUP_COMPONENTS xmlns="x-schema:#VssComponentMetadata" version="1.2" backupType="full">
  <WRITER_COMPONENTS instanceId="${INSTANCE}" writerId="${WRITER}" backupSchema="0">
  <COMPONENT componentName="a" componentType="filegroup"/></WRITER_COMPONENTS></BACKUP_COMPONENTS>`
const inComponent = (attributes: string, children = ''): string =>
  SMALL.replace(
    'componentType="filegroup"/>',
    `componentType="filegroup" ${attributes}>${children}</COMPONENT>`,
  )
const invalid: Record<string, string> = {
  'an unknown backup type': SMALL.replace('"full"', '"Full"'),
  'a set id that is no GUID': SMALL.replace('backupType', 'snapshotSetId="x" backupType'),
  'a boolean that is neither': SMALL.replace('backupType', 'selectComponents="1" backupType'),
  'a writer without instance id': SMALL.replace(/instanceId="[^"]*"/, ''),
  'a writer id that is none': SMALL.replace(/writerId="[^"]*"/, 'writerId="1"'),
  'a component without type': SMALL.replace('componentType="filegroup"', ''),
  'a component type of the other document': SMALL.replace('"filegroup"', '"FILE_GROUP"'),
  'a component without name': SMALL.replace('componentName="a"', ''),
  'a success that is neither': inComponent('backupSucceeded="maybe"'),
  'an unknown restore target': inComponent('restoreTarget="ORIGINAL"'),
  'an unknown restore status': inComponent('fileRestoreStatus="toString"'),
  'metadata without text': inComponent('', '<BACKUP_METADATA/>'),
  'two metadata': inComponent('', '<BACKUP_METADATA metadata="a"/><BACKUP_METADATA metadata="b"/>'),
  'a partial file without ranges': inComponent('', '<PARTIAL_FILE path="/" filespec="a"/>'),
  'a time that is no number': inComponent(
    '',
    '<DIFFERENCED_FILE path="/" filespec="a" lastModifyTime="now"/>',
  ),
  'a time beyond 63 bits': inComponent(
    '',
    '<DIFFERENCED_FILE path="/" filespec="a" lastModifyTime="9223372036854775808"/>',
  ),
  'a set without context': SMALL.replace(
    '</BACKUP_',
    `<SNAPSHOT_SET_DESCRIPTION snapshotSetId="${WRITER}" originatingMachine="a"/></BACKUP_`,
  ),
  'two sets': SMALL.replace(
    '</BACKUP_',
    `${`<SNAPSHOT_SET_DESCRIPTION snapshotSetId="${WRITER}" context="0" originatingMachine="a"/>`.repeat(2)}</BACKUP_`,
  ),
}
for (const [what, xml] of Object.entries(invalid)) {
  test(`a document with ${what} is VSS_E_INVALID_XML_DOCUMENT`, (t) => {
    t.notThrows(() => BackupComponentsDocument.fromXml(SMALL))
    fails(t, 'VSS_E_INVALID_XML_DOCUMENT', () => BackupComponentsDocument.fromXml(xml))
  })
}
