/**
 * Every element name, attribute name and value string of the two documents (reference 5).
 *
 * The schemas of VSS are not published. Names without a remark are in captured documents; those marked
 * "unconfirmed" follow the documented member names by analogy. Should a captured document show another name, this
 * is the only file to change.
 */
import {
  VSS_BACKUP_TYPE,
  VSS_COMPONENT_TYPE,
  VSS_FILE_RESTORE_STATUS,
  VSS_RESTORE_TARGET,
  VSS_RESTORE_TYPE,
  VSS_RESTOREMETHOD_ENUM,
  VSS_ROLLFORWARD_TYPE,
  VSS_SOURCE_TYPE,
  VSS_USAGE_TYPE,
  VSS_WRITERRESTORE_ENUM,
} from '../enums.ts'

/** The version written into both documents. */
export const DOCUMENT_VERSION = '1.2'

export const WRITER_METADATA_NAMESPACE = 'x-schema:#VssWriterMetadataInfo'
export const BACKUP_COMPONENTS_NAMESPACE = 'x-schema:#VssComponentMetadata'

export const ELEMENT = {
  // Writer Metadata Document
  writerMetadata: 'WRITER_METADATA',
  identification: 'IDENTIFICATION',
  restoreMethod: 'RESTORE_METHOD',
  alternateLocationMapping: 'ALTERNATE_LOCATION_MAPPING', // unconfirmed
  backupLocations: 'BACKUP_LOCATIONS',
  excludeFiles: 'EXCLUDE_FILES',
  excludeFilesFromSnapshot: 'EXCLUDE_FILES_FROM_SNAPSHOT',
  fileGroup: 'FILE_GROUP',
  fileList: 'FILE_LIST',
  database: 'DATABASE',
  databaseFiles: 'DATABASE_FILES',
  databaseLogfiles: 'DATABASE_LOGFILES',
  icon: 'ICON', // unconfirmed
  dependency: 'DEPENDENCY', // unconfirmed

  // Backup Components Document
  backupComponents: 'BACKUP_COMPONENTS',
  writerComponents: 'WRITER_COMPONENTS',
  component: 'COMPONENT',
  backupMetadata: 'BACKUP_METADATA',
  restoreMetadata: 'RESTORE_METADATA', // unconfirmed, and so are the rest
  alternateMapping: 'ALTERNATE_MAPPING',
  partialFile: 'PARTIAL_FILE',
  differencedFile: 'DIFFERENCED_FILE',
  directedTarget: 'DIRECTED_TARGET',
  newTarget: 'NEW_TARGET',
  restoreSubcomponent: 'RESTORE_SUBCOMPONENT',
  componentFailure: 'COMPONENT_FAILURE',
  snapshotSetDescription: 'SNAPSHOT_SET_DESCRIPTION',
  snapshotDescription: 'SNAPSHOT_DESCRIPTION',
  extent: 'EXTENT',
  lunMapping: 'LUN_MAPPING',
  originalLun: 'ORIGINAL_LUN',
  targetLun: 'TARGET_LUN',
  deviceIdDescriptor: 'DEVICE_ID_DESCRIPTOR',
  identifier: 'IDENTIFIER',
  interconnect: 'INTERCONNECT',
} as const

