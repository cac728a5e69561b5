// The XML of test writer and test requester: what is read from it, and what is refused by name.
import test from 'ava'
import { VssError } from '../../lib/errors.ts'
import { parseBetestConfig } from '../../lib/test-kit/betest-config.ts'
import { parseTestWriterConfig } from '../../lib/test-kit/test-writer-config.ts'

const WHOLE = `<?xml version="1.0"?>
<TestWriter usage="SYSTEM_SERVICE" verbosity="high" deleteFiles="yes" deletePartialFiles="no"
    deleteDifferencedFiles="no" checkIncludes="no" checkExcludes="no" supportsCopy="yes" supportsDifferential="yes"
    supportsIncremental="yes" supportsLog="yes" supportsNewTarget="yes">
  <RestoreMethod method="RESTORE_IF_NONE_THERE" writerRestore="never" rebootRequired="yes">
    <AlternateLocationMapping path="/d" filespec="*" recursive="yes" alternatePath="/e"/>
  </RestoreMethod>
  <ExcludeFile path="/d" filespec="*.tmp" recursive="no"/>
  <Component componentType="filegroup" logicalPath="a\\b" componentName="files" selectable="no">
    <ComponentFile path="/d" filespec="*" recursive="yes" alternatePath="/spit" incBackupRequired="no"
        logSnapshotRequired="no"/>
    <Dependency writerId="00000000-0000-4000-8000-000000000001" componentName="other"/>
    <PartialFile path="/d" filespec="big" ranges="0:512,0x400:0x200"/>
    <DifferencedFile path="/d" filespec="log" recursive="no" year="2030" month="2" day="3" hour="4" minute="5"
        second="6"/>
    <Unknown what="is left alone"/>
  </Component>
  <FailEvent writerEvent="Freeze" retryable="yes" numFailures="2"/>
  <FailEvent writerEvent="Thaw"/>
  <FailEvent writerEvent="PostSnapshot" how="delay" delayMillis="70"/>
</TestWriter>`

test('a configuration of a test writer is read whole', (t) => {
  const config = parseTestWriterConfig(WHOLE)
  t.like(config, {
    usage: 2,
    verbosity: 'high',
    deleteFiles: true,
    checkIncludes: false,
    backupSchema: 0x1 | 0x2 | 0x8 | 0x10 | 0x40 | 0x100,
    restoreMethod: { method: 1, writerRestore: 1, rebootRequired: true },
    excludeFiles: [{ path: '/d', filespec: '*.tmp', recursive: false }],
  })
  t.deepEqual(config.components, [
    {
      componentType: 2,
      logicalPath: 'a\\b',
      componentName: 'files',
      selectable: false,
      files: [
        {
          path: '/d',
          filespec: '*',
          recursive: true,
          alternatePath: '/spit',
          backupTypeMask: 0xf0f & ~0x4 & ~0x800,
        },
      ],
      dependencies: [
        { writerId: '00000000-0000-4000-8000-000000000001', logicalPath: null, componentName: 'other' },
      ],
      partialFiles: [{ path: '/d', filespec: 'big', ranges: '0:512,0x400:0x200' }],
      differencedFiles: [
        {
          path: '/d',
          filespec: 'log',
          recursive: false,
          lastModifyTime: BigInt(Date.UTC(2030, 1, 3, 4, 5, 6)) * 10_000n + 116_444_736_000_000_000n,
        },
      ],
    },
  ])
  t.deepEqual(config.failEvents, [
    { point: 'Freeze', misbehaviour: { kind: 'veto', retryable: true }, times: 2 },
    { point: 'Thaw', misbehaviour: { kind: 'veto', retryable: false } },
    { point: 'PostSnapshot', misbehaviour: { kind: 'delay', delayMillis: 70 } },
  ])
})

test('an empty configuration has the stated defaults', (t) => {
  t.deepEqual(parseTestWriterConfig('<TestWriter/>'), {
    usage: 3,
    verbosity: 'medium',
    deleteFiles: false,
    deletePartialFiles: false,
    deleteDifferencedFiles: false,
    checkIncludes: true,
    checkExcludes: true,
    backupSchema: 0,
    restoreMethod: { method: 2, writerRestore: 3, rebootRequired: false, alternateLocationMappings: [] },
    excludeFiles: [],
    components: [],
    failEvents: [],
  })
})

for (const [what, xml, message] of [
  ['another root', '<Other/>', /the root is Other, expected TestWriter/],
  ['an unknown usage', '<TestWriter usage="MINE"/>', /usage of TestWriter is 'MINE'/],
  [
    'an unknown event',
    '<TestWriter><FailEvent writerEvent="Melt"/></TestWriter>',
    /writerEvent of FailEvent is/,
  ],
  ['no event', '<TestWriter><FailEvent/></TestWriter>', /writerEvent of FailEvent is missing/],
  [
    'a flag that is none',
    '<TestWriter deleteFiles="1"/>',
    /deleteFiles of TestWriter is '1', expected yes or no/,
  ],
  [
    'a delay without a time',
    '<TestWriter><FailEvent writerEvent="Thaw" how="delay"/></TestWriter>',
    /delayMillis of FailEvent is missing/,
  ],
  [
    'a component without a name',
    '<TestWriter><Component componentType="database"/></TestWriter>',
    /componentName of Component is missing/,
  ],
  ['a document type', '<!DOCTYPE TestWriter [<!ENTITY a "b">]><TestWriter/>', /document type/i],
] as const) {
  test(`a configuration with ${what} is refused by name`, (t) => {
    const error = t.throws<VssError>(() => parseTestWriterConfig(xml), { instanceOf: VssError })
    t.is(error?.code, 'VSS_E_INVALID_XML_DOCUMENT')
    t.regex(error?.message ?? '', message)
  })
}

test('a configuration of a test requester names writers and components; no component means all', (t) => {
  const writerid = '00000000-0000-4000-8000-00000000000A'
  const config = parseBetestConfig(
    `<BETest><Writer writerid="${writerid}"><Component componentName="c" logicalPath="p"/><Component componentName="d"/>
    </Writer><Writer writerid="${writerid}"/></BETest>`,
  )
  const writerId = writerid.toLowerCase()
  t.deepEqual(config, {
    writers: [
      {
        writerId,
        components: [
          { componentName: 'c', logicalPath: 'p' },
          { componentName: 'd', logicalPath: undefined },
        ],
      },
      { writerId, components: [] },
    ],
  })
  t.throws(() => parseBetestConfig('<BETest><Writer/></BETest>'), {
    message: /writerid of Writer is missing/,
  })
})
