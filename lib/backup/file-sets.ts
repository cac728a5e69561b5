/** The file sets of a Writer Metadata Document, with their paths read. */
import type { WMFiledesc } from '../document/wm-component.ts'
import type { WriterMetadataDocument } from '../document/writer-metadata.ts'
import { VSS_BACKUP_TYPE } from '../enums.ts'
import type { TypeBits } from './backup-type.ts'
import type { ComponentSet, KnownComponent } from './component-sets.ts'
import type { Location } from './location.ts'
import type { LocationReader } from './location-reader.ts'
import { PatternIndex } from './pattern-index.ts'
import { Filespec } from './wildcard.ts'

/** Of a file group, of a database, or of the log of one. */
export type FileSetKind = 'files' | 'database' | 'log'

export interface FileSet {
  readonly kind: FileSetKind
  readonly component: KnownComponent
  readonly location: Location
  readonly filespec: Filespec
  readonly recursive: boolean
  /** The alternate path where there is one. */
  readonly sourceLocation: Location
  readonly mask: number
}

/**
 * What a log backup takes of file sets whose mask has the log bit, as most masks do because it is in the default:
 * log files only, or all of them.
 */
export type LogBackup = 'logFiles' | 'mask'

export function* fileSetsOf(component: KnownComponent, reader: LocationReader): Generator<FileSet> {
  const { metadata } = component
  const { fileCount, databases, logFiles } = metadata.getComponentInfo()
  for (let i = 0; i < fileCount; i++) yield readFileSet('files', component, metadata.getFile(i), reader)
  for (let i = 0; i < databases; i++) {
    yield readFileSet('database', component, metadata.getDatabaseFile(i), reader)
  }
  for (let i = 0; i < logFiles; i++) {
    yield readFileSet('log', component, metadata.getDatabaseLogFile(i), reader)
  }
}

/** Whether a backup of a type takes a file set (R40, R41). The mask decides, whatever was selected. */
export function isWanted(
  { kind, mask }: FileSet,
  backupType: VSS_BACKUP_TYPE,
  bits: TypeBits,
  logBackup: LogBackup,
): boolean {
  if ((mask & bits.backup) === 0) return false
  return kind === 'log' || logBackup === 'mask' || backupType !== VSS_BACKUP_TYPE.VSS_BT_LOG
}

/** Files that a writer wants in no backup, whatever is selected (R122, R129). */
export function excludedFiles(document: WriterMetadataDocument, reader: LocationReader): PatternIndex<true> {
  const excluded = new PatternIndex<true>()
  for (let i = 0; i < document.getFileCounts().excludeFiles; i++) {
    addTo(excluded, document.getExcludeFile(i), reader)
  }
  return excluded
}

/** Files that a writer takes out of the shadow copy, so that nobody finds them there. */
export function excludedFromSnapshot(
  document: WriterMetadataDocument,
  reader: LocationReader,
): PatternIndex<true> {
  const excluded = new PatternIndex<true>()
  for (let i = 0; i < document.getExcludeFromSnapshotCount(); i++) {
    addTo(excluded, document.getExcludeFromSnapshotFile(i), reader)
  }
  return excluded
}

function addTo(excluded: PatternIndex<true>, files: WMFiledesc, reader: LocationReader): void {
  const location = reader.anyDrive(files.getPath())
  excluded.add(location, new Filespec(files.getFilespec(), location), files.getRecursive(), true)
}

function readFileSet(
  kind: FileSetKind,
  component: KnownComponent,
  files: WMFiledesc,
  reader: LocationReader,
): FileSet {
  const location = reader.directory(files.getPath())
  const alternate = files.getAlternateLocation()
  return {
    kind,
    component,
    location,
    filespec: new Filespec(files.getFilespec(), location),
    recursive: files.getRecursive(),
    sourceLocation: alternate === null || alternate === '' ? location : reader.directory(alternate),
    mask: files.getBackupTypeMask(),
  }
}

/** Equal exactly if directory, specification and recursion are: what VSS means by a matching triple. */
export function tripleKey(location: Location, filespec: Filespec, recursive: boolean): string {
  return `${location.key}\0${filespec.pattern}\0${recursive}`
}

/** The file sets of a component set, for finding those that files named elsewhere belong to. */
export class FileSetIndex {
  readonly #byTriple: Map<string, FileSet> = new Map()
  readonly #byFile: PatternIndex<FileSet> = new PatternIndex()

  constructor(set: ComponentSet, reader: LocationReader) {
    let sequence = 0
    for (const member of set.members) {
      for (const fileSet of fileSetsOf(member, reader)) {
        const { location, filespec, recursive } = fileSet
        const key = tripleKey(location, filespec, recursive)
        if (this.#byTriple.has(key)) continue
        this.#byTriple.set(key, fileSet)
        this.#byFile.add(location, filespec, recursive, fileSet, sequence++)
      }
    }
  }

  /** The file set with exactly these three, else the first that holds a file of that name. */
  find(location: Location, filespec: Filespec, recursive: boolean): FileSet | undefined {
    return (
      this.#byTriple.get(tripleKey(location, filespec, recursive)) ??
      this.#byFile.find(location, filespec.text)
    )
  }
}
