/**
 * The enumerations of VSS and VDS, with the documented names and numbers (reference 2.9, 4.1 to 4.4).
 *
 * Each is a frozen-by-type object and a type of the same name, so that a value reads as it does in the Windows
 * documentation: `VSS_WRITER_STATE.VSS_WS_STABLE`. The numbers are part of the interface (documents, dumps and
 * other languages see them) and never change. Masks combine with `|`; use `>>> 0` after an operation on a mask
 * that may have bit 31 set.
 */

// ---- vss.h -------------------------------------------------------------------------------------------------

/** What an id or an enumeration element stands for. */
export const VSS_OBJECT_TYPE = {
  VSS_OBJECT_UNKNOWN: 0,
  VSS_OBJECT_NONE: 1,
  VSS_OBJECT_SNAPSHOT_SET: 2,
  VSS_OBJECT_SNAPSHOT: 3,
  VSS_OBJECT_PROVIDER: 4,
  VSS_OBJECT_TYPE_COUNT: 5,
} as const
export type VSS_OBJECT_TYPE = (typeof VSS_OBJECT_TYPE)[keyof typeof VSS_OBJECT_TYPE]

/** Life of one shadow copy. `VSS_SS_POSTCOMMITTED` is out of order in the documented numbers. */
export const VSS_SNAPSHOT_STATE = {
  VSS_SS_UNKNOWN: 0,
  VSS_SS_PREPARING: 1,
  VSS_SS_PROCESSING_PREPARE: 2,
  VSS_SS_PREPARED: 3,
  VSS_SS_PROCESSING_PRECOMMIT: 4,
  VSS_SS_PRECOMMITTED: 5,
  VSS_SS_PROCESSING_COMMIT: 6,
  VSS_SS_COMMITTED: 7,
  VSS_SS_PROCESSING_POSTCOMMIT: 8,
  VSS_SS_PROCESSING_PREFINALCOMMIT: 9,
  VSS_SS_PREFINALCOMMITTED: 10,
  VSS_SS_PROCESSING_POSTFINALCOMMIT: 11,
  VSS_SS_CREATED: 12,
  VSS_SS_ABORTED: 13,
  VSS_SS_DELETED: 14,
  VSS_SS_POSTCOMMITTED: 15,
  VSS_SS_COUNT: 16,
} as const
export type VSS_SNAPSHOT_STATE = (typeof VSS_SNAPSHOT_STATE)[keyof typeof VSS_SNAPSHOT_STATE]

/** The kind of use a shadow copy set is made for; each value is a combination of attribute bits (2.9). */
export const VSS_SNAPSHOT_CONTEXT = {
  VSS_CTX_BACKUP: 0x00000000,
  VSS_CTX_FILE_SHARE_BACKUP: 0x00000010,
  VSS_CTX_NAS_ROLLBACK: 0x00000019,
  VSS_CTX_APP_ROLLBACK: 0x00000009,
  VSS_CTX_CLIENT_ACCESSIBLE: 0x0000001d,
  VSS_CTX_CLIENT_ACCESSIBLE_WRITERS: 0x0000000d,
  VSS_CTX_ALL: 0xffffffff,
} as const
export type VSS_SNAPSHOT_CONTEXT = (typeof VSS_SNAPSHOT_CONTEXT)[keyof typeof VSS_SNAPSHOT_CONTEXT]

