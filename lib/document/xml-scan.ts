/**
 * One pass over a document, before anything is built from it.
 *
 * The DOM library repairs what it can and logs the rest; both are wrong for input that a stranger may have written,
 * and repair is where parsers lose linear time. So this pass admits only well-formed documents without a document
 * type declaration and within limits, and the library then meets nothing it has to repair.
 *
 * Cost: linear in the length of the text, memory in proportion to the depth.
 */
import { VssError } from '../errors.ts'

/** How much a document may hold. What the library builds from it stays within about 400 MB at the defaults. */
export interface XmlLimits {
  /** Bytes of the input, or characters where it is a string. @defaultValue 16 MiB */
  maxBytes: number
  /** Elements inside one another. @defaultValue 64 */
  maxDepth: number
  /** Elements, comments, CDATA sections and processing instructions together. @defaultValue 100,000 */
  maxNodes: number
  /** Attributes of the whole document. @defaultValue 500,000 */
  maxAttributes: number
}

export const DEFAULT_XML_LIMITS: Readonly<XmlLimits> = {
  maxBytes: 16 * 1024 * 1024,
  maxDepth: 64,
  maxNodes: 100_000,
  maxAttributes: 500_000,
}

// Fixed, because the library's cost is quadratic in both and no document of VSS comes near.
const MAX_ATTRIBUTES_PER_ELEMENT = 256
const MAX_PREFIXES_IN_SCOPE = 64

// XML 1.0, productions Char, NameStartChar and NameChar; the colon is set apart for namespaces.
const ILLEGAL = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u
const NAME_START =
  'A-Z_a-z\\xc0-\\xd6\\xd8-\\xf6\\xf8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f' +
  '\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\u{10000}-\\u{effff}'
const NC_NAME = `[${NAME_START}][-.0-9\\xb7\\u0300-\\u036f\\u203f\\u2040${NAME_START}]*`
const QNAME = new RegExp(`${NC_NAME}(?::${NC_NAME})?`, 'uy')
const SPACE = /[ \t\r\n]*/y
const REFERENCE = /&(?:amp|lt|gt|quot|apos|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));/y

interface OpenElement {
  name: string
  prefixes: number
}

/** The position of the first character that XML cannot carry, or -1. */
export function findIllegalCharacter(text: string): number {
  return text.search(ILLEGAL)
}

/**
 * Passes if the text is one well-formed element with nothing but comments and processing instructions around it, and
 * answers how many attributes it has.
 *
 * @throws VssError `VSS_E_CORRUPT_XML_DOCUMENT` if it is not well-formed, `VSS_E_INVALID_XML_DOCUMENT` if it has a
 *   document type declaration or passes a limit. The message gives the offset, never the content.
 */
export function scanXml(text: string, limits: Readonly<XmlLimits>): number {
  return new Scan(text, limits).run()
}

class Scan {
  readonly #text: string
  readonly #limits: Readonly<XmlLimits>
  readonly #open: OpenElement[] = []
  #at = 0
  #nodes = 0
  #attributes = 0
  #prefixes = 0
  #rootSeen = false

  constructor(text: string, limits: Readonly<XmlLimits>) {
    this.#text = text
    this.#limits = limits
  }

