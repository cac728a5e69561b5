import test from 'ava'
import { BackupFileList, type BackupFileListOptions } from '../../lib/backup/file-list.ts'
import { pairDocuments } from '../../lib/backup/writers.ts'
import type { WriterMetadataDocument } from '../../lib/document/writer-metadata.ts'
import {
  DEFAULT_FILE_SPEC_BACKUP_TYPE,
  VSS_BACKUP_SCHEMA,
  VSS_BACKUP_TYPE,
  VSS_FILE_SPEC_BACKUP_TYPE,
} from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'
import { fails } from '../document/fails.ts'
import { documentOf, linesOf, metadataOf } from './documents.ts'

const { VSS_BT_FULL, VSS_BT_INCREMENTAL, VSS_BT_DIFFERENTIAL, VSS_BT_LOG, VSS_BT_COPY } = VSS_BACKUP_TYPE
const { VSS_BS_INCREMENTAL, VSS_BS_DIFFERENTIAL, VSS_BS_LOG } = VSS_BACKUP_SCHEMA
const FSBT = VSS_FILE_SPEC_BACKUP_TYPE

/** A list over writers and the names of what is included of each. */
function listOf(
  writers: readonly (readonly [WriterMetadataDocument, readonly string[]])[],
  options: Partial<BackupFileListOptions> = {},
): BackupFileList {
  const pairs = pairDocuments(
    documentOf(writers),
    writers.map(([metadata]) => metadata),
  )
  return new BackupFileList(pairs, { backupType: VSS_BT_FULL, environment: {}, ...options })
}

test('R124: what is included brings its subcomponents along, and nothing else of its writer', (t) => {
  const writer = metadataOf({
    components: [
      { name: 'store', files: [{ path: '/store', filespec: 'store.db' }] },
      { name: 'store\\index', files: [{ path: '/store/index', recursive: true }] },
      { name: 'logs', files: [{ path: '/logs', filespec: '*.log' }] },
    ],
  })
  const other = metadataOf({ components: [{ name: 'x', files: [{ path: '/x' }] }] })
  const document = documentOf([[writer, ['store']]])
  const list = new BackupFileList(pairDocuments(document, [other, writer]), { backupType: VSS_BT_FULL })
  t.deepEqual(linesOf(list), ['files /store/store.db', 'files /store/index/**/*'])
  t.deepEqual(
    [...list].map(({ component, defining }) => [component?.componentName, defining?.componentName]),
    [
      ['store', 'store'],
      ['index', 'store'],
    ],
  )
})

test('R40: the mask of a file set decides, and one that gives none has the default', (t) => {
  const writer = metadataOf({
    schema: VSS_BS_INCREMENTAL | VSS_BS_DIFFERENTIAL,
    components: [
      {
        name: 'c',
        selectable: false,
        files: [
          { path: '/always' },
          { path: '/full', mask: FSBT.VSS_FSBT_FULL_BACKUP_REQUIRED },
          { path: '/incremental', mask: FSBT.VSS_FSBT_INCREMENTAL_BACKUP_REQUIRED },
          { path: '/never', mask: FSBT.VSS_FSBT_FULL_SNAPSHOT_REQUIRED },
        ],
      },
    ],
  })
  const pathsOf = (backupType: VSS_BACKUP_TYPE): string[] =>
    [...listOf([[writer, ['c']]], { backupType })].map(({ path }) => path)
  t.deepEqual(pathsOf(VSS_BT_FULL), ['/always', '/full'])
  t.deepEqual(pathsOf(VSS_BT_INCREMENTAL), ['/always', '/incremental'])
  t.deepEqual(pathsOf(VSS_BT_DIFFERENTIAL), ['/always'])
  t.is([...listOf([[writer, ['c']]])][0]?.backupTypeMask, DEFAULT_FILE_SPEC_BACKUP_TYPE)
})

test('R41, R42: without a snapshot bit of the backup type on any volume no shadow copy is needed', (t) => {
  const onlyFull = FSBT.VSS_FSBT_ALL_BACKUP_REQUIRED | FSBT.VSS_FSBT_FULL_SNAPSHOT_REQUIRED
  const writer = metadataOf({
    schema: VSS_BS_INCREMENTAL,
    components: [{ name: 'c', files: [{ path: '/data', mask: onlyFull }] }],
  })
  const required = (backupType: VSS_BACKUP_TYPE): boolean[] =>
    listOf([[writer, ['c']]], { backupType })
      .volumes()
      .map(({ snapshotRequired }) => snapshotRequired)
  t.deepEqual(required(VSS_BT_FULL), [true])
  t.deepEqual(required(VSS_BT_COPY), [true])
  t.deepEqual(required(VSS_BT_INCREMENTAL), [false])
})

