// What a Backup Components Document does not take, from its caller or from a file.
import test from 'ava'
import { BackupComponentsDocument } from '../../lib/document/backup-components.ts'
import { type VSS_BACKUP_TYPE, VSS_COMPONENT_TYPE, type VSS_RESTORE_TARGET } from '../../lib/enums.ts'
import { INSTANCE, lun, transportableSet, WRITER, withComponent } from './backup-components-samples.ts'
import { fails } from './fails.ts'

const { VSS_CT_DATABASE } = VSS_COMPONENT_TYPE

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
