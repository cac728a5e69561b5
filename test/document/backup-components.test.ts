// What a Backup Components Document keeps; what it refuses is in backup-components-refusals.test.ts.
import test from 'ava'
import { BackupComponentsDocument } from '../../lib/document/backup-components.ts'
import type { ComponentRecord } from '../../lib/document/component-record.ts'
import {
  VSS_BACKUP_TYPE,
  VSS_COMPONENT_TYPE,
  VSS_FILE_RESTORE_STATUS,
  VSS_RESTORE_TARGET,
  VSS_RESTORE_TYPE,
  VSS_ROLLFORWARD_TYPE,
} from '../../lib/enums.ts'
import { INSTANCE, transportableSet, WRITER, withComponent } from './backup-components-samples.ts'
import { canonical } from './canonical.ts'
import { fails } from './fails.ts'
import { missingFixtures, readFixtures } from './fixtures.ts'

const { VSS_CT_DATABASE, VSS_CT_FILEGROUP } = VSS_COMPONENT_TYPE

function reload(document: BackupComponentsDocument): BackupComponentsDocument {
  return BackupComponentsDocument.fromXml(document.toXml())
}

function reloadComponent(document: BackupComponentsDocument): ComponentRecord | undefined {
  return reload(document).findWriter(INSTANCE)?.findComponent('main', 'books')
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
    failure: null,
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
    failure: { hresult: 0x800423f3, applicationHresult: 7, message: 'no room' },
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
  component.failure = { hresult: 0, applicationHresult: 0, message: '' }
  t.deepEqual(reloadComponent(document)?.failure, component.failure)
  component.failure = null
  t.is(reloadComponent(document)?.failure, null)
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
