/**
 * SNAPSHOT_SET_DESCRIPTION: what another host needs to find and import the shadow copies of a transportable set
 * (reference 5.2). VSS does not document its form, so names and nesting are ours.
 */
import type { Guid } from '../ids.ts'
import type { VdsLunInformation } from './lun-information.ts'
import { readLunInformation, writeLunInformation } from './lun-information.ts'
import { ATTRIBUTE, ELEMENT } from './names.ts'
import {
  badArgument,
  readString,
  readUnsigned,
  requireGuid,
  requireString,
  writeGuid,
  writeRequiredString,
  writeString,
  writeUnsigned,
} from './values.ts'
import type { Element } from './xml.ts'
import { addChild, childElements, optionalChild, requiredChild } from './xml.ts'

/** A stretch of a volume on one of its LUNs. */
export interface VolumeExtent {
  /** Index into the LUNs of the shadow copy. */
  lunIndex: number
  offsetBytes: number
  lengthBytes: number
}

/** An original LUN and the LUN that holds its copy. */
export interface LunMapping {
  original: VdsLunInformation
  /** `null` until the provider has said where the copy lies. */
  target: VdsLunInformation | null
}

/** The shadow copy of one volume. */
export interface TransportableSnapshot {
  snapshotId: Guid
  /** `\\?\Volume{GUID}\` on the originating machine. */
  originalVolume: string
  providerId: Guid
  extents: VolumeExtent[]
  luns: LunMapping[]
}

export interface TransportableSet {
  snapshotSetId: Guid
  /** Context with its attribute bits. */
  context: number
  originatingMachine: string
  /** For the provider, opaque. */
  metadata: string | null
  snapshots: TransportableSnapshot[]
}

/** @throws VssError `VSS_E_INVALID_XML_DOCUMENT` */
export function readTransportableSet(element: Element): TransportableSet {
  return {
    snapshotSetId: requireGuid(element, ATTRIBUTE.snapshotSetId),
    context: readUnsigned(element, ATTRIBUTE.context, undefined),
    originatingMachine: requireString(element, ATTRIBUTE.originatingMachine),
    metadata: readString(element, ATTRIBUTE.metadata),
    snapshots: childElements(element, ELEMENT.snapshotDescription).map((snapshot) => ({
      snapshotId: requireGuid(snapshot, ATTRIBUTE.snapshotId),
      originalVolume: requireString(snapshot, ATTRIBUTE.originalVolume),
      providerId: requireGuid(snapshot, ATTRIBUTE.providerId),
      extents: childElements(snapshot, ELEMENT.extent).map(readExtent),
      luns: childElements(snapshot, ELEMENT.lunMapping).map(readLunMapping),
    })),
  }
}

function readExtent(element: Element): VolumeExtent {
  return {
    lunIndex: readUnsigned(element, ATTRIBUTE.diskIndex, undefined),
    offsetBytes: readUnsigned(element, ATTRIBUTE.offset, undefined, Number.MAX_SAFE_INTEGER),
    lengthBytes: readUnsigned(element, ATTRIBUTE.length, undefined, Number.MAX_SAFE_INTEGER),
  }
}

function readLunMapping(element: Element): LunMapping {
  const target = optionalChild(element, ELEMENT.targetLun)
  return {
    original: readLunInformation(requiredChild(element, ELEMENT.originalLun)),
    target: target && readLunInformation(target),
  }
}

/** @throws VssError `E_INVALIDARG` for values that cannot stand in the document */
export function writeTransportableSet(element: Element, set: TransportableSet): void {
  writeGuid(element, ATTRIBUTE.snapshotSetId, set.snapshotSetId)
  writeUnsigned(element, ATTRIBUTE.context, set.context)
  writeRequiredString(element, ATTRIBUTE.originatingMachine, set.originatingMachine)
  writeString(element, ATTRIBUTE.metadata, set.metadata)
  for (const snapshot of set.snapshots) {
    const child = addChild(element, ELEMENT.snapshotDescription)
    writeGuid(child, ATTRIBUTE.snapshotId, snapshot.snapshotId)
    writeRequiredString(child, ATTRIBUTE.originalVolume, snapshot.originalVolume)
    writeGuid(child, ATTRIBUTE.providerId, snapshot.providerId)
    for (const extent of snapshot.extents) {
      if (extent.lunIndex >= snapshot.luns.length) {
        throw badArgument(
          `an extent of ${snapshot.originalVolume} names LUN ${extent.lunIndex}, which is not listed`,
        )
      }
      const extentElement = addChild(child, ELEMENT.extent)
      writeUnsigned(extentElement, ATTRIBUTE.diskIndex, extent.lunIndex)
      writeUnsigned(extentElement, ATTRIBUTE.offset, extent.offsetBytes, Number.MAX_SAFE_INTEGER)
      writeUnsigned(extentElement, ATTRIBUTE.length, extent.lengthBytes, Number.MAX_SAFE_INTEGER)
    }
    for (const { original, target } of snapshot.luns) {
      const mapping = addChild(child, ELEMENT.lunMapping)
      writeLunInformation(addChild(mapping, ELEMENT.originalLun), original)
      if (target) writeLunInformation(addChild(mapping, ELEMENT.targetLun), target)
    }
  }
}
