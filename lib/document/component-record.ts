/**
 * One COMPONENT of the Backup Components Document: everything requester and writer tell each other about an
 * explicitly included component (reference 3.4, 5.2).
 *
 * Plain storage. Who may set what during which event is decided by IVssComponent and IVssBackupComponents, which
 * stand in front of it.
 */

import type { VSS_COMPONENT_TYPE } from '../enums.ts'
import { VSS_FILE_RESTORE_STATUS, VSS_RESTORE_TARGET, VSS_ROLLFORWARD_TYPE } from '../enums.ts'
import type {
  ComponentFailureRecord,
  DifferencedFile,
  DirectedTarget,
  ItemFormat,
  PartialFile,
  RelocatedFiles,
  RestoreSubcomponent,
} from './component-items.ts'
import {
  COMPONENT_FAILURE,
  DIFFERENCED_FILE,
  DIRECTED_TARGET,
  PARTIAL_FILE,
  RELOCATED_FILES,
  RESTORE_SUBCOMPONENT,
} from './component-items.ts'
import {
  ATTRIBUTE,
  COMPONENT_TYPE,
  ELEMENT,
  FILE_RESTORE_STATUS,
  RESTORE_TARGET,
  ROLL_FORWARD_TYPE,
} from './names.ts'
import {
  readNamed,
  readString,
  readYesNo,
  requireString,
  writeNamed,
  writeString,
  writeYesNo,
} from './values.ts'
import { itemAt } from './wm-component.ts'
import type { Element } from './xml.ts'
import { addChild, childElements, optionalChild } from './xml.ts'

/** What {@link ComponentRecord.toPlain} answers: the properties without the members that change them. */
export type ComponentProperties = Omit<
  ComponentRecord,
  | 'addPartialFile'
  | 'setPartialFileRanges'
  | 'addDifferencedFile'
  | 'addAlternateLocationMapping'
  | 'addNewTarget'
  | 'addDirectedTarget'
  | 'addRestoreSubcomponent'
  | 'toPlain'
>

/**
 * Properties read and write the document at once; lists are live views that grow with `add…`, and their items are
 * frozen.
 *
 * Setters throw `E_INVALIDARG` for text that XML cannot carry and for values outside the enumeration. `null` stands
 * for "never set".
 */
export class ComponentRecord {
  readonly componentType: VSS_COMPONENT_TYPE
  readonly logicalPath: string | null
  readonly componentName: string
  readonly #element: Element
  readonly #partialFiles: PartialFile[]
  readonly #differencedFiles: DifferencedFile[]
  readonly #alternateLocationMappings: RelocatedFiles[]
  readonly #newTargets: RelocatedFiles[]
  readonly #directedTargets: DirectedTarget[]
  readonly #restoreSubcomponents: RestoreSubcomponent[]

