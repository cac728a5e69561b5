/**
 * The configuration of a test writer: what it says it owns, and what it does wrong, as XML in the manner of the
 * VSS Test Writer (reference 5.4). What is left out has the defaults stated here; elements and attributes that
 * are not known are left alone.
 */
import { COMPONENT_TYPE, RESTORE_METHOD, USAGE, type ValueNames, WRITER_RESTORE } from '../document/names.ts'
import {
  readNamed,
  readString,
  readUnsigned,
  readYesNo,
  requireGuid,
  requireString,
} from '../document/values.ts'
import { childElements, type Element, optionalChild, parseConfiguration, rootOf } from '../document/xml.ts'
import {
  VSS_BACKUP_SCHEMA,
  type VSS_COMPONENT_TYPE,
  VSS_RESTOREMETHOD_ENUM,
  VSS_USAGE_TYPE,
  VSS_WRITERRESTORE_ENUM,
} from '../enums.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { Misbehaviour, Order } from './misbehaviour.ts'

/** The events of a writer, as `writerEvent` names them. */
export const TEST_EVENTS = [
  'Identify',
  'PrepareForBackup',
  'PrepareForSnapshot',
  'Freeze',
  'Thaw',
  'PostSnapshot',
  'BackupComplete',
  'BackupShutdown',
  'Abort',
  'PreRestore',
  'PostRestore',
] as const

export type TestEvent = (typeof TEST_EVENTS)[number]

export interface TestFileSet {
  path: string
  filespec: string
  recursive: boolean
}

export interface TestComponentFile extends TestFileSet {
  /** Where the files lie at backup time, if not at `path`. */
  alternatePath: string | null
  /** Mask of VSS_FILE_SPEC_BACKUP_TYPE. */
  backupTypeMask: number
}

export interface TestComponent {
  componentType: VSS_COMPONENT_TYPE
  logicalPath: string | null
  componentName: string
  selectable: boolean
  files: TestComponentFile[]
  dependencies: { writerId: Guid; logicalPath: string | null; componentName: string }[]
  partialFiles: { path: string; filespec: string; ranges: string }[]
  /** `lastModifyTime` is a FILETIME; 0 without a date. */
  differencedFiles: (TestFileSet & { lastModifyTime: bigint })[]
}

export interface TestWriterConfig {
  usage: VSS_USAGE_TYPE
  verbosity: 'low' | 'medium' | 'high'
  /** In PreRestore, delete what is about to be restored, so that nothing but the restore can bring it back. */
  deleteFiles: boolean
  deletePartialFiles: boolean
  deleteDifferencedFiles: boolean
  /** In PostRestore, look whether what was included is back, unchanged. */
  checkIncludes: boolean
  /** In PostRestore, look whether what was excluded has stayed away. */
  checkExcludes: boolean
  /** Mask of VSS_BACKUP_SCHEMA. */
  backupSchema: number
  restoreMethod: {
    method: VSS_RESTOREMETHOD_ENUM
    writerRestore: VSS_WRITERRESTORE_ENUM
    rebootRequired: boolean
    alternateLocationMappings: (TestFileSet & { alternatePath: string })[]
  }
  excludeFiles: TestFileSet[]
  components: TestComponent[]
  failEvents: Order<TestEvent>[]
}

/**
 * @param xml - text, or bytes in UTF-8 or UTF-16
 * @throws VssError `VSS_E_INVALID_XML_DOCUMENT` naming the element and attribute that is not as it should be,
 *   `VSS_E_CORRUPT_XML_DOCUMENT` for what is not well-formed
 *
 * @example
 * ```ts
 * parseTestWriterConfig(`<TestWriter usage="USER_DATA">
 *   <RestoreMethod method="RESTORE_IF_CAN_BE_REPLACED" writerRestore="always" rebootRequired="no"/>
 *   <Component componentType="filegroup" componentName="files" selectable="yes">
 *     <ComponentFile path="/srv/data" filespec="*" recursive="yes"/>
 *   </Component>
 *   <FailEvent writerEvent="Freeze" retryable="yes" numFailures="2"/>
 * </TestWriter>`)
 * ```
 */
export function parseTestWriterConfig(xml: string | Uint8Array): TestWriterConfig {
  const root = rootOf(parseConfiguration(xml, 'TestWriter'))
  const flag = (name: string, absent = false): boolean => readYesNo(root, name, absent)
  const components = childElements(root, 'Component').map(readComponent)
  const stamped = components.some(({ differencedFiles }) => differencedFiles.length > 0)
  return {
    usage: readNamed(root, 'usage', USAGE, VSS_USAGE_TYPE.VSS_UT_USERDATA),
    verbosity: readWord(root, 'verbosity', ['low', 'medium', 'high'], 'medium'),
    deleteFiles: flag('deleteFiles'),
    deletePartialFiles: flag('deletePartialFiles'),
    deleteDifferencedFiles: flag('deleteDifferencedFiles'),
    checkIncludes: flag('checkIncludes', true),
    checkExcludes: flag('checkExcludes', true),
    backupSchema:
      (flag('supportsCopy') ? VSS_BACKUP_SCHEMA.VSS_BS_COPY : 0) |
      (flag('supportsDifferential') ? VSS_BACKUP_SCHEMA.VSS_BS_DIFFERENTIAL : 0) |
      (flag('supportsIncremental') ? VSS_BACKUP_SCHEMA.VSS_BS_INCREMENTAL : 0) |
      (flag('supportsLog') ? VSS_BACKUP_SCHEMA.VSS_BS_LOG : 0) |
      (flag('supportsNewTarget') ? VSS_BACKUP_SCHEMA.VSS_BS_WRITER_SUPPORTS_NEW_TARGET : 0) |
      (stamped ? VSS_BACKUP_SCHEMA.VSS_BS_LAST_MODIFY : 0),
    restoreMethod: readRestoreMethod(optionalChild(root, 'RestoreMethod')),
    excludeFiles: childElements(root, 'ExcludeFile').map(readFileSet),
    components,
    failEvents: childElements(root, 'FailEvent').map(readFailEvent),
  }
}

