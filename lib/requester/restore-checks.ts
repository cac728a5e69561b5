/**
 * What a requester asks for in a restore, held against what the running writers declare. Where they do not
 * declare the component, or their documents were freed, there is nothing to hold it against.
 */

import type { RestoreSubcomponent } from '../document/component-items.ts'
import type { ComponentRecord } from '../document/component-record.ts'
import type { ComponentInfo } from '../document/wm-component.ts'
import { VssError } from '../errors.ts'
import { ComponentTree, fullPathOf } from './component-tree.ts'
import type { GatheredMetadata, IncludedComponent } from './included-components.ts'
import { requireText } from './preconditions.ts'
import { instanceFor } from './restore-selection.ts'

interface Declared {
  gathered: readonly GatheredMetadata[] | undefined
}

/** The component as its writer declares it today. */
function declared(
  { gathered = [] }: Declared,
  { writer, record }: IncludedComponent,
): { tree: ComponentTree; info: ComponentInfo } | undefined {
  const identities = gathered.map(({ identity }) => identity)
  const own = instanceFor(writer, identities)
  const document = gathered.find(({ identity }) => identity === own)?.document
  if (document === undefined) return undefined
  const tree = ComponentTree.of(document)
  const info = tree.find(record.componentType, record.logicalPath, record.componentName)
  return info && { tree, info }
}

/** @throws VssError `VSS_E_OBJECT_NOT_FOUND` for a triple that is no file set of the component or of its set */
export function checkFileSet(
  operation: Declared,
  included: IncludedComponent,
  path: string,
  filespec: string,
  recursive: boolean,
): void {
  const found = declared(operation, included)
  if (found === undefined || found.tree.hasFileSet(found.info, path, filespec, recursive)) return
  throw new VssError(
    'VSS_E_OBJECT_NOT_FOUND',
    `the component '${included.record.componentName}' has no file set '${filespec}' in '${path}'` +
      `${recursive ? ' and below' : ''}`,
    { remedy: 'Pass path, file specification and recursive flag exactly as the writer declares them.' },
  )
}

/** @throws VssError see addRestoreSubcomponent */
export function checkSubcomponent(
  operation: Declared,
  included: IncludedComponent,
  part: RestoreSubcomponent,
): void {
  requireText(part.componentName, 'subComponentName')
  requireText(part.logicalPath, 'subComponentLogicalPath')
  const { record } = included
  const name = fullPathOf(part.logicalPath, part.componentName)
  if (!record.selectedForRestore) {
    throw new VssError(
      'VSS_E_BAD_STATE',
      `addRestoreSubcomponent was called for '${record.componentName}', which is not selected`,
      { remedy: 'Call setSelectedForRestore for it first.' },
    )
  }
  if (!isBelow(record, part)) throw notFound(`'${name}' does not lie below '${record.componentName}'`)
  const found = declared(operation, included)
  const info = found?.tree.findBelow(found.info, part.logicalPath, part.componentName)
  if (found !== undefined && info === undefined) {
    throw notFound(`'${record.componentName}' has no component '${name}' below it`)
  }
  if (info?.selectableForRestore === false) throw notFound(`'${name}' is not selectable for restore`)
  const known = record.restoreSubcomponents.some(
    (other) => fullPathOf(other.logicalPath, other.componentName) === name,
  )
  if (known) throw new VssError('VSS_E_OBJECT_ALREADY_EXISTS', `'${name}' is selected already`)
}

function isBelow(record: ComponentRecord, part: RestoreSubcomponent): boolean {
  const above = fullPathOf(record.logicalPath, record.componentName)
  return fullPathOf(part.logicalPath, part.componentName).startsWith(`${above}\\`)
}

function notFound(what: string): VssError {
  return new VssError('VSS_E_OBJECT_NOT_FOUND', what)
}
