/**
 * The file list of a backup (reference 2.3.4): which files of which components are copied, and from where. What every
 * backup program works out between DoSnapshotSet and BackupComplete.
 */
import type { AsyncOptions } from '../cancellation.ts'
import type { MountPoint } from '../coordinator/host.ts'
import type { WriterMetadataDocument } from '../document/writer-metadata.ts'
import { DEFAULT_FILE_SPEC_BACKUP_TYPE, type VSS_BACKUP_TYPE } from '../enums.ts'
import type { VssError } from '../errors.ts'
import { BackupEntry } from './backup-entry.ts'
import { bitsOf } from './backup-type.ts'
import { excludedFiles, excludedFromSnapshot, type LogBackup } from './file-sets.ts'
import { type FilesNotToBackup, indexFilesNotToBackup } from './files-not-to-backup.ts'
import { type FoundItem, findFiles, type LinkPolicy } from './find-files.ts'
import { LocationReader } from './location-reader.ts'
import { PatternIndex } from './pattern-index.ts'
import { type PlacedEntry, Placement, type VolumeCopy } from './placement.ts'
import type { Environment } from './variables.ts'
import { VolumeMap, volumeKey } from './volume-map.ts'
import { Filespec } from './wildcard.ts'
import { entriesOfWriter, type ListRules, type WriterToBackUp } from './writer-entries.ts'

/** Data of no writer, to be backed up as it was at the instant (R134). */
export interface OtherFiles {
  readonly path: string
  readonly filespec: string
  readonly recursive: boolean
}

export interface BackupFileListOptions {
  /** As given to setBackupState. A writer that does not offer it is backed up in full (R148). */
  backupType: VSS_BACKUP_TYPE
  /** For variables in paths. @defaultValue `process.env` */
  environment?: Environment
  /** Of the host that is backed up, for example `service.host.mounts.list()`. @defaultValue none */
  mounts?: readonly MountPoint[]
  /** The shadow copies, see `copiesOf`. Without this option the volumes themselves are read. */
  copies?: readonly VolumeCopy[]
  /** Listed after the writers' files; a file of a component that is in here too is listed twice. @defaultValue none */
  others?: readonly OtherFiles[]
  /** @defaultValue none */
  filesNotToBackup?: FilesNotToBackup
  /** FILETIME of the last full backup, for incremental and differential ones. @defaultValue never */
  lastFullBackupTime?: bigint
  /** FILETIME of the last incremental backup, if it came after the full one. @defaultValue never */
  lastIncrementalBackupTime?: bigint
  /**
   * What a log backup takes of file sets whose mask has the log bit: the log files of databases, or whatever has it.
   * The default mask has it, so `mask` takes the data of most writers too. @defaultValue `'logFiles'`
   */
  logBackup?: LogBackup
  /**
   * Whether writers have deleted from the copies what they exclude from them: true unless the set was made with
   * NO_AUTORECOVERY (R191). @defaultValue true
   */
  excludeFromSnapshot?: boolean
  /** Told of contradictions in what writers ask for; the list goes on as the reference says. */
  onWriterError?: (error: VssError) => void
}

/** A volume that files of the list lie on. */
export interface AffectedVolume {
  /** `null` stands for paths that the mount table knows no volume of. */
  readonly volumeName: string | null
  /** Whether a file on it has to be read from a shadow copy. If none has, on any volume, no set is needed (R42). */
  readonly snapshotRequired: boolean
}

export interface FindFilesOptions extends AsyncOptions {
  /** Only of this volume. */
  volumeName?: string
  /** What becomes of symbolic links, see {@link LinkPolicy}. @defaultValue `'follow'` */
  links?: LinkPolicy
}

/**
 * A file list. Nothing is kept of it: every iteration works it out anew, writer by writer, so its length costs time
 * and no memory, and a list over documents that are loaded when they are reached needs room for one of them.
 *
 * Iterating gives entries, from the documents alone: names with wildcards, each with its directory. {@link placed}
 * says where each is read, {@link files} reads the directories and gives the files. For a writer that takes a file
 * in two ways the order is: differenced, partial, then what the backup type says.
 *
 * Exclusions of a writer count for all of its components, and those of all writers for `others`.
 *
 * @example
 * ```ts
 * const writers = writersOf(backup)
 * const list = new BackupFileList(writers, {
 *   backupType: VSS_BACKUP_TYPE.VSS_BT_FULL,
 *   mounts: service.host.mounts.list(),
 *   copies: [{ volumeName: data.name, root: '/mnt/data-copy' }],
 * })
 * const results = new ComponentResults(writers)
 * for await (const item of list.files({ signal })) {
 *   if (item.type === 'problem') results.add(item.entry, false)
 *   if (item.type === 'file') results.add(item.entry, await copyAway(item.source, item.path))
 * }
 * for (const { defining: { instanceId, writerId, componentType, logicalPath, componentName }, succeeded } of results) {
 *   backup.setBackupSucceeded(instanceId, writerId, componentType, logicalPath, componentName, succeeded)
 * }
 * ```
 */
