/**
 * IVssComponent, IVssComponentEx and IVssComponentEx2: one component of the Backup Components Document as a writer
 * sees it inside a handler, with setters that are legal in some events only (reference 3.4).
 *
 * The view works on a record that belongs to the event. What a handler changed goes back to the requester with the
 * reply; a view kept beyond its handler can still be read but not written.
 */
import { checkRestoreTarget } from '../document/component-edits.ts'
import {
  checkItem,
  DIFFERENCED_FILE,
  DIRECTED_TARGET,
  type DifferencedFile,
  type DirectedTarget,
  PARTIAL_FILE,
  type PartialFile,
  type RelocatedFiles,
  type RestoreSubcomponent,
} from '../document/component-items.ts'
import { checkFileSet } from '../document/file-set.ts'
import { checkRangePair, parseRanges } from '../document/ranges.ts'
import { checkedText, checkedUnsigned } from '../document/values.ts'
import { itemAt, WMFiledesc } from '../document/wm-component.ts'
import {
  DEFAULT_FILE_SPEC_BACKUP_TYPE,
  type VSS_COMPONENT_TYPE,
  VSS_FILE_RESTORE_STATUS,
  VSS_RESTORE_TARGET,
  VSS_ROLLFORWARD_TYPE,
} from '../enums.ts'
import { type VssCode, VssError } from '../errors.ts'
import type { ComponentData, ComponentFailure } from './component-data.ts'
import { WRITER_FAILURE_CODES, type WriterEventType } from './events.ts'

/** What the view needs to know about the handler it was handed to. */
export interface ComponentScope {
  readonly eventType: WriterEventType
  /** False once the handler has returned. */
  readonly running: boolean
  readonly partialFileSupport: boolean
}

/** Writers describe what they back up in these two events; from BackupComplete the document is read-only. */
const BACKUP: readonly WriterEventType[] = ['PrepareForBackup', 'PostSnapshot']
const PRE_RESTORE: readonly WriterEventType[] = ['PreRestore']
const FAILABLE: readonly WriterEventType[] = [...BACKUP, 'PreRestore', 'PostRestore']
const FAILURE_CODES: readonly VssCode[] = ['S_OK', ...WRITER_FAILURE_CODES]

/**
 * A component the requester included explicitly, with everything requester and writer tell each other about it. What
 * is set here counts for the components below it too, which have no entry of their own (R48).
 *
 * Getters answer in every event, also before the value can be known: then with `undefined`, an empty list or the
 * documented default. Setters throw `VSS_E_BAD_STATE` outside their events and once the handler has returned, and
 * `E_INVALIDARG` for text that XML cannot carry. An index that is not there is `VSS_E_OBJECT_NOT_FOUND`.
 *
 * @example
 * ```ts
 * onPrepareBackup(components) {
 *   for (const component of components ?? []) {
 *     component.setBackupMetadata(JSON.stringify({ version: 3 }))
 *   }
 * }
 * ```
 */
export class Component {
  readonly #record: ComponentData
  readonly #scope: ComponentScope

  /** @internal */
  constructor(record: ComponentData, scope: ComponentScope) {
    this.#record = record
    this.#scope = scope
  }

  getLogicalPath(): string {
    return this.#record.logicalPath
  }

  getComponentType(): VSS_COMPONENT_TYPE {
    return this.#record.componentType
  }

  getComponentName(): string {
    return this.#record.componentName
  }

  // ---- backup ----

  /** True only if every file of the component set was backed up. Known from BackupComplete on. */
  getBackupSucceeded(): boolean {
    return this.#record.backupSucceeded ?? false
  }

  /** The requester's string for this component, or undefined if it set none. */
  getBackupOptions(): string | undefined {
    return this.#record.backupOptions
  }

  /** The stamp this component got in the backup the requester builds on. */
  getPreviousBackupStamp(): string | undefined {
    return this.#record.previousBackupStamp
  }

  getBackupMetadata(): string | undefined {
    return this.#record.backupMetadata
  }

