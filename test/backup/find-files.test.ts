import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import {
  BackupFileList,
  type BackupFileListOptions,
  type FindFilesOptions,
} from '../../lib/backup/file-list.ts'
import type { FoundItem } from '../../lib/backup/find-files.ts'
import { pairDocuments } from '../../lib/backup/writers.ts'
import { VSS_BACKUP_SCHEMA, VSS_BACKUP_TYPE } from '../../lib/enums.ts'
import { temporaryDirectory } from '../host/machine.ts'
import { documentOf, type Files, metadataOf } from './documents.ts'

const [data, other] = ['1', '2'].map(
  (digit) => `\\\\?\\Volume{${digit.repeat(8)}-0000-4000-8000-000000000000}\\`,
) as [string, string]

/** Makes files, and directories for names that end in a slash. */
function grow(directory: string, ...names: string[]): string {
  for (const name of names) {
    const path = join(directory, name)
    mkdirSync(name.endsWith('/') ? path : join(path, '..'), { recursive: true })
    if (!name.endsWith('/')) writeFileSync(path, name)
  }
  return directory
}

function listOf(
  files: Files[],
  options: Partial<BackupFileListOptions> = {},
  exclude: Files[] = [],
): BackupFileList {
  const metadata = metadataOf({ components: [{ name: 'c', files }], exclude })
  const pairs = pairDocuments(documentOf([[metadata, ['c']]]), [metadata])
  return new BackupFileList(pairs, { backupType: VSS_BACKUP_TYPE.VSS_BT_FULL, environment: {}, ...options })
}

async function found(list: BackupFileList, options?: FindFilesOptions): Promise<FoundItem[]> {
  const items: FoundItem[] = []
  for await (const item of list.files(options)) items.push(item)
  return items
}

/** `type path`, sorted. */
async function shown(list: BackupFileList, options?: FindFilesOptions): Promise<string[]> {
  return (await found(list, options)).map(({ type, path }) => `${type} ${path}`).sort()
}

test('a specification finds what the reference says, in one directory or in all below it', async (t) => {
  const d1 = grow(temporaryDirectory(t), 'File1.txt', 'File2.txt', 'D2/File1.txt', 'D2/File2.txt', 'D3/')
  const under = (...names: string[]): string[] => names.map((name) => `file ${d1}/${name}`)
  t.deepEqual(await shown(listOf([{ path: d1, filespec: 'File1.*', recursive: true }])), [
    `directory ${d1}/D3`,
    ...under('D2/File1.txt', 'File1.txt'),
  ])
  t.deepEqual(await shown(listOf([{ path: d1, recursive: true }])), [
    `directory ${d1}/D3`,
    ...under('D2/File1.txt', 'D2/File2.txt', 'File1.txt', 'File2.txt'),
  ])
  t.deepEqual(await shown(listOf([{ path: `${d1}/` }])), under('File1.txt', 'File2.txt'))
})

test('R128: a named file that is missing is a problem of its component, and a star may match nothing', async (t) => {
  const directory = grow(temporaryDirectory(t), 'a/x.db', 'a/y.db/')
  const list = listOf([
    { path: `${directory}/a`, filespec: 'gone.db' },
    { path: `${directory}/gone`, filespec: 'x.db' },
    { path: `${directory}/gone` },
    { path: `${directory}/a`, filespec: '*.log' },
    { path: `${directory}/a`, filespec: 'deep.db', recursive: true },
    { path: `${directory}/a`, filespec: 'y.db' },
    { path: `${directory}/a`, filespec: 'x.db' },
  ])
  const items = await found(list)
  t.deepEqual(
    items.map((item) => [
      item.type,
      item.path.slice(directory.length),
      item.type === 'problem' && item.error.code,
    ]),
    [
      ['problem', '/a/gone.db', 'VSS_E_OBJECT_NOT_FOUND'],
      ['problem', '/gone/x.db', 'VSS_E_OBJECT_NOT_FOUND'],
      // Empty, and a recursive entry passes it.
      ['directory', '/a/y.db', false],
      ['problem', '/a/deep.db', 'VSS_E_OBJECT_NOT_FOUND'],
      ['problem', '/a/y.db', 'VSS_E_OBJECT_NOT_FOUND'],
      ['file', '/a/x.db', false],
    ],
  )
})

test('R123: the files are those that are there when the list is gone through, not when it was made', async (t) => {
  const directory = grow(temporaryDirectory(t), 'early')
  const list = listOf([{ path: directory }])
  t.is([...list].length, 1)
  grow(directory, 'late')
  t.deepEqual(await shown(list), [`file ${directory}/early`, `file ${directory}/late`])
})

