/**
 * How a writer describes itself in onIdentify: IVssCreateWriterMetadata (reference 3.5, 2.13).
 *
 * The members add to a DOM at once; {@link CreateWriterMetadata.finish} seals it and reads it back through the same
 * eyes as a document from a file.
 */
import { Buffer } from 'node:buffer'
import { DEFAULT_FILE_SPEC_BACKUP_TYPE, VSS_COMPONENT_TYPE, VSS_RESTOREMETHOD_ENUM } from '../enums.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import { parseGuid } from '../ids.ts'
import { checkFileSet, checkPath } from './file-set.ts'
import { ATTRIBUTE, DATA_SOURCE, ELEMENT, RESTORE_METHOD, USAGE, WRITER_RESTORE } from './names.ts'
import {
  badArgument,
  checkedText,
  writeGuid,
  writeNamed,
  writeString,
  writeUnsigned,
  writeYesNo,
} from './values.ts'
import { WriterMetadataDocument } from './writer-metadata.ts'
import { readWriterMetadata, WRITER_METADATA } from './writer-metadata-content.ts'
import type {
  AddAlternateLocationMappingOptions,
  AddComponentDependencyOptions,
  AddComponentOptions,
  AddDatabaseFilesOptions,
  AddFilesToFileGroupOptions,
  ExcludeFilesOptions,
  SetRestoreMethodOptions,
  WriterIdentityOptions,
} from './writer-metadata-options.ts'
import type { Document, Element } from './xml.ts'
import { addChild, copyDocument, createDocument, rootOf, serializeDocument } from './xml.ts'

interface NewComponent {
  element: Element
  type: VSS_COMPONENT_TYPE
}

/**
 * What a writer gets in `onIdentify`, to state what it owns: components, their files, what to leave out, and how to
 * restore.
 *
 * Valid during the handler only: afterwards every member throws `VSS_E_BAD_STATE`. Every writer sets a restore
 * method and adds at least one component; a component may be empty.
 *
 * Every member throws `E_INVALIDARG` for a path or file specification that VSS does not allow (paths are absolute
 * and without wildcards, specifications are without directories) and for text that XML cannot carry.
 *
 * @example
 * ```ts
 * metadata.setRestoreMethod({
 *   method: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_IF_CAN_REPLACE,
 *   writerRestore: VSS_WRITERRESTORE_ENUM.VSS_WRE_ALWAYS,
 * })
 * metadata.addComponent({ type: VSS_COMPONENT_TYPE.VSS_CT_DATABASE, componentName: 'books', selectable: true })
 * metadata.addDatabaseFiles({ databaseName: 'books', path: '/var/lib/ledger', filespec: 'books.db' })
 * metadata.addDatabaseLogFiles({ databaseName: 'books', path: '/var/lib/ledger', filespec: 'books.wal' })
 * ```
 */
export class CreateWriterMetadata {
  readonly #document: Document
  readonly #root: Element
  readonly #locations: Element
  readonly #writerId: Guid
  readonly #components = new Map<string, NewComponent>()
  readonly #fileSets = new Set<string>()
  readonly #mappings: AddAlternateLocationMappingOptions[] = []
  #restoreMethod: Element | null = null
  #sealed = false

