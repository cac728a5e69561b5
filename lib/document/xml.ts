/**
 * Documents in and out: the only module that speaks to the XML library.
 *
 * A parsed document is kept as a DOM and stays the truth about itself, so that elements and attributes nobody here
 * knows are still in their place when it is saved again (reference 5).
 */

import type { Document, Element } from '@xmldom/xmldom'
import { DOMImplementation, DOMParser, XMLSerializer } from '@xmldom/xmldom'
import { VssError } from '../errors.ts'
import { ATTRIBUTE, DOCUMENT_VERSION } from './names.ts'
import { decodeXml } from './xml-encoding.ts'
import type { XmlLimits } from './xml-scan.ts'
import { DEFAULT_XML_LIMITS, scanXml } from './xml-scan.ts'

export type { Document, Element } from '@xmldom/xmldom'
export type { XmlLimits } from './xml-scan.ts'

/** What kind of document is expected: its root element, namespace, and whether the root has a version. */
export interface DocumentKind {
  readonly root: string
  readonly namespace: string | null
  readonly versioned: boolean
}

const VERSION = /^1\.\d{1,4}$/

/**
 * Reads a document that anybody may have written.
 *
 * @param input - text, or bytes in UTF-8 or UTF-16 with or without a byte order mark
 * @throws VssError `VSS_E_CORRUPT_XML_DOCUMENT` if it is not well-formed; `VSS_E_INVALID_XML_DOCUMENT` if it is
 *   another kind of document, has a document type declaration or passes a limit; `E_INVALIDARG` for another type of
 *   input
 */
export function parseDocument(
  input: string | Uint8Array,
  kind: DocumentKind,
  limits: Partial<XmlLimits> = {},
): Document {
  const inForce = { ...DEFAULT_XML_LIMITS, ...limits }
  const text = decodeXml(input, inForce.maxBytes)
  const attributes = scanXml(text, inForce)
  const document = build(text)
  const root = rootOf(document)
  if (countAttributes(root) !== attributes) {
    // Where two prefixes stand for one namespace, the library keeps the last of two attributes and says nothing.
    throw new VssError('VSS_E_CORRUPT_XML_DOCUMENT', 'an element has the same attribute under two prefixes')
  }
  if (root.localName !== kind.root || root.namespaceURI !== kind.namespace) {
    throw new VssError(
      'VSS_E_INVALID_XML_DOCUMENT',
      `the root is ${excerpt(root.localName)} in namespace '${excerpt(root.namespaceURI)}', expected ` +
        `${kind.root} in '${excerpt(kind.namespace)}'`,
    )
  }
  if (!kind.versioned) return document
  const version = root.getAttribute(ATTRIBUTE.version)
  if (version === null || !VERSION.test(version)) {
    throw new VssError(
      'VSS_E_INVALID_XML_DOCUMENT',
      `${kind.root} has version ${version === null ? 'none' : `'${excerpt(version)}'`}, expected '${DOCUMENT_VERSION}'`,
    )
  }
  return document
}

/**
 * Reads the configuration of a tool: any namespace, no version.
 *
 * @throws VssError as {@link parseDocument}
 */
export function parseConfiguration(input: string | Uint8Array, root: string): Document {
  const text = decodeXml(input, DEFAULT_XML_LIMITS.maxBytes)
  scanXml(text, DEFAULT_XML_LIMITS)
  const document = build(text)
  const { localName } = rootOf(document)
  if (localName === root) return document
  throw new VssError('VSS_E_INVALID_XML_DOCUMENT', `the root is ${excerpt(localName)}, expected ${root}`)
}