/** Mask. Attributes of a shadow copy, of which the lowest five bits come from the context. */
export const VSS_VOLUME_SNAPSHOT_ATTRIBUTES = {
  VSS_VOLSNAP_ATTR_PERSISTENT: 0x00000001,
  VSS_VOLSNAP_ATTR_NO_AUTORECOVERY: 0x00000002,
  VSS_VOLSNAP_ATTR_CLIENT_ACCESSIBLE: 0x00000004,
  VSS_VOLSNAP_ATTR_NO_AUTO_RELEASE: 0x00000008,
  VSS_VOLSNAP_ATTR_NO_WRITERS: 0x00000010,
  VSS_VOLSNAP_ATTR_TRANSPORTABLE: 0x00000020,
  VSS_VOLSNAP_ATTR_NOT_SURFACED: 0x00000040,
  VSS_VOLSNAP_ATTR_NOT_TRANSACTED: 0x00000080,
  VSS_VOLSNAP_ATTR_HARDWARE_ASSISTED: 0x00010000,
  VSS_VOLSNAP_ATTR_DIFFERENTIAL: 0x00020000,
  VSS_VOLSNAP_ATTR_PLEX: 0x00040000,
  VSS_VOLSNAP_ATTR_IMPORTED: 0x00080000,
  VSS_VOLSNAP_ATTR_EXPOSED_LOCALLY: 0x00100000,
  VSS_VOLSNAP_ATTR_EXPOSED_REMOTELY: 0x00200000,
  VSS_VOLSNAP_ATTR_AUTORECOVER: 0x00400000,
  VSS_VOLSNAP_ATTR_ROLLBACK_RECOVERY: 0x00800000,
  VSS_VOLSNAP_ATTR_DELAYED_POSTSNAPSHOT: 0x01000000,
  VSS_VOLSNAP_ATTR_TXF_RECOVERY: 0x02000000,
  VSS_VOLSNAP_ATTR_FILE_SHARE: 0x04000000,
} as const
export type VSS_VOLUME_SNAPSHOT_ATTRIBUTES =
  (typeof VSS_VOLUME_SNAPSHOT_ATTRIBUTES)[keyof typeof VSS_VOLUME_SNAPSHOT_ATTRIBUTES]

export const VSS_PROVIDER_TYPE = {
  VSS_PROV_UNKNOWN: 0,
  VSS_PROV_SYSTEM: 1,
  VSS_PROV_SOFTWARE: 2,
  VSS_PROV_HARDWARE: 3,
  VSS_PROV_FILESHARE: 4,
} as const
export type VSS_PROVIDER_TYPE = (typeof VSS_PROVIDER_TYPE)[keyof typeof VSS_PROVIDER_TYPE]

/** Mask. */
export const VSS_PROVIDER_CAPABILITIES = {
  VSS_PRV_CAPABILITY_LEGACY: 0x1,
  VSS_PRV_CAPABILITY_COMPLIANT: 0x2,
  VSS_PRV_CAPABILITY_LUN_REPOINT: 0x4,
  VSS_PRV_CAPABILITY_LUN_RESYNC: 0x8,
  VSS_PRV_CAPABILITY_OFFLINE_CREATION: 0x10,
  VSS_PRV_CAPABILITY_MULTIPLE_IMPORT: 0x20,
  VSS_PRV_CAPABILITY_RECYCLING: 0x40,
  VSS_PRV_CAPABILITY_PLEX: 0x80,
  VSS_PRV_CAPABILITY_DIFFERENTIAL: 0x100,
  VSS_PRV_CAPABILITY_CLUSTERED: 0x200,
} as const
export type VSS_PROVIDER_CAPABILITIES =
  (typeof VSS_PROVIDER_CAPABILITIES)[keyof typeof VSS_PROVIDER_CAPABILITIES]

/** Mask. Flags of BreakSnapshotSetEx and of a provider's OnLunStateChange. */
export const VSS_HARDWARE_OPTIONS = {
  VSS_BREAKEX_FLAG_MASK_LUNS: 0x1,
  VSS_BREAKEX_FLAG_MAKE_READ_WRITE: 0x2,
  VSS_BREAKEX_FLAG_REVERT_IDENTITY_ALL: 0x4,
  VSS_BREAKEX_FLAG_REVERT_IDENTITY_NONE: 0x8,
  VSS_ONLUNSTATECHANGE_NOTIFY_READ_WRITE: 0x100,
  VSS_ONLUNSTATECHANGE_NOTIFY_LUN_PRE_RECOVERY: 0x200,
  VSS_ONLUNSTATECHANGE_NOTIFY_LUN_POST_RECOVERY: 0x400,
  VSS_ONLUNSTATECHANGE_DO_MASK_LUNS: 0x800,
} as const
export type VSS_HARDWARE_OPTIONS = (typeof VSS_HARDWARE_OPTIONS)[keyof typeof VSS_HARDWARE_OPTIONS]

/** Mask. Flags of RecoverSet. */
export const VSS_RECOVERY_OPTIONS = {
  VSS_RECOVERY_REVERT_IDENTITY_ALL: 0x100,
  VSS_RECOVERY_NO_VOLUME_CHECK: 0x200,
} as const
export type VSS_RECOVERY_OPTIONS = (typeof VSS_RECOVERY_OPTIONS)[keyof typeof VSS_RECOVERY_OPTIONS]