  /**
   * @internal Made by its writer's list. Checks the whole element, so that no getter fails later.
   * @throws VssError `VSS_E_INVALID_XML_DOCUMENT`
   */
  constructor(element: Element) {
    this.#element = element
    this.componentType = readNamed(element, ATTRIBUTE.componentType, COMPONENT_TYPE)
    this.logicalPath = readString(element, ATTRIBUTE.logicalPath)
    this.componentName = requireString(element, ATTRIBUTE.componentName)
    this.#partialFiles = childElements(element, ELEMENT.partialFile).map(PARTIAL_FILE.read)
    this.#differencedFiles = childElements(element, ELEMENT.differencedFile).map(DIFFERENCED_FILE.read)
    this.#alternateLocationMappings = childElements(element, ELEMENT.alternateMapping).map(
      RELOCATED_FILES.read,
    )
    this.#newTargets = childElements(element, ELEMENT.newTarget).map(RELOCATED_FILES.read)
    this.#directedTargets = childElements(element, ELEMENT.directedTarget).map(DIRECTED_TARGET.read)
    this.#restoreSubcomponents = childElements(element, ELEMENT.restoreSubcomponent).map(
      RESTORE_SUBCOMPONENT.read,
    )
    this.toPlain()
  }

  // ---- backup ----

  /** True only if all explicit and implicit files of the component were saved. */
  get backupSucceeded(): boolean {
    return readYesNo(this.#element, ATTRIBUTE.backupSucceeded, false)
  }
  set backupSucceeded(value: boolean) {
    writeYesNo(this.#element, ATTRIBUTE.backupSucceeded, value)
  }

  /** The writer's own text for this backup, in its own format. */
  get backupMetadata(): string | null {
    return this.#childText(ELEMENT.backupMetadata)
  }
  set backupMetadata(value: string | null) {
    this.#setChildText(ELEMENT.backupMetadata, value)
  }

  get backupStamp(): string | null {
    return readString(this.#element, ATTRIBUTE.backupStamp)
  }
  set backupStamp(value: string | null) {
    writeString(this.#element, ATTRIBUTE.backupStamp, value)
  }

  /** The stamp of the backup this one builds on, set by the requester. */
  get previousBackupStamp(): string | null {
    return readString(this.#element, ATTRIBUTE.previousBackupStamp)
  }
  set previousBackupStamp(value: string | null) {
    writeString(this.#element, ATTRIBUTE.previousBackupStamp, value)
  }

  get backupOptions(): string | null {
    return readString(this.#element, ATTRIBUTE.backupOptions)
  }
  set backupOptions(value: string | null) {
    writeString(this.#element, ATTRIBUTE.backupOptions, value)
  }

  get prepareForBackupFailureMsg(): string | null {
    return readString(this.#element, ATTRIBUTE.prepareForBackupFailureMsg)
  }
  set prepareForBackupFailureMsg(value: string | null) {
    writeString(this.#element, ATTRIBUTE.prepareForBackupFailureMsg, value)
  }

  get postSnapshotFailureMsg(): string | null {
    return readString(this.#element, ATTRIBUTE.postSnapshotFailureMsg)
  }
  set postSnapshotFailureMsg(value: string | null) {
    writeString(this.#element, ATTRIBUTE.postSnapshotFailureMsg, value)
  }

  /** Why the writer could not do its part for this component; `null` where it did not say so. */
  get failure(): ComponentFailureRecord | null {
    const child = optionalChild(this.#element, ELEMENT.componentFailure)
    return child && COMPONENT_FAILURE.read(child)
  }
  set failure(value: ComponentFailureRecord | null) {
    const previous = optionalChild(this.#element, ELEMENT.componentFailure)
    if (value !== null) this.#add(ELEMENT.componentFailure, value, COMPONENT_FAILURE)
    if (previous) this.#element.removeChild(previous)
  }

  get partialFiles(): readonly PartialFile[] {
    return this.#partialFiles
  }
  addPartialFile(file: PartialFile): void {
    this.#partialFiles.push(this.#add(ELEMENT.partialFile, file, PARTIAL_FILE))
  }

  /**
   * Says that the ranges file of a partial file was restored elsewhere.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if there is no such partial file
   */
  setPartialFileRanges(index: number, ranges: string): void {
    const element = itemAt(childElements(this.#element, ELEMENT.partialFile), index, 'partial file')
    writeString(element, ATTRIBUTE.ranges, ranges)
    this.#partialFiles[index] = PARTIAL_FILE.read(element)
  }

  get differencedFiles(): readonly DifferencedFile[] {
    return this.#differencedFiles
  }
  addDifferencedFile(file: DifferencedFile): void {
    this.#differencedFiles.push(this.#add(ELEMENT.differencedFile, file, DIFFERENCED_FILE))
  }

  // ---- restore ----

  get restoreMetadata(): string | null {
    return this.#childText(ELEMENT.restoreMetadata)
  }
  set restoreMetadata(value: string | null) {
    this.#setChildText(ELEMENT.restoreMetadata, value)
  }

  get restoreOptions(): string | null {
    return readString(this.#element, ATTRIBUTE.restoreOptions)
  }
  set restoreOptions(value: string | null) {
    writeString(this.#element, ATTRIBUTE.restoreOptions, value)
  }

  /** Further restores follow, so the writer must not recover yet. */
  get additionalRestores(): boolean {
    return readYesNo(this.#element, ATTRIBUTE.additionalRestores, false)
  }
  set additionalRestores(value: boolean) {
    writeYesNo(this.#element, ATTRIBUTE.additionalRestores, value)
  }

  get selectedForRestore(): boolean {
    return readYesNo(this.#element, ATTRIBUTE.selectedForRestore, false)
  }
  set selectedForRestore(value: boolean) {
    writeYesNo(this.#element, ATTRIBUTE.selectedForRestore, value)
  }

  get restoreTarget(): VSS_RESTORE_TARGET {
    return readNamed(
      this.#element,
      ATTRIBUTE.restoreTarget,
      RESTORE_TARGET,
      VSS_RESTORE_TARGET.VSS_RT_ORIGINAL,
    )
  }
  set restoreTarget(value: VSS_RESTORE_TARGET) {
    writeNamed(this.#element, ATTRIBUTE.restoreTarget, RESTORE_TARGET, value)
  }

  get fileRestoreStatus(): VSS_FILE_RESTORE_STATUS {
    const absent = VSS_FILE_RESTORE_STATUS.VSS_RS_UNDEFINED
    return readNamed(this.#element, ATTRIBUTE.fileRestoreStatus, FILE_RESTORE_STATUS, absent)
  }
  set fileRestoreStatus(value: VSS_FILE_RESTORE_STATUS) {
    writeNamed(this.#element, ATTRIBUTE.fileRestoreStatus, FILE_RESTORE_STATUS, value)
  }

  get preRestoreFailureMsg(): string | null {
    return readString(this.#element, ATTRIBUTE.preRestoreFailureMsg)
  }
  set preRestoreFailureMsg(value: string | null) {
    writeString(this.#element, ATTRIBUTE.preRestoreFailureMsg, value)
  }

  get postRestoreFailureMsg(): string | null {
    return readString(this.#element, ATTRIBUTE.postRestoreFailureMsg)
  }
  set postRestoreFailureMsg(value: string | null) {
    writeString(this.#element, ATTRIBUTE.postRestoreFailureMsg, value)
  }

  get authoritativeRestore(): boolean {
    return readYesNo(this.#element, ATTRIBUTE.authoritativeRestore, false)
  }
  set authoritativeRestore(value: boolean) {
    writeYesNo(this.#element, ATTRIBUTE.authoritativeRestore, value)
  }

  get rollForwardType(): VSS_ROLLFORWARD_TYPE {
    const absent = VSS_ROLLFORWARD_TYPE.VSS_RF_UNDEFINED
    return readNamed(this.#element, ATTRIBUTE.rollForwardType, ROLL_FORWARD_TYPE, absent)
  }
  set rollForwardType(value: VSS_ROLLFORWARD_TYPE) {
    writeNamed(this.#element, ATTRIBUTE.rollForwardType, ROLL_FORWARD_TYPE, value)
  }

  /** In the writer's format; means something with a partial roll-forward. */
  get rollForwardPoint(): string | null {
    return readString(this.#element, ATTRIBUTE.rollForwardPoint)
  }
  set rollForwardPoint(value: string | null) {
    writeString(this.#element, ATTRIBUTE.rollForwardPoint, value)
  }

  get restoreName(): string | null {
    return readString(this.#element, ATTRIBUTE.restoreName)
  }
  set restoreName(value: string | null) {
    writeString(this.#element, ATTRIBUTE.restoreName, value)
  }

  /** The alternate location mappings the requester really used. */
  get alternateLocationMappings(): readonly RelocatedFiles[] {
    return this.#alternateLocationMappings
  }
  addAlternateLocationMapping(files: RelocatedFiles): void {
    this.#alternateLocationMappings.push(this.#add(ELEMENT.alternateMapping, files, RELOCATED_FILES))
  }

  /** Places the requester chose against the writer's own. */
  get newTargets(): readonly RelocatedFiles[] {
    return this.#newTargets
  }
  addNewTarget(files: RelocatedFiles): void {
    this.#newTargets.push(this.#add(ELEMENT.newTarget, files, RELOCATED_FILES))
  }

  get directedTargets(): readonly DirectedTarget[] {
    return this.#directedTargets
  }
  addDirectedTarget(target: DirectedTarget): void {
    this.#directedTargets.push(this.#add(ELEMENT.directedTarget, target, DIRECTED_TARGET))
  }

  get restoreSubcomponents(): readonly RestoreSubcomponent[] {
    return this.#restoreSubcomponents
  }
  addRestoreSubcomponent(subcomponent: RestoreSubcomponent): void {
    this.#restoreSubcomponents.push(
      this.#add(ELEMENT.restoreSubcomponent, subcomponent, RESTORE_SUBCOMPONENT),
    )
  }

  /** Every property as plain data, in one object: for reports, comparison, and to have read each once. */
  toPlain(): ComponentProperties {
    return {
      componentType: this.componentType,
      logicalPath: this.logicalPath,
      componentName: this.componentName,
      backupSucceeded: this.backupSucceeded,
      backupMetadata: this.backupMetadata,
      backupStamp: this.backupStamp,
      previousBackupStamp: this.previousBackupStamp,
      backupOptions: this.backupOptions,
      prepareForBackupFailureMsg: this.prepareForBackupFailureMsg,
      postSnapshotFailureMsg: this.postSnapshotFailureMsg,
      failure: this.failure,
      partialFiles: [...this.#partialFiles],
      differencedFiles: [...this.#differencedFiles],
      restoreMetadata: this.restoreMetadata,
      restoreOptions: this.restoreOptions,
      additionalRestores: this.additionalRestores,
      selectedForRestore: this.selectedForRestore,
      restoreTarget: this.restoreTarget,
      fileRestoreStatus: this.fileRestoreStatus,
      preRestoreFailureMsg: this.preRestoreFailureMsg,
      postRestoreFailureMsg: this.postRestoreFailureMsg,
      authoritativeRestore: this.authoritativeRestore,
      rollForwardType: this.rollForwardType,
      rollForwardPoint: this.rollForwardPoint,
      restoreName: this.restoreName,
      alternateLocationMappings: [...this.#alternateLocationMappings],
      newTargets: [...this.#newTargets],
      directedTargets: [...this.#directedTargets],
      restoreSubcomponents: [...this.#restoreSubcomponents],
    }
  }

  #childText(name: string): string | null {
    const child = optionalChild(this.#element, name)
    return child && requireString(child, ATTRIBUTE.metadata)
  }

  #setChildText(name: string, value: string | null): void {
    const child = optionalChild(this.#element, name)
    if (value === null) {
      if (child) this.#element.removeChild(child)
      return
    }
    if (child) writeString(child, ATTRIBUTE.metadata, value)
    else this.#appendWritten(name, (element) => writeString(element, ATTRIBUTE.metadata, value))
  }

  /** Answers what a reader of the saved document will see, not what was passed in. */
  #add<Item>(name: string, item: Item, format: ItemFormat<Item>): Item {
    return format.read(this.#appendWritten(name, (element) => format.write(element, item)))
  }

  /** A refused value leaves no half-written child behind. */
  #appendWritten(name: string, write: (element: Element) => void): Element {
    const child = addChild(this.#element, name)
    try {
      write(child)
    } catch (error) {
      this.#element.removeChild(child)
      throw error
    }
    return child
  }
}
