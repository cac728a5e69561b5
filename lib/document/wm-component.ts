/**
 * What a requester sees of a component in a Writer Metadata Document: IVssWMComponent, IVssWMFiledesc and
 * IVssWMDependency (reference 3.7). All are values that cannot change; a new Identify makes new ones.
 */
import { Buffer } from 'node:buffer'
import { DEFAULT_FILE_SPEC_BACKUP_TYPE, VSS_COMPONENT_TYPE } from '../enums.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import { ATTRIBUTE, ELEMENT } from './names.ts'
import { readString, readUnsigned, readYesNo, requireGuid, requireString } from './values.ts'
import type { Element } from './xml.ts'
import { childElements, optionalChild } from './xml.ts'

/** The parts of a {@link WMFiledesc}. */
export interface FileDescription {
  path: string
  filespec: string
  recursive: boolean
  alternateLocation: string | null
  backupTypeMask: number
}

/**
 * A file set: IVssWMFiledesc.
 *
 * What the alternate location means depends on where the file set comes from. Of a component: the place to read
 * from during the backup. Of an alternate location mapping: the destination of a restore. Of a new target: the
 * destination the requester chose.
 */
export class WMFiledesc {
  readonly #description: Readonly<FileDescription>

  constructor(description: Readonly<FileDescription>) {
    this.#description = { ...description }
  }

  /** Directory; may hold environment variables, trailing separator optional. */
  getPath(): string {
    return this.#description.path
  }

  /** File name, with `*` and `?` as wildcards. */
  getFilespec(): string {
    return this.#description.filespec
  }

  /** Whether the file set covers the whole hierarchy below the path. */
  getRecursive(): boolean {
    return this.#description.recursive
  }

  getAlternateLocation(): string | null {
    return this.#description.alternateLocation
  }

  /** Mask of VSS_FILE_SPEC_BACKUP_TYPE. */
  getBackupTypeMask(): number {
    return this.#description.backupTypeMask
  }
}

/** A component of another writer that has to be backed up and restored together with this one: IVssWMDependency. */
export class WMDependency {
  readonly #writerId: Guid
  readonly #logicalPath: string | null
  readonly #componentName: string

  constructor(writerId: Guid, logicalPath: string | null, componentName: string) {
    this.#writerId = writerId
    this.#logicalPath = logicalPath
    this.#componentName = componentName
  }

  getWriterId(): Guid {
    return this.#writerId
  }

  /** A remote component has `\\host\` in front, here or in the name. */
  getLogicalPath(): string | null {
    return this.#logicalPath
  }

  getComponentName(): string {
    return this.#componentName
  }
}

/** VSS_COMPONENTINFO. */
export interface ComponentInfo {
  type: VSS_COMPONENT_TYPE
  logicalPath: string | null
  componentName: string
  caption: string | null
  icon: Uint8Array | null
  restoreMetadata: boolean
  notifyOnBackupComplete: boolean
  selectable: boolean
  selectableForRestore: boolean
  /** Mask of VSS_COMPONENT_FLAGS. */
  componentFlags: number
  /** File sets of a file group. */
  fileCount: number
  /** Database file sets of a database. */
  databases: number
  /** Log file sets of a database. */
  logFiles: number
  dependencies: number
}

/** One component with its file sets and dependencies: IVssWMComponent. */
export class WMComponent {
  readonly #info: Readonly<ComponentInfo>
  readonly #files: readonly WMFiledesc[]
  readonly #databaseFiles: readonly WMFiledesc[]
  readonly #databaseLogFiles: readonly WMFiledesc[]
  readonly #dependencies: readonly WMDependency[]

