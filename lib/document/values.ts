/**
 * Attribute values in and out.
 *
 * Reading is strict: a value outside its domain makes the whole document `VSS_E_INVALID_XML_DOCUMENT`, with element
 * and attribute in the message. An absent attribute is its default. Writing checks what comes from callers and
 * answers `E_INVALIDARG`; what it writes, reading accepts.
 */
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import { isGuid, parseGuid } from '../ids.ts'
import type { ValueNames } from './names.ts'
import type { Element } from './xml.ts'
import { excerpt } from './xml.ts'
import { findIllegalCharacter } from './xml-scan.ts'

const MAX_UINT32 = 0xffffffff
const MAX_FILETIME = 0x7fff_ffff_ffff_ffffn
const HEX = /^(?:[0-9a-f]{2})*$/

// ---- reading -----------------------------------------------------------------------------------------------

export function readString(element: Element, name: string): string | null {
  return element.getAttribute(name)
}

export function requireString(element: Element, name: string): string {
  const value = element.getAttribute(name)
  if (value === null) throw invalid(element, name, 'is missing')
  return value
}

export function readYesNo(element: Element, name: string, absent: boolean): boolean {
  const value = element.getAttribute(name)
  if (value === null) return absent
  if (value !== 'yes' && value !== 'no')
    throw invalid(element, name, `is '${excerpt(value)}', expected yes or no`)
  return value === 'yes'
}

/** Lower case; the document may have either. Braces are not documented and not accepted. */
export function requireGuid(element: Element, name: string): Guid {
  const value = requireString(element, name).toLowerCase()
  if (!isGuid(value)) throw invalid(element, name, `is '${excerpt(value)}', expected a GUID without braces`)
  return value
}

export function readGuid(element: Element, name: string): Guid | null {
  return element.getAttribute(name) === null ? null : requireGuid(element, name)
}

/** A count, a mask or a size, in decimal. */
export function readUnsigned(
  element: Element,
  name: string,
  absent: number | undefined,
  max: number = MAX_UINT32,
): number {
  const value = element.getAttribute(name)
  if (value === null) {
    if (absent === undefined) throw invalid(element, name, 'is missing')
    return absent
  }
  const number = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN
  if (!(number <= max)) {
    throw invalid(element, name, `is '${excerpt(value)}', expected a decimal number up to ${max}`)
  }
  return number
}

/** A FILETIME: 100 ns since 1601, more than a number can hold. */
export function readFiletime(element: Element, name: string): bigint {
  const value = element.getAttribute(name) ?? '0'
  const time = /^[0-9]{1,19}$/.test(value) ? BigInt(value) : -1n
  if (time < 0n || time > MAX_FILETIME) {
    throw invalid(element, name, `is '${excerpt(value)}', expected a decimal FILETIME`)
  }
  return time
}

export function readHex(element: Element, name: string): string {
  const value = (element.getAttribute(name) ?? '').toLowerCase()
  if (!HEX.test(value)) throw invalid(element, name, 'is not a string of hexadecimal bytes')
  return value
}

export function readNamed<Value extends number>(
  element: Element,
  name: string,
  names: ValueNames<Value>,
  absent?: Value,
): Value {
  const text = element.getAttribute(name)
  if (text === null) {
    if (absent === undefined) throw invalid(element, name, 'is missing')
    return absent
  }
  const value = Object.hasOwn(names, text) ? names[text] : undefined
  if (value === undefined) {
    throw invalid(element, name, `is '${excerpt(text)}', expected one of ${Object.keys(names).join(', ')}`)
  }
  return value
}

function invalid(element: Element, name: string, what: string): VssError {
  return new VssError('VSS_E_INVALID_XML_DOCUMENT', `${name} of ${element.localName} ${what}`)
}

// ---- writing -----------------------------------------------------------------------------------------------

/** Writes a text; `null` or `undefined` takes the attribute away. */
export function writeString(element: Element, name: string, value: string | null | undefined): void {
  if (value === null || value === undefined) {
    element.removeAttribute(name)
    return
  }
  element.setAttribute(name, checkedText(value, name))
}

/** Writes a text that reading requires, so `null` does not mean "leave it out". */
export function writeRequiredString(element: Element, name: string, value: string): void {
  element.setAttribute(name, checkedText(value, name))
}

export function writeYesNo(element: Element, name: string, value: boolean): void {
  if (typeof value !== 'boolean') throw badArgument(`${name} must be true or false`)
  element.setAttribute(name, value ? 'yes' : 'no')
}

export function writeGuid(element: Element, name: string, value: string): void {
  element.setAttribute(name, parseGuid(checkedText(value, name), name))
}

export function writeUnsigned(element: Element, name: string, value: number, max: number = MAX_UINT32): void {
  element.setAttribute(name, String(checkedUnsigned(value, name, max)))
}

export function writeFiletime(element: Element, name: string, value: bigint): void {
  if (typeof value !== 'bigint' || value < 0n || value > MAX_FILETIME) {
    throw badArgument(`${name} must be a bigint from 0 to ${MAX_FILETIME}`)
  }
  element.setAttribute(name, value.toString())
}

export function writeHex(element: Element, name: string, value: string): void {
  const text = checkedText(value, name).toLowerCase()
  if (!HEX.test(text)) throw badArgument(`${name} must be a string of hexadecimal bytes`)
  element.setAttribute(name, text)
}

export function writeNamed<Value extends number>(
  element: Element,
  name: string,
  names: ValueNames<Value>,
  value: Value,
): void {
  for (const [text, number] of Object.entries(names)) {
    if (number === value) {
      element.setAttribute(name, text)
      return
    }
  }
  throw badArgument(`${name} cannot be ${String(value)}`)
}

/** The text itself, if XML can carry it. Control characters and lone surrogates it cannot. */
export function checkedText(value: string, name: string): string {
  if (typeof value !== 'string') throw badArgument(`${name} must be a string`)
  const at = findIllegalCharacter(value)
  if (at >= 0) {
    const code = value.charCodeAt(at).toString(16).padStart(4, '0')
    throw badArgument(`${name} has the character U+${code.toUpperCase()} at ${at}, which XML cannot carry`)
  }
  return value
}

export function checkedUnsigned(value: number, name: string, max: number = MAX_UINT32): number {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw badArgument(`${name} must be a whole number from 0 to ${max}`)
  }
  return value
}

export function badArgument(text: string): VssError {
  return new VssError('E_INVALIDARG', text)
}