  /** Keeps a string of the writer's own with the backup, for its restore. PrepareForBackup, PostSnapshot. */
  setBackupMetadata(metadata: string): void {
    this.#edit('setBackupMetadata', BACKUP)
    this.#record.backupMetadata = checkedText(metadata, 'backupMetadata')
  }

  getBackupStamp(): string | undefined {
    return this.#record.backupStamp
  }

  /**
   * When or where this backup stands, in the writer's own format; a later backup hands it back. In PostSnapshot, or in
   * PrepareForBackup where no shadow copy is made.
   */
  setBackupStamp(stamp: string): void {
    this.#edit('setBackupStamp', BACKUP)
    this.#record.backupStamp = checkedText(stamp, 'backupStamp')
  }

  /**
   * Names whole files for an incremental or differential backup. PrepareForBackup, PostSnapshot.
   *
   * @param lastModifyTime - FILETIME, UTC. Zero leaves the decision to the requester; any other value binds it.
   * @throws VssError `E_INVALIDARG` if path or specification are not as those of a file set
   */
  addDifferencedFilesByLastModifyTime(
    path: string,
    filespec: string,
    recursive: boolean,
    lastModifyTime: bigint,
  ): void {
    this.#edit('addDifferencedFilesByLastModifyTime', BACKUP)
    checkFileSet(path, filespec)
    const file: DifferencedFile = { path, filespec, recursive, lastModifyTime, lsn: null }
    checkItem(DIFFERENCED_FILE, file)
    this.#record.differencedFiles.push(file)
  }

  /**
   * VSS declares log sequence numbers and does not support them.
   *
   * @throws VssError `E_NOTIMPL`, always
   */
  addDifferencedFilesByLastModifyLSN(
    _path: string,
    _filespec: string,
    _recursive: boolean,
    _lsn: string,
  ): never {
    throw new VssError('E_NOTIMPL', 'VSS does not support differenced files by log sequence number', {
      remedy: 'Call addDifferencedFilesByLastModifyTime.',
    })
  }

  getDifferencedFilesCount(): number {
    return this.#record.differencedFiles.length
  }

