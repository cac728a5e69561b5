/**
 * VDS_LUN_INFORMATION as a host finds it out: from the answers to INQUIRY and from the partition
 * table, never from what somebody else says about the LUN.
 */
import { binding, type DiskLayout } from '../binding.ts'
import { isSameLun } from '../document/lun-identity.ts'
import type { VdsLunInformation, VdsStorageIdentifier } from '../document/lun-information.ts'
import {
  VDS_STORAGE_BUS_TYPE,
  type VDS_STORAGE_IDENTIFIER_CODE_SET,
  VER_VDS_LUN_INFORMATION,
} from '../enums.ts'
import { GUID_NULL, type Guid } from '../ids.ts'

/** What a LUN answers to INQUIRY. */
export interface InquiryAnswers {
  standard: Buffer
  /** VPD page 80h. */
  unitSerialNumber: Buffer
  /** VPD page 83h. */
  deviceIdentification: Buffer
}

const PAGE_UNIT_SERIAL_NUMBER = 0x80
const PAGE_DEVICE_IDENTIFICATION = 0x83
const ALLOCATION_BYTES = 0xffff
/** Asks a LUN of ours that need not be open, nor exist yet: a LUN's answers depend on its id alone. */
export function arrayLunInformation(guid: Guid, isCopy: boolean): VdsLunInformation {
  const page = (code: number): Buffer => binding.inquiry(guid, isCopy, true, code, ALLOCATION_BYTES)
  return readInquiry({
    standard: binding.inquiry(guid, isCopy, false, 0, ALLOCATION_BYTES),
    unitSerialNumber: page(PAGE_UNIT_SERIAL_NUMBER),
    deviceIdentification: page(PAGE_DEVICE_IDENTIFICATION),
  })
}

/** Asks an open LUN. */
export function askLun(lun: { inquiry(): Buffer; vpd(page: number): Buffer }): VdsLunInformation {
  return readInquiry({
    standard: lun.inquiry(),
    unitSerialNumber: lun.vpd(PAGE_UNIT_SERIAL_NUMBER),
    deviceIdentification: lun.vpd(PAGE_DEVICE_IDENTIFICATION),
  })
}

/** Only identifiers of the LUN itself are taken: there is no place to say that one is of a port. */
export function readInquiry(answers: InquiryAnswers): VdsLunInformation {
  const { standard, unitSerialNumber, deviceIdentification } = answers
  const text = (from: number, to: number): string => standard.toString('latin1', from, to).trim()
  const identifiers = binding
    .parseDeviceIdentification(deviceIdentification)
    .filter(({ association }) => association === 0)
    .map(
      ({ codeSet, type, identifier }): VdsStorageIdentifier => ({
        codeSet: codeSet as VDS_STORAGE_IDENTIFIER_CODE_SET,
        type: type as VdsStorageIdentifier['type'],
        identifier: identifier.toString('hex'),
      }),
    )
  return {
    version: VER_VDS_LUN_INFORMATION,
    deviceType: standard.readUInt8(0) & 0x1f,
    deviceTypeModifier: standard.readUInt8(1) & 0x7f,
    commandQueueing: (standard.readUInt8(7) & 0x02) !== 0,
    busType: VDS_STORAGE_BUS_TYPE.VDSBusTypeFileBackedVirtual,
    vendorId: text(8, 16),
    productId: text(16, 32),
    productRevision: text(32, 36),
    serialNumber: unitSerialNumber.toString('latin1', 4, 4 + unitSerialNumber.readUInt16BE(2)).trim(),
    diskSignature: GUID_NULL,
    deviceIdDescriptor: { version: 1, identifiers },
    interconnects: [],
  }
}

/** GPT: the disk's GUID. MBR: the signature in the first 32 bits. */
export function diskSignatureOf(layout: DiskLayout): Guid {
  if (layout.kind === 'gpt') return layout.diskGuid ?? GUID_NULL
  if (layout.kind === 'mbr') {
    return `${layout.mbrSignature.toString(16).padStart(8, '0')}${GUID_NULL.slice(8)}`
  }
  return GUID_NULL
}

/**
 * Whether a LUN that arrived is the one that was promised: same kind of device from the same maker
 * with the same serial number, and a unique identifier in common. Revision, bus, signature and the
 * way to it may differ from host to host and from day to day.
 */
export function isArrivalOf(arrived: VdsLunInformation, promised: VdsLunInformation): boolean {
  return (
    arrived.deviceType === promised.deviceType &&
    arrived.vendorId === promised.vendorId &&
    arrived.productId === promised.productId &&
    arrived.serialNumber === promised.serialNumber &&
    isSameLun(arrived, promised)
  )
}
