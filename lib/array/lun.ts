/**
 * A LUN as a program uses it: reads, writes and flushes, and what it says of itself.
 */
import {
  binding,
  type DiskEnds,
  Initiator,
  type Later,
  type LunHandle,
  type LunInfo,
  NativeFailure,
  type OpenedLun,
  unwrap,
} from '../binding.ts'
import { type AsyncOptions, cancellable } from '../cancellation.ts'
import { forgetOpen, watchOpen } from '../collected.ts'
import type { Guid } from '../ids.ts'
import { abortable } from './abortable.ts'
import { allocate, byteLengthOf, checkRange, inPieces, pieceBytes } from './pieces.ts'

export interface WriteOptions extends AsyncOptions {
  /** The write is durable when its promise resolves, without a flush. */
  forceUnitAccess?: boolean
  /** Who asks; a host unless told otherwise. */
  initiator?: Initiator
}

export interface ReadOptions extends AsyncOptions {
  /** Who asks; a host unless told otherwise. */
  initiator?: Initiator
}

/** How much of each end of a disk its partition tables can take up. */
const endBytes = 1 << 20

/**
 * A file-backed block device with a history.
 *
 * Reads and writes go to the live contents, in units of 512 bytes. Each shadow copy taken of the LUN
 * keeps showing the bytes as they were at its creation, however the LUN changes afterwards.
 *
 * A LUN may be opened several times and from several worker threads of one process; all of them see
 * the same device. Other processes are kept out by the lock of the array.
 *
 * Requests may overlap in time. Two writes to the same bytes without awaiting the first land in an
 * unspecified order. A write is durable after a later {@link Lun.flush} resolves. What is written is
 * taken from the buffer before `write` returns; what is read lands in the buffer in one step before
 * its promise resolves. Requests of more than 32 MiB are carried out in pieces, and taken from or put
 * into the buffer piece by piece.
 *
 * While a snapshot set is being committed writes wait, for at most the limit of the hold; reads and
 * flushes do not.
 *
 * `close()` waits for requests already made, then rejects further ones with `ERR_LUN_CLOSED`. It is
 * safe to call twice. A LUN that is garbage-collected while open is closed, with a process warning,
 * because that hides a mistake.
 *
 * @example
 * ```ts
 * await using lun = await array.openLun(guid)
 * await lun.write(4096, page)
 * await lun.flush()
 * ```
 */
export class Lun {
  readonly guid: Guid
  readonly sizeBytes: number
  /** It is the LUN of a shadow copy. */
  readonly isCopy: boolean
  readonly #handle: LunHandle
  readonly #closed: (lun: Lun) => void
  #closing: Promise<void> | undefined

  /** @internal Use {@link StorageArray.openLun}. */
  constructor(guid: Guid, opened: OpenedLun, closed: (lun: Lun) => void) {
    this.guid = guid
    this.sizeBytes = opened.sizeBytes
    this.isCopy = opened.isCopy
    this.#handle = opened.handle
    this.#closed = closed
    watchOpen(this, `LUN ${guid}`, opened.handle, (handle) => binding.lunClose(handle))
  }

  /** @internal For {@link StorageArray} and the kernel support. */
  static handleOf(lun: Lun): LunHandle {
    return lun.#handle
  }

  /**
   * Reads `length` bytes from `offset`.
   *
   * A signal counts before the request and between the pieces of a large one; what has been asked for is
   * waited for, so that nothing is put into the buffer afterwards.
   *
   * @throws VssError `ERR_OUT_OF_RANGE`, `ERR_ALIGNMENT`, `ERR_LUN_CLOSED`, `ERR_COPY_GONE`, `ERR_LUN_NOT_FOUND`
   *   after it was detached, `ERR_IO`, or `ERR_OUT_OF_MEMORY` where no buffer of that length can be had
   */
  async read(offset: number | bigint, length: number, options?: ReadOptions): Promise<Buffer> {
    checkRange(offset, length, this.sizeBytes)
    const target = allocate(length)
    await this.readInto(offset, target, options)
    return target
  }

