import { Buffer } from 'node:buffer'
import test, { type ExecutionContext } from 'ava'
import { BackupComponentsDocument } from '../../lib/document/backup-components.ts'
import { WriterMetadataDocument } from '../../lib/document/writer-metadata.ts'
import { DEFAULT_XML_LIMITS, scanXml, type XmlLimits } from '../../lib/document/xml-scan.ts'
import { VssError } from '../../lib/errors.ts'

const ID =
  '<IDENTIFICATION writerId="0f0e0d0c-0b0a-0908-0706-050403020100" ' +
  'instanceId="10111213-1415-1617-1819-1a1b1c1d1e1f" friendlyName="Größe 𝄞" usage="OTHER" dataSource="OTHER"/>'
const OPEN = '<WRITER_METADATA xmlns="x-schema:#VssWriterMetadataInfo" version="1.2">'
const SMALL = `${OPEN}${ID}<BACKUP_LOCATIONS/></WRITER_METADATA>`
/** Far above what a refusal takes here, far below what a quadratic one would take. */
const BOUND_MS = 10_000

function inside(markup: string): string {
  return `${OPEN}${ID}<BACKUP_LOCATIONS/>${markup}</WRITER_METADATA>`
}

function refused(
  t: ExecutionContext,
  input: string | Uint8Array,
  code: VssError['code'],
  limits?: Partial<XmlLimits>,
): VssError | undefined {
  const start = performance.now()
  const error = t.throws(() => WriterMetadataDocument.fromXml(input, limits), { instanceOf: VssError })
  const millis = performance.now() - start
  t.is(error?.code, code)
  t.true(millis < BOUND_MS, `took ${millis} ms`)
  t.true((error?.message.length ?? 0) < 1_000, 'the message carries foreign content')
  return error
}

// ---- encodings ---------------------------------------------------------------------------------------------

const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()
const mark = (hex: string, body: Buffer): Buffer => Buffer.concat([Buffer.from(hex, 'hex'), body])
const declare = (encoding: string): string =>
  `<?xml version='1.0' encoding='${encoding}' standalone='yes' ?>\r\n${SMALL}`

const readable: Record<string, string | Uint8Array> = {
  'a string': SMALL,
  'a string with a byte order mark': `\ufeff${SMALL}`,
  'a string whose declaration speaks of other bytes': declare('utf-16'),
  'UTF-8': Buffer.from(SMALL),
  'UTF-8 with a mark': mark('efbbbf', Buffer.from(SMALL)),
  'UTF-8 with a declaration': Buffer.from(declare('UTF-8')),
  'UTF-16 LE with a mark': mark('fffe', Buffer.from(SMALL, 'utf16le')),
  'UTF-16 LE with mark and declaration': mark('fffe', Buffer.from(declare('UTF-16'), 'utf16le')),
  'UTF-16 LE without a mark': Buffer.from(SMALL, 'utf16le'),
  'UTF-16 BE with a mark': mark('feff', utf16be(SMALL)),
  'UTF-16 BE without a mark': utf16be(declare('utf-16be')),
  'a plain Uint8Array that is part of a larger one': new Uint8Array(
    mark('0000', Buffer.from(SMALL)),
  ).subarray(2),
}
for (const [what, input] of Object.entries(readable)) {
  test(`a document is read from ${what}, and saved without a declaration`, (t) => {
    const metadata = WriterMetadataDocument.fromXml(input)
    t.is(metadata.getIdentity().writerName, 'Größe 𝄞')
    t.is(metadata.toXml().trim(), SMALL)
  })
}

