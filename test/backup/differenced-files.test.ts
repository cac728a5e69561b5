import test from 'ava'
import type { BackupEntry } from '../../lib/backup/backup-entry.ts'
import { BackupFileList, type BackupFileListOptions } from '../../lib/backup/file-list.ts'
import { pairDocuments } from '../../lib/backup/writers.ts'
import { VSS_BACKUP_SCHEMA, VSS_BACKUP_TYPE, VSS_FILE_SPEC_BACKUP_TYPE } from '../../lib/enums.ts'
import type { VssError } from '../../lib/errors.ts'
import { documentOf, metadataOf, type TestComponent } from './documents.ts'

const { VSS_BT_FULL, VSS_BT_INCREMENTAL, VSS_BT_DIFFERENTIAL } = VSS_BACKUP_TYPE
const schema = VSS_BACKUP_SCHEMA.VSS_BS_INCREMENTAL | VSS_BACKUP_SCHEMA.VSS_BS_DIFFERENTIAL

interface Named {
  differenced?: { path: string; filespec: string; recursive?: boolean; time?: bigint }[]
  partial?: { path: string; filespec: string; ranges?: string }[]
}

function entriesOf(
  components: TestComponent[],
  { differenced = [], partial = [] }: Named,
  options: Partial<BackupFileListOptions> = {},
): BackupEntry[] {
  const metadata = metadataOf({
    schema,
    components,
    exclude: [{ path: '/d/tmp', recursive: true }],
  })
  const document = documentOf([[metadata, [components[0]?.name ?? '']]])
  const record = document.writers[0]?.components[0]
  for (const { path, filespec, recursive = false, time = 0n } of differenced) {
    record?.addDifferencedFile({ path, filespec, recursive, lastModifyTime: time, lsn: null })
  }
  for (const { path, filespec, ranges = '0:1' } of partial) {
    record?.addPartialFile({ path, filespec, ranges, metadata: 'm' })
  }
  const list = new BackupFileList(pairDocuments(document, [metadata]), {
    backupType: VSS_BT_INCREMENTAL,
    environment: {},
    ...options,
  })
  return [...list]
}

const shown = (entries: BackupEntry[]): string[] =>
  entries.map(({ kind, path, filespec }) => `${kind} ${path}/${filespec}`)

test('R149: differenced files come first, then partial ones, then what the masks leave of the rest', (t) => {
  const components = [
    {
      name: 'c',
      files: [
        { path: '/d', filespec: 'a.db' },
        { path: '/d', recursive: true },
      ],
    },
    { name: 'c\\sub', files: [{ path: '/s', filespec: '*.db' }] },
  ]
  const entries = entriesOf(components, {
    differenced: [{ path: '/d', filespec: 'a.db' }],
    partial: [{ path: '/s', filespec: 'x.db' }],
  })
  t.deepEqual(shown(entries), ['differenced /d/a.db', 'partial /s/x.db', 'files /d/*', 'files /s/*.db'])
  t.deepEqual(
    entries.map(({ component, defining }) => [component?.componentName, defining?.componentName]),
    [
      ['c', 'c'],
      ['sub', 'c'],
      ['c', 'c'],
      ['sub', 'c'],
    ],
  )
  const [, partial, all, sub] = entries
  t.like(partial, { ranges: '0:1', metadata: 'm' })
  t.false(all?.includes('/d/a.db'))
  t.true(all?.includes('/d/b.db'))
  t.false(sub?.includes('/s/x.db'))
})

test('R149: a file in both lists is backed up whole, and the writer is told of', (t) => {
  const errors: VssError[] = []
  const entries = entriesOf(
    [{ name: 'c', files: [] }],
    {
      differenced: [{ path: '/d', filespec: '*.db' }],
      partial: [
        { path: '/d', filespec: 'a.db' },
        { path: '/d', filespec: 'a.log' },
      ],
    },
    { onWriterError: (error) => errors.push(error) },
  )
  t.deepEqual(shown(entries), ['differenced /d/*.db', 'partial /d/a.log'])
  t.deepEqual(
    errors.map(({ code, culprit }) => [code, culprit]),
    [['VSS_E_UNEXPECTED_WRITER_ERROR', 'Test Writer']],
  )
})

test('R150: a time that the writer gives is binding, and zero leaves the choice to the requester', (t) => {
  const components = [
    { name: 'c', files: ['old', 'new', 'open'].map((filespec) => ({ path: '/d', filespec })) },
  ]
  const named: Named = {
    differenced: [
      { path: '/d', filespec: 'old', time: 100n },
      { path: '/d', filespec: 'new', time: 101n },
      { path: '/d', filespec: 'open', time: 0n },
    ],
  }
  const found = (options: Partial<BackupFileListOptions>): [string, bigint | null][] =>
    entriesOf(components, named, options).map(({ filespec, modifiedAfter }) => [filespec, modifiedAfter])
  const times = { lastFullBackupTime: 50n, lastIncrementalBackupTime: 100n }
  // The old one does not come back as an ordinary file.
  t.deepEqual(found(times), [
    ['new', null],
    ['open', 100n],
  ])
  t.deepEqual(found({ ...times, backupType: VSS_BT_DIFFERENTIAL }), [
    ['old', null],
    ['new', null],
    ['open', 50n],
  ])
  t.deepEqual(found({ ...times, lastFullBackupTime: 200n }), [['open', 200n]])
  for (const options of [{}, { ...times, backupType: VSS_BT_FULL }]) {
    t.deepEqual(found(options), [
      ['old', null],
      ['new', null],
      ['open', null],
    ])
  }
})

test('differenced files take alternate path and mask of their file set, and new ones have the default', (t) => {
  const mask = VSS_FILE_SPEC_BACKUP_TYPE.VSS_FSBT_FULL_BACKUP_REQUIRED
  const components = [{ name: 'c', files: [{ path: '/d', from: '/spit', recursive: true, mask }] }]
  const entries = entriesOf(components, {
    differenced: [
      { path: '/d', filespec: '*', recursive: true },
      { path: '/d/sub', filespec: 'x' },
      { path: '/new', filespec: 'x' },
      { path: '/d/tmp', filespec: 'x' },
    ],
  })
  t.deepEqual(
    entries.map(({ path, source, snapshotRequired }) => [path, source, snapshotRequired]),
    [
      ['/d', '/spit', false],
      ['/d/sub', '/spit/sub', false],
      ['/new', '/new', true],
    ],
  )
})

test('R152: the ranges file of a partial file is backed up once, even where files are excluded', (t) => {
  const entries = entriesOf([{ name: 'c' }], {
    partial: [
      { path: '/d', filespec: 'a.db', ranges: 'File=/d/tmp/ranges.bin' },
      { path: '/d', filespec: 'b.db', ranges: '/d/tmp/ranges.bin' },
      { path: '/d', filespec: 'b.db', ranges: '0:10' },
    ],
  })
  t.deepEqual(shown(entries), [
    'partial /d/a.db',
    'ranges /d/tmp/ranges.bin',
    'partial /d/b.db',
    'partial /d/b.db',
  ])
  t.true(entries[1]?.includes('/d/tmp/ranges.bin'))
  t.true(entries[3]?.includes('/d/b.db'))
})
