/**
 * The storage network between fake providers and a fake host: LUNs, and which of them a host can see.
 */
import type { VdsLunInformation } from '../../../lib/document/lun-information.ts'
import { GUID_NULL } from '../../../lib/ids.ts'

export interface FabricLun {
  id: number
  lun: VdsLunInformation
  unmasked: boolean
  readOnly: boolean
}

export class Fabric {
  readonly luns: Map<string, FabricLun> = new Map()
  #nextId = 1

  /** A new LUN with an NAA identifier of its own. */
  add(unmasked: boolean): FabricLun {
    const id = this.#nextId++
    const identifier = `600${id.toString(16).padStart(13, '0')}`
    const entry: FabricLun = { id, lun: lunInformation(id, identifier), unmasked, readOnly: false }
    this.luns.set(identifier, entry)
    return entry
  }

  find(lun: VdsLunInformation): FabricLun | undefined {
    const identifier = lun.deviceIdDescriptor.identifiers[0]?.identifier
    return identifier === undefined ? undefined : this.luns.get(identifier)
  }

  remove(lun: VdsLunInformation): void {
    const identifier = lun.deviceIdDescriptor.identifiers[0]?.identifier
    if (identifier !== undefined) this.luns.delete(identifier)
  }
}

export function lunInformation(id: number, identifier: string): VdsLunInformation {
  return {
    version: 1,
    deviceType: 0,
    deviceTypeModifier: 0,
    commandQueueing: true,
    busType: 1,
    vendorId: 'FAKE',
    productId: 'LUN',
    productRevision: '1',
    serialNumber: String(id),
    diskSignature: GUID_NULL,
    deviceIdDescriptor: { version: 1, identifiers: [{ codeSet: 1, type: 3, identifier }] },
    interconnects: [],
  }
}
