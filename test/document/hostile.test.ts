// Text and documents that somebody else could hand over: accepted or refused, and never anything third.
import { Buffer } from 'node:buffer'
import test from 'ava'
import fc from 'fast-check'
import { BackupComponentsDocument } from '../../lib/document/backup-components.ts'
import { WriterMetadataDocument } from '../../lib/document/writer-metadata.ts'
import { VSS_COMPONENT_TYPE } from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'
import { text } from './arbitraries.ts'
import { build, writer } from './said.ts'

test('text with a character XML cannot carry is refused wherever it stands, and only such text', (t) => {
  const any = fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    maxLength: 6,
  })
  const legal = /^(?:[\t\n\r\x20-\ud7ff\ue000-\ufffd]|[\ud800-\udbff][\udc00-\udfff])*$/
  fc.assert(
    fc.property(
      fc.oneof(
        any,
        text,
        text.map((value) => `${value}\ud800`),
      ),
      (value) => {
        const document = BackupComponentsDocument.create()
        const added = document
          .addWriter({
            instanceId: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
            writerId: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
          })
          .addComponent(VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP, null, 'a')
        if (legal.test(value)) {
          added.backupStamp = value
          const loaded = BackupComponentsDocument.fromXml(document.toXml())
          t.is(loaded.writers[0]?.components[0]?.backupStamp, value)
        } else {
          const error = t.throws(
            () => {
              added.backupStamp = value
            },
            { instanceOf: VssError },
          )
          t.is(error?.code, 'E_INVALIDARG')
        }
      },
    ),
    { numRuns: 1_000 },
  )
})

test('a document with any few bytes changed is loaded, or refused with one of the two documented errors', (t) => {
  const metadata = build(
    fc.sample(writer, { numRuns: 30, seed: 20 }).find((value) => value.components.length > 1) ??
      (t.fail('no sample has two components') as never),
  )
  const original = Buffer.from(metadata.toXml())
  const snippet = fc.constantFrom(
    '<',
    '>',
    '"',
    '&',
    '&#',
    '</',
    '/>',
    '<!--',
    '-->',
    ']]>',
    '<![CDATA[',
    '<?',
    '\0',
    '=',
    ' xmlns="a"',
    ':',
  )
  const change = fc.record({
    at: fc.nat(original.length - 1),
    drop: fc.nat(5),
    insert: fc.oneof(
      snippet.map((value) => Buffer.from(value)),
      fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
    ),
  })
  let loaded = 0
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      let bytes = original
      for (const { at, drop, insert } of changes) {
        bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + drop)])
      }
      try {
        const again = WriterMetadataDocument.fromXml(bytes).toXml()
        t.is(WriterMetadataDocument.fromXml(again).toXml(), again)
        loaded += 1
      } catch (error) {
        if (!(error instanceof VssError)) throw error
        t.regex(error.code, /^VSS_E_(?:CORRUPT|INVALID)_XML_DOCUMENT$/)
      }
    }),
    { numRuns: 3_000 },
  )
  t.true(loaded > 0, 'no changed document was loadable, so the changes are too coarse')
})
