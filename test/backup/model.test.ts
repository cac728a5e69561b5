// A list against a model: every set of a writer is tried on every file there is, one after the other.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fc, testProp } from '@fast-check/ava'
import type { ExecutionContext } from 'ava'
import { BackupFileList } from '../../lib/backup/file-list.ts'
import { pairDocuments } from '../../lib/backup/writers.ts'
import { VSS_BACKUP_TYPE } from '../../lib/enums.ts'
import { temporaryDirectory } from '../host/machine.ts'
import { documentOf, type Files, metadataOf } from './documents.ts'

const segment = fc.constantFrom('a', 'b', 'ab')
const directory = fc.array(segment, { maxLength: 3 }).map((parts) => parts.map((part) => `/${part}`).join(''))
const filespec = fc.constantFrom('*', '*.*', 'a', 'a*', '?b', 'x.db', '*.db', '*b*')
const sets: fc.Arbitrary<Files[]> = fc.array(
  fc.record({ path: directory, filespec, recursive: fc.boolean() }),
  { maxLength: 5 },
)
const name = fc.constantFrom('x.db', 'a', 'ab', 'b', 'y.log')
const trees = fc.uniqueArray(
  fc.tuple(directory, name).map(([path, file]) => `${path}/f-${file}`.replace('f-', '')),
  { maxLength: 12 },
)

/** The meaning of a file set in one line each: the directory, the name. */
function holds({ path, filespec: spec = '*', recursive = false }: Files, file: string): boolean {
  const [where, what] = [dirname(file).replace(/\/$/, ''), file.slice(file.lastIndexOf('/') + 1)]
  const expression =
    spec === '*.*' ? '[^]*' : spec.replaceAll('.', '\\.').replaceAll('*', '[^]*').replaceAll('?', '[^]')
  const isThere = where === path || (recursive && `${where}/`.startsWith(`${path}/`))
  return isThere && new RegExp(`^${expression}$`).test(what)
}

/** Files only where no file needs to be a directory. */
function possible(files: readonly string[]): string[] {
  return files.filter((file) => !files.some((other) => other.startsWith(`${file}/`)))
}

testProp(
  'R122, R128: whatever the sets, each file of a tree is found once if a set has it and no exclusion does',
  [sets, sets, trees],
  async (t, files, exclude, tree) => {
    const root = temporaryDirectory(t as ExecutionContext)
    const there = possible(tree)
    for (const file of there) {
      mkdirSync(dirname(join(root, file)), { recursive: true })
      writeFileSync(join(root, file), '')
    }
    const below = (list: Files[]): Files[] => list.map((set) => ({ ...set, path: root + set.path }))
    const metadata = metadataOf({ components: [{ name: 'c', files: below(files) }], exclude: below(exclude) })
    const list = new BackupFileList(pairDocuments(documentOf([[metadata, ['c']]]), [metadata]), {
      ...{ backupType: VSS_BACKUP_TYPE.VSS_BT_FULL, environment: {} },
    })
    const expected = there.filter(
      (file) => files.some((set) => holds(set, file)) && !exclude.some((set) => holds(set, file)),
    )
    const found: string[] = []
    const missing: string[] = []
    for await (const item of list.files()) {
      if (item.type === 'file') found.push(item.path.slice(root.length))
      if (item.type === 'problem') missing.push(item.path)
    }
    t.deepEqual(found.sort(), expected.sort())
    // From the documents alone the same files are somebody's, each of exactly one entry that is not told otherwise.
    const entries = [...list].filter(({ isListedBefore }) => !isListedBefore)
    for (const file of there) {
      t.is(
        entries.filter((entry) => entry.includes(root + file)).length,
        expected.includes(file) ? 1 : 0,
        file,
      )
    }
    // A file where a directory should be is a problem of its own.
    const directories = files.map(({ path }) => path)
    for (const path of missing.map((whole) => whole.slice(root.length))) {
      t.false(there.includes(path) && !directories.includes(path), path)
    }
  },
  { numRuns: 60 },
)
