/** Components that have to be backed up and restored together, across writers (R195). No order follows from that. */
import type { Guid } from '../ids.ts'
import { componentSets, fullPathOf, type KnownComponent } from './component-sets.ts'
import type { WriterToBackUp } from './writer-entries.ts'

/** A component that another one needs and that is not included. */
export interface MissingDependency {
  /** Included, explicitly or implicitly, and not to be backed up alone. */
  readonly component: KnownComponent
  readonly writerId: Guid
  readonly logicalPath: string | null
  readonly componentName: string
  /** Where the component is that is needed; `null` for this host. What is included elsewhere cannot be seen here. */
  readonly host: string | null
}

/** Reference 3.5, conflict 8: in front of the logical path or of the name. */
const REMOTE = /^\\\\([^\\]+)\\?/

/**
 * What a selection lacks: components on this host that are not in it, and every one on another host.
 *
 * @param writers - all that take part, with what is included explicitly of each
 * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if the metadata of one lacks a component
 */
export function missingDependencies(writers: Iterable<WriterToBackUp>): MissingDependency[] {
  const included = new Set<string>()
  const members: KnownComponent[] = []
  for (const { metadata, explicit } of writers) {
    for (const set of componentSets(metadata, explicit)) {
      for (const member of set.members) {
        members.push(member)
        included.add(keyOf(member.writerId, member))
      }
    }
  }
  return members.flatMap((component) =>
    dependenciesOf(component).filter(
      (needed) => needed.host !== null || !included.has(keyOf(needed.writerId, needed)),
    ),
  )
}

function dependenciesOf(component: KnownComponent): MissingDependency[] {
  const { metadata } = component
  return Array.from({ length: metadata.getComponentInfo().dependencies }, (_, index) => {
    const dependency = metadata.getDependency(index)
    const path = dependency.getLogicalPath() ?? ''
    const name = dependency.getComponentName()
    const host = REMOTE.exec(path)?.[1] ?? REMOTE.exec(name)?.[1] ?? null
    const logicalPath = path.replace(REMOTE, '')
    return {
      component,
      writerId: dependency.getWriterId(),
      logicalPath: logicalPath === '' ? null : logicalPath,
      componentName: name.replace(REMOTE, ''),
      host,
    }
  })
}

function keyOf(
  writerId: Guid,
  component: { readonly logicalPath: string | null; readonly componentName: string },
): string {
  return `${writerId}\\${fullPathOf(component)}`
}
