/**
 * File specifications: `*` stands for any characters or none, `?` for exactly one, everything else for itself
 * (reference 2.13). `*.*` is what Windows programs write for every file, those without a dot included.
 */
import type { Location } from './location.ts'

export class Filespec {
  /** As the document has it. */
  readonly text: string
  /** Folded for the world of its directory. */
  readonly pattern: string
  readonly isExact: boolean
  readonly isEverything: boolean

  constructor(text: string, directory: Location) {
    this.text = text
    this.pattern = directory.fold(text)
    this.isExact = !text.includes('*') && !text.includes('?')
    this.isEverything = !this.isExact && (text === '*.*' || /^\*+$/.test(text))
  }

  /** Whether both match the same names; two patterns that only come to the same are not seen through. */
  equals(other: Filespec): boolean {
    return this.pattern === other.pattern || (this.isEverything && other.isEverything)
  }

  /** Whether every name that the other matches is matched, as far as that can be seen. */
  includes(other: Filespec): boolean {
    return other.isExact ? this.matches(other.pattern) : this.isEverything || this.equals(other)
  }

  /** @param name - folded by the same directory, see {@link Location.fold} */
  matches(name: string): boolean {
    if (this.isEverything) return true
    return this.isExact ? name === this.pattern : matchesPattern(name, this.pattern)
  }
}

/**
 * Remembers only the last `*`: if what follows it does not fit, that star takes one character more. So the time is at
 * most the product of the lengths, whatever a stranger writes as a pattern.
 */
function matchesPattern(name: string, pattern: string): boolean {
  let at = 0
  let inPattern = 0
  let star = -1
  let retryAt = 0
  while (at < name.length) {
    const wanted = pattern[inPattern]
    if (wanted === '*') {
      star = inPattern++
      retryAt = at
    } else if (wanted === '?') {
      at += widthAt(name, at)
      inPattern++
    } else if (wanted !== undefined && wanted === name[at]) {
      at++
      inPattern++
    } else if (star >= 0) {
      retryAt += widthAt(name, retryAt)
      at = retryAt
      inPattern = star + 1
    } else {
      return false
    }
  }
  while (pattern[inPattern] === '*') inPattern++
  return inPattern === pattern.length
}

/** A character outside the basic plane is two units of a string and one of a name. */
function widthAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
}
