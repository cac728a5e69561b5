/**
 * The files of a test writer: which of them a file set names, and what is in them.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { expandEnvironment } from '../writer/paths.ts'
import type { TestFileSet } from './test-writer-config.ts'

/** Paths of the plain files of a file set, sorted; empty if its directory is not there. */
export async function filesOf({ path, filespec, recursive }: TestFileSet): Promise<string[]> {
  const directory = expandEnvironment(path)
  const pattern = patternOf(filespec)
  try {
    const entries = await readdir(directory, { withFileTypes: true, recursive })
    return entries
      .filter((entry) => entry.isFile() && pattern.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw thrown
  }
}

/** `*` and `?` of a file specification; case counts, as it does in the file system. */
function patternOf(filespec: string): RegExp {
  const source = filespec
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's')
}

export async function contentOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

export async function deleteFiles(sets: readonly TestFileSet[]): Promise<void> {
  for (const set of sets) {
    for (const path of await filesOf(set)) await rm(path, { force: true })
  }
}
