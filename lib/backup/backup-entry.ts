/**
 * One line of a file list: files of a specification in a directory, with where to read them and what of them does
 * not belong to it.
 */
import { VSS_FILE_SPEC_BACKUP_TYPE } from '../enums.ts'
import type { KnownComponent } from './component-sets.ts'
import type { FileSet } from './file-sets.ts'
import { type Location, splitFile } from './location.ts'
import type { PatternIndex } from './pattern-index.ts'
import type { Filespec } from './wildcard.ts'

/**
 * - `files`, `database`, `log`: a file set of a file group, of a database, or of its log.
 * - `differenced`: named by the writer for this incremental or differential backup.
 * - `partial`: only {@link BackupEntry.ranges} of the file.
 * - `ranges`: the ranges file that a partial file names.
 * - `other`: data of no writer.
 */
export type EntryKind = 'differenced' | 'partial' | 'ranges' | 'files' | 'database' | 'log' | 'other'

/** @internal What an entry is made of. */
export interface EntryFacts {
  readonly kind: EntryKind
  readonly fileSet: FileSet | null
  readonly component: KnownComponent | null
  readonly defining: KnownComponent | null
  readonly location: Location
  readonly filespec: Filespec
  readonly recursive: boolean
  readonly sourceLocation: Location
  readonly backupTypeMask: number
  readonly snapshotRequired: boolean
  readonly modifiedAfter?: bigint | null
  readonly ranges?: string
  readonly metadata?: string | null
}

/** A file set of differenced or partial files stands in for what the masks say; any other only comes first. */
export type Claim = 'superseded' | 'listed'

/** What the entries of one list have in common: what they leave to others. */
export interface EntryLimits {
  /** Files that are not backed up at all. */
  readonly exclusions: readonly PatternIndex<true>[]
  /** File sets by the number of the entry that takes them. */
  readonly claims: PatternIndex<Claim>
}

export class BackupEntry {
  readonly #facts: EntryFacts
  readonly #limits: EntryLimits
  /** Its number among the claims. */
  readonly #sequence: number

  /** @internal Made by a file list. */
  constructor(facts: EntryFacts, limits: EntryLimits, sequence: number) {
    this.#facts = facts
    this.#limits = limits
    this.#sequence = sequence
  }

  get kind(): EntryKind {
    return this.#facts.kind
  }

  /** Of which the files are; `null` for data of no writer. */
  get component(): KnownComponent | null {
    return this.#facts.component
  }

  /** The explicitly included component that stands for {@link component} in the Backup Components Document. */
  get defining(): KnownComponent | null {
    return this.#facts.defining
  }

  /** With wildcards, unless it is the name of a file. */
  get filespec(): string {
    return this.#facts.filespec.text
  }

  /** Whether directories below are meant too. */
  get recursive(): boolean {
    return this.#facts.recursive
  }

  /** Mask of VSS_FILE_SPEC_BACKUP_TYPE, as the writer gave it. */
  get backupTypeMask(): number {
    return this.#facts.backupTypeMask
  }

  /** Whether the files have to be read from a shadow copy; if not, they may be. */
  get snapshotRequired(): boolean {
    return this.#facts.snapshotRequired
  }

  /** FILETIME; only files that were modified later are meant. The requester's own choice (R150). */
  get modifiedAfter(): bigint | null {
    return this.#facts.modifiedAfter ?? null
  }

  /** Of a partial file: `offset:length, …` or a ranges file; see `parseRanges` and `rangesFileOf`. */
  get ranges(): string | null {
    return this.#facts.ranges ?? null
  }

  /** Of a partial file: what the writer wants back with it. */
  get metadata(): string | null {
    return this.#facts.metadata ?? null
  }

  /** @internal That the files belong to, also where a writer has named them in another way. */
  get fileSet(): FileSet | null {
    return this.#facts.fileSet
  }

  /** @internal */
  get location(): Location {
    return this.#facts.location
  }

  /** @internal */
  get sourceLocation(): Location {
    return this.#facts.sourceLocation
  }

  /** @internal */
  get spec(): Filespec {
    return this.#facts.filespec
  }

  /** The directory of the files in everyday use, and after a restore; variables have their values. */
  get path(): string {
    return this.location.path
  }

  /** The directory to read the files from: the alternate path if the writer has put them there (R130). */
  get source(): string {
    return this.sourceLocation.path
  }

  /** The writer makes the file during the backup, after the instant of the shadow copy. */
  get createdDuringBackup(): boolean {
    return (this.backupTypeMask & VSS_FILE_SPEC_BACKUP_TYPE.VSS_FSBT_CREATED_DURING_BACKUP) !== 0
  }

  /** Whether {@link filespec} has no wildcards: then the file has to be there. */
  get isNamed(): boolean {
    return this.spec.isExact
  }

  /**
   * Whether a file is listed by this entry: it matches, is not excluded, and no earlier entry lists it. Exclusions
   * speak of normal paths, also where the files are read elsewhere.
   *
   * @param path - normal path of a file, in the form of {@link path}
   * @throws VssError `E_INVALIDARG` if it is not absolute
   */
  includes(path: string): boolean {
    const { directory, name } = splitFile(path)
    const isThere = this.recursive
      ? directory.isAtOrBelow(this.location)
      : directory.key === this.location.key && directory.isWindows === this.location.isWindows
    return isThere && this.spec.matches(directory.fold(name)) && this.takes(directory, name)
  }

  /**
   * Whether an earlier entry with wildcards lists the named file already. Then this one says no more than that the
   * file has to be there.
   */
  get isListedBefore(): boolean {
    return this.isNamed && !this.recursive && this.#isClaimed(this.location, this.filespec)
  }

  /** @internal {@link includes} for a file whose name and place match already. */
  takes(directory: Location, name: string): boolean {
    return (
      !this.#isClaimed(directory, name) &&
      !this.#limits.exclusions.some((excluded) => excluded.find(directory, name) !== undefined)
    )
  }

  #isClaimed(directory: Location, name: string): boolean {
    return this.#limits.claims.find(directory, name, this.#sequence) !== undefined
  }
}
