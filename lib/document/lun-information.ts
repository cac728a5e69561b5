/**
 * VDS_LUN_INFORMATION: what is known about a LUN from the outside, and by which an arrived LUN is recognised
 * (reference 4.4). Plain data, so that it crosses process boundaries and compares with deepEqual.
 */

import type {
  VDS_INTERCONNECT_ADDRESS_TYPE,
  VDS_STORAGE_BUS_TYPE,
  VDS_STORAGE_IDENTIFIER_CODE_SET,
  VDS_STORAGE_IDENTIFIER_TYPE,
} from '../enums.ts'
import { VER_VDS_LUN_INFORMATION } from '../enums.ts'
import type { Guid } from '../ids.ts'
import { ATTRIBUTE, ELEMENT } from './names.ts'
import {
  badArgument,
  readHex,
  readString,
  readUnsigned,
  readYesNo,
  requireGuid,
  writeGuid,
  writeHex,
  writeRequiredString,
  writeUnsigned,
  writeYesNo,
} from './values.ts'
import type { Element } from './xml.ts'
import { addChild, childElements, optionalChild } from './xml.ts'

/** One identifier of VPD page 83h with association 0; others may not be stored. */
export interface VdsStorageIdentifier {
  codeSet: VDS_STORAGE_IDENTIFIER_CODE_SET
  type: VDS_STORAGE_IDENTIFIER_TYPE
  /** The bytes, in lower-case hexadecimal. */
  identifier: string
}

export interface VdsStorageDeviceIdDescriptor {
  version: number
  identifiers: VdsStorageIdentifier[]
}

/** A way to reach a LUN: port and address bytes in lower-case hexadecimal. */
export interface VdsInterconnect {
  addressType: VDS_INTERCONNECT_ADDRESS_TYPE
  port: string
  address: string
}

/**
 * What a host and a provider tell each other about one LUN.
 *
 * @example
 * ```ts
 * const lun: VdsLunInformation = {
 *   version: VER_VDS_LUN_INFORMATION,
 *   deviceType: 0, // SCSI peripheral type: disk
 *   deviceTypeModifier: 0,
 *   commandQueueing: true,
 *   busType: VDS_STORAGE_BUS_TYPE.VDSBusTypeScsi,
 *   vendorId: 'HOLDFAST',
 *   productId: 'LUN',
 *   productRevision: '1',
 *   serialNumber: '0001',
 *   diskSignature: GUID_NULL,
 *   deviceIdDescriptor: { version: 1, identifiers: [{ codeSet: 1, type: 3, identifier: '6001…' }] },
 *   interconnects: [],
 * }
 * ```
 */
export interface VdsLunInformation {
  version: number
  /** SCSI peripheral device type; 0 is a disk. */
  deviceType: number
  deviceTypeModifier: number
  commandQueueing: boolean
  /** Ignored when LUNs are compared. */
  busType: VDS_STORAGE_BUS_TYPE
  /** Empty where there is none, as in the three that follow. */
  vendorId: string
  productId: string
  productRevision: string
  serialNumber: string
  /** GPT: the disk GUID. MBR: the signature in the first 32 bits. GUID_NULL: not initialised, or not known. */
  diskSignature: Guid
  deviceIdDescriptor: VdsStorageDeviceIdDescriptor
  interconnects: VdsInterconnect[]
}

/**
 * @throws VssError `VSS_E_INVALID_XML_DOCUMENT` if a value is outside its domain. Bus, code set and identifier type
 *   may be ones that are not known here: later versions of Windows add some.
 */
