/**
 * The Backup Components Document: what the requester chose, and what requester and writers tell each other about it
 * (reference 5.2). Only explicitly included components are in it, and no files.
 */

import type { VSS_COMPONENT_TYPE } from '../enums.ts'
import { VSS_BACKUP_TYPE, VSS_RESTORE_TYPE } from '../enums.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import { parseGuid } from '../ids.ts'
import { ComponentRecord } from './component-record.ts'
import {
  ATTRIBUTE,
  BACKUP_COMPONENTS_NAMESPACE,
  BACKUP_TYPE,
  COMPONENT_TYPE,
  ELEMENT,
  RESTORE_TYPE,
} from './names.ts'
import type { TransportableSet } from './transportable-set.ts'
import { readTransportableSet, writeTransportableSet } from './transportable-set.ts'
import {
  badArgument,
  checkedText,
  readGuid,
  readNamed,
  readString,
  readUnsigned,
  readYesNo,
  requireGuid,
  writeGuid,
  writeNamed,
  writeString,
  writeUnsigned,
  writeYesNo,
} from './values.ts'
import type { Document, DocumentKind, Element, XmlLimits } from './xml.ts'
import {
  addChild,
  childElements,
  createDocument,
  optionalChild,
  parseDocument,
  rootOf,
  serializeDocument,
} from './xml.ts'

const BACKUP_COMPONENTS: DocumentKind = {
  root: ELEMENT.backupComponents,
  namespace: BACKUP_COMPONENTS_NAMESPACE,
  versioned: true,
}

/** A writer instance that is to get into the document. */
export interface WriterComponentsOptions {
  instanceId: Guid
  writerId: Guid
  instanceName?: string | null
  /** Copied from the writer's metadata. @defaultValue 0 */
  backupSchema?: number
}

/** The explicitly included components of one writer instance. */
export class WriterComponentsRecord {
  /** Of the time the document was written; a writer that runs later has another. */
  readonly instanceId: Guid
  readonly writerId: Guid
  readonly instanceName: string | null
  readonly backupSchema: number
  readonly #element: Element
  readonly #components: ComponentRecord[]

  /** @internal Made by its document. */
  constructor(element: Element) {
    this.#element = element
    this.instanceId = requireGuid(element, ATTRIBUTE.instanceId)
    this.writerId = requireGuid(element, ATTRIBUTE.writerId)
    this.instanceName = readString(element, ATTRIBUTE.instanceName)
    this.backupSchema = readUnsigned(element, ATTRIBUTE.backupSchema, 0)
    this.#components = childElements(element, ELEMENT.component).map((child) => new ComponentRecord(child))
  }

  /** In the order in which they were added. */
  get components(): readonly ComponentRecord[] {
    return this.#components
  }

  findComponent(logicalPath: string | null | undefined, componentName: string): ComponentRecord | undefined {
    return this.#components.find(
      (component) =>
        component.componentName === componentName && (component.logicalPath ?? '') === (logicalPath ?? ''),
    )
  }

  /**
   * Includes a component explicitly.
   *
   * @throws VssError `VSS_E_OBJECT_ALREADY_EXISTS` if it is included, `E_INVALIDARG` for a bad type or name
   */
  addComponent(
    type: VSS_COMPONENT_TYPE,
    logicalPath: string | null | undefined,
    componentName: string,
  ): ComponentRecord {
    if (this.findComponent(logicalPath, componentName)) {
      throw new VssError(
        'VSS_E_OBJECT_ALREADY_EXISTS',
        `the component '${componentName}' of writer ${this.writerId} is included already`,
      )
    }
    if (checkedText(componentName, 'componentName') === '')
      throw badArgument('componentName must not be empty')
    const child = addChild(this.#element, ELEMENT.component)
    try {
      writeString(child, ATTRIBUTE.logicalPath, logicalPath)
      writeString(child, ATTRIBUTE.componentName, componentName)
      writeNamed(child, ATTRIBUTE.componentType, COMPONENT_TYPE, type)
    } catch (error) {
      this.#element.removeChild(child)
      throw error
    }
    const component = new ComponentRecord(child)
    this.#components.push(component)
    return component
  }
}

/**
 * The requester's document, to be stored with the backup (reference R3, R131).
 *
 * Properties and records read and write the document at once. Whether a change is legal at the moment is decided by
 * those who hold it. Loading checks the whole document; what is not known here stays in its place when it is saved.
 *
 * @example
 * ```ts
 * const bcd = BackupComponentsDocument.create()
 * bcd.selectComponents = true
 * bcd.backupType = VSS_BACKUP_TYPE.VSS_BT_FULL
 * const writer = bcd.addWriter({ instanceId, writerId, backupSchema: metadata.getBackupSchema() })
 * writer.addComponent(VSS_COMPONENT_TYPE.VSS_CT_DATABASE, null, 'books')
 * await writeFile('BCDocument.xml', bcd.toXml())
 * ```
 */
export class BackupComponentsDocument {
  readonly #document: Document
  readonly #root: Element
  readonly #writers: WriterComponentsRecord[]