export class BackupFileList implements Iterable<BackupEntry> {
  readonly #writers: Iterable<WriterToBackUp>
  readonly #options: BackupFileListOptions
  readonly #reader: LocationReader
  readonly #placement: Placement

  /**
   * @param writers - see `writersOf`; gone through once for each iteration, and once more if there are files not to
   *   back up, so more than an iterator
   * @throws VssError `E_INVALIDARG` for a backup type that says nothing, or a mount path or root that is not absolute
   */
  constructor(writers: Iterable<WriterToBackUp>, options: BackupFileListOptions) {
    bitsOf(options.backupType)
    this.#writers = writers
    this.#options = { ...options }
    this.#reader = new LocationReader(options.environment ?? process.env)
    this.#placement = new Placement(new VolumeMap(options.mounts ?? []), options.copies)
  }

  /**
   * The entries, from the documents alone.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` for a variable without a value, or a component that is not in its
   *   writer's metadata; `E_INVALIDARG` for a path that is not absolute
   */
  *[Symbol.iterator](): Generator<BackupEntry> {
    const { others = [], onWriterError = () => undefined, ...options } = this.#options
    const rules: ListRules = {
      backupType: options.backupType,
      logBackup: options.logBackup ?? 'logFiles',
      lastFullBackupTime: options.lastFullBackupTime ?? null,
      lastIncrementalBackupTime: options.lastIncrementalBackupTime ?? null,
      excludeFromSnapshot: options.excludeFromSnapshot ?? true,
      reader: this.#reader,
      filesNotToBackup: this.#filesNotToBackup(),
      onWriterError,
    }
    const exclusions = [rules.filesNotToBackup]
    for (const writer of this.#writers) {
      yield* entriesOfWriter(writer, rules)
      if (others.length > 0) exclusions.push(...this.#exclusionsOf(writer.metadata, rules))
    }
    for (const files of others) {
      const entry = this.#other(files, exclusions)
      if (entry !== undefined) yield entry
    }
  }

  /** The entries with where to read them, part by part; those with a problem too. */
  *placed(): Generator<PlacedEntry> {
    for (const entry of this) {
      if (entry.recursive) yield* this.#placement.partsOf(entry)
      else yield this.#placement.partOf(entry)
    }
  }

  /** Those of {@link placed} on one volume: a list for each volume, one after the other. */
  *onVolume(volumeName: string | null): Generator<PlacedEntry> {
    const wanted = volumeName === null ? null : volumeKey(volumeName)
    for (const part of this.placed()) {
      if ((part.volumeName === null ? null : volumeKey(part.volumeName)) === wanted) yield part
    }
  }

  /** The volumes that belong into the snapshot set, in the order of their first files (R18). Needs no copies. */
  volumes(): AffectedVolume[] {
    const found = new Map<string, { volumeName: string | null; snapshotRequired: boolean }>()
    for (const { volumeName, entry } of this.placed()) {
      const key = volumeName === null ? '' : volumeKey(volumeName)
      const volume = found.get(key)
      if (volume === undefined) found.set(key, { volumeName, snapshotRequired: entry.snapshotRequired })
      else volume.snapshotRequired ||= entry.snapshotRequired
    }
    return [...found.values()]
  }

  /**
   * The files themselves, found on the copies now (R123), as a stream that takes memory for one directory at a time.
   * What cannot be read is an item of type `problem`, and the stream goes on.
   *
   * @throws VssError as iterating does, and `VSS_S_ASYNC_CANCELLED`
   */
  files(options: FindFilesOptions = {}): AsyncGenerator<FoundItem, void, undefined> {
    const { volumeName, links = 'follow', signal } = options
    const parts = volumeName === undefined ? this.placed() : this.onVolume(volumeName)
    return findFiles(parts, { placement: this.#placement, links, signal })
  }

  #filesNotToBackup(): PatternIndex<true> {
    const { filesNotToBackup } = this.#options
    if (filesNotToBackup === undefined) return new PatternIndex()
    const present: string[] = []
    for (const { metadata } of this.#writers) present.push(metadata.getIdentity().writerName)
    return indexFilesNotToBackup(filesNotToBackup, present, this.#reader.variables)
  }

  *#exclusionsOf(metadata: WriterMetadataDocument, rules: ListRules): Generator<PatternIndex<true>> {
    yield excludedFiles(metadata, this.#reader)
    if (rules.excludeFromSnapshot) yield excludedFromSnapshot(metadata, this.#reader)
  }

  #other(
    { path, filespec: text, recursive }: OtherFiles,
    exclusions: readonly PatternIndex<true>[],
  ): BackupEntry | undefined {
    const location = this.#reader.directory(path)
    const filespec = new Filespec(text, location)
    if (exclusions.some((excluded) => excluded.coversAll(location, filespec, recursive))) return undefined
    return new BackupEntry(
      {
        ...{ kind: 'other', fileSet: null, component: null, defining: null, location, filespec, recursive },
        ...{
          sourceLocation: location,
          backupTypeMask: DEFAULT_FILE_SPEC_BACKUP_TYPE,
          snapshotRequired: true,
        },
      },
      { exclusions, claims: new PatternIndex() },
      0,
    )
  }
}