export function readLunInformation(element: Element): VdsLunInformation {
  const descriptor = optionalChild(element, ELEMENT.deviceIdDescriptor)
  return {
    version: readUnsigned(element, ATTRIBUTE.version, VER_VDS_LUN_INFORMATION),
    deviceType: readUnsigned(element, ATTRIBUTE.deviceType, 0, 0xff),
    deviceTypeModifier: readUnsigned(element, ATTRIBUTE.deviceTypeModifier, 0, 0xff),
    commandQueueing: readYesNo(element, ATTRIBUTE.commandQueueing, false),
    busType: readUnsigned(element, ATTRIBUTE.busType, 0) as VDS_STORAGE_BUS_TYPE,
    vendorId: readString(element, ATTRIBUTE.vendorId) ?? '',
    productId: readString(element, ATTRIBUTE.productId) ?? '',
    productRevision: readString(element, ATTRIBUTE.productRevision) ?? '',
    serialNumber: readString(element, ATTRIBUTE.serialNumber) ?? '',
    diskSignature: requireGuid(element, ATTRIBUTE.diskSignature),
    deviceIdDescriptor: {
      version: descriptor ? readUnsigned(descriptor, ATTRIBUTE.version, 0) : 0,
      identifiers: descriptor ? childElements(descriptor, ELEMENT.identifier).map(readIdentifier) : [],
    },
    interconnects: childElements(element, ELEMENT.interconnect).map(readInterconnect),
  }
}

function readIdentifier(element: Element): VdsStorageIdentifier {
  return {
    codeSet: readUnsigned(element, ATTRIBUTE.codeSet, undefined) as VDS_STORAGE_IDENTIFIER_CODE_SET,
    type: readUnsigned(element, ATTRIBUTE.type, undefined) as VDS_STORAGE_IDENTIFIER_TYPE,
    identifier: readHex(element, ATTRIBUTE.value),
  }
}

function readInterconnect(element: Element): VdsInterconnect {
  return {
    addressType: readUnsigned(element, ATTRIBUTE.addressType, undefined) as VDS_INTERCONNECT_ADDRESS_TYPE,
    port: readHex(element, ATTRIBUTE.port),
    address: readHex(element, ATTRIBUTE.address),
  }
}

/** @throws VssError `E_INVALIDARG` for what the document cannot hold, for example control characters in a name. */
export function writeLunInformation(element: Element, lun: VdsLunInformation): void {
  if (typeof lun !== 'object' || lun === null) throw badArgument('LUN information must be an object')
  writeUnsigned(element, ATTRIBUTE.version, lun.version)
  writeUnsigned(element, ATTRIBUTE.deviceType, lun.deviceType, 0xff)
  writeUnsigned(element, ATTRIBUTE.deviceTypeModifier, lun.deviceTypeModifier, 0xff)
  writeYesNo(element, ATTRIBUTE.commandQueueing, lun.commandQueueing)
  writeUnsigned(element, ATTRIBUTE.busType, lun.busType)
  writeRequiredString(element, ATTRIBUTE.vendorId, lun.vendorId)
  writeRequiredString(element, ATTRIBUTE.productId, lun.productId)
  writeRequiredString(element, ATTRIBUTE.productRevision, lun.productRevision)
  writeRequiredString(element, ATTRIBUTE.serialNumber, lun.serialNumber)
  writeGuid(element, ATTRIBUTE.diskSignature, lun.diskSignature)
  const descriptor = addChild(element, ELEMENT.deviceIdDescriptor)
  writeUnsigned(descriptor, ATTRIBUTE.version, lun.deviceIdDescriptor.version)
  for (const { codeSet, type, identifier } of lun.deviceIdDescriptor.identifiers) {
    const child = addChild(descriptor, ELEMENT.identifier)
    writeUnsigned(child, ATTRIBUTE.codeSet, codeSet)
    writeUnsigned(child, ATTRIBUTE.type, type)
    writeHex(child, ATTRIBUTE.value, identifier)
  }
  for (const { addressType, port, address } of lun.interconnects) {
    const child = addChild(element, ELEMENT.interconnect)
    writeUnsigned(child, ATTRIBUTE.addressType, addressType)
    writeHex(child, ATTRIBUTE.port, port)
    writeHex(child, ATTRIBUTE.address, address)
  }
}