const badEncodings: Record<string, Uint8Array> = {
  'invalid UTF-8': Buffer.concat([Buffer.from(SMALL), Buffer.of(0xc3, 0x28)]),
  'UTF-8 of a surrogate': Buffer.from(SMALL).fill(Buffer.of(0xed, 0xa0, 0x80), 130, 133),
  'UTF-16 with half a character at the end': Buffer.from(SMALL, 'utf16le').subarray(0, -1),
  'UTF-16 with a lone high surrogate': Buffer.from(SMALL.replace('𝄞', '\ud834'), 'utf16le'),
  'UTF-16 with surrogates the wrong way round': utf16be(SMALL.replace('𝄞', '\udd1e\ud834')),
  'UTF-8 that says it is UTF-16': Buffer.from(declare('UTF-16')),
  'UTF-16 that says it is UTF-8': mark('fffe', Buffer.from(declare('UTF-8'), 'utf16le')),
  'big endian that says it is little': mark('feff', utf16be(declare('utf-16le'))),
  'an encoding that is not read': Buffer.from(declare('windows-1252'), 'latin1'),
  'ASCII that is none': Buffer.from(declare('us-ascii')),
  'UTF-32': Buffer.from([...SMALL].flatMap((c) => [c.charCodeAt(0) & 0xff, 0, 0, 0])),
  nothing: new Uint8Array(),
  'only a mark': Buffer.of(0xef, 0xbb, 0xbf),
}
for (const [what, bytes] of Object.entries(badEncodings)) {
  test(`${what} is VSS_E_CORRUPT_XML_DOCUMENT`, (t) => {
    refused(t, bytes, 'VSS_E_CORRUPT_XML_DOCUMENT')
  })
}

test('something that is neither text nor bytes is E_INVALIDARG', (t) => {
  for (const input of [null, undefined, 1, {}, [60], new ArrayBuffer(8)]) {
    const error = t.throws(() => WriterMetadataDocument.fromXml(input as string), { instanceOf: VssError })
    t.is(error?.code, 'E_INVALIDARG')
  }
})

// ---- attacks -----------------------------------------------------------------------------------------------

test('a billion laughs are refused before an entity is looked at', (t) => {
  const entities = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join(
    '',
  )
  const error = refused(
    t,
    `<!DOCTYPE WRITER_METADATA [<!ENTITY l0 "lol">${entities}]>${inside('&l9;')}`,
    'VSS_E_INVALID_XML_DOCUMENT',
  )
  t.regex(error?.message ?? '', /document type declaration/)
})

test('an external entity is refused, and so is a reference without its declaration', (t) => {
  const declared = `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>${inside('&x;')}`
  refused(t, declared, 'VSS_E_INVALID_XML_DOCUMENT')
  refused(t, inside('&x;'), 'VSS_E_CORRUPT_XML_DOCUMENT')
  refused(t, SMALL.replace('Größe', '&nbsp;'), 'VSS_E_CORRUPT_XML_DOCUMENT')
})

test('a document type declaration anywhere else is refused too', (t) => {
  refused(t, `<!-- a --><!DOCTYPE r>${SMALL}`, 'VSS_E_INVALID_XML_DOCUMENT')
  refused(t, inside('<!DOCTYPE r SYSTEM "x">'), 'VSS_E_INVALID_XML_DOCUMENT')
  refused(t, mark('fffe', Buffer.from(`<!DOCTYPE r>${SMALL}`, 'utf16le')), 'VSS_E_INVALID_XML_DOCUMENT')
})

test('a document above the size limit is refused unread', (t) => {
  const huge = Buffer.alloc(100 * 1024 * 1024, 'a')
  huge.write(`${OPEN}<X a="`)
  refused(t, huge, 'VSS_E_INVALID_XML_DOCUMENT')
  refused(t, huge.toString('latin1'), 'VSS_E_INVALID_XML_DOCUMENT')
  refused(t, SMALL, 'VSS_E_INVALID_XML_DOCUMENT', { maxBytes: SMALL.length - 1 })
  t.notThrows(() => WriterMetadataDocument.fromXml(SMALL, { maxBytes: SMALL.length }))
})

test('an attribute of 100 MB that does not end is refused where the limit was raised', (t) => {
  const huge = `${OPEN}<X a="${'a'.repeat(100 * 1024 * 1024)}`
  refused(t, huge, 'VSS_E_CORRUPT_XML_DOCUMENT', { maxBytes: 2 ** 28 })
})

test('a long attribute within the limit is read and saved', (t) => {
  const long = inside(`<X a="${'a'.repeat(8 * 1024 * 1024)}"/>`)
  t.true(WriterMetadataDocument.fromXml(long).toXml() === long)
})

test('elements deeper than the limit are refused, and those at the limit are not', (t) => {
  const nested = (depth: number): string => inside('<a>'.repeat(depth - 1) + '</a>'.repeat(depth - 1))
  t.notThrows(() => WriterMetadataDocument.fromXml(nested(64)))
  refused(t, nested(65), 'VSS_E_INVALID_XML_DOCUMENT')
  refused(t, nested(500_000), 'VSS_E_INVALID_XML_DOCUMENT')
  refused(t, '<a>'.repeat(4_000_000), 'VSS_E_INVALID_XML_DOCUMENT')
})

