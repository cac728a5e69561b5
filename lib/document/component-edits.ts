/**
 * What a writer may change of a component, looked at without a document: by the writer's own side as it happens, and
 * by the coordinator in a reply that may have come from anywhere.
 */
import type { VSS_RESTORE_TARGET } from '../enums.ts'
import type { DifferencedFile, DirectedTarget, PartialFile } from './component-items.ts'
import { checkItem, DIFFERENCED_FILE, DIRECTED_TARGET, PARTIAL_FILE } from './component-items.ts'
import { ATTRIBUTE, RESTORE_TARGET } from './names.ts'
import { badArgument, checkedText, writeNamed } from './values.ts'
import { scratchElement } from './xml.ts'

/** The texts among {@link ComponentEdits}, each under the name it has in the document. */
const TEXTS = [
  'backupMetadata',
  'backupStamp',
  'prepareForBackupFailureMsg',
  'postSnapshotFailureMsg',
  'restoreMetadata',
  'preRestoreFailureMsg',
  'postRestoreFailureMsg',
] as const

/** Undefined stands for what was never set. */
export interface ComponentEdits
  extends Readonly<Partial<Record<(typeof TEXTS)[number], string | undefined>>> {
  readonly differencedFiles: readonly DifferencedFile[]
  readonly partialFiles: readonly PartialFile[]
  readonly restoreTarget?: VSS_RESTORE_TARGET | undefined
  readonly directedTargets?: readonly DirectedTarget[] | undefined
  readonly failure?: { readonly message: string } | undefined
}

/**
 * Whether a record would take these changes, without a record.
 *
 * @throws VssError `E_INVALIDARG` naming the first that it would refuse
 */
export function checkEdits(edits: ComponentEdits): void {
  for (const name of TEXTS) {
    const text = edits[name]
    if (text !== undefined) checkedText(text, name)
  }
  for (const file of edits.differencedFiles) checkItem(DIFFERENCED_FILE, file)
  for (const file of edits.partialFiles) checkItem(PARTIAL_FILE, file)
  if (edits.restoreTarget !== undefined) checkRestoreTarget(edits.restoreTarget)
  if (edits.directedTargets !== undefined) {
    if (!Array.isArray(edits.directedTargets)) throw badArgument('directedTargets must be a list')
    for (const target of edits.directedTargets) checkItem(DIRECTED_TARGET, target)
  }
  if (edits.failure !== undefined) checkedText(edits.failure?.message, 'the message of a failure')
}

/** @throws VssError `E_INVALIDARG` for a value that is not of the enumeration */
export function checkRestoreTarget(target: VSS_RESTORE_TARGET): void {
  writeNamed(scratchElement(), ATTRIBUTE.restoreTarget, RESTORE_TARGET, target)
}
