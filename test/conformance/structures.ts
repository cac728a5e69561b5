/** The documented structures (reference 4.4), field by field in memory order, and the property that carries each. */

export interface StructureTable {
  name: string
  /** The type that `lib/index.ts` exports. */
  carrier: string
  /** A count and the array it counts are one array here; so are a buffer and its length. */
  fields: readonly (readonly [field: string, property: string])[]
}

export const STRUCTURES: readonly StructureTable[] = [
  {
    name: 'VSS_SNAPSHOT_PROP',
    carrier: 'SnapshotProperties',
    fields: [
      ['m_SnapshotId', 'snapshotId'],
      ['m_SnapshotSetId', 'snapshotSetId'],
      ['m_lSnapshotsCount', 'snapshotsCount'],
      ['m_pwszSnapshotDeviceObject', 'snapshotDeviceObject'],
      ['m_pwszOriginalVolumeName', 'originalVolumeName'],
      ['m_pwszOriginatingMachine', 'originatingMachine'],
      ['m_pwszServiceMachine', 'serviceMachine'],
      ['m_pwszExposedName', 'exposedName'],
      ['m_pwszExposedPath', 'exposedPath'],
      ['m_ProviderId', 'providerId'],
      ['m_lSnapshotAttributes', 'snapshotAttributes'],
      ['m_tsCreationTimestamp', 'creationTimestampMillis'],
      ['m_eStatus', 'status'],
    ],
  },
  {
    name: 'VSS_PROVIDER_PROP',
    carrier: 'ProviderProperties',
    fields: [
      ['m_ProviderId', 'providerId'],
      ['m_pwszProviderName', 'providerName'],
      ['m_eProviderType', 'providerType'],
      ['m_pwszProviderVersion', 'providerVersion'],
      ['m_ProviderVersionId', 'providerVersionId'],
      ['m_ClassId', 'classId'],
    ],
  },
  {
    name: 'VSS_COMPONENTINFO',
    carrier: 'ComponentInfo',
    fields: [
      ['type', 'type'],
      ['bstrLogicalPath', 'logicalPath'],
      ['bstrComponentName', 'componentName'],
      ['bstrCaption', 'caption'],
      ['pbIcon', 'icon'],
      ['cbIcon', 'icon'],
      ['bRestoreMetadata', 'restoreMetadata'],
      ['bNotifyOnBackupComplete', 'notifyOnBackupComplete'],
      ['bSelectable', 'selectable'],
      ['bSelectableForRestore', 'selectableForRestore'],
      ['dwComponentFlags', 'componentFlags'],
      ['cFileCount', 'fileCount'],
      ['cDatabases', 'databases'],
      ['cLogFiles', 'logFiles'],
      ['cDependencies', 'dependencies'],
    ],
  },
  {
    name: 'VDS_LUN_INFORMATION',
    carrier: 'VdsLunInformation',
    fields: [
      ['m_version', 'version'],
      ['m_DeviceType', 'deviceType'],
      ['m_DeviceTypeModifier', 'deviceTypeModifier'],
      ['m_bCommandQueueing', 'commandQueueing'],
      ['m_BusType', 'busType'],
      ['m_szVendorId', 'vendorId'],
      ['m_szProductId', 'productId'],
      ['m_szProductRevision', 'productRevision'],
      ['m_szSerialNumber', 'serialNumber'],
      ['m_diskSignature', 'diskSignature'],
      ['m_deviceIdDescriptor', 'deviceIdDescriptor'],
      ['m_cInterconnects', 'interconnects'],
      ['m_rgInterconnects', 'interconnects'],
    ],
  },
  {
    name: 'VDS_STORAGE_DEVICE_ID_DESCRIPTOR',
    carrier: 'VdsStorageDeviceIdDescriptor',
    fields: [
      ['m_version', 'version'],
      ['m_cIdentifiers', 'identifiers'],
      ['m_rgIdentifiers', 'identifiers'],
    ],
  },
  {
    name: 'VDS_STORAGE_IDENTIFIER',
    carrier: 'VdsStorageIdentifier',
    fields: [
      ['m_CodeSet', 'codeSet'],
      ['m_Type', 'type'],
      ['m_cbIdentifier', 'identifier'],
      ['m_rgbIdentifier', 'identifier'],
    ],
  },
  {
    name: 'VDS_INTERCONNECT',
    carrier: 'VdsInterconnect',
    fields: [
      ['m_addressType', 'addressType'],
      ['m_cbPort', 'port'],
      ['m_pbPort', 'port'],
      ['m_cbAddress', 'address'],
      ['m_pbAddress', 'address'],
    ],
  },
]
