/**
 * The file list of one writer, worked out from its two documents (reference 2.3.4, 2.13).
 *
 * Order: component set by component set; in each, differenced files, then partial files, then what the masks leave
 * (R149). A file is listed by the first entry that names it.
 */
import type { DifferencedFile, PartialFile } from '../document/component-items.ts'
import type { WriterMetadataDocument } from '../document/writer-metadata.ts'
import { DEFAULT_FILE_SPEC_BACKUP_TYPE, VSS_BACKUP_TYPE } from '../enums.ts'
import { VssError } from '../errors.ts'
import { BackupEntry, type Claim, type EntryFacts, type EntryLimits } from './backup-entry.ts'
import { bitsOf, effectiveBackupType, type TypeBits } from './backup-type.ts'
import { type ComponentSet, componentSets, fullPathOf } from './component-sets.ts'
import {
  excludedFiles,
  excludedFromSnapshot,
  type FileSet,
  FileSetIndex,
  fileSetsOf,
  isWanted,
  type LogBackup,
} from './file-sets.ts'
import type { Location } from './location.ts'
import type { LocationReader } from './location-reader.ts'
import { PatternIndex } from './pattern-index.ts'
import { rangesFileOf } from './ranges.ts'
import { Filespec } from './wildcard.ts'

/** An explicitly included component; a `ComponentRecord` of a Backup Components Document is one. */
export interface ExplicitComponent {
  readonly logicalPath: string | null
  readonly componentName: string
  readonly differencedFiles?: readonly DifferencedFile[]
  readonly partialFiles?: readonly PartialFile[]
}

/** A writer with the components of it that are to be backed up. */
export interface WriterToBackUp {
  readonly metadata: WriterMetadataDocument
  readonly explicit: readonly ExplicitComponent[]
}

/** What holds for every writer of a list. */
export interface ListRules {
  readonly backupType: VSS_BACKUP_TYPE
  readonly logBackup: LogBackup
  readonly lastFullBackupTime: bigint | null
  readonly lastIncrementalBackupTime: bigint | null
  readonly excludeFromSnapshot: boolean
  readonly reader: LocationReader
  readonly filesNotToBackup: PatternIndex<true>
  readonly onWriterError: (error: VssError) => void
}

/** A component set with what the Backup Components Document says of it and what is listed for it. */
export interface ListedSet<Record extends ExplicitComponent> {
  readonly set: ComponentSet
  readonly record: Record
  /** To be gone through once, before the next set is. */
  readonly entries: Iterable<BackupEntry>
}

/** @throws VssError `VSS_E_OBJECT_NOT_FOUND` if the metadata lacks a component, and for what paths hold */
export function* setsOfWriter<Record extends ExplicitComponent>(
  { metadata, explicit }: { readonly metadata: WriterMetadataDocument; readonly explicit: readonly Record[] },
  rules: ListRules,
): Generator<ListedSet<Record>> {
  const list = new WriterList(metadata, rules)
  const records = new Map(explicit.map((record) => [fullPathOf(record), record]))
  for (const set of componentSets(metadata, explicit)) {
    const record = records.get(fullPathOf(set.defining)) as Record
    yield { set, record, entries: list.entriesOf(set, record) }
  }
}

/** All entries of a writer. Throws like {@link setsOfWriter}. */
export function* entriesOfWriter(writer: WriterToBackUp, rules: ListRules): Generator<BackupEntry> {
  for (const { entries } of setsOfWriter(writer, rules)) yield* entries
}

/** Entries of one list share its exclusions and know what earlier entries take. */
class WriterList {
  readonly #rules: ListRules
  readonly #type: VSS_BACKUP_TYPE
  readonly #bits: TypeBits
  readonly #limits: EntryLimits
  /** For what is read from a copy. */
  readonly #copyLimits: EntryLimits
  readonly #claims: PatternIndex<Claim> = new PatternIndex()
  #sequence = 0