test('R19, R130: files are read on the copy, which has their old content, and named by the normal path', async (t) => {
  const live = grow(temporaryDirectory(t), 'data/z', 'spit/x', 'spit/sub/y')
  const copy = temporaryDirectory(t)
  cpSync(live, copy, { recursive: true })
  writeFileSync(join(live, 'spit/x'), 'changed after the instant')
  const list = listOf([{ path: `${live}/data`, from: `${live}/spit`, recursive: true }], {
    mounts: [{ path: live, volumeName: data }],
    copies: [{ volumeName: data, root: copy }],
  })
  const files = (await found(list)).flatMap((item) => (item.type === 'file' ? item : []))
  t.deepEqual(
    files.map(({ path, source, isCopy }) => [path, source, isCopy, readFileSync(source, 'utf8')]).sort(),
    [
      [`${live}/data/sub/y`, `${copy}/spit/sub/y`, true, 'spit/sub/y'],
      [`${live}/data/x`, `${copy}/spit/x`, true, 'spit/x'],
    ],
  )
})

test('R126: a mounted folder is read on the copy of its own volume, whatever lies in its place on the other', async (t) => {
  const copies = temporaryDirectory(t)
  grow(copies, 'a/x', 'a/sub/stale', 'b/y', 'b/deep/z')
  const list = listOf([{ path: '/data', recursive: true }], {
    mounts: [
      { path: '/data', volumeName: data },
      { path: '/data/sub', volumeName: other },
    ],
    copies: [
      { volumeName: data, root: `${copies}/a` },
      { volumeName: other, root: `${copies}/b` },
    ],
  })
  t.deepEqual(await shown(list), ['file /data/sub/deep/z', 'file /data/sub/y', 'file /data/x'])
  t.deepEqual(await shown(list, { volumeName: other }), ['file /data/sub/deep/z', 'file /data/sub/y'])
})

test('a volume without a copy is a problem of each of its entries, and the others are found', async (t) => {
  const copy = grow(temporaryDirectory(t), 'x')
  const list = listOf([{ path: '/other' }, { path: '/data' }], {
    mounts: [
      { path: '/data', volumeName: data },
      { path: '/other', volumeName: other },
    ],
    copies: [{ volumeName: data, root: copy }],
  })
  t.deepEqual(await shown(list), ['file /data/x', 'problem /other'])
})

test('R122: excluded files are not found, in directories that are walked too', async (t) => {
  const d = grow(temporaryDirectory(t), 'a.tmp', 'a.db', 'cache/x', 'cache/deep/y', 'sub/b.tmp', 'sub/b.db')
  const exclude = [
    { path: `${d}/cache`, recursive: true },
    { path: d, filespec: '*.tmp', recursive: true },
  ]
  const list = listOf([{ path: d, recursive: true }], {}, exclude)
  t.deepEqual(await shown(list), [`file ${d}/a.db`, `file ${d}/sub/b.db`])
})

test('R197: links are followed where the backed up system would, once, and never out of the copy', async (t) => {
  const base = temporaryDirectory(t)
  const copy = grow(base, 'copy/data/real/x', 'copy/srv/big/y', 'copy/srv/one')
  // What an absolute link would lead to if the program's system followed it.
  const link = (name: string, target: string): void => symlinkSync(target, join(base, 'copy/data', name))
  link('inside', 'real')
  link('outside', '/srv/big')
  link('again', '../srv/big')
  link('file', '/srv/one')
  link('loop', '..')
  link('dangling', '/nowhere')
  link('self', 'self')
  const list = listOf([{ path: '/data', recursive: true }], {
    mounts: [{ path: '/', volumeName: data }],
    copies: [{ volumeName: data, root: `${copy}/copy` }],
  })
  const items = await found(list)
  const lines = items.map(({ type, path }) => `${type} ${path}`)
  const [one, ...rest] = lines.filter((line) => line.endsWith('/y'))
  t.deepEqual(rest, [])
  t.regex(one ?? '', /^file \/data\/(outside|again)\/y$/)
  t.deepEqual(lines.filter((line) => line !== one).sort(), [
    ...[
      'file /data/file',
      'file /data/real/x',
      'link /data/again',
      'link /data/dangling',
      'link /data/inside',
    ],
    ...['link /data/loop', 'link /data/outside', 'link /data/self'],
  ])
  const source = (path: string): unknown =>
    items.flatMap((item) => (item.path === path && item.type === 'file' ? item.source : []))[0]
  t.is(source('/data/file'), `${copy}/copy/srv/one`)
  t.true(
    items.some((item) => item.type === 'link' && item.path === '/data/outside' && item.target === '/srv/big'),
  )

  const kept = await shown(list, { links: 'keep' })
  t.deepEqual(kept, [
    'file /data/real/x',
    ...['again', 'dangling', 'file', 'inside', 'loop', 'outside', 'self'].map((name) => `link /data/${name}`),
  ])
})

