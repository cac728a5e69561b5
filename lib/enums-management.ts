/**
 * The enumerations of vsmgmt.h and vdslun.h: management, and how LUNs are described (reference 4.3, 4.4).
 * Part of lib/enums.ts, through which everybody imports them.
 */

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
