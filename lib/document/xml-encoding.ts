/**
 * From what a caller has (text, or the bytes of a saved document) to the text of the document.
 *
 * VSS keeps documents as UTF-16 in memory; saved ones are seen as UTF-8 and UTF-16, with and without a byte order
 * mark (reference 5). Other encodings are refused rather than guessed: a name read in the wrong encoding is a file
 * that silently is not backed up.
 */
import { Buffer, isAscii, isUtf8 } from 'node:buffer'
import { VssError } from '../errors.ts'

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be'

const ENCODING_NAMES: Record<Encoding, readonly string[]> = {
  'utf-8': ['utf-8', 'utf8', 'us-ascii', 'ascii'],
  'utf-16le': ['utf-16', 'utf-16le', 'iso-10646-ucs-2', 'ucs-2'],
  'utf-16be': ['utf-16', 'utf-16be', 'iso-10646-ucs-2', 'ucs-2'],
}

const DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.[0-9]+"|'1\.[0-9]+')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"([A-Za-z][\w.-]*)"|'([A-Za-z][\w.-]*)'))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>/

/** Longest declaration looked at; one that is longer is no declaration anybody writes. */
const MAX_DECLARATION_CHARS = 512

/**
 * Answers the text of the document without byte order mark and XML declaration.
 *
 * The declaration is taken off because it speaks of bytes that no longer exist: whoever saves the text chooses
 * the encoding anew. For bytes it must agree with what they are; for text its encoding means nothing.
 *
 * @throws VssError `VSS_E_CORRUPT_XML_DOCUMENT` if the bytes are not what they claim to be,
 *   `VSS_E_INVALID_XML_DOCUMENT` if there are more than `maxBytes`, `E_INVALIDARG` for another type of input.
 */
export function decodeXml(input: string | Uint8Array, maxBytes: number): string {
  if (typeof input !== 'string' && !(input instanceof Uint8Array)) {
    throw new VssError('E_INVALIDARG', 'an XML document is given as a string or as bytes')
  }
  if (input.length > maxBytes) {
    const unit = typeof input === 'string' ? 'characters' : 'bytes'
    throw new VssError(
      'VSS_E_INVALID_XML_DOCUMENT',
      `the document has ${input.length} ${unit}; at most ${maxBytes} are read`,
    )
  }
  if (typeof input === 'string') {
    return withoutDeclaration(input.startsWith('\ufeff') ? input.slice(1) : input, undefined)
  }

  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  const { encoding, markBytes } = detect(bytes)
  return withoutDeclaration(decode(bytes.subarray(markBytes), encoding), encoding)
}

function detect(bytes: Buffer): { encoding: Encoding; markBytes: number } {
  const [a, b, c] = bytes
  if (a === 0xef && b === 0xbb && c === 0xbf) return { encoding: 'utf-8', markBytes: 3 }
  if (a === 0xff && b === 0xfe) return { encoding: 'utf-16le', markBytes: 2 }
  if (a === 0xfe && b === 0xff) return { encoding: 'utf-16be', markBytes: 2 }
  // Without a mark, the first character of a document is '<' or white space: ASCII beside a zero byte.
  if (a !== 0 && b === 0) return { encoding: 'utf-16le', markBytes: 0 }
  if (a === 0 && b !== 0) return { encoding: 'utf-16be', markBytes: 0 }
  return { encoding: 'utf-8', markBytes: 0 }
}

function decode(bytes: Buffer, encoding: Encoding): string {
  if (encoding === 'utf-8') {
    if (!isUtf8(bytes)) throw corrupt('the bytes are not valid UTF-8')
    return bytes.toString('utf8')
  }
  if (bytes.length % 2 !== 0) throw corrupt('the last character is cut: UTF-16 needs an even number of bytes')
  // Surrogates without their other half are found by the scan for characters that XML does not allow.
  return (encoding === 'utf-16be' ? Buffer.from(bytes).swap16() : bytes).toString('utf16le')
}

function withoutDeclaration(text: string, encoding: Encoding | undefined): string {
  if (!/^<\?xml[ \t\r\n]/.test(text)) return text
  const match = DECLARATION.exec(text.slice(0, MAX_DECLARATION_CHARS))
  if (!match) throw corrupt('the XML declaration is malformed')
  const declared = (match[1] ?? match[2])?.toLowerCase()
  if (encoding !== undefined && declared !== undefined) {
    if (!ENCODING_NAMES[encoding].includes(declared)) {
      throw corrupt(`the document says that it is ${declared}, its bytes say ${encoding}`)
    }
    if (declared.endsWith('ascii') && !isAscii(Buffer.from(text))) {
      throw corrupt(`the document says that it is ${declared}, but has other characters`)
    }
  }
  return text.slice(match[0].length)
}

function corrupt(text: string): VssError {
  return new VssError('VSS_E_CORRUPT_XML_DOCUMENT', text)
}