export const ATTRIBUTE = {
  version: 'version',

  // Writer Metadata Document
  backupSchema: 'backupSchema',
  writerId: 'writerId',
  instanceId: 'instanceId',
  instanceName: 'instanceName',
  friendlyName: 'friendlyName',
  usage: 'usage',
  dataSource: 'dataSource',
  majorVersion: 'majorVersion',
  minorVersion: 'minorVersion',
  method: 'method',
  writerRestore: 'writerRestore',
  rebootRequired: 'rebootRequired',
  service: 'service',
  userProcedure: 'userProcedure',
  path: 'path',
  filespec: 'filespec',
  recursive: 'recursive',
  alternatePath: 'alternatePath', // unconfirmed
  filespecBackupType: 'filespecBackupType',
  logicalPath: 'logicalPath',
  componentName: 'componentName',
  caption: 'caption',
  restoreMetadata: 'restoreMetadata',
  notifyOnBackupComplete: 'notifyOnBackupComplete',
  selectable: 'selectable',
  selectableForRestore: 'selectableForRestore',
  componentFlags: 'componentFlags',
  iconData: 'data', // unconfirmed; base64

  // Backup Components Document
  bootableSystemStateBackup: 'bootableSystemStateBackup',
  selectComponents: 'selectComponents',
  backupType: 'backupType',
  partialFileSupport: 'partialFileSupport',
  snapshotSetId: 'snapshotSetId',
  restoreType: 'restoreType', // unconfirmed
  componentType: 'componentType',
  backupStamp: 'backupStamp',
  metadata: 'metadata',
  // All that follow are unconfirmed.
  backupSucceeded: 'backupSucceeded',
  previousBackupStamp: 'previousBackupStamp',
  backupOptions: 'backupOptions',
  restoreOptions: 'restoreOptions',
  additionalRestores: 'additionalRestores',
  selectedForRestore: 'selectedForRestore',
  restoreTarget: 'restoreTarget',
  fileRestoreStatus: 'fileRestoreStatus',
  prepareForBackupFailureMsg: 'prepareForBackupFailureMsg',
  postSnapshotFailureMsg: 'postSnapshotFailureMsg',
  preRestoreFailureMsg: 'preRestoreFailureMsg',
  postRestoreFailureMsg: 'postRestoreFailureMsg',
  authoritativeRestore: 'authoritativeRestore',
  rollForwardType: 'rollForwardType',
  rollForwardPoint: 'rollForwardPoint',
  restoreName: 'restoreName',
  ranges: 'ranges',
  lastModifyTime: 'lastModifyTime',
  lsn: 'lsn',
  sourcePath: 'sourcePath',
  sourceFilespec: 'sourceFilespec',
  sourceRanges: 'sourceRanges',
  destinationPath: 'destinationPath',
  destinationFilespec: 'destinationFilespec',
  destinationRanges: 'destinationRanges',
  repair: 'repair',
  hresult: 'hresult',
  applicationHresult: 'applicationHresult',
  message: 'message',
  context: 'context',
  originatingMachine: 'originatingMachine',
  snapshotId: 'snapshotId',
  originalVolume: 'originalVolume',
  providerId: 'providerId',
  diskIndex: 'diskIndex',
  offset: 'offset',
  length: 'length',
  deviceType: 'deviceType',
  deviceTypeModifier: 'deviceTypeModifier',
  commandQueueing: 'commandQueueing',
  busType: 'busType',
  vendorId: 'vendorId',
  productId: 'productId',
  productRevision: 'productRevision',
  serialNumber: 'serialNumber',
  diskSignature: 'diskSignature',
  codeSet: 'codeSet',
  type: 'type',
  value: 'value',
  addressType: 'addressType',
  port: 'port',
  address: 'address',
} as const

/** Text in a document to number of the enumeration. Where several texts share a number the first is written. */
export type ValueNames<Value extends number = number> = { readonly [text: string]: Value }

export const USAGE: ValueNames<VSS_USAGE_TYPE> = {
  BOOTABLE_SYSTEM_STATE: VSS_USAGE_TYPE.VSS_UT_BOOTABLESYSTEMSTATE,
  SYSTEM_SERVICE: VSS_USAGE_TYPE.VSS_UT_SYSTEMSERVICE,
  USER_DATA: VSS_USAGE_TYPE.VSS_UT_USERDATA,
  OTHER: VSS_USAGE_TYPE.VSS_UT_OTHER, // unconfirmed
}

export const DATA_SOURCE: ValueNames<VSS_SOURCE_TYPE> = {
  TRANSACTION_DB: VSS_SOURCE_TYPE.VSS_ST_TRANSACTEDDB,
  NONTRANSACTION_DB: VSS_SOURCE_TYPE.VSS_ST_NONTRANSACTEDDB, // unconfirmed
  OTHER: VSS_SOURCE_TYPE.VSS_ST_OTHER,
}