test('R148, R196: a writer that does not offer a backup type is backed up in full, beside one that does', (t) => {
  const component = {
    name: 'c',
    files: [
      { path: '/full', mask: FSBT.VSS_FSBT_FULL_BACKUP_REQUIRED },
      { path: '/incremental', mask: FSBT.VSS_FSBT_INCREMENTAL_BACKUP_REQUIRED },
    ],
  }
  const plain = metadataOf({ components: [component] })
  const able = metadataOf({ schema: VSS_BS_INCREMENTAL, components: [component] })
  const lines = linesOf(
    listOf(
      [
        [plain, ['c']],
        [able, ['c']],
      ],
      { backupType: VSS_BT_INCREMENTAL },
    ),
  )
  t.deepEqual(lines, ['files /full/*', 'files /incremental/*'])
})

test('a log backup takes the log files of databases, and by the mask alone if that is asked for', (t) => {
  const components = [
    { name: 'db', database: [{ path: '/d', filespec: 'x.db' }], log: [{ path: '/l', filespec: 'x.log' }] },
  ]
  const linesFor = (schema: number, logBackup: 'logFiles' | 'mask' = 'logFiles'): string[] =>
    linesOf(listOf([[metadataOf({ schema, components }), ['db']]], { backupType: VSS_BT_LOG, logBackup }))
  t.deepEqual(linesFor(VSS_BS_LOG), ['log /l/x.log'])
  t.deepEqual(linesFor(VSS_BS_LOG, 'mask'), ['database /d/x.db', 'log /l/x.log'])
  t.deepEqual(linesFor(0), ['database /d/x.db', 'log /l/x.log'])
  // The schema alone is not enough: there has to be a log file.
  const dataOnly = metadataOf({
    schema: VSS_BS_LOG,
    components: [{ name: 'db', database: [{ path: '/d' }] }],
  })
  t.deepEqual(linesOf(listOf([[dataOnly, ['db']]], { backupType: VSS_BT_LOG })), ['database /d/*'])
})

test('R122, R129: a file that its writer excludes is in no list, whatever component names it', (t) => {
  const writer = metadataOf({
    components: [
      {
        name: 'c',
        files: [
          { path: '/data', filespec: 'keep.db' },
          { path: '/data', filespec: 'cache.db' },
          { path: '/data/tmp', recursive: true },
          { path: '/data', recursive: true },
        ],
      },
    ],
    exclude: [
      { path: '/data/', filespec: 'cache.*' },
      { path: '/data/tmp', recursive: true },
      { path: '/data', filespec: '*.bak', recursive: true },
    ],
  })
  const list = listOf([[writer, ['c']]])
  t.deepEqual(linesOf(list), ['files /data/keep.db', 'files /data/**/*'])
  const [, all] = list
  t.true(all?.includes('/data/sub/cache.db'))
  t.true(all?.includes('/data/x'))
  for (const excluded of [
    '/data/cache.db',
    '/data/tmp/a/b',
    '/data/sub/old.bak',
    '/data/old.bak',
    '/elsewhere/x',
  ]) {
    t.false(all?.includes(excluded), excluded)
  }
  // Listed by name already.
  t.false(all?.includes('/data/keep.db'))
})

test('R130, R61: files are read from the alternate path, restored to the normal one, and excluded by that', (t) => {
  const writer = metadataOf({
    components: [{ name: 'c', files: [{ path: '/data', from: '/spit', recursive: true }] }],
    exclude: [
      { path: '/data/tmp', recursive: true },
      { path: '/spit', filespec: '*.db', recursive: true },
    ],
  })
  const [entry] = listOf([[writer, ['c']]])
  t.like(entry, { path: '/data', source: '/spit', recursive: true })
  t.true(entry?.includes('/data/x.db'))
  t.false(entry?.includes('/data/tmp/x'))
  t.false(entry?.includes('/spit/x.db'))
})

test('R191: what a writer deletes from the copy is not listed, unless copies are not recovered', (t) => {
  const live = FSBT.VSS_FSBT_ALL_BACKUP_REQUIRED
  const writer = metadataOf({
    components: [
      {
        name: 'c',
        files: [
          { path: '/d', filespec: 'a.ost' },
          { path: '/d', filespec: 'b.ost', mask: live },
        ],
      },
    ],
    excludeFromSnapshot: [{ path: '/d', filespec: '*.ost' }],
  })
  // The second is not read from the copy.
  t.deepEqual(linesOf(listOf([[writer, ['c']]])), ['files /d/b.ost'])
  t.deepEqual(linesOf(listOf([[writer, ['c']]], { excludeFromSnapshot: false })), [
    'files /d/a.ost',
    'files /d/b.ost',
  ])
})

