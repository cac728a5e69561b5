import { Buffer } from 'node:buffer'
import test from 'ava'
import fc from 'fast-check'
import { BackupComponentsDocument } from '../../lib/document/backup-components.ts'
import { CreateWriterMetadata } from '../../lib/document/create-writer-metadata.ts'
import type { VdsLunInformation } from '../../lib/document/lun-information.ts'
import type { TransportableSet } from '../../lib/document/transportable-set.ts'
import type { WMFiledesc } from '../../lib/document/wm-component.ts'
import { WriterMetadataDocument } from '../../lib/document/writer-metadata.ts'
import {
  type VDS_INTERCONNECT_ADDRESS_TYPE,
  type VDS_STORAGE_BUS_TYPE,
  type VDS_STORAGE_IDENTIFIER_CODE_SET,
  type VDS_STORAGE_IDENTIFIER_TYPE,
  VSS_BACKUP_TYPE,
  VSS_COMPONENT_TYPE,
  VSS_FILE_RESTORE_STATUS,
  VSS_RESTORE_TARGET,
  VSS_RESTOREMETHOD_ENUM,
  VSS_ROLLFORWARD_TYPE,
  VSS_SOURCE_TYPE,
  VSS_USAGE_TYPE,
  VSS_WRITERRESTORE_ENUM,
} from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'

const RUNS = { numRuns: 200 }

// Every character XML can carry, with those that are easily lost more often than chance would have it.
const character = fc.oneof(
  fc.constantFrom(
    ...'<>&"\'\t\n\r \u0085\u2028\ufeff\ufffd\u00a0]/\\%$;=',
    ']]>',
    '&amp;',
    '&#10;',
    '--',
    '?>',
    '<!--',
  ),
  fc.integer({ min: 0x20, max: 0xd7ff }).map((code) => String.fromCharCode(code)),
  fc.integer({ min: 0xe000, max: 0xfffd }).map((code) => String.fromCharCode(code)),
  fc.integer({ min: 0x10000, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
)
const text = fc.array(character, { maxLength: 12 }).map((parts) => parts.join(''))
const name = text.filter((value) => value !== '' && !value.includes('\\'))
const optionalText = fc.option(text)
const uint32 = fc.integer({ min: 0, max: 0xffffffff })
const guid = fc.uuid()
const filespec = text.map((value) => `a${value.replace(/[\\/]/g, '')}*`)
const path = text.map((value) => `/${value.replace(/[*?]/g, '')}`)
const hex = fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('hex'))

function oneOf<Value extends number>(
  values: { readonly [key: string]: Value },
  ...without: number[]
): fc.Arbitrary<Value> {
  return fc.constantFrom(...Object.values(values).filter((value) => !without.includes(value)))
}

// ---- Writer Metadata Document ------------------------------------------------------------------------------

const fileSet = fc.record({
  path,
  filespec,
  recursive: fc.boolean(),
  alternateLocation: fc.option(path),
  mask: uint32,
})
const component = fc.record({
  type: oneOf(VSS_COMPONENT_TYPE, 0),
  logicalPath: optionalText,
  componentName: name,
  caption: optionalText,
  icon: fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 })),
  restoreMetadata: fc.boolean(),
  notifyOnBackupComplete: fc.boolean(),
  selectable: fc.boolean(),
  selectableForRestore: fc.boolean(),
  componentFlags: uint32,
  files: fc.array(fileSet, { maxLength: 3 }),
  logs: fc.array(fileSet, { maxLength: 2 }),
  dependencies: fc.array(
    fc.record({ onLogicalPath: optionalText, onComponentName: name, onWriterId: guid }),
    { maxLength: 2 },
  ),
})
const writer = fc.record({
  identity: fc.record({
    instanceId: guid,
    writerId: fc.constant('ffffffff-ffff-ffff-ffff-ffffffffffff'),
    writerName: name,
    usage: oneOf(VSS_USAGE_TYPE, 0),
    source: oneOf(VSS_SOURCE_TYPE, 0),
    instanceName: optionalText,
    majorVersion: uint32,
    minorVersion: uint32,
  }),
  schema: uint32,
  excluded: fc.array(fileSet, { maxLength: 2 }),
  excludedFromSnapshot: fc.array(fileSet, { maxLength: 2 }),
  components: fc.uniqueArray(component, {
    maxLength: 4,
    selector: (value) => `${value.logicalPath ?? ''}\0${value.componentName}`,
  }),
  restore: fc.option(
    fc.record({
      method: oneOf(VSS_RESTOREMETHOD_ENUM, 0),
      service: name,
      userProcedure: optionalText,
      writerRestore: oneOf(VSS_WRITERRESTORE_ENUM, 0),
      rebootRequired: fc.boolean(),
    }),
  ),
})