  /** @internal Made by {@link readComponent}. */
  constructor(
    info: Omit<ComponentInfo, 'fileCount' | 'databases' | 'logFiles' | 'dependencies'>,
    files: readonly WMFiledesc[],
    databaseFiles: readonly WMFiledesc[],
    databaseLogFiles: readonly WMFiledesc[],
    dependencies: readonly WMDependency[],
  ) {
    this.#info = {
      ...info,
      fileCount: files.length,
      databases: databaseFiles.length,
      logFiles: databaseLogFiles.length,
      dependencies: dependencies.length,
    }
    this.#files = files
    this.#databaseFiles = databaseFiles
    this.#databaseLogFiles = databaseLogFiles
    this.#dependencies = dependencies
  }

  /** A copy; changing it changes nothing. */
  getComponentInfo(): ComponentInfo {
    const { icon } = this.#info
    return { ...this.#info, icon: icon ? Uint8Array.from(icon) : null }
  }

  /** IVssWMComponent::FreeComponentInfo. There is nothing to free here; it lets ported code stand as it is. */
  freeComponentInfo(_info: ComponentInfo): void {}

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` unless `0 <= index < fileCount` */
  getFile(index: number): WMFiledesc {
    return itemAt(this.#files, index, 'file set')
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` unless `0 <= index < databases` */
  getDatabaseFile(index: number): WMFiledesc {
    return itemAt(this.#databaseFiles, index, 'database file set')
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` unless `0 <= index < logFiles` */
  getDatabaseLogFile(index: number): WMFiledesc {
    return itemAt(this.#databaseLogFiles, index, 'log file set')
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` unless `0 <= index < dependencies` */
  getDependency(index: number): WMDependency {
    return itemAt(this.#dependencies, index, 'dependency')
  }
}

/** Reads a FILE_GROUP or DATABASE element. */
export function readComponent(element: Element, type: VSS_COMPONENT_TYPE): WMComponent {
  const isDatabase = type === VSS_COMPONENT_TYPE.VSS_CT_DATABASE
  const filesOf = (name: string): WMFiledesc[] => childElements(element, name).map(readFiledesc)
  return new WMComponent(
    {
      type,
      logicalPath: readString(element, ATTRIBUTE.logicalPath),
      componentName: requireString(element, ATTRIBUTE.componentName),
      caption: readString(element, ATTRIBUTE.caption),
      icon: readIcon(element),
      restoreMetadata: readYesNo(element, ATTRIBUTE.restoreMetadata, false),
      notifyOnBackupComplete: readYesNo(element, ATTRIBUTE.notifyOnBackupComplete, false),
      selectable: readYesNo(element, ATTRIBUTE.selectable, false),
      selectableForRestore: readYesNo(element, ATTRIBUTE.selectableForRestore, false),
      componentFlags: readUnsigned(element, ATTRIBUTE.componentFlags, 0),
    },
    isDatabase ? [] : filesOf(ELEMENT.fileList),
    isDatabase ? filesOf(ELEMENT.databaseFiles) : [],
    isDatabase ? filesOf(ELEMENT.databaseLogfiles) : [],
    childElements(element, ELEMENT.dependency).map(
      (child) =>
        new WMDependency(
          requireGuid(child, ATTRIBUTE.writerId),
          readString(child, ATTRIBUTE.logicalPath),
          requireString(child, ATTRIBUTE.componentName),
        ),
    ),
  )
}

/** Reads any element that describes a file set. */
export function readFiledesc(element: Element): WMFiledesc {
  return new WMFiledesc({
    path: requireString(element, ATTRIBUTE.path),
    filespec: requireString(element, ATTRIBUTE.filespec),
    recursive: readYesNo(element, ATTRIBUTE.recursive, false),
    alternateLocation: readString(element, ATTRIBUTE.alternatePath),
    backupTypeMask: readUnsigned(element, ATTRIBUTE.filespecBackupType, DEFAULT_FILE_SPEC_BACKUP_TYPE),
  })
}

function readIcon(element: Element): Uint8Array | null {
  const icon = optionalChild(element, ELEMENT.icon)
  if (!icon) return null
  const text = requireString(icon, ATTRIBUTE.iconData)
  const bytes = Buffer.from(text, 'base64')
  // Buffer skips what is not base64, so what it read is compared with what was there.
  if (bytes.toString('base64') !== text) {
    throw new VssError('VSS_E_INVALID_XML_DOCUMENT', 'an icon is not base64')
  }
  return Uint8Array.from(bytes)
}

/** @throws VssError `VSS_E_OBJECT_NOT_FOUND` if the list has nothing there */
export function itemAt<Item>(items: readonly Item[], index: number, what: string): Item {
  const item = Number.isInteger(index) && index >= 0 ? items[index] : undefined
  if (item === undefined) {
    throw new VssError(
      'VSS_E_OBJECT_NOT_FOUND',
      `there is no ${what} ${String(index)}; there are ${items.length}`,
    )
  }
  return item
}