/** Where a writer session stands (2.6). */
export const VSS_WRITER_STATE = {
  VSS_WS_UNKNOWN: 0,
  VSS_WS_STABLE: 1,
  VSS_WS_WAITING_FOR_FREEZE: 2,
  VSS_WS_WAITING_FOR_THAW: 3,
  VSS_WS_WAITING_FOR_POST_SNAPSHOT: 4,
  VSS_WS_WAITING_FOR_BACKUP_COMPLETE: 5,
  VSS_WS_FAILED_AT_IDENTIFY: 6,
  VSS_WS_FAILED_AT_PREPARE_BACKUP: 7,
  VSS_WS_FAILED_AT_PREPARE_SNAPSHOT: 8,
  VSS_WS_FAILED_AT_FREEZE: 9,
  VSS_WS_FAILED_AT_THAW: 10,
  VSS_WS_FAILED_AT_POST_SNAPSHOT: 11,
  VSS_WS_FAILED_AT_BACKUP_COMPLETE: 12,
  VSS_WS_FAILED_AT_PRE_RESTORE: 13,
  VSS_WS_FAILED_AT_POST_RESTORE: 14,
  VSS_WS_FAILED_AT_BACKUPSHUTDOWN: 15,
  VSS_WS_COUNT: 16,
} as const
export type VSS_WRITER_STATE = (typeof VSS_WRITER_STATE)[keyof typeof VSS_WRITER_STATE]

export const VSS_BACKUP_TYPE = {
  VSS_BT_UNDEFINED: 0,
  VSS_BT_FULL: 1,
  VSS_BT_INCREMENTAL: 2,
  VSS_BT_DIFFERENTIAL: 3,
  VSS_BT_LOG: 4,
  VSS_BT_COPY: 5,
  VSS_BT_OTHER: 6,
} as const
export type VSS_BACKUP_TYPE = (typeof VSS_BACKUP_TYPE)[keyof typeof VSS_BACKUP_TYPE]

export const VSS_RESTORE_TYPE = {
  VSS_RTYPE_UNDEFINED: 0,
  VSS_RTYPE_BY_COPY: 1,
  VSS_RTYPE_IMPORT: 2,
  VSS_RTYPE_OTHER: 3,
} as const
export type VSS_RESTORE_TYPE = (typeof VSS_RESTORE_TYPE)[keyof typeof VSS_RESTORE_TYPE]

export const VSS_ROLLFORWARD_TYPE = {
  VSS_RF_UNDEFINED: 0,
  VSS_RF_NONE: 1,
  VSS_RF_ALL: 2,
  VSS_RF_PARTIAL: 3,
} as const
export type VSS_ROLLFORWARD_TYPE = (typeof VSS_ROLLFORWARD_TYPE)[keyof typeof VSS_ROLLFORWARD_TYPE]

/** Front ends freeze first and thaw last. `SYSTEM_RM` and `AUTO` are reserved. */
export const VSS_APPLICATION_LEVEL = {
  VSS_APP_UNKNOWN: 0,
  VSS_APP_SYSTEM: 1,
  VSS_APP_BACK_END: 2,
  VSS_APP_FRONT_END: 3,
  VSS_APP_SYSTEM_RM: 4,
  VSS_APP_AUTO: -1,
} as const
export type VSS_APPLICATION_LEVEL = (typeof VSS_APPLICATION_LEVEL)[keyof typeof VSS_APPLICATION_LEVEL]

/** Mask. What must not be done to a volume while it has shadow copies. */
export const VSS_SNAPSHOT_COMPATIBILITY = {
  VSS_SC_DISABLE_DEFRAG: 0x1,
  VSS_SC_DISABLE_CONTENTINDEX: 0x2,
} as const
export type VSS_SNAPSHOT_COMPATIBILITY =
  (typeof VSS_SNAPSHOT_COMPATIBILITY)[keyof typeof VSS_SNAPSHOT_COMPATIBILITY]