const floods: Record<string, string> = {
  elements: '<a/>'.repeat(2_000_000),
  comments: '<!---->'.repeat(1_000_000),
  'processing instructions': '<?a?>'.repeat(1_000_000),
  'CDATA sections': '<![CDATA[]]>'.repeat(1_000_000),
  'attributes of one element': `<a ${Array.from({ length: 100_000 }, (_, i) => `a${i}=""`).join(' ')}/>`,
  'attributes of many elements': '<a b="" c="" d="" e="" f="" g=""/>'.repeat(95_000),
  'namespace prefixes': `<a ${Array.from({ length: 100 }, (_, i) => `xmlns:p${i}="u"`).join(' ')}/>`,
  'namespace prefixes in depth': Array.from(
    { length: 60 },
    (_, i) => `<a xmlns:p${i}="u" xmlns:q${i}="u">`,
  ).join(''),
}
for (const [what, markup] of Object.entries(floods)) {
  test(`a flood of ${what} is refused in bounded time`, (t) => {
    refused(t, inside(markup), 'VSS_E_INVALID_XML_DOCUMENT')
  })
}

test('a document at the limit of nodes is read in bounded time', (t) => {
  const start = performance.now()
  const markup = '<a b="" c="" d="" e=""/>'.repeat(DEFAULT_XML_LIMITS.maxNodes - 3)
  WriterMetadataDocument.fromXml(inside(markup)).toXml()
  t.true(performance.now() - start < 60_000)
})

const malformed: Record<string, string> = {
  'a NUL': SMALL.replace('𝄞', '\0'),
  'a control character': SMALL.replace('𝄞', '\x1b'),
  'U+FFFE': SMALL.replace('𝄞', '\ufffe'),
  'a lone surrogate': SMALL.replace('𝄞', '\udd1e'),
  'a reference to NUL': SMALL.replace('𝄞', '&#0;'),
  'a reference to a surrogate': SMALL.replace('𝄞', '&#xD834;'),
  'a reference beyond Unicode': SMALL.replace('𝄞', '&#x110000;'),
  'a reference without a semicolon': SMALL.replace('𝄞', '&amp'),
  'a bare ampersand': inside('<x>a & b</x>'),
  "'<' in an attribute": SMALL.replace('𝄞', '<'),
  "']]>' in text": inside('<x>]]></x>'),
  'an attribute given twice': SMALL.replace('version="1.2"', 'version="1.2" version="1.2"'),
  'an attribute given twice under two prefixes': inside('<x xmlns:a="u" xmlns:b="u" a:c="1" b:c="2"/>'),
  'an attribute without quotes': inside('<x a=1/>'),
  'an attribute without a value': inside('<x a/>'),
  'attributes that touch': inside('<x a="1"b="2"/>'),
  'a name that starts with a digit': inside('<1/>'),
  'a name with two colons': inside('<a:b:c/>'),
  'a prefix that is not bound': inside('<a:b/>'),
  'an attribute prefix that is not bound': inside('<b a:c=""/>'),
  'overlapping elements': inside('<a><b></a></b>'),
  'an end tag with an attribute': inside('<a></a b="">'),
  'an end tag too many': `${SMALL}</WRITER_METADATA>`,
  'a second root': SMALL + SMALL,
  'text before the root': `x${SMALL}`,
  'text after the root': `${SMALL}x`,
  'a CDATA section outside the root': `<![CDATA[]]>${SMALL}`,
  'a CDATA section in the wrong case': inside('<![cdata[]]>'),
  'two hyphens in a comment': inside('<!-- a -- b -->'),
  'a comment that does not end': inside('<!-- '),
  'a processing instruction that does not end': inside('<?a '),
  'a processing instruction without a target': inside('<? a?>'),
  'a declaration that is not at the start': ` <?xml version="1.0"?>${SMALL}`,
  'a malformed declaration': `<?xml versio="1.0"?>${SMALL}`,
  'a declaration without end': `<?xml version="1.0" ${' '.repeat(10_000)}`,
  'blanks only': ' \r\n\t',
  'no markup at all': 'document',
}
for (const [what, xml] of Object.entries(malformed)) {
  test(`a document with ${what} is VSS_E_CORRUPT_XML_DOCUMENT`, (t) => {
    refused(t, xml, 'VSS_E_CORRUPT_XML_DOCUMENT')
  })
}

