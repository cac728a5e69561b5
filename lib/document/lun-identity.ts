/**
 * When two descriptions mean the same LUN: they share a storage identifier that is unique by its
 * kind (types 1, 2, 3 and 8; only association-0 identifiers are ever recorded). Signature, bus and
 * interconnects say nothing about it.
 */
import type { VdsLunInformation } from './lun-information.ts'

/** T10 vendor id, EUI-64, NAA, SCSI name string. */
const UNIQUE_TYPES: readonly number[] = [1, 2, 3, 8]

/** The identifiers of a LUN that no other LUN may have, as comparable text. */
export function uniqueIdentifiers(lun: VdsLunInformation): string[] {
  return lun.deviceIdDescriptor.identifiers
    .filter(({ type, identifier }) => UNIQUE_TYPES.includes(type) && identifier !== '')
    .map(({ type, codeSet, identifier }) => `${type}:${codeSet}:${identifier.toLowerCase()}`)
}

export function hasUniqueIdentifier(lun: VdsLunInformation): boolean {
  return uniqueIdentifiers(lun).length > 0
}

export function isSameLun(a: VdsLunInformation, b: VdsLunInformation): boolean {
  const identifiers = new Set(uniqueIdentifiers(a))
  return uniqueIdentifiers(b).some((identifier) => identifiers.has(identifier))
}

/** A LUN as people may recognise it in a message. */
export function describeLun(lun: VdsLunInformation): string {
  return lun.serialNumber !== ''
    ? `LUN ${lun.serialNumber}`
    : `LUN ${uniqueIdentifiers(lun)[0] ?? 'without identifier'}`
}

/** Each LUN once, the first description of it. */
export function distinctLuns(luns: readonly VdsLunInformation[]): VdsLunInformation[] {
  const distinct: VdsLunInformation[] = []
  for (const lun of luns) if (!distinct.some((known) => isSameLun(known, lun))) distinct.push(lun)
  return distinct
}