/** The texts are not the names of the enumeration. Where they are unconfirmed, those are read as well. */
export const RESTORE_METHOD: ValueNames<VSS_RESTOREMETHOD_ENUM> = {
  RESTORE_IF_CAN_BE_REPLACED: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_IF_CAN_REPLACE,
  REPLACE_AT_REBOOT: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_AT_REBOOT,
  REPLACE_AT_REBOOT_IF_CANNOT_REPLACE: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_AT_REBOOT_IF_CANNOT_REPLACE,
  // The rest is unconfirmed.
  RESTORE_IF_NONE_THERE: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_IF_NOT_THERE,
  RESTORE_IF_NOT_THERE: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_IF_NOT_THERE,
  STOP_RESTART_SERVICE: VSS_RESTOREMETHOD_ENUM.VSS_RME_STOP_RESTORE_START,
  STOP_RESTORE_START: VSS_RESTOREMETHOD_ENUM.VSS_RME_STOP_RESTORE_START,
  RESTORE_TO_ALTERNATE_LOCATION: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_TO_ALTERNATE_LOCATION,
  RESTORE_STOP_START: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_STOP_START,
  CUSTOM: VSS_RESTOREMETHOD_ENUM.VSS_RME_CUSTOM,
}

export const WRITER_RESTORE: ValueNames<VSS_WRITERRESTORE_ENUM> = {
  never: VSS_WRITERRESTORE_ENUM.VSS_WRE_NEVER,
  ifReplaceFails: VSS_WRITERRESTORE_ENUM.VSS_WRE_IF_REPLACE_FAILS, // unconfirmed
  always: VSS_WRITERRESTORE_ENUM.VSS_WRE_ALWAYS,
}

export const COMPONENT_TYPE: ValueNames<VSS_COMPONENT_TYPE> = {
  database: VSS_COMPONENT_TYPE.VSS_CT_DATABASE,
  filegroup: VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP,
}

/** Only `full` is in a captured document. */
export const BACKUP_TYPE: ValueNames<VSS_BACKUP_TYPE> = {
  undefined: VSS_BACKUP_TYPE.VSS_BT_UNDEFINED,
  full: VSS_BACKUP_TYPE.VSS_BT_FULL,
  incremental: VSS_BACKUP_TYPE.VSS_BT_INCREMENTAL,
  differential: VSS_BACKUP_TYPE.VSS_BT_DIFFERENTIAL,
  log: VSS_BACKUP_TYPE.VSS_BT_LOG,
  copy: VSS_BACKUP_TYPE.VSS_BT_COPY,
  other: VSS_BACKUP_TYPE.VSS_BT_OTHER,
}

// The tables below are unconfirmed.

export const RESTORE_TYPE: ValueNames<VSS_RESTORE_TYPE> = {
  undefined: VSS_RESTORE_TYPE.VSS_RTYPE_UNDEFINED,
  byCopy: VSS_RESTORE_TYPE.VSS_RTYPE_BY_COPY,
  import: VSS_RESTORE_TYPE.VSS_RTYPE_IMPORT,
  other: VSS_RESTORE_TYPE.VSS_RTYPE_OTHER,
}

export const RESTORE_TARGET: ValueNames<VSS_RESTORE_TARGET> = {
  undefined: VSS_RESTORE_TARGET.VSS_RT_UNDEFINED,
  original: VSS_RESTORE_TARGET.VSS_RT_ORIGINAL,
  alternate: VSS_RESTORE_TARGET.VSS_RT_ALTERNATE,
  directed: VSS_RESTORE_TARGET.VSS_RT_DIRECTED,
  originalLocation: VSS_RESTORE_TARGET.VSS_RT_ORIGINAL_LOCATION,
}

export const FILE_RESTORE_STATUS: ValueNames<VSS_FILE_RESTORE_STATUS> = {
  undefined: VSS_FILE_RESTORE_STATUS.VSS_RS_UNDEFINED,
  none: VSS_FILE_RESTORE_STATUS.VSS_RS_NONE,
  all: VSS_FILE_RESTORE_STATUS.VSS_RS_ALL,
  failed: VSS_FILE_RESTORE_STATUS.VSS_RS_FAILED,
}

export const ROLL_FORWARD_TYPE: ValueNames<VSS_ROLLFORWARD_TYPE> = {
  undefined: VSS_ROLLFORWARD_TYPE.VSS_RF_UNDEFINED,
  none: VSS_ROLLFORWARD_TYPE.VSS_RF_NONE,
  all: VSS_ROLLFORWARD_TYPE.VSS_RF_ALL,
  partial: VSS_ROLLFORWARD_TYPE.VSS_RF_PARTIAL,
}