test('R197: the way to a directory is taken on the copy too, however many links it has', async (t) => {
  const copy = grow(temporaryDirectory(t), 'srv/v2/x')
  symlinkSync('/srv/current', join(copy, 'data'))
  symlinkSync('v2', join(copy, 'srv/current'))
  const list = listOf(
    [
      { path: '/data', recursive: true },
      { path: '/data', filespec: 'x' },
    ],
    {
      mounts: [{ path: '/', volumeName: data }],
      copies: [{ volumeName: data, root: copy }],
    },
  )
  const items = await found(list)
  t.deepEqual(
    items.map((item) => [item.path, item.type === 'file' && item.source]),
    [['/data/x', `${copy}/srv/v2/x`]],
  )
})

test('names that are not UTF-8 are found, and can be opened by their bytes', async (t) => {
  const directory = temporaryDirectory(t)
  const name = Buffer.concat([Buffer.from(`${directory}/d`), Buffer.from([0xff, 0xfe])])
  mkdirSync(name)
  writeFileSync(Buffer.concat([name, Buffer.from('/x')]), '')
  const [item] = await found(listOf([{ path: directory, recursive: true }]))
  t.is(item?.path, `${directory}/d\ufffd\ufffd/x`)
  t.true(item?.type === 'file' && Buffer.isBuffer(item.source) && existsSync(item.source))
})

test('names are found in any case where the documents are of Windows', async (t) => {
  const copy = grow(temporaryDirectory(t), 'Program Files/App/Data.DB', 'Program Files/App/x.Log')
  const list = listOf(
    [
      { path: 'c:\\program files\\APP', filespec: 'data.db' },
      { path: 'C:\\Program Files', filespec: '*.LOG', recursive: true },
    ],
    {
      mounts: [{ path: 'C:\\', volumeName: data }],
      copies: [{ volumeName: data, root: copy }],
    },
  )
  const items = await found(list)
  t.deepEqual(
    items.map((item) => item.type === 'file' && item.source),
    [`${copy}/Program Files/App/Data.DB`, `${copy}/Program Files/App/x.Log`],
  )
})

test('R150: where the time is left to the requester only files that were modified since are found', async (t) => {
  const directory = grow(temporaryDirectory(t), 'old', 'new')
  utimesSync(join(directory, 'old'), 1000, 1000)
  utimesSync(join(directory, 'new'), 3000, 3000)
  const metadata = metadataOf({
    schema: VSS_BACKUP_SCHEMA.VSS_BS_INCREMENTAL,
    components: [{ name: 'c', files: [{ path: directory }] }],
  })
  const document = documentOf([[metadata, ['c']]])
  document.writers[0]?.components[0]?.addDifferencedFile({
    ...{ path: directory, filespec: '*', recursive: false, lastModifyTime: 0n, lsn: null },
  })
  const list = new BackupFileList(pairDocuments(document, [metadata]), {
    backupType: VSS_BACKUP_TYPE.VSS_BT_INCREMENTAL,
    lastFullBackupTime: 2000n * 10_000_000n + 116_444_736_000_000_000n,
  })
  t.deepEqual(await shown(list), [`file ${join(directory, 'new')}`])
})

const asRoot = process.getuid?.() === 0
;(asRoot ? test.skip : test)(
  'a directory that cannot be read is a problem, and what is beside it is found',
  async (t) => {
    const directory = grow(temporaryDirectory(t), 'closed/x', 'open/y')
    chmodSync(join(directory, 'closed'), 0)
    t.teardown(() => chmodSync(join(directory, 'closed'), 0o700))
    t.deepEqual(await shown(listOf([{ path: directory, recursive: true }])), [
      `file ${directory}/open/y`,
      `problem ${directory}/closed`,
    ])
  },
)

test('a signal ends the stream, before it begins and on its way', async (t: ExecutionContext) => {
  const directory = grow(temporaryDirectory(t), ...Array.from({ length: 50 }, (_, index) => `d${index}/f`))
  const list = listOf([{ path: directory, recursive: true }])
  const reason = new Error('enough')
  await t.throwsAsync(found(list, { signal: AbortSignal.abort(reason) }), {
    message: /VSS_S_ASYNC_CANCELLED/,
  })
  const controller = new AbortController()
  let count = 0
  const error = await t.throwsAsync(async () => {
    for await (const _ of list.files({ signal: controller.signal }))
      if (++count === 3) controller.abort(reason)
  })
  t.is(error?.cause, reason)
  t.is(count, 3)
})