export const VSS_SNAPSHOT_PROPERTY_ID = {
  VSS_SPROPID_UNKNOWN: 0,
  VSS_SPROPID_SNAPSHOT_ID: 1,
  VSS_SPROPID_SNAPSHOT_SET_ID: 2,
  VSS_SPROPID_SNAPSHOTS_COUNT: 3,
  VSS_SPROPID_SNAPSHOT_DEVICE: 4,
  VSS_SPROPID_ORIGINAL_VOLUME: 5,
  VSS_SPROPID_ORIGINATING_MACHINE: 6,
  VSS_SPROPID_SERVICE_MACHINE: 7,
  VSS_SPROPID_EXPOSED_NAME: 8,
  VSS_SPROPID_EXPOSED_PATH: 9,
  VSS_SPROPID_PROVIDER_ID: 10,
  VSS_SPROPID_SNAPSHOT_ATTRIBUTES: 11,
  VSS_SPROPID_CREATION_TIMESTAMP: 12,
  VSS_SPROPID_STATUS: 13,
} as const
export type VSS_SNAPSHOT_PROPERTY_ID =
  (typeof VSS_SNAPSHOT_PROPERTY_ID)[keyof typeof VSS_SNAPSHOT_PROPERTY_ID]

/** Mask of one file set: which backup types must hold it, and read it from the shadow copy. */
export const VSS_FILE_SPEC_BACKUP_TYPE = {
  VSS_FSBT_FULL_BACKUP_REQUIRED: 0x1,
  VSS_FSBT_DIFFERENTIAL_BACKUP_REQUIRED: 0x2,
  VSS_FSBT_INCREMENTAL_BACKUP_REQUIRED: 0x4,
  VSS_FSBT_LOG_BACKUP_REQUIRED: 0x8,
  VSS_FSBT_FULL_SNAPSHOT_REQUIRED: 0x100,
  VSS_FSBT_DIFFERENTIAL_SNAPSHOT_REQUIRED: 0x200,
  VSS_FSBT_INCREMENTAL_SNAPSHOT_REQUIRED: 0x400,
  VSS_FSBT_LOG_SNAPSHOT_REQUIRED: 0x800,
  VSS_FSBT_CREATED_DURING_BACKUP: 0x10000,
  VSS_FSBT_ALL_BACKUP_REQUIRED: 0xf,
  VSS_FSBT_ALL_SNAPSHOT_REQUIRED: 0xf00,
} as const
export type VSS_FILE_SPEC_BACKUP_TYPE =
  (typeof VSS_FILE_SPEC_BACKUP_TYPE)[keyof typeof VSS_FILE_SPEC_BACKUP_TYPE]

/** The mask a file set has when its writer names none: `0xF0F`, everything required from the shadow copy. */
export const DEFAULT_FILE_SPEC_BACKUP_TYPE: number =
  VSS_FILE_SPEC_BACKUP_TYPE.VSS_FSBT_ALL_BACKUP_REQUIRED |
  VSS_FILE_SPEC_BACKUP_TYPE.VSS_FSBT_ALL_SNAPSHOT_REQUIRED

/** Mask. What a writer supports beyond full backups; `VSS_BS_LSN` is declared but not supported. */
export const VSS_BACKUP_SCHEMA = {
  VSS_BS_UNDEFINED: 0,
  VSS_BS_DIFFERENTIAL: 0x1,
  VSS_BS_INCREMENTAL: 0x2,
  VSS_BS_EXCLUSIVE_INCREMENTAL_DIFFERENTIAL: 0x4,
  VSS_BS_LOG: 0x8,
  VSS_BS_COPY: 0x10,
  VSS_BS_TIMESTAMPED: 0x20,
  VSS_BS_LAST_MODIFY: 0x40,
  VSS_BS_LSN: 0x80,
  VSS_BS_WRITER_SUPPORTS_NEW_TARGET: 0x100,
  VSS_BS_WRITER_SUPPORTS_RESTORE_WITH_MOVE: 0x200,
  VSS_BS_INDEPENDENT_SYSTEM_STATE: 0x400,
  VSS_BS_ROLLFORWARD_RESTORE: 0x1000,
  VSS_BS_RESTORE_RENAME: 0x2000,
  VSS_BS_AUTHORITATIVE_RESTORE: 0x4000,
  VSS_BS_WRITER_SUPPORTS_PARALLEL_RESTORES: 0x8000,
} as const
export type VSS_BACKUP_SCHEMA = (typeof VSS_BACKUP_SCHEMA)[keyof typeof VSS_BACKUP_SCHEMA]