function plainFile(file: WMFiledesc): unknown {
  return [
    file.getPath(),
    file.getFilespec(),
    file.getRecursive(),
    file.getAlternateLocation(),
    file.getBackupTypeMask(),
  ]
}

function list<Item>(count: number, at: (index: number) => Item): Item[] {
  return Array.from({ length: count }, (_, index) => at(index))
}

/** Everything a reader can learn from a document. */
function plainMetadata(metadata: WriterMetadataDocument): unknown {
  const counts = metadata.getFileCounts()
  return {
    identity: metadata.getIdentityEx(),
    version: metadata.getVersion(),
    schema: metadata.getBackupSchema(),
    method: metadata.getRestoreMethod(),
    mappings: list(metadata.getRestoreMethod()?.mappings ?? 0, (i) =>
      plainFile(metadata.getAlternateLocationMapping(i)),
    ),
    excluded: list(counts.excludeFiles, (i) => plainFile(metadata.getExcludeFile(i))),
    excludedFromSnapshot: list(metadata.getExcludeFromSnapshotCount(), (i) =>
      plainFile(metadata.getExcludeFromSnapshotFile(i)),
    ),
    components: list(counts.components, (i) => {
      const item = metadata.getComponent(i)
      const info = item.getComponentInfo()
      return {
        info,
        files: list(info.fileCount, (n) => plainFile(item.getFile(n))),
        databaseFiles: list(info.databases, (n) => plainFile(item.getDatabaseFile(n))),
        logFiles: list(info.logFiles, (n) => plainFile(item.getDatabaseLogFile(n))),
        dependencies: list(info.dependencies, (n) => {
          const dependency = item.getDependency(n)
          return [dependency.getWriterId(), dependency.getLogicalPath(), dependency.getComponentName()]
        }),
      }
    }),
  }
}

function build(
  said: typeof writer extends fc.Arbitrary<infer Value> ? Value : never,
): WriterMetadataDocument {
  const metadata = new CreateWriterMetadata(said.identity)
  metadata.setBackupSchema(said.schema)
  for (const files of said.excluded) metadata.addExcludeFiles(files)
  for (const files of said.excludedFromSnapshot) metadata.addExcludeFilesFromSnapshot(files)
  for (const { files, logs, dependencies, ...options } of said.components) {
    const { logicalPath, componentName, type } = options
    metadata.addComponent(options)
    for (const { mask, ...file } of files) {
      const more = { logicalPath, ...file, backupTypeMask: mask }
      if (type === VSS_COMPONENT_TYPE.VSS_CT_DATABASE)
        metadata.addDatabaseFiles({ databaseName: componentName, ...more })
      else metadata.addFilesToFileGroup({ groupName: componentName, ...more })
    }
    if (type === VSS_COMPONENT_TYPE.VSS_CT_DATABASE) {
      for (const file of logs)
        metadata.addDatabaseLogFiles({ logicalPath, databaseName: componentName, ...file })
    }
    for (const dependency of dependencies) {
      metadata.addComponentDependency({
        forLogicalPath: logicalPath,
        forComponentName: componentName,
        ...dependency,
      })
    }
  }
  if (said.restore) {
    metadata.setRestoreMethod(said.restore)
    const [group] = said.components.filter((value) => value.type === VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP)
    for (const file of group?.files ?? []) {
      metadata.addAlternateLocationMapping({
        sourcePath: file.path,
        sourceFilespec: file.filespec,
        recursive: file.recursive,
        destination: '/restored',
      })
    }
  }
  return metadata.finish()
}