  /** @internal Made by the writer for one call of its handler. */
  constructor(identity: Readonly<WriterIdentityOptions>) {
    this.#document = createDocument(WRITER_METADATA)
    this.#root = rootOf(this.#document)
    this.#writerId = parseGuid(identity.writerId, 'writerId')
    const element = addChild(this.#root, ELEMENT.identification)
    writeGuid(element, ATTRIBUTE.writerId, this.#writerId)
    writeGuid(element, ATTRIBUTE.instanceId, identity.instanceId)
    writeString(element, ATTRIBUTE.instanceName, identity.instanceName)
    writeString(element, ATTRIBUTE.friendlyName, requiredName(identity.writerName, 'writerName'))
    writeNamed(element, ATTRIBUTE.usage, USAGE, identity.usage)
    writeNamed(element, ATTRIBUTE.dataSource, DATA_SOURCE, identity.source)
    writeUnsigned(element, ATTRIBUTE.majorVersion, identity.majorVersion ?? 0)
    writeUnsigned(element, ATTRIBUTE.minorVersion, identity.minorVersion ?? 0)
    this.#locations = addChild(this.#root, ELEMENT.backupLocations)
  }

  /**
   * VSS has taken this member back: files are stated by component only.
   *
   * @throws VssError `E_NOTIMPL`, always
   */
  addIncludeFiles(_options: ExcludeFilesOptions & { alternateLocation?: string | null }): never {
    this.#open()
    throw new VssError('E_NOTIMPL', 'files that belong to no component are not part of VSS any more', {
      remedy: 'Call addComponent and addFilesToFileGroup.',
    })
  }

  /** Files that no backup of this writer needs; beats the file sets of its components. */
  addExcludeFiles(options: ExcludeFilesOptions): void {
    this.#open()
    this.#addExclusion(ELEMENT.excludeFiles, options)
  }

  /** Files the writer deletes from the shadow copy itself, in onPostSnapshot. */
  addExcludeFilesFromSnapshot(options: ExcludeFilesOptions): void {
    this.#open()
    this.#addExclusion(ELEMENT.excludeFilesFromSnapshot, options)
  }

  /**
   * @throws VssError `VSS_E_OBJECT_ALREADY_EXISTS` if the writer has a component of this path and name,
   *   `E_INVALIDARG` for an empty name, one with a backslash, or another type
   */
  addComponent(options: AddComponentOptions): void {
    this.#open()
    const name = requiredName(options.componentName, 'componentName')
    if (name.includes('\\')) throw badArgument(`the component name '${name}' has a backslash`)
    const key = componentKey(options.logicalPath, name)
    if (this.#components.has(key)) {
      throw new VssError(
        'VSS_E_OBJECT_ALREADY_EXISTS',
        `the writer has a component ${quoted(options.logicalPath, name)}`,
      )
    }
    const element = this.#document.createElementNS(this.#root.namespaceURI, elementOfType(options.type))
    writeString(element, ATTRIBUTE.logicalPath, options.logicalPath)
    writeString(element, ATTRIBUTE.componentName, name)
    writeString(element, ATTRIBUTE.caption, options.caption)
    writeYesNo(element, ATTRIBUTE.restoreMetadata, options.restoreMetadata ?? false)
    writeYesNo(element, ATTRIBUTE.notifyOnBackupComplete, options.notifyOnBackupComplete ?? false)
    writeYesNo(element, ATTRIBUTE.selectable, options.selectable)
    writeYesNo(element, ATTRIBUTE.selectableForRestore, options.selectableForRestore ?? false)
    writeUnsigned(element, ATTRIBUTE.componentFlags, options.componentFlags ?? 0)
    if (options.icon) {
      if (!(options.icon instanceof Uint8Array)) throw badArgument('icon must be bytes')
      writeString(
        addChild(element, ELEMENT.icon),
        ATTRIBUTE.iconData,
        Buffer.from(options.icon).toString('base64'),
      )
    }
    // Appended only now, so that a refused call leaves nothing behind.
    this.#locations.appendChild(element)
    this.#components.set(key, { element, type: options.type })
  }

  /**
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if there is no such component, `E_INVALIDARG` if it is no database
   */
  addDatabaseFiles(options: AddDatabaseFilesOptions): void {
    this.#open()
    this.#addDatabaseFileSet(ELEMENT.databaseFiles, options)
  }

  /** Errors as {@link CreateWriterMetadata.addDatabaseFiles}. */
  addDatabaseLogFiles(options: AddDatabaseFilesOptions): void {
    this.#open()
    this.#addDatabaseFileSet(ELEMENT.databaseLogfiles, options)
  }

  /**
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if there is no such component, `E_INVALIDARG` if it is no file group
   */
  addFilesToFileGroup(options: AddFilesToFileGroupOptions): void {
    this.#open()
    const group = this.#component(options.logicalPath, options.groupName, VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP)
    checkFileSet(options.path, options.filespec)
    if (typeof options.alternateLocation === 'string')
      checkPath(options.alternateLocation, 'alternateLocation')
    const element = this.#document.createElementNS(this.#root.namespaceURI, ELEMENT.fileList)
    writeString(element, ATTRIBUTE.path, options.path)
    writeString(element, ATTRIBUTE.filespec, options.filespec)
    writeYesNo(element, ATTRIBUTE.recursive, options.recursive)
    writeString(element, ATTRIBUTE.alternatePath, options.alternateLocation)
    writeUnsigned(
      element,
      ATTRIBUTE.filespecBackupType,
      options.backupTypeMask ?? DEFAULT_FILE_SPEC_BACKUP_TYPE,
    )
    group.appendChild(element)
    this.#fileSets.add(fileSetKey(options.path, options.filespec, options.recursive))
  }

  /**
   * Writer-wide; every writer needs one. A second call replaces the first and keeps the mappings.
   *
   * @throws VssError `E_INVALIDARG` for the undefined method, or a stopping method without a service
   */
  setRestoreMethod(options: SetRestoreMethodOptions): void {
    this.#open()
    const stops =
      options.method === VSS_RESTOREMETHOD_ENUM.VSS_RME_STOP_RESTORE_START ||
      options.method === VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_STOP_START
    if (stops) requiredName(options.service ?? '', 'service')
    const element = this.#document.createElementNS(this.#root.namespaceURI, ELEMENT.restoreMethod)
    writeNamed(element, ATTRIBUTE.method, RESTORE_METHOD, options.method)
    writeString(element, ATTRIBUTE.service, options.service)
    writeString(element, ATTRIBUTE.userProcedure, options.userProcedure)
    writeNamed(element, ATTRIBUTE.writerRestore, WRITER_RESTORE, options.writerRestore)
    writeYesNo(element, ATTRIBUTE.rebootRequired, options.rebootRequired ?? false)
    const previous = this.#restoreMethod
    if (previous) {
      while (previous.firstChild) element.appendChild(previous.firstChild)
      this.#root.removeChild(previous)
    }
    this.#root.insertBefore(element, this.#locations)
    this.#restoreMethod = element
  }

  /**
   * Where files may be restored to instead. Path, specification and recursion must be those of a file set of one of
   * the components; since components may still follow, that is checked when the handler has returned.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if no restore method has been set
   */
  addAlternateLocationMapping(options: AddAlternateLocationMappingOptions): void {
    this.#open()
    if (!this.#restoreMethod) {
      throw new VssError('VSS_E_OBJECT_NOT_FOUND', 'an alternate location mapping needs a restore method', {
        remedy: 'Call setRestoreMethod first.',
      })
    }
    checkFileSet(options.sourcePath, options.sourceFilespec)
    checkPath(options.destination, 'destination')
    const element = this.#document.createElementNS(this.#root.namespaceURI, ELEMENT.alternateLocationMapping)
    writeString(element, ATTRIBUTE.path, options.sourcePath)
    writeString(element, ATTRIBUTE.filespec, options.sourceFilespec)
    writeYesNo(element, ATTRIBUTE.recursive, options.recursive)
    writeString(element, ATTRIBUTE.alternatePath, options.destination)
    this.#restoreMethod.appendChild(element)
    this.#mappings.push({ ...options })
  }

  /**
   * States that a component makes no sense without a component of another writer.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if this writer has no such component, `E_INVALIDARG` if the other
   *   writer is this one
   */
  addComponentDependency(options: AddComponentDependencyOptions): void {
    this.#open()
    const { element: component } = this.#anyComponent(options.forLogicalPath, options.forComponentName)
    const onWriterId = parseGuid(options.onWriterId, 'onWriterId')
    if (onWriterId === this.#writerId)
      throw badArgument('a component depends on components of other writers only')
    const element = this.#document.createElementNS(this.#root.namespaceURI, ELEMENT.dependency)
    writeGuid(element, ATTRIBUTE.writerId, onWriterId)
    writeString(element, ATTRIBUTE.logicalPath, options.onLogicalPath)
    writeString(element, ATTRIBUTE.componentName, requiredName(options.onComponentName, 'onComponentName'))
    component.appendChild(element)
  }

  /** @param schemaMask - mask of VSS_BACKUP_SCHEMA; without a call it is 0, full backups only */
  setBackupSchema(schemaMask: number): void {
    this.#open()
    if (schemaMask === 0) this.#root.removeAttribute(ATTRIBUTE.backupSchema)
    else writeUnsigned(this.#root, ATTRIBUTE.backupSchema, schemaMask)
  }

  /** What has been said so far, as a DOM of the caller's own: what is changed there is not said. */
  getDocument(): Document {
    this.#open()
    return copyDocument(this.#document)
  }

  /** What has been said so far, as XML. */
  saveAsXML(): string {
    this.#open()
    return serializeDocument(this.#document)
  }

  /**
   * @internal Ends the handler's time: the document as requesters see it. Later calls of any member are refused.
   * @throws VssError `E_INVALIDARG` if an alternate location mapping matches no file set; it is then sealed too
   */
  finish(): WriterMetadataDocument {
    this.#open()
    this.#sealed = true
    for (const { sourcePath, sourceFilespec, recursive } of this.#mappings) {
      if (!this.#fileSets.has(fileSetKey(sourcePath, sourceFilespec, recursive))) {
        throw badArgument(
          `the alternate location mapping of '${sourceFilespec}' in '${sourcePath}' ` +
            `(${recursive ? 'recursive' : 'not recursive'}) matches no file set of the writer`,
        )
      }
    }
    return new WriterMetadataDocument(readWriterMetadata(this.#document))
  }

  #open(): void {
    if (this.#sealed) {
      throw new VssError('VSS_E_BAD_STATE', 'the writer metadata cannot change after onIdentify has returned')
    }
  }

  #addExclusion(name: string, options: ExcludeFilesOptions): void {
    checkFileSet(options.path, options.filespec)
    const element = this.#document.createElementNS(this.#root.namespaceURI, name)
    writeString(element, ATTRIBUTE.path, options.path)
    writeString(element, ATTRIBUTE.filespec, options.filespec)
    writeYesNo(element, ATTRIBUTE.recursive, options.recursive)
    this.#locations.appendChild(element)
  }

  #addDatabaseFileSet(name: string, options: AddDatabaseFilesOptions): void {
    const database = this.#component(
      options.logicalPath,
      options.databaseName,
      VSS_COMPONENT_TYPE.VSS_CT_DATABASE,
    )
    checkFileSet(options.path, options.filespec)
    const element = this.#document.createElementNS(this.#root.namespaceURI, name)
    writeString(element, ATTRIBUTE.path, options.path)
    writeString(element, ATTRIBUTE.filespec, options.filespec)
    writeUnsigned(
      element,
      ATTRIBUTE.filespecBackupType,
      options.backupTypeMask ?? DEFAULT_FILE_SPEC_BACKUP_TYPE,
    )
    database.appendChild(element)
    this.#fileSets.add(fileSetKey(options.path, options.filespec, false))
  }

  #component(logicalPath: string | null | undefined, name: string, type: VSS_COMPONENT_TYPE): Element {
    const found = this.#anyComponent(logicalPath, name)
    if (found.type !== type) {
      throw badArgument(`the component ${quoted(logicalPath, name)} is no ${elementOfType(type)}`)
    }
    return found.element
  }

  #anyComponent(logicalPath: string | null | undefined, name: string): NewComponent {
    const found = this.#components.get(componentKey(logicalPath, name))
    if (!found) {
      throw new VssError(
        'VSS_E_OBJECT_NOT_FOUND',
        `the writer has no component ${quoted(logicalPath, name)}`,
        {
          remedy: 'Call addComponent first.',
        },
      )
    }
    return found
  }
}

function elementOfType(type: VSS_COMPONENT_TYPE): string {
  if (type === VSS_COMPONENT_TYPE.VSS_CT_DATABASE) return ELEMENT.database
  if (type === VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP) return ELEMENT.fileGroup
  throw badArgument(`a component cannot be of type ${String(type)}`)
}

function requiredName(value: string, what: string): string {
  if (checkedText(value, what) === '') throw badArgument(`${what} must not be empty`)
  return value
}

// A NUL cannot be in any of the parts, so it separates them without ambiguity.
function componentKey(logicalPath: string | null | undefined, name: string): string {
  return `${logicalPath ?? ''}\0${name}`
}

function fileSetKey(path: string, filespec: string, recursive: boolean): string {
  return `${path}\0${filespec}\0${recursive}`
}

function quoted(logicalPath: string | null | undefined, name: string): string {
  return logicalPath ? `'${logicalPath}\\${name}'` : `'${name}'`
}
