/**
 * RecoverySet: which shadow copies of the loaded document are to go back into which volumes, until recoverSet.
 */
import type { RecoveryPair } from '../coordinator/lun-restores.ts'
import type { TransportableSet } from '../document/transportable-set.ts'
import { VssError } from '../errors.ts'
import { bracedGuid, type Guid } from '../ids.ts'

export class RecoverySet {
  readonly #pairs: Map<Guid, RecoveryPair> = new Map()

  get pairs(): RecoveryPair[] {
    return [...this.#pairs.values()]
  }

  /** @throws VssError `VSS_E_SNAPSHOT_NOT_IN_SET`, `VSS_E_OBJECT_ALREADY_EXISTS` */
  add(described: TransportableSet | null, snapshotId: Guid, destinationVolume: string | null): void {
    const snapshot = described?.snapshots.find((known) => known.snapshotId === snapshotId)
    if (snapshot === undefined) {
      const what = described === null ? 'describes no shadow copies' : 'does not describe it'
      throw new VssError(
        'VSS_E_SNAPSHOT_NOT_IN_SET',
        `shadow copy ${bracedGuid(snapshotId)}: the document ${what}`,
      )
    }
    if (this.#pairs.has(snapshotId)) {
      throw new VssError(
        'VSS_E_OBJECT_ALREADY_EXISTS',
        `shadow copy ${bracedGuid(snapshotId)} is in the recovery set already`,
      )
    }
    this.#pairs.set(snapshotId, { snapshot, destinationVolume })
  }

  clear(): void {
    this.#pairs.clear()
  }
}
