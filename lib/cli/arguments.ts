/** Reading what people type. A mistake is commander's InvalidArgumentError, which names the argument. */
import { InvalidArgumentError } from 'commander'
import { type Guid, parseGuid } from '../ids.ts'

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1 << 10,
  m: 1 << 20,
  g: 1 << 30,
  t: 2 ** 40,
}

/** `512`, `64M`, `1.5GiB`: powers of 1024, in multiples of 512 bytes. */
export function parseSize(text: string): number {
  const parts = /^(\d+(?:\.\d+)?)\s*(|[bkmgt])(?:i?b)?$/i.exec(text.trim())
  const bytes = Number(parts?.[1]) * (UNIT_BYTES[parts?.[2]?.toLowerCase() ?? ''] ?? Number.NaN)
  if (!Number.isSafeInteger(bytes) || bytes <= 0) {
    throw new InvalidArgumentError('Expected a size such as 512M, 64MiB or 1073741824.')
  }
  if (bytes % 512 !== 0) throw new InvalidArgumentError('A size is a multiple of 512 bytes.')
  return bytes
}

export function parseId(text: string): Guid {
  try {
    return parseGuid(text)
  } catch {
    throw new InvalidArgumentError('Expected an id such as 0fc63daf-8483-4772-8e79-3d69d8477de4.')
  }
}

/** For an argument that may be repeated. */
export function parseIds(text: string, previous: readonly Guid[] | undefined): Guid[] {
  return [...(previous ?? []), parseId(text)]
}

/** For an option that may be repeated and takes one value each time. */
export function collect(text: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), text]
}