function readComponent(element: Element): TestComponent {
  return {
    componentType: readNamed(element, 'componentType', COMPONENT_TYPE),
    logicalPath: readString(element, 'logicalPath') || null,
    componentName: requireString(element, 'componentName'),
    selectable: readYesNo(element, 'selectable', true),
    files: childElements(element, 'ComponentFile').map((file) => ({
      ...readFileSet(file),
      alternatePath: readString(file, 'alternatePath') || null,
      backupTypeMask: readMask(file),
    })),
    dependencies: childElements(element, 'Dependency').map((dependency) => ({
      writerId: requireGuid(dependency, 'writerId'),
      logicalPath: readString(dependency, 'logicalPath') || null,
      componentName: requireString(dependency, 'componentName'),
    })),
    partialFiles: childElements(element, 'PartialFile').map((file) => ({
      path: requireString(file, 'path'),
      filespec: requireString(file, 'filespec'),
      ranges: requireString(file, 'ranges'),
    })),
    differencedFiles: childElements(element, 'DifferencedFile').map((file) => ({
      ...readFileSet(file),
      lastModifyTime: readDate(file),
    })),
  }
}

function readFileSet(element: Element): TestFileSet {
  return {
    path: requireString(element, 'path'),
    filespec: requireString(element, 'filespec'),
    recursive: readYesNo(element, 'recursive', false),
  }
}

/** Each kind of backup needs the data, and needs it from the copy, unless it is said otherwise. */
function readMask(element: Element): number {
  const kinds = [
    ['full', 0x1],
    ['diff', 0x2],
    ['inc', 0x4],
    ['log', 0x8],
  ] as const
  let mask = 0
  for (const [kind, bit] of kinds) {
    if (readYesNo(element, `${kind}BackupRequired`, true)) mask |= bit
    if (readYesNo(element, `${kind}SnapshotRequired`, true)) mask |= bit << 8
  }
  return mask
}

function readRestoreMethod(element: Element | null): TestWriterConfig['restoreMethod'] {
  if (element === null) {
    return {
      method: VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_IF_CAN_REPLACE,
      writerRestore: VSS_WRITERRESTORE_ENUM.VSS_WRE_ALWAYS,
      rebootRequired: false,
      alternateLocationMappings: [],
    }
  }
  return {
    method: readNamed(element, 'method', RESTORE_METHOD),
    writerRestore: readNamed(element, 'writerRestore', WRITER_RESTORE, VSS_WRITERRESTORE_ENUM.VSS_WRE_ALWAYS),
    rebootRequired: readYesNo(element, 'rebootRequired', false),
    alternateLocationMappings: childElements(element, 'AlternateLocationMapping').map((mapping) => ({
      ...readFileSet(mapping),
      alternatePath: requireString(mapping, 'alternatePath'),
    })),
  }
}

/** `numFailures` 0 and none at all are for good. Of Holdfast are `how` and `delayMillis`. */
function readFailEvent(element: Element): Order<TestEvent> {
  const point = readWord(element, 'writerEvent', TEST_EVENTS)
  const times = readUnsigned(element, 'numFailures', 0)
  const order = { point, misbehaviour: readMisbehaviour(element) }
  return times === 0 ? order : { ...order, times }
}

function readMisbehaviour(element: Element): Misbehaviour {
  const retryable = readYesNo(element, 'retryable', false)
  const how = readWord(element, 'how', ['veto', 'refuse', 'throw', 'delay', 'hang'], 'veto')
  switch (how) {
    case 'veto':
    case 'refuse':
      return { kind: how, retryable }
    case 'throw':
      return { kind: how, message: 'as the configuration of the test writer says' }
    case 'delay':
      return { kind: how, delayMillis: readUnsigned(element, 'delayMillis', undefined) }
    case 'hang':
      return { kind: how }
  }
}

/** A date of UTC as FILETIME; 0 if it has no year. */
function readDate(element: Element): bigint {
  const part = (name: string, absent: number): number => readUnsigned(element, name, absent)
  const year = part('year', 0)
  if (year === 0) return 0n
  const millis = Date.UTC(
    year,
    part('month', 1) - 1,
    part('day', 1),
    part('hour', 0),
    part('minute', 0),
    part('second', 0),
  )
  return (BigInt(millis) + FILETIME_OF_1970_MILLIS) * 10_000n
}

const FILETIME_OF_1970_MILLIS = 11_644_473_600_000n

function readWord<Word extends string>(
  element: Element,
  name: string,
  words: readonly Word[],
  absent?: Word,
): Word {
  const numbers: ValueNames = Object.fromEntries(words.map((word, index) => [word, index]))
  const index = readNamed(element, name, numbers, absent === undefined ? undefined : words.indexOf(absent))
  const word = words[index]
  if (word === undefined) throw new VssError('VSS_E_INVALID_XML_DOCUMENT', `${name} is no word`)
  return word
}