// ---- vswriter.h --------------------------------------------------------------------------------------------

export const VSS_USAGE_TYPE = {
  VSS_UT_UNDEFINED: 0,
  VSS_UT_BOOTABLESYSTEMSTATE: 1,
  VSS_UT_SYSTEMSERVICE: 2,
  VSS_UT_USERDATA: 3,
  VSS_UT_OTHER: 4,
} as const
export type VSS_USAGE_TYPE = (typeof VSS_USAGE_TYPE)[keyof typeof VSS_USAGE_TYPE]

export const VSS_SOURCE_TYPE = {
  VSS_ST_UNDEFINED: 0,
  VSS_ST_TRANSACTEDDB: 1,
  VSS_ST_NONTRANSACTEDDB: 2,
  VSS_ST_OTHER: 3,
} as const
export type VSS_SOURCE_TYPE = (typeof VSS_SOURCE_TYPE)[keyof typeof VSS_SOURCE_TYPE]

/** How the files of a writer are put back (2.11). */
export const VSS_RESTOREMETHOD_ENUM = {
  VSS_RME_UNDEFINED: 0,
  VSS_RME_RESTORE_IF_NOT_THERE: 1,
  VSS_RME_RESTORE_IF_CAN_REPLACE: 2,
  VSS_RME_STOP_RESTORE_START: 3,
  VSS_RME_RESTORE_TO_ALTERNATE_LOCATION: 4,
  VSS_RME_RESTORE_AT_REBOOT: 5,
  VSS_RME_RESTORE_AT_REBOOT_IF_CANNOT_REPLACE: 6,
  VSS_RME_CUSTOM: 7,
  VSS_RME_RESTORE_STOP_START: 8,
} as const
export type VSS_RESTOREMETHOD_ENUM = (typeof VSS_RESTOREMETHOD_ENUM)[keyof typeof VSS_RESTOREMETHOD_ENUM]

/** When the writer takes part in a restore. */
export const VSS_WRITERRESTORE_ENUM = {
  VSS_WRE_UNDEFINED: 0,
  VSS_WRE_NEVER: 1,
  VSS_WRE_IF_REPLACE_FAILS: 2,
  VSS_WRE_ALWAYS: 3,
} as const
export type VSS_WRITERRESTORE_ENUM = (typeof VSS_WRITERRESTORE_ENUM)[keyof typeof VSS_WRITERRESTORE_ENUM]

export const VSS_COMPONENT_TYPE = {
  VSS_CT_UNDEFINED: 0,
  VSS_CT_DATABASE: 1,
  VSS_CT_FILEGROUP: 2,
} as const
export type VSS_COMPONENT_TYPE = (typeof VSS_COMPONENT_TYPE)[keyof typeof VSS_COMPONENT_TYPE]

export const VSS_ALTERNATE_WRITER_STATE = {
  VSS_AWS_UNDEFINED: 0,
  VSS_AWS_NO_ALTERNATE_WRITER: 1,
  VSS_AWS_ALTERNATE_WRITER_EXISTS: 2,
  VSS_AWS_THIS_IS_ALTERNATE_WRITER: 3,
} as const
export type VSS_ALTERNATE_WRITER_STATE =
  (typeof VSS_ALTERNATE_WRITER_STATE)[keyof typeof VSS_ALTERNATE_WRITER_STATE]

/** Mask of the events a writer subscribes to; the documented default is backup and restore events (6). */
export const VSS_SUBSCRIBE_MASK = {
  VSS_SM_POST_SNAPSHOT_FLAG: 1,
  VSS_SM_BACKUP_EVENTS_FLAG: 2,
  VSS_SM_RESTORE_EVENTS_FLAG: 4,
  VSS_SM_IO_THROTTLING_FLAG: 8,
  VSS_SM_ALL_FLAGS: 0xffffffff,
} as const
export type VSS_SUBSCRIBE_MASK = (typeof VSS_SUBSCRIBE_MASK)[keyof typeof VSS_SUBSCRIBE_MASK]