test('R12: whatever a writer says is read from the saved document as it was said, in every encoding', (t) => {
  fc.assert(
    fc.property(writer, (said) => {
      const made = build(said)
      const xml = made.toXml()
      const plain = plainMetadata(made)
      const little = Buffer.from(`\ufeff${xml}`, 'utf16le')
      for (const saved of [xml, Buffer.from(xml), little, Buffer.from(little).swap16()]) {
        const loaded = WriterMetadataDocument.fromXml(saved)
        t.deepEqual(plainMetadata(loaded), plain)
        t.is(loaded.toXml(), xml)
      }
      t.like(made.getIdentityEx(), {
        writerName: said.identity.writerName,
        instanceName: said.identity.instanceName,
      })
      for (const [i, { caption, icon }] of said.components.entries()) {
        const info = made.getComponent(i).getComponentInfo()
        t.is(info.caption, caption)
        t.deepEqual(info.icon, icon)
      }
    }),
    RUNS,
  )
})

// ---- Backup Components Document ----------------------------------------------------------------------------

const record = fc.record({
  type: oneOf(VSS_COMPONENT_TYPE, 0),
  logicalPath: optionalText,
  componentName: text.filter((value) => value !== ''),
  properties: fc.record({
    backupSucceeded: fc.boolean(),
    backupMetadata: optionalText,
    backupStamp: optionalText,
    previousBackupStamp: optionalText,
    backupOptions: optionalText,
    prepareForBackupFailureMsg: optionalText,
    postSnapshotFailureMsg: optionalText,
    restoreMetadata: optionalText,
    restoreOptions: optionalText,
    additionalRestores: fc.boolean(),
    selectedForRestore: fc.boolean(),
    restoreTarget: oneOf(VSS_RESTORE_TARGET),
    fileRestoreStatus: oneOf(VSS_FILE_RESTORE_STATUS),
    preRestoreFailureMsg: optionalText,
    postRestoreFailureMsg: optionalText,
    authoritativeRestore: fc.boolean(),
    rollForwardType: oneOf(VSS_ROLLFORWARD_TYPE),
    rollForwardPoint: optionalText,
    restoreName: optionalText,
  }),
  partialFiles: fc.array(fc.record({ path: text, filespec: text, ranges: text, metadata: optionalText }), {
    maxLength: 2,
  }),
  differencedFiles: fc.array(
    fc.record({
      path: text,
      filespec: text,
      recursive: fc.boolean(),
      lastModifyTime: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
      lsn: optionalText,
    }),
    { maxLength: 2 },
  ),
  newTargets: fc.array(
    fc.record({ path: text, filespec: text, recursive: fc.boolean(), alternatePath: text }),
    { maxLength: 2 },
  ),
  restoreSubcomponents: fc.array(
    fc.record({ logicalPath: text, componentName: text, repair: fc.boolean() }),
    { maxLength: 2 },
  ),
})

const lun: fc.Arbitrary<VdsLunInformation> = fc.record({
  version: uint32,
  deviceType: fc.integer({ min: 0, max: 255 }),
  deviceTypeModifier: fc.integer({ min: 0, max: 255 }),
  commandQueueing: fc.boolean(),
  busType: uint32.map((value) => value as VDS_STORAGE_BUS_TYPE),
  vendorId: text,
  productId: text,
  productRevision: text,
  serialNumber: text,
  diskSignature: guid,
  deviceIdDescriptor: fc.record({
    version: uint32,
    identifiers: fc.array(
      fc.record({
        codeSet: uint32.map((value) => value as VDS_STORAGE_IDENTIFIER_CODE_SET),
        type: uint32.map((value) => value as VDS_STORAGE_IDENTIFIER_TYPE),
        identifier: hex,
      }),
      { maxLength: 3 },
    ),
  }),
  interconnects: fc.array(
    fc.record({
      addressType: uint32.map((value) => value as VDS_INTERCONNECT_ADDRESS_TYPE),
      port: hex,
      address: hex,
    }),
    { maxLength: 2 },
  ),
})