test('R153: a rule of files not to back up counts unless a writer of its name is present', (t) => {
  const writer = metadataOf({
    name: 'BITS Writer',
    components: [
      {
        name: 'c',
        files: [
          { path: 'C:\\Temp', recursive: true },
          { path: 'C:\\', filespec: 'pagefile.sys' },
          { path: 'D:\\bits' },
        ],
      },
    ],
  })
  const list = listOf([[writer, ['c']]], {
    environment: { TEMP: 'C:\\Temp' },
    filesNotToBackup: {
      'Memory Page File': ['\\Pagefile.sys'],
      'Temporary Files': ['%temp%\\* /s'],
      'bits writer': ['D:\\bits\\* /s'],
      Logs: ['C:\\Temp\\*.log'],
    },
  })
  t.deepEqual(linesOf(list), ['files D:\\bits/*'])
  fails(t, 'E_INVALIDARG', () => [...listOf([], { filesNotToBackup: { x: ['C:\\a*\\b'] } })])
  fails(t, 'E_INVALIDARG', () => [...listOf([], { filesNotToBackup: { x: ['name'] } })])
})

test('paths take their variables from the environment given, and one without a value is an error', (t) => {
  const writer = metadataOf({
    components: [
      {
        name: 'c',
        files: [{ path: '%SystemRoot%\\Vss\\Writers', filespec: '*.xml' }, { path: '%Home%/mail' }],
      },
    ],
    exclude: [{ path: '%systemroot%\\vss', recursive: true }],
  })
  const environment = { SYSTEMROOT: 'C:\\Windows', HOME: '/home/x' }
  t.deepEqual(linesOf(listOf([[writer, ['c']]], { environment })), ['files /home/x/mail/*'])
  const error = t.throws(() => [...listOf([[writer, ['c']]])], { instanceOf: VssError })
  t.like(error, { code: 'VSS_E_OBJECT_NOT_FOUND', culprit: 'systemroot' })
})

test('R128: a file is listed once, by the first of its writer to name it, and a name has to be there all the same', (t) => {
  const writer = metadataOf({
    components: [
      {
        name: 'a',
        files: [
          { path: '/d', filespec: '*.db' },
          { path: '/d/', filespec: '*.db' },
        ],
      },
      {
        name: 'b',
        files: [
          { path: '/d', filespec: 'x.db' },
          { path: '/', recursive: true },
        ],
      },
    ],
  })
  const entries = [...listOf([[writer, ['a', 'b']]])]
  t.deepEqual(
    entries.map(({ path, filespec, isListedBefore }) => [path, filespec, isListedBefore]),
    [
      ['/d', '*.db', false],
      ['/d', 'x.db', true],
      ['/', '*', false],
    ],
  )
  t.deepEqual(
    entries.map((entry) => entry.includes('/d/x.db')),
    [true, false, false],
  )
  t.true(entries[2]?.includes('/d/x.dbx'))
})

test('R134: data of no writer comes last, without what any writer excludes', (t) => {
  const writer = metadataOf({ components: [], exclude: [{ path: '/srv/cache', recursive: true }] })
  const list = listOf([[writer, []]], {
    others: [
      { path: '/srv', filespec: '*', recursive: true },
      { path: '/srv/cache', filespec: '*', recursive: true },
    ],
  })
  t.deepEqual(linesOf(list), ['other /srv/**/*'])
  const [entry] = list
  t.is(entry?.component, null)
  t.true(entry?.snapshotRequired)
  t.true(entry?.includes('/srv/www/index.html'))
  t.false(entry?.includes('/srv/cache/x'))
})

test('a backup type that says nothing is refused, and so is metadata that does not belong to the document', (t) => {
  const [one, other] = [
    metadataOf({ components: [{ name: 'c' }] }),
    metadataOf({ components: [{ name: 'c' }] }),
  ]
  fails(
    t,
    'E_INVALIDARG',
    () => listOf([], { backupType: VSS_BACKUP_TYPE.VSS_BT_UNDEFINED }),
    () => listOf([], { mounts: [{ path: 'data', volumeName: 'x' }] }),
  )
  fails(t, 'VSS_E_OBJECT_NOT_FOUND', () => pairDocuments(documentOf([[one, ['c']]]), [other]))
})
