/** One line of a restore: files of the backup, and where they go. */
import type { DirectedTarget } from '../document/component-items.ts'
import { VssError } from '../errors.ts'
import type { BackupEntry, EntryKind } from './backup-entry.ts'
import { type Location, splitFile } from './location.ts'

/**
 * - `original`: to where they were.
 * - `mapping`: by an alternate location mapping of the writer; tell it with addAlternativeLocationMapping.
 * - `newTarget`: to where the requester wants them.
 * - `directed`: byte ranges into ranges of another file, by the writer; see {@link RestoreEntry.directedTarget}.
 */
export type RestoreReason = 'original' | 'mapping' | 'newTarget' | 'directed'

export class RestoreEntry {
  /** As in the file list of the backup. */
  readonly kind: EntryKind
  readonly reason: RestoreReason
  /** To be put into place when the system starts, before anything opens the files. */
  readonly atReboot: boolean
  readonly filespec: string
  readonly recursive: boolean
  /** Of a partial file: only these ranges of the file are written; see `parseRanges` and `rangesFileOf`. */
  readonly ranges: string | null
  readonly metadata: string | null
  /** Set exactly if the reason is `directed`: ranges as they are in the document, see `pairRanges`. */
  readonly directedTarget: DirectedTarget | null
  readonly #entry: BackupEntry
  readonly #from: Location
  readonly #to: Location

  /** @internal Made by a restore plan. */
  constructor(
    entry: BackupEntry,
    to: Location,
    how: { reason: RestoreReason; atReboot?: boolean; directedTarget?: DirectedTarget; from?: Location },
  ) {
    this.kind = entry.kind
    this.reason = how.reason
    this.atReboot = how.atReboot ?? false
    this.filespec = how.directedTarget?.sourceFilespec ?? entry.filespec
    this.recursive = how.directedTarget === undefined && entry.recursive
    this.ranges = entry.ranges
    this.metadata = entry.metadata
    this.directedTarget = how.directedTarget ?? null
    this.#entry = entry
    this.#from = how.from ?? entry.location
    this.#to = to
  }

  /** The line of the backup's file list that these files came by. */
  get backupEntry(): BackupEntry {
    return this.#entry
  }

  /** The directory that the files were in. */
  get path(): string {
    return this.#from.path
  }

  /** The directory to restore to. */
  get destination(): string {
    return this.#to.path
  }

  /** Whether a file of the backup is restored by this entry. @param path - its normal path */
  includes(path: string): boolean {
    if (this.directedTarget === null) return this.#entry.includes(path)
    const { directory, name } = splitFile(path)
    return directory.key === this.#from.key && directory.fold(name) === directory.fold(this.filespec)
  }

  /**
   * Where a file of the backup goes.
   *
   * @param path - its normal path
   * @throws VssError `E_INVALIDARG` for a path that is not in the directory of the entry, or not below that of a
   *   recursive one
   */
  destinationOf(path: string): string {
    const { directory, name } = splitFile(path)
    if (!directory.isAtOrBelow(this.#from) || (!this.recursive && directory.key !== this.#from.key)) {
      throw new VssError('E_INVALIDARG', `${path} is no file of ${this.path}`, { culprit: 'path' })
    }
    if (this.directedTarget !== null) return this.#to.pathOf(this.directedTarget.destinationFilespec)
    return this.#from.rebase(directory, this.#to).pathOf(name)
  }
}
