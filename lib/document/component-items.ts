/**
 * The lists below a COMPONENT of the Backup Components Document: their plain values, and how each stands in the
 * document (reference 5.2). Reading throws `VSS_E_INVALID_XML_DOCUMENT`, writing `E_INVALIDARG`.
 */
import { ATTRIBUTE } from './names.ts'
import {
  badArgument,
  readFiletime,
  readString,
  readUnsigned,
  readYesNo,
  requireString,
  writeFiletime,
  writeRequiredString,
  writeString,
  writeUnsigned,
  writeYesNo,
} from './values.ts'
import type { Element } from './xml.ts'
import { scratchElement } from './xml.ts'

/** Part of a file, by ranges `offset:length,…` or the path of a ranges file. */
export interface PartialFile {
  readonly path: string
  readonly filespec: string
  readonly ranges: string
  readonly metadata: string | null
}

/** Files that changed since the last backup. */
export interface DifferencedFile {
  readonly path: string
  readonly filespec: string
  readonly recursive: boolean
  /** FILETIME in UTC; 0 leaves the decision to the requester. */
  readonly lastModifyTime: bigint
  /** Log sequence number; VSS does not support it, but keeps it. */
  readonly lsn: string | null
}

/** A file set with a place to restore it to: an alternate mapping that was used, or a new target. */
export interface RelocatedFiles {
  readonly path: string
  readonly filespec: string
  readonly recursive: boolean
  readonly alternatePath: string
}

/** Parts of one file that are to be restored into another. */
export interface DirectedTarget {
  readonly sourcePath: string
  readonly sourceFilespec: string
  readonly sourceRanges: string
  readonly destinationPath: string
  readonly destinationFilespec: string
  readonly destinationRanges: string
}

/** An implicitly included component that is to be restored instead of the whole set. */
export interface RestoreSubcomponent {
  readonly logicalPath: string
  readonly componentName: string
  readonly repair: boolean
}

/** Why a writer could not do its part for a component (SetFailure). */
export interface ComponentFailureRecord {
  /** HRESULT of the writer's failure, unsigned; 0 is success. */
  readonly hresult: number
  /** The application's own code, unsigned; 0 if it has none. */
  readonly applicationHresult: number
  readonly message: string
}

/** How one kind of item is read from its element and written to it. */
export interface ItemFormat<Item> {
  read(element: Element): Item
  write(element: Element, item: Item): void
}

/** @throws VssError `E_INVALIDARG` if the item cannot stand in a document */
export function checkItem<Item>(format: ItemFormat<Item>, item: Item): void {
  if (typeof item !== 'object' || item === null) throw badArgument('a file must be an object')
  format.write(scratchElement(), item)
}

export const PARTIAL_FILE: ItemFormat<PartialFile> = {
  read: (element) =>
    Object.freeze({
      path: requireString(element, ATTRIBUTE.path),
      filespec: requireString(element, ATTRIBUTE.filespec),
      ranges: requireString(element, ATTRIBUTE.ranges),
      metadata: readString(element, ATTRIBUTE.metadata),
    }),
  write(element, item) {
    writeRequiredString(element, ATTRIBUTE.path, item.path)
    writeRequiredString(element, ATTRIBUTE.filespec, item.filespec)
    writeRequiredString(element, ATTRIBUTE.ranges, item.ranges)
    writeString(element, ATTRIBUTE.metadata, item.metadata)
  },
}

export const DIFFERENCED_FILE: ItemFormat<DifferencedFile> = {
  read: (element) =>
    Object.freeze({
      path: requireString(element, ATTRIBUTE.path),
      filespec: requireString(element, ATTRIBUTE.filespec),
      recursive: readYesNo(element, ATTRIBUTE.recursive, false),
      lastModifyTime: readFiletime(element, ATTRIBUTE.lastModifyTime),
      lsn: readString(element, ATTRIBUTE.lsn),
    }),
  write(element, item) {
    writeRequiredString(element, ATTRIBUTE.path, item.path)
    writeRequiredString(element, ATTRIBUTE.filespec, item.filespec)
    writeYesNo(element, ATTRIBUTE.recursive, item.recursive)
    writeFiletime(element, ATTRIBUTE.lastModifyTime, item.lastModifyTime)
    writeString(element, ATTRIBUTE.lsn, item.lsn)
  },
}

export const RELOCATED_FILES: ItemFormat<RelocatedFiles> = {
  read: (element) =>
    Object.freeze({
      path: requireString(element, ATTRIBUTE.path),
      filespec: requireString(element, ATTRIBUTE.filespec),
      recursive: readYesNo(element, ATTRIBUTE.recursive, false),
      alternatePath: requireString(element, ATTRIBUTE.alternatePath),
    }),
  write(element, item) {
    writeRequiredString(element, ATTRIBUTE.path, item.path)
    writeRequiredString(element, ATTRIBUTE.filespec, item.filespec)
    writeYesNo(element, ATTRIBUTE.recursive, item.recursive)
    writeRequiredString(element, ATTRIBUTE.alternatePath, item.alternatePath)
  },
}

export const DIRECTED_TARGET: ItemFormat<DirectedTarget> = {
  read: (element) =>
    Object.freeze({
      sourcePath: requireString(element, ATTRIBUTE.sourcePath),
      sourceFilespec: requireString(element, ATTRIBUTE.sourceFilespec),
      sourceRanges: requireString(element, ATTRIBUTE.sourceRanges),
      destinationPath: requireString(element, ATTRIBUTE.destinationPath),
      destinationFilespec: requireString(element, ATTRIBUTE.destinationFilespec),
      destinationRanges: requireString(element, ATTRIBUTE.destinationRanges),
    }),
  write(element, item) {
    writeRequiredString(element, ATTRIBUTE.sourcePath, item.sourcePath)
    writeRequiredString(element, ATTRIBUTE.sourceFilespec, item.sourceFilespec)
    writeRequiredString(element, ATTRIBUTE.sourceRanges, item.sourceRanges)
    writeRequiredString(element, ATTRIBUTE.destinationPath, item.destinationPath)
    writeRequiredString(element, ATTRIBUTE.destinationFilespec, item.destinationFilespec)
    writeRequiredString(element, ATTRIBUTE.destinationRanges, item.destinationRanges)
  },
}

export const RESTORE_SUBCOMPONENT: ItemFormat<RestoreSubcomponent> = {
  read: (element) =>
    Object.freeze({
      logicalPath: requireString(element, ATTRIBUTE.logicalPath),
      componentName: requireString(element, ATTRIBUTE.componentName),
      repair: readYesNo(element, ATTRIBUTE.repair, false),
    }),
  write(element, item) {
    writeRequiredString(element, ATTRIBUTE.logicalPath, item.logicalPath)
    writeRequiredString(element, ATTRIBUTE.componentName, item.componentName)
    writeYesNo(element, ATTRIBUTE.repair, item.repair)
  },
}

export const COMPONENT_FAILURE: ItemFormat<ComponentFailureRecord> = {
  read: (element) =>
    Object.freeze({
      hresult: readUnsigned(element, ATTRIBUTE.hresult, undefined),
      applicationHresult: readUnsigned(element, ATTRIBUTE.applicationHresult, 0),
      message: readString(element, ATTRIBUTE.message) ?? '',
    }),
  write(element, item) {
    writeUnsigned(element, ATTRIBUTE.hresult, item.hresult)
    writeUnsigned(element, ATTRIBUTE.applicationHresult, item.applicationHresult)
    writeRequiredString(element, ATTRIBUTE.message, item.message)
  },
}
