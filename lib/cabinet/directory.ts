/** Saved metadata as a directory. */
import type { Buffer } from 'node:buffer'
import { constants } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncDirectory, writeDurably } from '../durable-files.ts'
import { VssError } from '../errors.ts'
import { newGuid } from '../ids.ts'
import { systemErrorAbout } from '../system-error.ts'
import { type Cabinet, type CabinetFile, REMEDIES_OF_INPUT } from './cabinet.ts'

/** The files are on disk before the directory has its name; a path that is there already is refused. */
export async function writeDirectory(
  path: string,
  files: readonly CabinetFile[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const unfinished = join(dirname(path), `.${basename(path)}.${newGuid()}`)
  await mkdir(unfinished, { mode: 0o700 })
  try {
    for (const { name, bytes } of files) {
      signal?.throwIfAborted()
      await writeDurably(join(unfinished, name), bytes)
    }
    await syncDirectory(unfinished)
    // Takes the place of nothing, or of an empty directory.
    await rename(unfinished, path)
  } catch (thrown) {
    await rm(unfinished, { recursive: true, force: true })
    throw isTaken(thrown)
      ? new VssError('VSS_E_OBJECT_ALREADY_EXISTS', `${path} exists`, TAKEN(path))
      : thrown
  }
  await syncDirectory(dirname(path))
}

function isTaken(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    ['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(String(thrown.code))
  )
}

const TAKEN = (path: string): { culprit: string; remedy: string } => ({
  culprit: path,
  remedy: 'Choose another name.',
})

export function openDirectory(path: string): Cabinet {
  return {
    read: (name, maxBytes, signal) => readMember(join(path, name), maxBytes, signal),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** A link could lead anywhere and a pipe never end, so only a plain file is read. */
async function readMember(path: string, maxBytes: number, signal: AbortSignal | undefined): Promise<Buffer> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((thrown: unknown) => {
    throw asMember(path, thrown)
  })
  try {
    const about = await file.stat()
    if (!about.isFile()) throw refused(path, 'is no plain file')
    if (about.size > maxBytes)
      throw refused(path, `has ${about.size} bytes, of which ${maxBytes} may be read`)
    const bytes = await file.readFile(signal ? { signal } : {})
    // It may have grown since.
    if (bytes.length > maxBytes) throw refused(path, `has more than the ${maxBytes} bytes that may be read`)
    return bytes
  } finally {
    await file.close()
  }
}

function asMember(path: string, thrown: unknown): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'ENOENT') return refused(path, 'is named by the manifest and is not there')
  if (code === 'ELOOP') return refused(path, 'is a link')
  return systemErrorAbout(path, thrown, REMEDIES_OF_INPUT)
}

function refused(path: string, why: string): VssError {
  return new VssError('VSS_E_INVALID_XML_DOCUMENT', `${basename(path)} ${why}`, { culprit: path })
}
