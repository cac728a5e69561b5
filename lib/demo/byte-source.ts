/**
 * Bytes that can be read at an offset: a LUN, a volume of a host, or an image in a file. What proves a
 * backup reads through this, so that it proves copies and files alike.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { VssError } from '../errors.ts'

export interface ByteSource {
  readonly sizeBytes: number
  read(offsetBytes: number, lengthBytes: number): Promise<Buffer>
}

/** An image in a file. The owner closes it. */
export class ImageFile implements ByteSource {
  readonly path: string
  readonly sizeBytes: number
  readonly #file: FileHandle

  private constructor(path: string, sizeBytes: number, file: FileHandle) {
    this.path = path
    this.sizeBytes = sizeBytes
    this.#file = file
  }

  static async open(path: string): Promise<ImageFile> {
    const file = await open(path, 'r')
    const { size } = await file.stat()
    return new ImageFile(path, size, file)
  }

  async read(offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(lengthBytes)
    let filled = 0
    while (filled < lengthBytes) {
      const { bytesRead } = await this.#file.read(bytes, filled, lengthBytes - filled, offsetBytes + filled)
      if (bytesRead === 0) {
        throw new VssError('ERR_OUT_OF_RANGE', `${this.path} ends before byte ${offsetBytes + lengthBytes}`, {
          culprit: this.path,
          offsetBytes: offsetBytes + filled,
        })
      }
      filled += bytesRead
    }
    return bytes
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** A part of another source, counted from its own start. */
export function slice(source: ByteSource, offsetBytes: number, sizeBytes: number): ByteSource {
  return { sizeBytes, read: (at, length) => source.read(offsetBytes + at, length) }
}
