import test from 'ava'
import { BackupFileList, type BackupFileListOptions } from '../../lib/backup/file-list.ts'
import { copiesOf, pairDocuments } from '../../lib/backup/writers.ts'
import {
  VSS_BACKUP_TYPE,
  VSS_FILE_SPEC_BACKUP_TYPE,
  VSS_VOLUME_SNAPSHOT_ATTRIBUTES,
} from '../../lib/enums.ts'
import { newGuid } from '../../lib/ids.ts'
import type { SnapshotProperties } from '../../lib/provider/snapshot-set-description.ts'
import { documentOf, type Files, metadataOf } from './documents.ts'

const volume = (digit: string): string => `\\\\?\\Volume{${digit.repeat(8)}-0000-4000-8000-000000000000}\\`
const [root, data, archive] = ['1', '2', '3'].map(volume) as [string, string, string]
const mounts = [
  { path: '/', volumeName: root },
  { path: '/data', volumeName: data },
  { path: '/data/archive/', volumeName: archive },
]
const copies = [
  { volumeName: root, root: '/copies/root' },
  { volumeName: data, root: '/copies/data/' },
  { volumeName: archive, root: '\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy7' },
]
const onlyBackup = VSS_FILE_SPEC_BACKUP_TYPE.VSS_FSBT_ALL_BACKUP_REQUIRED

function listOf(files: Files[], options: Partial<BackupFileListOptions> = {}): BackupFileList {
  const metadata = metadataOf({ components: [{ name: 'c', files }] })
  const pairs = pairDocuments(documentOf([[metadata, ['c']]]), [metadata])
  return new BackupFileList(pairs, {
    backupType: VSS_BACKUP_TYPE.VSS_BT_FULL,
    mounts,
    environment: {},
    ...options,
  })
}

const sourcesOf = (list: BackupFileList): unknown[] =>
  [...list.placed()].map(({ path, source, isCopy }) => [path, source, isCopy])

test('R18: the volumes of a list are exactly those that its files are read from', (t) => {
  const names = (files: Files[]): (string | null)[] =>
    listOf(files)
      .volumes()
      .map(({ volumeName }) => volumeName)
  t.deepEqual(names([{ path: '/data/x' }, { path: '/data' }]), [data])
  t.deepEqual(names([{ path: '/database' }, { path: '/data/x' }]), [root, data])
  // The data lies in the alternate path.
  t.deepEqual(names([{ path: '/data/x', from: '/spit' }]), [root])
  t.deepEqual(names([{ path: `${data}dir`, filespec: 'x' }]), [data])
  t.deepEqual(listOf([{ path: '/x' }], { mounts: [] }).volumes(), [
    { volumeName: null, snapshotRequired: true },
  ])
})

test('R126: volumes mounted inside a recursive file set belong to it, each with the copy of its own', (t) => {
  const list = listOf([{ path: '/data', recursive: true }], { copies })
  t.is(list.volumes().length, 2)
  t.deepEqual(sourcesOf(list), [
    ['/data', '/copies/data', true],
    ['/data/archive', '\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy7\\', true],
  ])
  t.deepEqual(sourcesOf(listOf([{ path: '/data' }], { copies })), [['/data', '/copies/data', true]])
  // Inside the alternate path; the normal path follows.
  t.deepEqual(sourcesOf(listOf([{ path: '/n', from: '/data', recursive: true }], { copies })), [
    ['/n', '/copies/data', true],
    ['/n/archive', '\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy7\\', true],
  ])
})

test('a path on a copy is its root and the path without that of the volume', (t) => {
  t.deepEqual(
    sourcesOf(listOf([{ path: '/data/a/b' }, { path: '/etc' }, { path: '/data/archive/y' }], { copies })),
    [
      ['/data/a/b', '/copies/data/a/b', true],
      ['/etc', '/copies/root/etc', true],
      ['/data/archive/y', '\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy7\\y', true],
    ],
  )
  const windows = listOf([{ path: 'c:\\Users\\x' }, { path: 'D:\\' }], {
    mounts: [
      { path: 'C:\\', volumeName: root },
      { path: 'D:', volumeName: data },
    ],
    copies,
  })
  t.deepEqual(sourcesOf(windows), [
    ['c:\\Users\\x', '/copies/root/Users/x', true],
    ['D:\\', '/copies/data', true],
  ])
})

test('R41: without the snapshot bit the volume itself will do, and a copy is used where there is one', (t) => {
  const created = onlyBackup | VSS_FILE_SPEC_BACKUP_TYPE.VSS_FSBT_CREATED_DURING_BACKUP
  const list = listOf(
    [
      { path: '/data/x', mask: onlyBackup },
      { path: '/etc', mask: onlyBackup },
      { path: '/data/late', mask: created },
      { path: '/var' },
    ],
    { copies: copies.slice(1) },
  )
  t.deepEqual(sourcesOf(list), [
    ['/data/x', '/copies/data/x', true],
    ['/etc', '/etc', false],
    ['/data/late', '/data/late', false],
    ['/var', null, true],
  ])
  const [, , , missing] = list.placed()
  t.like(missing?.problem, { code: 'VSS_E_OBJECT_NOT_FOUND', culprit: root })
})

test('the parts of each volume can be had by its name in any spelling', (t) => {
  const list = listOf([{ path: '/data', recursive: true }, { path: '/etc' }], { copies })
  const pathsOn = (name: string | null): string[] => [...list.onVolume(name)].map(({ path }) => path)
  t.deepEqual(pathsOn(data.toUpperCase().slice(0, -1)), ['/data'])
  t.deepEqual(pathsOn(archive), ['/data/archive'])
  t.deepEqual(pathsOn(root), ['/etc'])
  t.deepEqual(pathsOn(null), [])
})

test('copies are read where they are exposed locally, else at their device objects', (t) => {
  const properties = (changes: Partial<SnapshotProperties>): SnapshotProperties => ({
    ...{ snapshotId: newGuid(), snapshotSetId: newGuid(), snapshotsCount: 1, providerId: newGuid() },
    ...{
      snapshotDeviceObject: '\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy1',
      originalVolumeName: data,
    },
    ...{ originatingMachine: '', serviceMachine: '', exposedName: undefined, exposedPath: undefined },
    ...{ snapshotAttributes: 0, creationTimestampMillis: 0, status: 12 },
    ...changes,
  })
  const { VSS_VOLSNAP_ATTR_EXPOSED_LOCALLY, VSS_VOLSNAP_ATTR_EXPOSED_REMOTELY } =
    VSS_VOLUME_SNAPSHOT_ATTRIBUTES
  const found = copiesOf([
    properties({}),
    properties({ exposedName: '/mnt/copy', snapshotAttributes: VSS_VOLSNAP_ATTR_EXPOSED_LOCALLY }),
    properties({ exposedName: 'share', snapshotAttributes: VSS_VOLSNAP_ATTR_EXPOSED_REMOTELY }),
    properties({ snapshotDeviceObject: '' }),
  ])
  const device = '\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy1'
  t.deepEqual(
    found.map(({ root: where }) => where),
    [device, '/mnt/copy', device],
  )
})
