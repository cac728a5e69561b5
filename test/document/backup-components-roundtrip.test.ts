// Random Backup Components Documents, saved and loaded again.
import { Buffer } from 'node:buffer'
import test from 'ava'
import fc from 'fast-check'
import { BackupComponentsDocument } from '../../lib/document/backup-components.ts'
import type { VdsLunInformation } from '../../lib/document/lun-information.ts'
import type { TransportableSet } from '../../lib/document/transportable-set.ts'
import {
  type VDS_INTERCONNECT_ADDRESS_TYPE,
  type VDS_STORAGE_BUS_TYPE,
  type VDS_STORAGE_IDENTIFIER_CODE_SET,
  type VDS_STORAGE_IDENTIFIER_TYPE,
  VSS_BACKUP_TYPE,
  VSS_COMPONENT_TYPE,
  VSS_FILE_RESTORE_STATUS,
  VSS_RESTORE_TARGET,
  VSS_RESTORE_TYPE,
  VSS_ROLLFORWARD_TYPE,
} from '../../lib/enums.ts'
import { guid, hex, oneOf, optionalText, RUNS, text, uint32 } from './arbitraries.ts'

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
    failure: fc.option(fc.record({ hresult: uint32, applicationHresult: uint32, message: text })),
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
  alternateLocationMappings: fc.array(
    fc.record({ path: text, filespec: text, recursive: fc.boolean(), alternatePath: text }),
    { maxLength: 2 },
  ),
  directedTargets: fc.array(
    fc.record({
      ...{ sourcePath: text, sourceFilespec: text, sourceRanges: text },
      ...{ destinationPath: text, destinationFilespec: text, destinationRanges: text },
    }),
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
  restoreType: oneOf(VSS_RESTORE_TYPE),
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
    restoreType: document.restoreType,
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
          for (const files of item.alternateLocationMappings) made.addAlternateLocationMapping(files)
          for (const target of item.directedTargets) made.addDirectedTarget(target)
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