const transportable: fc.Arbitrary<TransportableSet> = fc.record({
  snapshotSetId: guid,
  context: uint32,
  originatingMachine: text,
  metadata: optionalText,
  snapshots: fc.array(
    fc.record({
      snapshotId: guid,
      originalVolume: text,
      providerId: guid,
      extents: fc.array(
        fc.record({
          lunIndex: fc.constant(0),
          offsetBytes: fc.maxSafeNat(),
          lengthBytes: fc.maxSafeNat(),
        }),
        { maxLength: 2 },
      ),
      luns: fc.array(fc.record({ original: lun, target: fc.option(lun) }), { minLength: 1, maxLength: 2 }),
    }),
    { maxLength: 2 },
  ),
})

const components = fc.record({
  bootableSystemStateBackup: fc.boolean(),
  selectComponents: fc.boolean(),
  partialFileSupport: fc.boolean(),
  backupType: oneOf(VSS_BACKUP_TYPE),
  snapshotSetId: fc.option(guid),
  transportableSet: fc.option(transportable),
  writers: fc.uniqueArray(
    fc.record({
      instanceId: guid,
      writerId: guid,
      instanceName: optionalText,
      backupSchema: uint32,
      components: fc.uniqueArray(record, {
        maxLength: 2,
        selector: (value) => `${value.logicalPath ?? ''}\0${value.componentName}`,
      }),
    }),
    { maxLength: 3, selector: (value) => value.instanceId },
  ),
})

function plainComponents(document: BackupComponentsDocument): unknown {
  return {
    bootableSystemStateBackup: document.bootableSystemStateBackup,
    selectComponents: document.selectComponents,
    partialFileSupport: document.partialFileSupport,
    backupType: document.backupType,
    snapshotSetId: document.snapshotSetId,
    transportableSet: document.transportableSet,
    writers: document.writers.map(
      ({ instanceId, writerId, instanceName, backupSchema, components: items }) => ({
        instanceId,
        writerId,
        instanceName,
        backupSchema,
        components: items.map((item) => item.toPlain()),
      }),
    ),
  }
}

test('R3: whatever requester and writers put into the document is in it after saving and loading', (t) => {
  fc.assert(
    fc.property(components, (said) => {
      const { writers, ...properties } = said
      const document = Object.assign(BackupComponentsDocument.create(), properties)
      for (const { components: items, ...options } of writers) {
        const added = document.addWriter(options)
        for (const item of items) {
          const made = Object.assign(
            added.addComponent(item.type, item.logicalPath, item.componentName),
            item.properties,
          )
          for (const file of item.partialFiles) made.addPartialFile(file)
          for (const file of item.differencedFiles) made.addDifferencedFile(file)
          for (const files of item.newTargets) made.addNewTarget(files)
          for (const files of item.newTargets) made.addAlternateLocationMapping(files)
          for (const sub of item.restoreSubcomponents) made.addRestoreSubcomponent(sub)
        }
      }
      const expected = {
        ...properties,
        writers: writers.map(({ components: items, ...options }) => ({
          ...options,
          components: items.map(({ type, properties: set, ...rest }) => ({
            ...rest,
            ...set,
            componentType: type,
            alternateLocationMappings: rest.newTargets,
            directedTargets: [],
          })),
        })),
      }
      const xml = document.toXml()
      const loaded = BackupComponentsDocument.fromXml(Buffer.from(xml))
      t.deepEqual(plainComponents(loaded), expected)
      t.deepEqual(plainComponents(document), expected)
      t.is(loaded.toXml(), xml)
    }),
    RUNS,
  )
})

// ---- hostile -----------------------------------------------------------------------------------------------

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