/** Where a component set is restored to, as its writer decided in PreRestore. */
export const VSS_RESTORE_TARGET = {
  VSS_RT_UNDEFINED: 0,
  VSS_RT_ORIGINAL: 1,
  VSS_RT_ALTERNATE: 2,
  VSS_RT_DIRECTED: 3,
  VSS_RT_ORIGINAL_LOCATION: 4,
} as const
export type VSS_RESTORE_TARGET = (typeof VSS_RESTORE_TARGET)[keyof typeof VSS_RESTORE_TARGET]

export const VSS_FILE_RESTORE_STATUS = {
  VSS_RS_UNDEFINED: 0,
  VSS_RS_NONE: 1,
  VSS_RS_ALL: 2,
  VSS_RS_FAILED: 3,
} as const
export type VSS_FILE_RESTORE_STATUS = (typeof VSS_FILE_RESTORE_STATUS)[keyof typeof VSS_FILE_RESTORE_STATUS]

/** Mask. */
export const VSS_COMPONENT_FLAGS = {
  VSS_CF_BACKUP_RECOVERY: 1,
  VSS_CF_APP_ROLLBACK_RECOVERY: 2,
  VSS_CF_NOT_SYSTEM_STATE: 4,
} as const
export type VSS_COMPONENT_FLAGS = (typeof VSS_COMPONENT_FLAGS)[keyof typeof VSS_COMPONENT_FLAGS]

/** vsbackup.h: the system writers that belong to the bootable state. */
export const VSS_SW_BOOTABLE_STATE = 1

// ---- vsmgmt.h ----------------------------------------------------------------------------------------------

export const VSS_MGMT_OBJECT_TYPE = {
  VSS_MGMT_OBJECT_UNKNOWN: 0,
  VSS_MGMT_OBJECT_VOLUME: 1,
  VSS_MGMT_OBJECT_DIFF_VOLUME: 2,
  VSS_MGMT_OBJECT_DIFF_AREA: 3,
} as const
export type VSS_MGMT_OBJECT_TYPE = (typeof VSS_MGMT_OBJECT_TYPE)[keyof typeof VSS_MGMT_OBJECT_TYPE]

/** Values of a maximum size that are no size: unlimited, and "remove the association". */
export const VSS_ASSOC_NO_MAX_SPACE = -1
export const VSS_ASSOC_REMOVE = 0

export const VSS_PROTECTION_LEVEL = {
  VSS_PROTECTION_LEVEL_ORIGINAL_VOLUME: 0,
  VSS_PROTECTION_LEVEL_SNAPSHOT: 1,
} as const
export type VSS_PROTECTION_LEVEL = (typeof VSS_PROTECTION_LEVEL)[keyof typeof VSS_PROTECTION_LEVEL]

export const VSS_PROTECTION_FAULT = {
  VSS_PROTECTION_FAULT_NONE: 0,
  VSS_PROTECTION_FAULT_DIFF_AREA_MISSING: 1,
  VSS_PROTECTION_FAULT_IO_FAILURE_DURING_ONLINE: 2,
  VSS_PROTECTION_FAULT_META_DATA_CORRUPTION: 3,
  VSS_PROTECTION_FAULT_MEMORY_ALLOCATION_FAILURE: 4,
  VSS_PROTECTION_FAULT_MAPPED_MEMORY_FAILURE: 5,
  VSS_PROTECTION_FAULT_COW_READ_FAILURE: 6,
  VSS_PROTECTION_FAULT_COW_WRITE_FAILURE: 7,
  VSS_PROTECTION_FAULT_DIFF_AREA_FULL: 8,
  VSS_PROTECTION_FAULT_GROW_TOO_SLOW: 9,
  VSS_PROTECTION_FAULT_GROW_FAILED: 10,
  VSS_PROTECTION_FAULT_DESTROY_ALL_SNAPSHOTS: 11,
  VSS_PROTECTION_FAULT_FILE_SYSTEM_FAILURE: 12,
  VSS_PROTECTION_FAULT_IO_FAILURE: 13,
  VSS_PROTECTION_FAULT_DIFF_AREA_REMOVED: 14,
  VSS_PROTECTION_FAULT_EXTERNAL_WRITER_TO_DIFF_AREA: 15,
  VSS_PROTECTION_FAULT_MOUNT_DURING_CLUSTER_OFFLINE: 16,
} as const
export type VSS_PROTECTION_FAULT = (typeof VSS_PROTECTION_FAULT)[keyof typeof VSS_PROTECTION_FAULT]