  /** Reads as many bytes as the target has, from `offset`; otherwise as {@link Lun.read}. */
  readInto(offset: number | bigint, target: Uint8Array, options?: ReadOptions): Promise<void> {
    const initiator = options?.initiator ?? Initiator.host
    if (options?.signal === undefined) return this.#readInto(offset, target, initiator)
    return cancellable('read', options, (signal) => this.#readInto(offset, target, initiator, signal))
  }

  async #readInto(
    offset: number | bigint,
    target: Uint8Array,
    initiator: Initiator,
    signal?: AbortSignal,
  ): Promise<void> {
    const length = byteLengthOf(target)
    if (length <= pieceBytes.max) {
      const outcome = await binding.lunRead(this.#handle, offset, length, target, initiator)
      if (outcome !== undefined) throw outcome.toError()
      return
    }
    const readPiece = (at: bigint, piece: Uint8Array): Later<undefined> =>
      binding.lunRead(this.#handle, at, piece.byteLength, piece, initiator)
    await inPieces(offset, target, this.sizeBytes, readPiece, signal)
  }

  /**
   * Writes the bytes at `offset`.
   *
   * With a signal it gives up waiting, as for the end of a hold; what has been asked for by then is written
   * nevertheless, and of a large request only that.
   *
   * @throws VssError `ERR_OUT_OF_RANGE`, `ERR_ALIGNMENT`, `ERR_LUN_CLOSED`, `ERR_LUN_READ_ONLY`,
   *   `ERR_HELD_FULL` while too much waits for the end of a hold, `ERR_NO_SPACE` or `ERR_IO`
   */
  write(offset: number | bigint, bytes: Uint8Array, options?: WriteOptions): Promise<void> {
    if (options?.signal === undefined) return this.#write(offset, bytes, options)
    return cancellable('write', options, (signal) => this.#write(offset, bytes, options, signal))
  }

  async #write(
    offset: number | bigint,
    bytes: Uint8Array,
    options: WriteOptions | undefined,
    signal?: AbortSignal,
  ): Promise<void> {
    const forced = options?.forceUnitAccess ?? false
    const initiator = options?.initiator ?? Initiator.host
    const writePiece = (at: number | bigint, piece: Uint8Array): Later<undefined> =>
      abortable(binding.lunWrite(this.#handle, at, piece, forced, initiator), signal)
    if (byteLengthOf(bytes) <= pieceBytes.max) {
      const outcome = await writePiece(offset, bytes)
      if (outcome !== undefined) throw outcome.toError()
      return
    }
    await inPieces(offset, bytes, this.sizeBytes, writePiece, signal)
  }

  /** Makes every write that has been completed durable. With a signal it gives up waiting; the flush goes on. */
  flush(options?: AsyncOptions): Promise<void> {
    if (options === undefined) return this.#flush()
    return cancellable('flush', options, (signal) => this.#flush(signal))
  }

  async #flush(signal?: AbortSignal): Promise<void> {
    const outcome = await abortable(binding.lunFlush(this.#handle), signal)
    if (outcome !== undefined) throw outcome.toError()
  }

  /** The standard INQUIRY data. */
  inquiry(): Buffer {
    return binding.inquiry(this.guid, this.isCopy, false, 0, 0xffff)
  }

  /**
   * A page of vital product data: 00h, 80h or 83h.
   *
   * @throws VssError `ERR_INVALID_ARGUMENT` for any other
   */
  vpd(page: number): Buffer {
    return binding.inquiry(this.guid, this.isCopy, true, page, 0xffff)
  }

  /** What the array knows of the LUN. */
  async inspect(): Promise<LunInfo> {
    return unwrap(await binding.lunInspect(this.#handle))
  }

  /** The two ends of the disk, where partition tables lie; what the disk functions take. */
  async readEnds(): Promise<DiskEnds> {
    // Reads are in sectors; a last, partial sector cannot exist, because sizes are multiples of 512.
    const length = Math.min(endBytes, this.sizeBytes)
    const [head, tail] = await Promise.all([this.read(0, length), this.read(this.sizeBytes - length, length)])
    return { head, tail, sizeBytes: this.sizeBytes }
  }

  /**
   * Refuses further requests, waits for those made, and lets go of the LUN. A hold that was taken
   * through this object is ended, and the set it was taken for fails.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    forgetOpen(this)
    const outcome = await binding.lunClose(this.#handle)
    this.#closed(this)
    if (outcome instanceof NativeFailure) throw outcome.toError()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
