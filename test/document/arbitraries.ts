/**
 * Values that a document can carry, for tests over many random ones.
 */
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import type { Guid } from '../../lib/ids.ts'

export const RUNS: fc.Parameters<unknown> = { numRuns: 200 }

// Every character XML can carry, with those that are easily lost more often than chance would have it.
const character = fc.oneof(
  fc.constantFrom(
    ...'<>&"\'\t\n\r \u0085\u2028\ufeff\ufffd\u00a0]/\\%$;=',
    ']]>',
    '&amp;',
    '&#10;',
    '--',
    '?>',
    '<!--',
  ),
  fc.integer({ min: 0x20, max: 0xd7ff }).map((code) => String.fromCharCode(code)),
  fc.integer({ min: 0xe000, max: 0xfffd }).map((code) => String.fromCharCode(code)),
  fc.integer({ min: 0x10000, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
)
export const text: fc.Arbitrary<string> = fc
  .array(character, { maxLength: 12 })
  .map((parts) => parts.join(''))
export const name: fc.Arbitrary<string> = text.filter((value) => value !== '' && !value.includes('\\'))
export const optionalText: fc.Arbitrary<string | null> = fc.option(text)
export const uint32: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffffffff })
export const guid: fc.Arbitrary<Guid> = fc.uuid()
export const filespec: fc.Arbitrary<string> = text.map((value) => `a${value.replace(/[\\/]/g, '')}*`)
export const path: fc.Arbitrary<string> = text.map((value) => `/${value.replace(/[*?]/g, '')}`)
export const hex: fc.Arbitrary<string> = fc
  .uint8Array({ maxLength: 8 })
  .map((bytes) => Buffer.from(bytes).toString('hex'))

/** Any value of an enumeration except some. */
export function oneOf<Value extends number>(
  values: { readonly [key: string]: Value },
  ...without: number[]
): fc.Arbitrary<Value> {
  return fc.constantFrom(...Object.values(values).filter((value) => !without.includes(value)))
}