// ---- vdslun.h ----------------------------------------------------------------------------------------------

/** `VDS_LUN_INFORMATION.m_version`. */
export const VER_VDS_LUN_INFORMATION = 1

/** Bus a LUN was found on; ignored when LUNs are matched. */
export const VDS_STORAGE_BUS_TYPE = {
  VDSBusTypeUnknown: 0x0,
  VDSBusTypeScsi: 0x1,
  VDSBusTypeAtapi: 0x2,
  VDSBusTypeAta: 0x3,
  VDSBusType1394: 0x4,
  VDSBusTypeSsa: 0x5,
  VDSBusTypeFibre: 0x6,
  VDSBusTypeUsb: 0x7,
  VDSBusTypeRAID: 0x8,
  VDSBusTypeiScsi: 0x9,
  VDSBusTypeSas: 0xa,
  VDSBusTypeSata: 0xb,
  VDSBusTypeSd: 0xc,
  VDSBusTypeMmc: 0xd,
  VDSBusTypeVirtual: 0xe,
  VDSBusTypeFileBackedVirtual: 0xf,
  VDSBusTypeSpaces: 0x10,
  VDSBusTypeNVMe: 0x11,
  VDSBusTypeScm: 0x12,
  VDSBusTypeUfs: 0x13,
} as const
export type VDS_STORAGE_BUS_TYPE = (typeof VDS_STORAGE_BUS_TYPE)[keyof typeof VDS_STORAGE_BUS_TYPE]

/** Code set of an identifier on VPD page 83h. */
export const VDS_STORAGE_IDENTIFIER_CODE_SET = {
  VDSStorageIdCodeSetReserved: 0,
  VDSStorageIdCodeSetBinary: 1,
  VDSStorageIdCodeSetAscii: 2,
  VDSStorageIdCodeSetUtf8: 3,
} as const
export type VDS_STORAGE_IDENTIFIER_CODE_SET =
  (typeof VDS_STORAGE_IDENTIFIER_CODE_SET)[keyof typeof VDS_STORAGE_IDENTIFIER_CODE_SET]

/** Type of an identifier on VPD page 83h; 1, 2, 3 and 8 count as unique for VSS. */
export const VDS_STORAGE_IDENTIFIER_TYPE = {
  VDSStorageIdTypeVendorSpecific: 0,
  VDSStorageIdTypeVendorId: 1,
  VDSStorageIdTypeEUI64: 2,
  VDSStorageIdTypeFCPHName: 3,
  VDSStorageIdTypePortRelative: 4,
  VDSStorageIdTypeTargetPortGroup: 5,
  VDSStorageIdTypeLogicalUnitGroup: 6,
  VDSStorageIdTypeMD5LogicalUnitIdentifier: 7,
  VDSStorageIdTypeScsiNameString: 8,
} as const
export type VDS_STORAGE_IDENTIFIER_TYPE =
  (typeof VDS_STORAGE_IDENTIFIER_TYPE)[keyof typeof VDS_STORAGE_IDENTIFIER_TYPE]

export const VDS_INTERCONNECT_ADDRESS_TYPE = {
  VDS_IA_UNKNOWN: 0,
  VDS_IA_FCFS: 1,
  VDS_IA_FCPH: 2,
  VDS_IA_FCPH3: 3,
  VDS_IA_MAC: 4,
  VDS_IA_SCSI: 5,
} as const
export type VDS_INTERCONNECT_ADDRESS_TYPE =
  (typeof VDS_INTERCONNECT_ADDRESS_TYPE)[keyof typeof VDS_INTERCONNECT_ADDRESS_TYPE]

// ---- names -------------------------------------------------------------------------------------------------

/**
 * The documented name of a value, for messages and tables; a value without one is given in decimal.
 *
 * Where two names share a value the one declared first is answered. A mask that is a combination has no name of
 * its own.
 *
 * @example
 * ```ts
 * nameOf(VSS_WRITER_STATE, 9) // 'VSS_WS_FAILED_AT_FREEZE'
 * nameOf(VSS_WRITER_STATE, 99) // '99'
 * ```
 */
export function nameOf(enumObject: Readonly<Record<string, number>>, value: number): string {
  for (const [name, number] of Object.entries(enumObject)) {
    if (number === value) return name
  }
  return String(value)
}
