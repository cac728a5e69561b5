/**
 * IVssWriterComponents and IVssComponent, as a writer sees them inside a handler: its components of
 * the Backup Components Document, with setters that are legal in some events only (reference 3.3, 3.4).
 *
 * The views work on records that belong to the event. What a handler changed goes back to the
 * requester with the reply; a view kept beyond its handler can still be read but not written.
 */
import {
  checkItem,
  DIFFERENCED_FILE,
  type DifferencedFile,
  PARTIAL_FILE,
  type PartialFile,
} from '../document/component-items.ts'
import { checkedText } from '../document/values.ts'
import type { VSS_COMPONENT_TYPE } from '../enums.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { ComponentData } from './component-data.ts'
import type { WriterEventType } from './events.ts'

/** What the views need to know about the handler they were handed to. */
export interface ComponentScope {
  readonly eventType: WriterEventType
  /** False once the handler has returned. */
  readonly running: boolean
  readonly partialFileSupport: boolean
}

/** Writers describe what they back up in these two events; from BackupComplete the document is read-only. */
const EDITING_EVENTS: readonly WriterEventType[] = ['PrepareForBackup', 'PostSnapshot']

export class WriterComponents {
  readonly #components: Component[]
  readonly #instanceId: Guid
  readonly #writerId: Guid

  constructor(writer: { instanceId: Guid; writerId: Guid }, records: ComponentData[], scope: ComponentScope) {
    this.#instanceId = writer.instanceId
    this.#writerId = writer.writerId
    this.#components = records.map((record) => new Component(record, scope))
  }

  /** Components the requester included explicitly; those below them have no entry of their own. */
  getComponentCount(): number {
    return this.#components.length
  }

  getWriterInfo(): { instanceId: Guid; writerId: Guid } {
    return { instanceId: this.#instanceId, writerId: this.#writerId }
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` for an index that is not there. */
  getComponent(index: number): Component {
    const component = this.#components[index]
    if (component === undefined) {
      throw new VssError(
        'VSS_E_OBJECT_NOT_FOUND',
        `there is no component ${index}; the writer has ${this.#components.length}`,
      )
    }
    return component
  }

  [Symbol.iterator](): Iterator<Component> {
    return this.#components[Symbol.iterator]()
  }
}

export class Component {
  readonly #record: ComponentData
  readonly #scope: ComponentScope

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

  /** True only if every file of the component set was backed up. Known from BackupComplete on. */
  getBackupSucceeded(): boolean {
    return this.#record.backupSucceeded ?? false
  }

  /** The requester's string for this component, or undefined if it set none. */
  getBackupOptions(): string | undefined {
    return this.#record.backupOptions
  }

  getPreviousBackupStamp(): string | undefined {
    return this.#record.previousBackupStamp
  }

  getBackupMetadata(): string | undefined {
    return this.#record.backupMetadata
  }

  /**
   * Keeps a string of the writer's own with the backup, for its restore.
   *
   * @throws VssError `E_INVALIDARG` for what is no text or has characters that XML cannot carry, as do the
   *   members below
   */
  setBackupMetadata(metadata: string): void {
    this.#edit('setBackupMetadata')
    this.#record.backupMetadata = checkedText(metadata, 'backupMetadata')
  }

  getBackupStamp(): string | undefined {
    return this.#record.backupStamp
  }

  /** When or where this backup stands, in the writer's own format; a later backup hands it back. */
  setBackupStamp(stamp: string): void {
    this.#edit('setBackupStamp')
    this.#record.backupStamp = checkedText(stamp, 'backupStamp')
  }

  /**
   * Names whole files for an incremental or differential backup.
   *
   * @param lastModifyTime - FILETIME, UTC. Zero leaves the decision to the requester; any other value binds it.
   */
  addDifferencedFilesByLastModifyTime(
    path: string,
    filespec: string,
    recursive: boolean,
    lastModifyTime: bigint,
  ): void {
    this.#edit('addDifferencedFilesByLastModifyTime')
    const file: DifferencedFile = { path, filespec, recursive, lastModifyTime, lsn: null }
    checkItem(DIFFERENCED_FILE, file)
    this.#record.differencedFiles.push(file)
  }

  getDifferencedFilesCount(): number {
    return this.#record.differencedFiles.length
  }

  getDifferencedFile(index: number): DifferencedFile {
    return { ...at(this.#record.differencedFiles, index, 'differenced file') }
  }

  /**
   * Has only ranges of a file backed up.
   *
   * @param ranges - `offset:length[, offset:length …]`, decimal or 0x-hexadecimal, or the path of a ranges file.
   * @throws VssError `VSS_E_BAD_STATE` if the requester said it does not support partial files.
   */
  addPartialFile(path: string, filespec: string, ranges: string, metadata: string): void {
    this.#edit('addPartialFile')
    if (!this.#scope.partialFileSupport) {
      throw new VssError('VSS_E_BAD_STATE', 'addPartialFile: the requester does not support partial files', {
        remedy: 'Ask isPartialFileSupportEnabled first.',
      })
    }
    const file: PartialFile = { path, filespec, ranges, metadata }
    checkItem(PARTIAL_FILE, file)
    this.#record.partialFiles.push(file)
  }

  getPartialFileCount(): number {
    return this.#record.partialFiles.length
  }

  getPartialFile(index: number): PartialFile {
    return { ...at(this.#record.partialFiles, index, 'partial file') }
  }

  #edit(member: string): void {
    if (!this.#scope.running) {
      throw new VssError('VSS_E_BAD_STATE', `${member} was called after its handler had returned`)
    }
    if (!EDITING_EVENTS.includes(this.#scope.eventType)) {
      throw new VssError(
        'VSS_E_BAD_STATE',
        `${member} is legal in ${EDITING_EVENTS.join(' and ')}, not in ${this.#scope.eventType}`,
      )
    }
  }
}

function at<T>(list: readonly T[], index: number, what: string): T {
  const item = list[index]
  if (item === undefined) {
    throw new VssError(
      'VSS_E_OBJECT_NOT_FOUND',
      `there is no ${what} ${index}; the component has ${list.length}`,
    )
  }
  return item
}
