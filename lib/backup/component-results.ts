/**
 * What became of the files, by the components that requester and writers speak of: one file that fails makes the
 * whole set fail (R128, R143).
 */
import { VSS_FILE_RESTORE_STATUS } from '../enums.ts'
import { componentSets, fullPathOf, type KnownComponent } from './component-sets.ts'
import type { WriterToBackUp } from './writer-entries.ts'

/** Of one explicitly included component and all that came along with it. */
export interface ComponentResult {
  readonly defining: KnownComponent
  /** For setBackupSucceeded. */
  readonly succeeded: boolean
  /** For setFileRestoreStatus: all files, some of them, or none. */
  readonly status: VSS_FILE_RESTORE_STATUS
  readonly succeededCount: number
  readonly failedCount: number
}

/**
 * @example
 * ```ts
 * const results = new ComponentResults(writersOf(backup))
 * results.add(entry, true)
 * results.add(entry, false)
 * const [{ succeeded, status }] = results       // false, VSS_RS_FAILED
 * ```
 */
export class ComponentResults implements Iterable<ComponentResult> {
  readonly #counts: Map<string, { defining: KnownComponent; succeeded: number; failed: number }> = new Map()

  /**
   * @param writers - of which every explicit component gets a result, also one without files
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if the metadata of one lacks a component
   */
  constructor(writers: Iterable<WriterToBackUp> = []) {
    for (const { metadata, explicit } of writers) {
      for (const { defining } of componentSets(metadata, explicit)) this.#countsOf(defining)
    }
  }

  /**
   * Notes a file or a problem.
   *
   * @param of - the entry of the file, or whatever else names the defining component; data of no writer is not noted
   */
  add({ defining }: { readonly defining: KnownComponent | null }, succeeded: boolean): void {
    if (defining === null) return
    const counts = this.#countsOf(defining)
    if (succeeded) counts.succeeded++
    else counts.failed++
  }

  #countsOf(defining: KnownComponent): { succeeded: number; failed: number } {
    const key = `${defining.instanceId}\\${fullPathOf(defining)}`
    let counts = this.#counts.get(key)
    if (counts === undefined) {
      counts = { defining, succeeded: 0, failed: 0 }
      this.#counts.set(key, counts)
    }
    return counts
  }

  /** In the order of the writers, then in that in which they were first noted. */
  *[Symbol.iterator](): Generator<ComponentResult> {
    for (const { defining, succeeded, failed } of this.#counts.values()) {
      yield {
        defining,
        succeeded: failed === 0,
        status: statusOf(succeeded, failed),
        succeededCount: succeeded,
        failedCount: failed,
      }
    }
  }
}

/** A component without files has all of them. */
function statusOf(succeeded: number, failed: number): VSS_FILE_RESTORE_STATUS {
  if (failed === 0) return VSS_FILE_RESTORE_STATUS.VSS_RS_ALL
  return succeeded === 0 ? VSS_FILE_RESTORE_STATUS.VSS_RS_NONE : VSS_FILE_RESTORE_STATUS.VSS_RS_FAILED
}