test('what XML allows and VSS does not need is accepted', (t) => {
  const xml =
    `<!-- head --><?a b?>\n${OPEN.slice(0, -1)} \r\n>${ID}<BACKUP_LOCATIONS\t></BACKUP_LOCATIONS >` +
    '<é:ü xmlns:é="urn:x"\n\ta = \'"\' b="\'&#x1D11E;&lt;&gt;&quot;&apos;&amp;>">]] ></é:ü>' +
    '<__proto__ constructor="1" __proto__="2"/><!----><?p?><![CDATA[<&]]]]></WRITER_METADATA><?z?><!-- -->\n'
  const saved = WriterMetadataDocument.fromXml(xml).toXml()
  t.true(saved.includes('constructor="1" __proto__="2"'))
  t.true(saved.includes('𝄞&lt;&gt;&quot;'))
  t.is(WriterMetadataDocument.fromXml(saved).toXml(), saved)
})

test('line ends and white space are those of XML 1.0', (t) => {
  const name = (text: string): string =>
    WriterMetadataDocument.fromXml(SMALL.replace('Größe 𝄞', text)).getIdentity().writerName
  t.is(name('a\r\nb\tc\rd'), 'a b c d')
  t.is(name('a&#13;&#10;b&#9;c'), 'a\r\nb\tc')
  t.is(name('a\u0085b\u2028c\u00a0d\ufeffe\ufffdf'), 'a\u0085b\u2028c\u00a0d\ufeffe\ufffdf')
  const text = WriterMetadataDocument.fromXml(inside('<x>a&#13;b</x>')).toXml()
  t.true(text.includes('a&#13;b'))
})

test('a document cut at any character or byte is refused as corrupt', (t) => {
  const xml = `${OPEN}<?p q?><!-- c -->${ID}<BACKUP_LOCATIONS><![CDATA[d]]>&amp;</BACKUP_LOCATIONS></WRITER_METADATA>`
  t.notThrows(() => WriterMetadataDocument.fromXml(xml))
  const bytes = Buffer.from(xml)
  const wide = mark('fffe', Buffer.from(xml, 'utf16le'))
  const start = performance.now()
  const codes = new Set<string>()
  for (let length = 0; length < wide.length; length++) {
    for (const input of [xml.slice(0, length), bytes.subarray(0, length), wide.subarray(0, length)]) {
      if (input.length === xml.length || input.length === bytes.length) continue
      const error = t.throws(() => WriterMetadataDocument.fromXml(input), { instanceOf: VssError })
      codes.add(error?.code ?? '')
    }
  }
  t.deepEqual([...codes], ['VSS_E_CORRUPT_XML_DOCUMENT'])
  t.true(performance.now() - start < 60_000)
})

test('each kind of document refuses the other', (t) => {
  refused(t, BackupComponentsDocument.create().toXml(), 'VSS_E_INVALID_XML_DOCUMENT')
  const error = t.throws(() => BackupComponentsDocument.fromXml(SMALL), { instanceOf: VssError })
  t.is(error?.code, 'VSS_E_INVALID_XML_DOCUMENT')
})

test('the message of a refusal gives the place, and a root of a megabyte is not repeated', (t) => {
  t.regex(refused(t, `${SMALL}x`, 'VSS_E_CORRUPT_XML_DOCUMENT')?.message ?? '', /character \d+/)
  refused(t, `<${'a'.repeat(1_000_000)}/>`, 'VSS_E_INVALID_XML_DOCUMENT')
  refused(t, SMALL.replace('OTHER', 'a'.repeat(1_000_000)), 'VSS_E_INVALID_XML_DOCUMENT')
})

test('the time of the scan grows in proportion to hostile text', (t) => {
  for (const unit of [
    '<a b="',
    '<!--',
    '<![CDATA[',
    '<?a ',
    '&#',
    '<a ',
    '</a',
    "<a b='&amp;'",
    ']]',
    '<a><!--- ',
  ]) {
    const text = `<r>${unit.repeat(1_000_000)}`
    const start = performance.now()
    t.throws(() => scanXml(text, { ...DEFAULT_XML_LIMITS, maxBytes: text.length }), { instanceOf: VssError })
    t.true(performance.now() - start < BOUND_MS, unit)
  }
})