function build(text: string): Document {
  const parser = new DOMParser({
    // Positions would be kept on every node; messages give the offset found by the scan instead.
    locator: false,
    // XML 1.0 knows three line ends. The library's default takes those of XML 1.1 and would turn U+0085 and U+2028
    // inside a file name into a blank.
    normalizeLineEndings: (source) => source.replace(/\r\n?/g, '\n'),
    onError: (level, message) => {
      // Its warnings are about repairs that cannot be needed after the scan, and about U+FFFD, which is allowed.
      if (level !== 'warning') throw new Error(message.slice(0, 200))
    },
  })
  try {
    return parser.parseFromString(text, 'text/xml')
  } catch (error) {
    throw new VssError('VSS_E_CORRUPT_XML_DOCUMENT', 'the document does not parse', { cause: error })
  }
}

function countAttributes(root: Element): number {
  let count = 0
  const left: Element[] = [root]
  for (let element = left.pop(); element; element = left.pop()) {
    count += element.attributes.length
    for (let node = element.firstChild; node; node = node.nextSibling) {
      if (node.nodeType === 1) left.push(node as Element)
    }
  }
  return count
}

/** An empty document of a kind: its root with namespace and version. */
export function createDocument(kind: DocumentKind): Document {
  const document = new DOMImplementation().createDocument(kind.namespace, kind.root, null)
  if (kind.versioned) rootOf(document).setAttribute(ATTRIBUTE.version, DOCUMENT_VERSION)
  return document
}

/** The document as text, without an XML declaration, as VSS writes it. */
export function serializeDocument(document: Document): string {
  const text = new XMLSerializer().serializeToString(document, { requireWellFormed: true })
  // A carriage return can only stand in text, where it came from a character reference; written raw it would be
  // read back as a line feed. The library escapes it in attributes only.
  return text.replaceAll('\r', '&#13;')
}

/** A document that nobody else has. */
export function copyDocument(document: Document): Document {
  return document.cloneNode(true) as Document
}

/** An element to try a value on, of no document anybody sees. */
export function scratchElement(): Element {
  return rootOf(new DOMImplementation().createDocument(null, 'SCRATCH', null))
}

export function rootOf(document: Document): Element {
  const root = document.documentElement
  if (!root) throw new VssError('VSS_E_CORRUPT_XML_DOCUMENT', 'the document has no root element')
  return root
}

/**
 * The children of these names, in document order. Children in no namespace count too: VSS itself has been seen to
 * insert elements with `xmlns=""` into a document.
 */
export function childElements(parent: Element, ...names: string[]): Element[] {
  const found: Element[] = []
  const namespace = documentOf(parent).documentElement?.namespaceURI
  for (let node = parent.firstChild; node; node = node.nextSibling) {
    if (node.nodeType !== 1) continue
    const element = node as Element
    if (!element.localName || !names.includes(element.localName)) continue
    if (!element.namespaceURI || element.namespaceURI === namespace) found.push(element)
  }
  return found
}

/** The only child of one name, or `null`. Two are refused: which of them would count? */
export function optionalChild(parent: Element, name: string): Element | null {
  const [only, second] = childElements(parent, name)
  if (second) {
    throw new VssError('VSS_E_INVALID_XML_DOCUMENT', `${parent.localName} has more than one ${name}`)
  }
  return only ?? null
}

export function requiredChild(parent: Element, name: string): Element {
  const child = optionalChild(parent, name)
  if (!child) throw new VssError('VSS_E_INVALID_XML_DOCUMENT', `${parent.localName} has no ${name}`)
  return child
}

/** Adds a child of one name, last or before another child. */
export function addChild(parent: Element, name: string, before: Element | null = null): Element {
  const document = documentOf(parent)
  const child = document.createElementNS(rootOf(document).namespaceURI, name)
  parent.insertBefore(child, before)
  return child
}

function documentOf(element: Element): Document {
  const document = element.ownerDocument
  if (!document) throw new VssError('VSS_E_UNEXPECTED', `${element.localName} belongs to no document`)
  return document
}

/** A piece of foreign text that is safe to show in a message. */
export function excerpt(text: string | null): string {
  if (text === null) return ''
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
