/**
 * Copying a volume out of a shadow copy into an image: holes stay holes, and the image has its name
 * only when it is complete and on disk.
 */
import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { REMEDIES_OF_OUTPUT, systemErrorAbout } from '../system-error.ts'
import type { ByteSource } from './byte-source.ts'
import { putInPlace } from './destination.ts'

const CHUNK_BYTES = 1 << 20
const ZEROES = Buffer.alloc(CHUNK_BYTES)

export interface CopyOptions {
  signal?: AbortSignal | undefined
  onAdvance?: (doneBytes: number, totalBytes: number) => void
}

/** Of reading one thing among several, which people know by this name. */
export type OptionsFor = (what: string) => CopyOptions

export interface CopiedImage {
  path: string
  sizeBytes: number
  /** Of the bytes that were read. */
  sha256: string
}

/**
 * What is left of a copy that failed is removed; an older image of this name stays then.
 *
 * @param options - replace: an older image of this name is replaced
 */
export async function copyToImage(
  source: ByteSource,
  path: string,
  options: CopyOptions & { replace?: boolean } = {},
): Promise<CopiedImage> {
  // Nobody else's, whatever lies about there.
  const unfinished = `${path}.${randomUUID().slice(0, 8)}.unfinished`
  const hash = createHash('sha256')
  let file: FileHandle
  try {
    file = await open(unfinished, 'wx', 0o600)
  } catch (thrown) {
    throw systemErrorAbout(path, thrown, REMEDIES_OF_OUTPUT)
  }
  try {
    await file.truncate(source.sizeBytes)
    for await (const { offsetBytes, bytes } of chunksOf(source, options)) {
      hash.update(bytes)
      if (!isZero(bytes)) await writeAll(file, bytes, offsetBytes)
    }
    await file.sync()
    await file.close()
    await putInPlace(unfinished, path, options.replace === true)
  } catch (thrown) {
    await file.close().catch(() => undefined)
    await rm(unfinished, { force: true })
    throw systemErrorAbout(path, thrown, REMEDIES_OF_OUTPUT)
  }
  return { path, sizeBytes: source.sizeBytes, sha256: hash.digest('hex') }
}

/** SHA-256 of all bytes of a source, in hexadecimal. */
export async function hashOf(source: ByteSource, options: CopyOptions = {}): Promise<string> {
  const hash = createHash('sha256')
  for await (const { bytes } of chunksOf(source, options)) hash.update(bytes)
  return hash.digest('hex')
}

/** The chunks in order, the next one being read while the caller works on one. */
export async function* chunksOf(
  source: ByteSource,
  options: CopyOptions = {},
): AsyncGenerator<{ offsetBytes: number; bytes: Buffer }> {
  const { sizeBytes } = source
  const readAt = (offsetBytes: number): Promise<Buffer> => {
    const reading = source.read(offsetBytes, Math.min(CHUNK_BYTES, sizeBytes - offsetBytes))
    // Awaited one turn later, or not at all if the caller stops.
    reading.catch(() => undefined)
    return reading
  }
  let ahead = sizeBytes > 0 ? readAt(0) : undefined
  for (let offsetBytes = 0; ahead !== undefined; offsetBytes += CHUNK_BYTES) {
    options.signal?.throwIfAborted()
    const bytes: Buffer = await ahead
    const next = offsetBytes + CHUNK_BYTES
    ahead = next < sizeBytes ? readAt(next) : undefined
    yield { offsetBytes, bytes }
    options.onAdvance?.(Math.min(next, sizeBytes), sizeBytes)
  }
}

function isZero(bytes: Buffer): boolean {
  return bytes.equals(ZEROES.subarray(0, bytes.length))
}

async function writeAll(
  file: {
    write(bytes: Buffer, at: number, length: number, position: number): Promise<{ bytesWritten: number }>
  },
  bytes: Buffer,
  offsetBytes: number,
): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, offsetBytes + written)
    written += bytesWritten
  }
}
