/**
 * Saved metadata as a zip file.
 *
 * What is read may come from anywhere. Nothing is ever unpacked to a disk; of each entry no more is inflated than it
 * says it has and may have; its sum is checked.
 */
import { Buffer } from 'node:buffer'
import { createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import type { Entry, ZipFile } from 'yauzl'
import { syncDirectory } from '../durable-files.ts'
import { describeThrown, VssError } from '../errors.ts'
import { newGuid } from '../ids.ts'
import type { Cabinet, CabinetFile } from './cabinet.ts'

/** The zip file has its name only when it is whole and on disk; a path that is there already is refused. */
export async function writeArchive(
  path: string,
  files: readonly CabinetFile[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const yazl = await library(() => import('yazl'))
  const zip = new yazl.default.ZipFile()
  for (const { name, bytes } of files) zip.addBuffer(bytes, name, { mode: 0o100600 })
  zip.end()
  // Takes the name, so that of two that save at once only one does.
  await (await open(path, 'wx', 0o600)).close()
  const unfinished = join(dirname(path), `.${basename(path)}.${newGuid()}`)
  try {
    const out = createWriteStream(unfinished, { flags: 'wx', mode: 0o600, flush: true })
    await pipeline(zip.outputStream, out, signal ? { signal } : {})
    await rename(unfinished, path)
  } catch (thrown) {
    await Promise.all([rm(unfinished, { force: true }), rm(path, { force: true })])
    throw thrown
  }
  await syncDirectory(dirname(path))
}

/**
 * @throws VssError `VSS_E_CORRUPT_XML_DOCUMENT` if it is no zip file or damaged, `VSS_E_INVALID_XML_DOCUMENT` if it
 *   has more than `maxEntries`, two of one name, or one that would lie outside
 */
export async function openArchive(path: string, maxEntries: number): Promise<Cabinet> {
  const file = await open(path, 'r')
  try {
    const yauzl = await library(() => import('yauzl'))
    const zip = await damaged(path, yauzl.default.fromFdPromise(file.fd, { autoClose: false }))
    const entries = await damaged(path, entriesOf(path, zip, maxEntries))
    return {
      read: (name, maxBytes, signal) => readEntry(path, zip, entries.get(name), name, maxBytes, signal),
      [Symbol.asyncDispose]: () => file.close(),
    }
  } catch (thrown) {
    await file.close()
    throw thrown
  }
}

async function entriesOf(path: string, zip: ZipFile, maxEntries: number): Promise<Map<string, Entry>> {
  if (zip.entryCount > maxEntries) {
    throw refused(path, `has ${zip.entryCount} entries, of which ${maxEntries} may be read`)
  }
  const entries = new Map<string, Entry>()
  // A name that is absolute or has `..` in it ends the loop with an error of the library.
  for await (const entry of zip.eachEntry()) {
    if (entries.has(entry.fileName)) throw refused(path, `has two entries '${entry.fileName.slice(0, 60)}'`)
    entries.set(entry.fileName, entry)
  }
  return entries
}

async function readEntry(
  path: string,
  zip: ZipFile,
  entry: Entry | undefined,
  name: string,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  if (entry === undefined) throw refused(path, `has no entry '${name}', which its manifest names`)
  const { uncompressedSize } = entry
  if (uncompressedSize > maxBytes) {
    throw refused(path, `has ${uncompressedSize} bytes in '${name}', of which ${maxBytes} may be read`)
  }
  if (entry.isEncrypted()) throw refused(path, `has an encrypted entry '${name}'`)
  return damaged(path, inflate(zip, entry, signal), signal)
}

async function inflate(zip: ZipFile, entry: Entry, signal: AbortSignal | undefined): Promise<Buffer> {
  const chunks: Buffer[] = []
  // The library ends the stream with an error as soon as there is more than the entry says.
  const stream = await zip.openReadStreamPromise(entry)
  await pipeline(
    stream,
    async (source: AsyncIterable<Buffer>) => {
      for await (const chunk of source) chunks.push(chunk)
    },
    signal ? { signal } : {},
  )
  const bytes = Buffer.concat(chunks)
  if (crc32(bytes) !== entry.crc32) throw new Error(`the sum of '${entry.fileName}' is wrong`)
  return bytes
}

/** Loaded when needed: most programs never save metadata, and a bundle of format ESM cannot hold these two. */
async function library<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (thrown) {
    throw new VssError('VSS_E_NOT_SUPPORTED', `the zip library does not load: ${describeThrown(thrown)}`, {
      cause: thrown,
      remedy: 'Keep yauzl and yazl out of the bundle, as externals, or use the format directory.',
    })
  }
}

/** What the library says about a file is about its content; what the system says stays what it is. */
async function damaged<T>(path: string, work: Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await work
  } catch (thrown) {
    if (thrown instanceof VssError || signal?.aborted) throw thrown
    if (thrown instanceof Error && 'syscall' in thrown) throw thrown
    throw new VssError(
      'VSS_E_CORRUPT_XML_DOCUMENT',
      `${path} is no whole zip file: ${describeThrown(thrown).slice(0, 200)}`,
      { culprit: path, cause: thrown },
    )
  }
}

function refused(path: string, why: string): VssError {
  return new VssError('VSS_E_INVALID_XML_DOCUMENT', `${path} ${why}`, { culprit: path })
}
