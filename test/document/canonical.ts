import { DOMParser, type Document, type Element } from '@xmldom/xmldom'

/**
 * What two XML texts have to share to mean the same: elements by namespace and local name in document order,
 * attributes sorted, text that is not blank, comments and processing instructions. Prefixes, quotes, the way an
 * empty element is written and white space between elements are left out. As JSON, because the documents of a system
 * writer have 100,000 values and are compared as a whole.
 */
export function canonical(xml: string): string {
  const document: Document = new DOMParser({
    locator: false,
    normalizeLineEndings: (source) => source.replace(/\r\n?/g, '\n'),
    onError: (level, message) => {
      if (level !== 'warning') throw new Error(message)
    },
  }).parseFromString(xml, 'text/xml')
  if (!document.documentElement) throw new Error('no root element')
  return JSON.stringify(element(document.documentElement))
}

function element(node: Element): unknown {
  const attributes: [string, string][] = []
  for (let i = 0; i < node.attributes.length; i++) {
    const attribute = node.attributes.item(i)
    if (!attribute || attribute.name === 'xmlns' || attribute.name.startsWith('xmlns:')) continue
    attributes.push([`{${attribute.namespaceURI ?? ''}}${attribute.localName}`, attribute.value])
  }
  attributes.sort(([a], [b]) => (a < b ? -1 : 1))
  const children: unknown[] = []
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (child.nodeType === 1) children.push(element(child as Element))
    else if (child.nodeType === 8 || child.nodeType === 7) children.push([child.nodeName, child.nodeValue])
    else if (child.nodeValue?.trim()) children.push(child.nodeValue)
  }
  return { name: `{${node.namespaceURI ?? ''}}${node.localName}`, attributes, children }
}