  run(): number {
    const illegal = findIllegalCharacter(this.#text)
    if (illegal >= 0) throw this.#corrupt('a character that XML does not allow', illegal)
    while (this.#at < this.#text.length) {
      const next = this.#text.indexOf('<', this.#at)
      this.#characters(this.#at, next < 0 ? this.#text.length : next)
      if (next < 0) break
      this.#at = next
      this.#markup()
    }
    if (this.#open.length > 0) throw this.#corrupt('the document ends inside an element', this.#text.length)
    if (!this.#rootSeen) throw this.#corrupt('there is no element', this.#text.length)
    return this.#attributes
  }

  #characters(from: number, to: number): void {
    if (from === to) return
    const characters = this.#text.slice(from, to)
    if (this.#open.length === 0) {
      if (/[^ \t\r\n]/.test(characters)) throw this.#corrupt('text outside the root element', from)
      return
    }
    if (characters.includes(']]>')) throw this.#corrupt("']]>' in text", from)
    this.#references(characters, from)
  }

  #references(characters: string, offset: number): void {
    for (let at = characters.indexOf('&'); at >= 0; at = characters.indexOf('&', REFERENCE.lastIndex)) {
      REFERENCE.lastIndex = at
      const match = REFERENCE.exec(characters)
      if (!match) throw this.#corrupt('a reference that is none of the five predefined ones', offset + at)
      const digits = match[1] ?? match[2]
      if (digits === undefined) continue
      const code = Number.parseInt(digits, match[1] === undefined ? 16 : 10)
      if (code > 0x10ffff || ILLEGAL.test(String.fromCodePoint(code))) {
        throw this.#corrupt('a reference to a character that XML does not allow', offset + at)
      }
    }
  }

  #markup(): void {
    const text = this.#text
    switch (text[this.#at + 1]) {
      case '/':
        this.#endTag()
        return
      case '?':
        this.#processingInstruction()
        return
      case '!':
        if (text.startsWith('<!--', this.#at)) this.#comment()
        else if (text.startsWith('<![CDATA[', this.#at)) this.#cdata()
        else if (text.startsWith('<!DOCTYPE', this.#at)) {
          throw new VssError(
            'VSS_E_INVALID_XML_DOCUMENT',
            `a document type declaration at character ${this.#at}; documents of VSS have none`,
          )
        } else throw this.#corrupt('unknown markup', this.#at)
        return
      default:
        this.#startTag()
    }
  }

  #startTag(): void {
    const start = this.#at
    if (this.#open.length === 0 && this.#rootSeen) throw this.#corrupt('a second root element', start)
    this.#rootSeen = true
    this.#countNode()
    this.#at += 1
    const element: OpenElement = { name: this.#name(), prefixes: 0 }
    let attributes = 0
    for (;;) {
      const spaced = this.#space()
      if (this.#text.startsWith('/>', this.#at)) {
        this.#at += 2
        this.#prefixes -= element.prefixes
        return
      }
      if (this.#text[this.#at] === '>') break
      if (!spaced)
        throw this.#corrupt('a start tag that is cut or has no space before an attribute', this.#at)
      attributes += 1
      if (attributes > MAX_ATTRIBUTES_PER_ELEMENT) {
        throw this.#tooMuch(`more than ${MAX_ATTRIBUTES_PER_ELEMENT} attributes on one element`)
      }
      if (this.#attribute().startsWith('xmlns:')) this.#countPrefix(element)
    }
    this.#at += 1
    this.#open.push(element)
    if (this.#open.length > this.#limits.maxDepth) {
      throw this.#tooMuch(`elements more than ${this.#limits.maxDepth} deep`)
    }
  }

  /** Answers the name. Two attributes of one name are left to the DOM library, which compares them anyway. */
  #attribute(): string {
    this.#attributes += 1
    if (this.#attributes > this.#limits.maxAttributes) {
      throw this.#tooMuch(`more than ${this.#limits.maxAttributes} attributes`)
    }
    const name = this.#name()
    this.#space()
    if (this.#text[this.#at] !== '=') throw this.#corrupt('an attribute without a value', this.#at)
    this.#at += 1
    this.#space()
    const quote = this.#text[this.#at]
    if (quote !== '"' && quote !== "'") throw this.#corrupt('an attribute value without quotes', this.#at)
    const from = this.#at + 1
    const to = this.#text.indexOf(quote, from)
    if (to < 0) throw this.#corrupt('an attribute value that does not end', from)
    const value = this.#text.slice(from, to)
    if (value.includes('<')) throw this.#corrupt("'<' in an attribute value", from)
    this.#references(value, from)
    this.#at = to + 1
    return name
  }

  #endTag(): void {
    const start = this.#at
    this.#at += 2
    const name = this.#name()
    this.#space()
    if (this.#text[this.#at] !== '>') throw this.#corrupt('an end tag that does not end', this.#at)
    this.#at += 1
    const element = this.#open.pop()
    if (element?.name !== name) throw this.#corrupt('an end tag without its start tag', start)
    this.#prefixes -= element.prefixes
  }

  #comment(): void {
    this.#countNode()
    const end = this.#text.indexOf('--', this.#at + 4)
    if (end < 0 || this.#text[end + 2] !== '>') throw this.#corrupt('a comment that does not end', this.#at)
    this.#at = end + 3
  }

  #cdata(): void {
    this.#countNode()
    if (this.#open.length === 0) throw this.#corrupt('a CDATA section outside the root element', this.#at)
    this.#at = this.#after(']]>', 'a CDATA section that does not end')
  }

  #processingInstruction(): void {
    this.#countNode()
    const start = this.#at
    this.#at += 2
    const target = this.#name()
    const spaced = this.#space()
    const end = this.#after('?>', 'a processing instruction that does not end')
    if (target.includes(':') || target.toLowerCase() === 'xml') {
      throw this.#corrupt('a processing instruction of that name is not allowed here', start)
    }
    if (!spaced && end !== this.#at + 2) throw this.#corrupt('a malformed processing instruction', start)
    this.#at = end
  }

  #after(terminator: string, message: string): number {
    const end = this.#text.indexOf(terminator, this.#at)
    if (end < 0) throw this.#corrupt(message, this.#at)
    return end + terminator.length
  }

  #name(): string {
    QNAME.lastIndex = this.#at
    const match = QNAME.exec(this.#text)
    if (!match) throw this.#corrupt('a name was expected', this.#at)
    this.#at = QNAME.lastIndex
    return match[0]
  }

  #space(): boolean {
    SPACE.lastIndex = this.#at
    SPACE.exec(this.#text)
    const spaced = SPACE.lastIndex > this.#at
    this.#at = SPACE.lastIndex
    return spaced
  }

  #countNode(): void {
    this.#nodes += 1
    if (this.#nodes > this.#limits.maxNodes) throw this.#tooMuch(`more than ${this.#limits.maxNodes} nodes`)
  }

  #countPrefix(element: OpenElement): void {
    element.prefixes += 1
    this.#prefixes += 1
    if (this.#prefixes > MAX_PREFIXES_IN_SCOPE) {
      throw this.#tooMuch(`more than ${MAX_PREFIXES_IN_SCOPE} namespace prefixes in scope`)
    }
  }

  #corrupt(what: string, offset: number): VssError {
    return new VssError('VSS_E_CORRUPT_XML_DOCUMENT', `not well-formed: ${what} (character ${offset})`)
  }

  #tooMuch(what: string): VssError {
    return new VssError('VSS_E_INVALID_XML_DOCUMENT', `the document has ${what}, which is not read`)
  }
}