  private constructor(document: Document) {
    this.#document = document
    this.#root = rootOf(document)
    this.#writers = childElements(this.#root, ELEMENT.writerComponents).map(
      (element) => new WriterComponentsRecord(element),
    )
    // Each of these throws for a value outside its domain; better now than in the middle of a restore.
    void this.bootableSystemStateBackup
    void this.selectComponents
    void this.backupType
    void this.partialFileSupport
    void this.snapshotSetId
    void this.restoreType
    void this.transportableSet
  }

  /** A document without components: backup type undefined, everything else "no". */
  static create(): BackupComponentsDocument {
    const created = new BackupComponentsDocument(createDocument(BACKUP_COMPONENTS))
    created.bootableSystemStateBackup = false
    created.selectComponents = false
    created.backupType = VSS_BACKUP_TYPE.VSS_BT_UNDEFINED
    created.partialFileSupport = false
    return created
  }

  /**
   * Loads a saved document.
   *
   * @param input - text, or bytes in UTF-8 or UTF-16
   * @param limits - only to raise or lower what is read of a document that is not trusted
   * @throws VssError `VSS_E_CORRUPT_XML_DOCUMENT` if it is not well-formed XML, `VSS_E_INVALID_XML_DOCUMENT` if it
   *   is not a Backup Components Document or has values outside their domain
   */
  static fromXml(input: string | Uint8Array, limits: Partial<XmlLimits> = {}): BackupComponentsDocument {
    return new BackupComponentsDocument(parseDocument(input, BACKUP_COMPONENTS, limits))
  }

  toXml(): string {
    return serializeDocument(this.#document)
  }

  get bootableSystemStateBackup(): boolean {
    return readYesNo(this.#root, ATTRIBUTE.bootableSystemStateBackup, false)
  }
  set bootableSystemStateBackup(value: boolean) {
    writeYesNo(this.#root, ATTRIBUTE.bootableSystemStateBackup, value)
  }

  /** Component mode: the backup takes components, not whole volumes. */
  get selectComponents(): boolean {
    return readYesNo(this.#root, ATTRIBUTE.selectComponents, false)
  }
  set selectComponents(value: boolean) {
    writeYesNo(this.#root, ATTRIBUTE.selectComponents, value)
  }

  get backupType(): VSS_BACKUP_TYPE {
    return readNamed(this.#root, ATTRIBUTE.backupType, BACKUP_TYPE, VSS_BACKUP_TYPE.VSS_BT_UNDEFINED)
  }
  set backupType(value: VSS_BACKUP_TYPE) {
    writeNamed(this.#root, ATTRIBUTE.backupType, BACKUP_TYPE, value)
  }

  get partialFileSupport(): boolean {
    return readYesNo(this.#root, ATTRIBUTE.partialFileSupport, false)
  }
  set partialFileSupport(value: boolean) {
    writeYesNo(this.#root, ATTRIBUTE.partialFileSupport, value)
  }

  get snapshotSetId(): Guid | null {
    return readGuid(this.#root, ATTRIBUTE.snapshotSetId)
  }
  set snapshotSetId(value: Guid | null) {
    if (value === null) this.#root.removeAttribute(ATTRIBUTE.snapshotSetId)
    else writeGuid(this.#root, ATTRIBUTE.snapshotSetId, value)
  }

  get restoreType(): VSS_RESTORE_TYPE {
    return readNamed(this.#root, ATTRIBUTE.restoreType, RESTORE_TYPE, VSS_RESTORE_TYPE.VSS_RTYPE_UNDEFINED)
  }
  set restoreType(value: VSS_RESTORE_TYPE) {
    writeNamed(this.#root, ATTRIBUTE.restoreType, RESTORE_TYPE, value)
  }

  /** Writer instances with explicit components, in the order in which they were added. */
  get writers(): readonly WriterComponentsRecord[] {
    return this.#writers
  }

  findWriter(instanceId: string): WriterComponentsRecord | undefined {
    const id = parseGuid(instanceId, 'instanceId')
    return this.#writers.find((writer) => writer.instanceId === id)
  }

  /** @throws VssError `VSS_E_OBJECT_ALREADY_EXISTS` if the instance is in the document */
  addWriter(options: WriterComponentsOptions): WriterComponentsRecord {
    if (this.findWriter(options.instanceId)) {
      throw new VssError(
        'VSS_E_OBJECT_ALREADY_EXISTS',
        `writer instance ${options.instanceId} is in the document`,
      )
    }
    const element = addChild(this.#root, ELEMENT.writerComponents, this.#descriptionElement())
    try {
      writeGuid(element, ATTRIBUTE.instanceId, options.instanceId)
      writeGuid(element, ATTRIBUTE.writerId, options.writerId)
      writeString(element, ATTRIBUTE.instanceName, options.instanceName)
      writeUnsigned(element, ATTRIBUTE.backupSchema, options.backupSchema ?? 0)
    } catch (error) {
      this.#root.removeChild(element)
      throw error
    }
    const writer = new WriterComponentsRecord(element)
    this.#writers.push(writer)
    return writer
  }

  /** What another host needs to import the shadow copies; `null` where the set is not transportable. */
  get transportableSet(): TransportableSet | null {
    const element = this.#descriptionElement()
    return element && readTransportableSet(element)
  }
  set transportableSet(set: TransportableSet | null) {
    const previous = this.#descriptionElement()
    if (set !== null) {
      const element = addChild(this.#root, ELEMENT.snapshotSetDescription, previous)
      try {
        writeTransportableSet(element, set)
      } catch (error) {
        this.#root.removeChild(element)
        throw error
      }
    }
    if (previous) this.#root.removeChild(previous)
  }

  #descriptionElement(): Element | null {
    return optionalChild(this.#root, ELEMENT.snapshotSetDescription)
  }
}
