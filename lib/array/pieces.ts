/**
 * Requests larger than the array takes at once, cut into pieces.
 */
import { constants } from 'node:buffer'
import { NativeFailure } from '../binding.ts'
import { describeValue, VssError } from '../errors.ts'

/** The largest request that goes through in one piece, and the size of the pieces of a larger one. */
export const pieceBytes: { readonly max: number; readonly each: number } = { max: 32 << 20, each: 8 << 20 }

// Enough to keep the disk busy while the next piece is copied, and a bounded share of the buffers.
const piecesUnderWay = 4

/** The size of a buffer; refuses what is none. */
export function byteLengthOf(bytes: Uint8Array): number {
  if (ArrayBuffer.isView(bytes)) return bytes.byteLength
  throw new VssError('ERR_INVALID_ARGUMENT', 'bytes must be a Buffer or Uint8Array')
}

/** A buffer for what is read; uninitialised. */
export function allocate(length: number): Buffer {
  if (length > constants.MAX_LENGTH) {
    throw new VssError('ERR_OUT_OF_RANGE', `${length} bytes do not fit into one Buffer`, {
      remedy: `Read at most ${constants.MAX_LENGTH} bytes at a time.`,
    })
  }
  try {
    return Buffer.allocUnsafeSlow(length)
  } catch (thrown) {
    throw new VssError('ERR_OUT_OF_MEMORY', `there is no memory for a Buffer of ${length} bytes`, {
      cause: thrown,
    })
  }
}

/** Refuses a range that cannot be right before memory is allocated for it. */
export function checkRange(offset: number | bigint, length: number, sizeBytes: number): void {
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new VssError(
      'ERR_INVALID_ARGUMENT',
      `length must be a whole number from 0, not ${describeValue(length)}`,
    )
  }
  if (typeof offset !== 'number' && typeof offset !== 'bigint') {
    throw new VssError('ERR_INVALID_ARGUMENT', `offset must be a whole number, not ${describeValue(offset)}`)
  }
  if (Number(offset) + length > sizeBytes) {
    throw new VssError(
      'ERR_OUT_OF_RANGE',
      `${length} bytes from ${String(offset)} do not lie inside a LUN of ${sizeBytes} bytes`,
    )
  }
}

/**
 * Carries out a request over all of `bytes` in pieces, several at a time. The first failure stops it, or the
 * signal, with whose reason it then rejects: pieces under way are awaited, no new one is begun.
 */
export async function inPieces(
  offset: number | bigint,
  bytes: Uint8Array,
  sizeBytes: number,
  request: (offset: bigint, piece: Uint8Array) => Promise<undefined | NativeFailure>,
  signal?: AbortSignal,
): Promise<void> {
  checkRange(offset, bytes.byteLength, sizeBytes)
  if (typeof offset === 'number' && !Number.isSafeInteger(offset)) {
    throw new VssError('ERR_INVALID_ARGUMENT', `offset must be a whole number, not ${offset}`)
  }
  const length = bytes.byteLength
  let next = 0
  let failure: NativeFailure | undefined
  const run = async (): Promise<void> => {
    while (next < length && failure === undefined && !signal?.aborted) {
      const at = next
      next += pieceBytes.each
      const outcome = await request(BigInt(offset) + BigInt(at), bytes.subarray(at, Math.min(next, length)))
      failure ??= outcome
    }
  }
  await Promise.all(Array.from({ length: piecesUnderWay }, run))
  if (failure instanceof NativeFailure) throw failure.toError()
  if (next < length) throw signal?.reason
}