  getDifferencedFile(index: number): DifferencedFile {
    return { ...itemAt(this.#record.differencedFiles, index, 'differenced file') }
  }

  /**
   * Has only ranges of a file backed up. PrepareForBackup, PostSnapshot.
   *
   * @param ranges - `offset:length[, offset:length …]`, decimal or 0x-hexadecimal, or the path of a ranges file.
   * @throws VssError `VSS_E_BAD_STATE` if the requester said it does not support partial files, `E_INVALIDARG` for
   *   ranges of another form
   */
  addPartialFile(path: string, filespec: string, ranges: string, metadata: string): void {
    this.#edit('addPartialFile', BACKUP)
    if (!this.#scope.partialFileSupport) {
      throw new VssError('VSS_E_BAD_STATE', 'addPartialFile: the requester does not support partial files', {
        remedy: 'Ask isPartialFileSupportEnabled first.',
      })
    }
    checkFileSet(path, filespec)
    parseRanges(ranges)
    const file: PartialFile = { path, filespec, ranges, metadata }
    checkItem(PARTIAL_FILE, file)
    this.#record.partialFiles.push(file)
  }

  getPartialFileCount(): number {
    return this.#record.partialFiles.length
  }

  getPartialFile(index: number): PartialFile {
    return { ...itemAt(this.#record.partialFiles, index, 'partial file') }
  }

  // ---- restore ----

  isSelectedForRestore(): boolean {
    return this.#record.selectedForRestore ?? false
  }

  /** Whether further restores of this component follow; then it must not be recovered yet (R143). */
  getAdditionalRestores(): boolean {
    return this.#record.additionalRestores ?? false
  }

  /** `["Subcomponent\path":]"Name"="Value"[, …]`; see {@link parseRestoreOptions}. */
  getRestoreOptions(): string | undefined {
    return this.#record.restoreOptions
  }

  /** Whether this component is to prevail over what other replicas hold. */
  getAuthoritativeRestore(): boolean {
    return this.#record.authoritativeRestore ?? false
  }

  /** How far logs are to be replayed; the point is in the writer's own format. */
  getRollForward(): { rollForwardType: VSS_ROLLFORWARD_TYPE; rollForwardPoint: string | undefined } {
    return {
      rollForwardType: this.#record.rollForwardType ?? VSS_ROLLFORWARD_TYPE.VSS_RF_UNDEFINED,
      rollForwardPoint: this.#record.rollForwardPoint,
    }
  }

  /** The name under which the component is to be restored; undefined for its own. */
  getRestoreName(): string | undefined {
    return this.#record.restoreName
  }

  /** Components below this one that are to be restored instead of all of it. */
  getRestoreSubcomponentCount(): number {
    return this.#record.restoreSubcomponents?.length ?? 0
  }

  getRestoreSubcomponent(index: number): RestoreSubcomponent {
    return { ...itemAt(this.#record.restoreSubcomponents ?? [], index, 'restore subcomponent') }
  }

  /** File sets the requester restores to a place of its own choice, which is their alternate location. */
  getNewTargetCount(): number {
    return this.#record.newTargets?.length ?? 0
  }

  getNewTarget(index: number): WMFiledesc {
    return filedesc(itemAt(this.#record.newTargets ?? [], index, 'new target'))
  }

  /** Alternate location mappings that the requester did go by. Known in PostRestore. */
  getAlternateLocationMappingCount(): number {
    return this.#record.alternateLocationMappings?.length ?? 0
  }

  getAlternateLocationMapping(index: number): WMFiledesc {
    return filedesc(itemAt(this.#record.alternateLocationMappings ?? [], index, 'alternate location mapping'))
  }

  /** How the restore of the files went. Known in PostRestore. */
  getFileRestoreStatus(): VSS_FILE_RESTORE_STATUS {
    return this.#record.fileRestoreStatus ?? VSS_FILE_RESTORE_STATUS.VSS_RS_UNDEFINED
  }

  getRestoreTarget(): VSS_RESTORE_TARGET {
    return this.#record.restoreTarget ?? VSS_RESTORE_TARGET.VSS_RT_ORIGINAL
  }

  /** Where the requester is to restore the component set to, instead of by the restore method. PreRestore. */
  setRestoreTarget(target: VSS_RESTORE_TARGET): void {
    this.#edit('setRestoreTarget', PRE_RESTORE)
    checkRestoreTarget(target)
    this.#record.restoreTarget = target
  }

  /**
   * Has parts of a file restored to parts of a file of another place. Needs the restore target VSS_RT_DIRECTED
   * besides. PreRestore.
   *
   * @throws VssError `E_INVALIDARG` for ranges of another form than those of partial files, and for lists of source
   *   and destination that do not have as many bytes
   */
  addDirectedTarget(
    sourcePath: string,
    sourceFilespec: string,
    sourceRanges: string,
    destinationPath: string,
    destinationFilespec: string,
    destinationRanges: string,
  ): void {
    this.#edit('addDirectedTarget', PRE_RESTORE)
    checkFileSet(sourcePath, sourceFilespec)
    checkFileSet(destinationPath, destinationFilespec)
    checkRangePair(sourceRanges, destinationRanges)
    const target: DirectedTarget = {
      ...{ sourcePath, sourceFilespec, sourceRanges },
      ...{ destinationPath, destinationFilespec, destinationRanges },
    }
    checkItem(DIRECTED_TARGET, target)
    this.#record.directedTargets ??= []
    this.#record.directedTargets.push(target)
  }

  getDirectedTargetCount(): number {
    return this.#record.directedTargets?.length ?? 0
  }

  getDirectedTarget(index: number): DirectedTarget {
    return { ...itemAt(this.#record.directedTargets ?? [], index, 'directed target') }
  }

  getRestoreMetadata(): string | undefined {
    return this.#record.restoreMetadata
  }

  /** Keeps a string of the writer's own from PreRestore for PostRestore. PreRestore. */
  setRestoreMetadata(metadata: string): void {
    this.#edit('setRestoreMetadata', PRE_RESTORE)
    this.#record.restoreMetadata = checkedText(metadata, 'restoreMetadata')
  }

  // ---- failures; each message is set in its own event and read in any ----

  getPrepareForBackupFailureMsg(): string | undefined {
    return this.#record.prepareForBackupFailureMsg
  }

  setPrepareForBackupFailureMsg(message: string): void {
    this.#edit('setPrepareForBackupFailureMsg', ['PrepareForBackup'])
    this.#record.prepareForBackupFailureMsg = checkedText(message, 'prepareForBackupFailureMsg')
  }

  getPostSnapshotFailureMsg(): string | undefined {
    return this.#record.postSnapshotFailureMsg
  }

  setPostSnapshotFailureMsg(message: string): void {
    this.#edit('setPostSnapshotFailureMsg', ['PostSnapshot'])
    this.#record.postSnapshotFailureMsg = checkedText(message, 'postSnapshotFailureMsg')
  }

  getPreRestoreFailureMsg(): string | undefined {
    return this.#record.preRestoreFailureMsg
  }

  setPreRestoreFailureMsg(message: string): void {
    this.#edit('setPreRestoreFailureMsg', PRE_RESTORE)
    this.#record.preRestoreFailureMsg = checkedText(message, 'preRestoreFailureMsg')
  }

  getPostRestoreFailureMsg(): string | undefined {
    return this.#record.postRestoreFailureMsg
  }

  setPostRestoreFailureMsg(message: string): void {
    this.#edit('setPostRestoreFailureMsg', ['PostRestore'])
    this.#record.postRestoreFailureMsg = checkedText(message, 'postRestoreFailureMsg')
  }

  /** What {@link Component.setFailure} said; `S_OK` where it said nothing. */
  getFailure(): ComponentFailure {
    return { ...(this.#record.failure ?? { code: 'S_OK', applicationHresult: 0, message: '' }) }
  }

  /**
   * Says that this component failed while others of the writer may not have; the writer as a whole then fails with
   * `VSS_E_WRITERERROR_PARTIAL_FAILURE`. PrepareForBackup, PostSnapshot, PreRestore and PostRestore.
   *
   * @param code - one of the codes of setWriterFailure, or `S_OK` to take an earlier failure back
   * @param applicationHresult - the application's own code, 0 to 0xFFFFFFFF
   */
  setFailure(code: ComponentFailure['code'], applicationHresult: number = 0, message: string = ''): void {
    this.#edit('setFailure', FAILABLE)
    if (!FAILURE_CODES.includes(code)) {
      throw new VssError('E_INVALIDARG', `setFailure does not take ${String(code)}`, {
        remedy: `Use one of ${FAILURE_CODES.join(', ')}.`,
      })
    }
    this.#record.failure = {
      code,
      applicationHresult: checkedUnsigned(applicationHresult, 'applicationHresult'),
      message: checkedText(message, 'message'),
    }
  }

  #edit(member: string, events: readonly WriterEventType[]): void {
    if (!this.#scope.running) {
      throw new VssError('VSS_E_BAD_STATE', `${member} was called after its handler had returned`)
    }
    if (!events.includes(this.#scope.eventType)) {
      throw new VssError(
        'VSS_E_BAD_STATE',
        `${member} is legal in ${events.join(', ')}, not in ${this.#scope.eventType}`,
      )
    }
  }
}

function filedesc({ path, filespec, recursive, alternatePath }: RelocatedFiles): WMFiledesc {
  return new WMFiledesc({
    ...{ path, filespec, recursive },
    alternateLocation: alternatePath,
    backupTypeMask: DEFAULT_FILE_SPEC_BACKUP_TYPE,
  })
}