  constructor(document: WriterMetadataDocument, rules: ListRules) {
    this.#rules = rules
    this.#type = effectiveBackupType(document, rules.backupType)
    this.#bits = bitsOf(this.#type)
    const exclusions = [excludedFiles(document, rules.reader), rules.filesNotToBackup]
    this.#limits = { exclusions, claims: this.#claims }
    this.#copyLimits = rules.excludeFromSnapshot
      ? { ...this.#limits, exclusions: [...exclusions, excludedFromSnapshot(document, rules.reader)] }
      : this.#limits
  }

  *entriesOf(set: ComponentSet, record: ExplicitComponent): Generator<BackupEntry> {
    const { differencedFiles = [], partialFiles = [] } = record
    if (differencedFiles.length + partialFiles.length > 0) {
      const known = new FileSetIndex(set, this.#rules.reader)
      const differenced = new PatternIndex<true>()
      for (const file of differencedFiles) yield* this.#differenced(file, set, known, differenced)
      // One number for all of them: several ranges of one file may come one by one.
      this.#sequence++
      const rangesFiles = new Set<string>()
      for (const file of partialFiles) yield* this.#partial(file, set, known, differenced, rangesFiles)
    }
    for (const member of set.members) {
      for (const fileSet of fileSetsOf(member, this.#rules.reader)) {
        if (!isWanted(fileSet, this.#type, this.#bits, this.#rules.logBackup)) continue
        const entry = this.#ordinary(fileSet, set)
        if (entry !== undefined) yield entry
      }
    }
  }

  *#differenced(
    file: DifferencedFile,
    set: ComponentSet,
    known: FileSetIndex,
    differenced: PatternIndex<true>,
  ): Generator<BackupEntry> {
    const location = this.#rules.reader.directory(file.path)
    const filespec = new Filespec(file.filespec, location)
    const { recursive, lastModifyTime } = file
    if (differenced.has(location, filespec, recursive)) return
    const since = this.#since()
    const isNew = lastModifyTime === 0n || since === null || lastModifyTime > since
    this.#sequence++
    const entry = this.#entry({
      ...this.#factsOf(known.find(location, filespec, recursive), set, location),
      kind: 'differenced',
      location,
      filespec,
      recursive,
      modifiedAfter: lastModifyTime === 0n ? since : null,
    })
    // One that is too old to be copied stands in for its file set all the same (R150).
    differenced.add(location, filespec, recursive, true)
    this.#claims.add(location, filespec, recursive, 'superseded', this.#sequence)
    if (isNew && entry !== undefined) yield entry
  }

  *#partial(
    file: PartialFile,
    set: ComponentSet,
    known: FileSetIndex,
    differenced: PatternIndex<true>,
    rangesFiles: Set<string>,
  ): Generator<BackupEntry> {
    const location = this.#rules.reader.directory(file.path)
    const filespec = new Filespec(file.filespec, location)
    if (differenced.find(location, file.filespec) !== undefined) {
      this.#rules.onWriterError(inBothLists(location.pathOf(file.filespec), set.defining.writerName))
      return
    }
    const entry = this.#entry({
      ...this.#factsOf(known.find(location, filespec, false), set, location),
      kind: 'partial',
      location,
      filespec,
      recursive: false,
      ranges: file.ranges,
      metadata: file.metadata,
    })
    this.#claims.add(location, filespec, false, 'superseded', this.#sequence)
    if (entry === undefined) return
    yield entry
    const rangesFile = rangesFileOf(file.ranges)
    if (rangesFile !== null) yield* this.#rangesFile(rangesFile, set, rangesFiles)
  }

  /** Without it a partial file is worth nothing (R152), so no exclusion keeps it out. */
  *#rangesFile(path: string, set: ComponentSet, listed: Set<string>): Generator<BackupEntry> {
    const { directory, name } = this.#rules.reader.file(path)
    const { key } = directory.child(name)
    if (listed.has(key)) return
    listed.add(key)
    yield new BackupEntry(
      {
        ...this.#factsOf(undefined, set, directory),
        kind: 'ranges',
        location: directory,
        filespec: new Filespec(name, directory),
        recursive: false,
      },
      { exclusions: [], claims: new PatternIndex() },
      0,
    )
  }

  /** Undefined if it is listed already, or excluded. */
  #ordinary(fileSet: FileSet, set: ComponentSet): BackupEntry | undefined {
    const { location, filespec, recursive } = fileSet
    if (this.#claims.has(location, filespec, recursive)) return undefined
    const isNamed = filespec.isExact && !recursive
    if (isNamed && this.#claims.find(location, filespec.text) === 'superseded') return undefined
    this.#sequence++
    this.#claims.add(location, filespec, recursive, 'listed', this.#sequence)
    return this.#entry({
      kind: fileSet.kind,
      fileSet,
      component: fileSet.component,
      defining: set.defining,
      location,
      filespec,
      recursive,
      sourceLocation: fileSet.sourceLocation,
      backupTypeMask: fileSet.mask,
      snapshotRequired: (fileSet.mask & this.#bits.snapshot) !== 0,
    })
  }

  /** Undefined if all that it could name is excluded. */
  #entry(facts: EntryFacts): BackupEntry | undefined {
    const limits = facts.snapshotRequired ? this.#copyLimits : this.#limits
    const { location, filespec, recursive } = facts
    for (const excluded of limits.exclusions) {
      if (excluded.coversAll(location, filespec, recursive)) return undefined
    }
    return new BackupEntry(facts, limits, this.#sequence)
  }

  /** What an entry in a directory has from the file set it belongs to; a new one belongs to the defining component. */
  #factsOf(
    fileSet: FileSet | undefined,
    set: ComponentSet,
    location: Location,
  ): Omit<EntryFacts, 'kind' | 'location' | 'filespec' | 'recursive'> {
    const mask = fileSet?.mask ?? DEFAULT_FILE_SPEC_BACKUP_TYPE
    return {
      fileSet: fileSet ?? null,
      component: fileSet?.component ?? set.defining,
      defining: set.defining,
      sourceLocation:
        fileSet === undefined ? location : fileSet.location.rebase(location, fileSet.sourceLocation),
      backupTypeMask: mask,
      snapshotRequired: (mask & this.#bits.snapshot) !== 0,
    }
  }

  /** When the backup was made that this one builds on, as FILETIME; null for all of time. */
  #since(): bigint | null {
    const { lastFullBackupTime: full, lastIncrementalBackupTime: incremental } = this.#rules
    if (this.#type === VSS_BACKUP_TYPE.VSS_BT_DIFFERENTIAL) return full
    if (this.#type !== VSS_BACKUP_TYPE.VSS_BT_INCREMENTAL) return null
    return full !== null && (incremental === null || full > incremental) ? full : incremental
  }
}

function inBothLists(path: string, writerName: string): VssError {
  return new VssError('VSS_E_UNEXPECTED_WRITER_ERROR', `${path} is both a partial and a differenced file`, {
    culprit: writerName,
    remedy: 'The whole file is backed up; the writer should name it in one list only.',
  })
}
