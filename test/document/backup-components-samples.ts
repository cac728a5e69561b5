/**
 * A Backup Components Document with one component of one writer, and a transportable set for it.
 */
import { BackupComponentsDocument } from '../../lib/document/backup-components.ts'
import type { ComponentRecord } from '../../lib/document/component-record.ts'
import type { VdsLunInformation } from '../../lib/document/lun-information.ts'
import type { TransportableSet } from '../../lib/document/transportable-set.ts'
import { VDS_STORAGE_BUS_TYPE, VSS_COMPONENT_TYPE } from '../../lib/enums.ts'
import { GUID_NULL, type Guid } from '../../lib/ids.ts'

export const INSTANCE: Guid = '10111213-1415-1617-1819-1a1b1c1d1e1f'
export const WRITER: Guid = '0f0e0d0c-0b0a-0908-0706-050403020100'

export function lun(serialNumber: string): VdsLunInformation {
  return {
    version: 1,
    deviceType: 0,
    deviceTypeModifier: 0,
    commandQueueing: true,
    busType: VDS_STORAGE_BUS_TYPE.VDSBusTypeiScsi,
    vendorId: 'HOLDFAST',
    productId: 'LUN <1> & "more"  ',
    productRevision: '',
    serialNumber,
    diskSignature: WRITER,
    deviceIdDescriptor: {
      version: 1,
      identifiers: [
        { codeSet: 1, type: 3, identifier: '6001405abcdef000' },
        { codeSet: 3, type: 8, identifier: '69716e2e' },
      ],
    },
    interconnects: [{ addressType: 5, port: '', address: '00ff' }],
  }
}

export function transportableSet(): TransportableSet {
  return {
    snapshotSetId: INSTANCE,
    context: 0x80000029,
    originatingMachine: 'east',
    metadata: null,
    snapshots: [
      {
        snapshotId: WRITER,
        originalVolume: '\\\\?\\Volume{c7463aba-f40d-11e9-80c7-806e6f6e6963}\\',
        providerId: GUID_NULL,
        extents: [
          { lunIndex: 0, offsetBytes: 1_048_576, lengthBytes: 2 ** 52 },
          { lunIndex: 1, offsetBytes: 0, lengthBytes: 0 },
        ],
        luns: [
          { original: lun('1'), target: { ...lun('2'), diskSignature: GUID_NULL } },
          { original: lun('3'), target: null },
        ],
      },
      { snapshotId: INSTANCE, originalVolume: 'D:\\', providerId: WRITER, extents: [], luns: [] },
    ],
  }
}

export function withComponent(): [BackupComponentsDocument, ComponentRecord] {
  const document = BackupComponentsDocument.create()
  const writer = document.addWriter({
    instanceId: INSTANCE,
    writerId: WRITER,
    instanceName: 'east',
    backupSchema: 48,
  })
  return [document, writer.addComponent(VSS_COMPONENT_TYPE.VSS_CT_DATABASE, 'main', 'books')]
}
