/**
 * GUIDs as text: lower case, without braces, everywhere inside Holdfast. Braces appear only where
 * VSS shows them to people or writes them into documents and volume names.
 */
import { randomUUID } from 'node:crypto'
import { describeValue, VssError } from './errors.ts'

/** 36 characters, lower case, no braces. Produced by {@link newGuid} and {@link parseGuid}. */
export type Guid = string

/** The id that stands for "none" or "choose for me". */
export const GUID_NULL: Guid = '00000000-0000-0000-0000-000000000000'

const PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A fresh random GUID. */
export function newGuid(): Guid {
  return randomUUID()
}

/** Whether the text is a GUID in the inner form. */
export function isGuid(text: string): text is Guid {
  return PATTERN.test(text)
}

/**
 * Reads a GUID in either case, with or without braces.
 *
 * @throws VssError `E_INVALIDARG` if it is none; the error names what the text was meant to be.
 */
export function parseGuid(text: string, meaning: string = 'GUID'): Guid {
  if (typeof text !== 'string') {
    throw new VssError('E_INVALIDARG', `${meaning} must be a GUID as text, not ${describeValue(text)}`, {
      culprit: meaning,
    })
  }
  const bare = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text
  const guid = bare.toLowerCase()
  if (!isGuid(guid)) {
    throw new VssError('E_INVALIDARG', `${meaning} '${text}' is not a GUID`, { culprit: meaning })
  }
  return guid
}

/** Each as {@link parseGuid} reads it. */
export function parseGuids(texts: readonly string[], meaning: string): Guid[] {
  if (!Array.isArray(texts)) {
    throw new VssError('E_INVALIDARG', `${meaning} must be a list of GUIDs, not ${describeValue(texts)}`, {
      culprit: meaning,
    })
  }
  return texts.map((text: string) => parseGuid(text, meaning))
}

/** `{…}`, as VSS prints it. */
export function bracedGuid(guid: Guid): string {
  return `{${guid}}`
}
