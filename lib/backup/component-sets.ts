/**
 * Which components a backup takes: explicitly, because the requester names them, and implicitly, because a selectable
 * component above them is named (reference 2.3.6).
 *
 * A component lies below another if its logical path is the other's full path or continues it. A component set is a
 * selectable component with everything below it; its first member stands for all of them in the Backup Components
 * Document. Everything here is worked out from a Writer Metadata Document alone.
 */
import type { WMComponent } from '../document/wm-component.ts'
import type { WriterMetadataDocument } from '../document/writer-metadata.ts'
import type { VSS_COMPONENT_TYPE } from '../enums.ts'
import { describeValue, VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'

/** What identifies a component, and the writer instance it belongs to. */
export interface ComponentIdentity {
  readonly instanceId: Guid
  readonly writerId: Guid
  readonly writerName: string
  readonly componentType: VSS_COMPONENT_TYPE
  readonly logicalPath: string | null
  readonly componentName: string
}

/** A component of a document with its place among the others. */
export interface KnownComponent extends ComponentIdentity {
  readonly selectable: boolean
  readonly selectableForRestore: boolean
  /** The nearest selectable component above it. */
  readonly selectableAbove: KnownComponent | null
  /** Of the document: its file sets and dependencies. */
  readonly metadata: WMComponent
}

/** A component that is named, with all that come along. */
export interface ComponentSet {
  readonly defining: KnownComponent
  /** The defining component first, then those below it in the order of the document. */
  readonly members: readonly KnownComponent[]
}

export interface SelectedComponents {
  /** To be passed to `addComponent`, in the order of the document. */
  readonly explicit: readonly KnownComponent[]
  /** What comes along with them. */
  readonly implicit: readonly KnownComponent[]
  /** What is not backed up. */
  readonly left: readonly KnownComponent[]
}

/** The components of a document, in its order. */
export function componentsOf(document: WriterMetadataDocument): readonly KnownComponent[] {
  const { instanceId, writerId, writerName } = document.getIdentity()
  const metadata: WMComponent[] = []
  for (let index = 0; index < document.getFileCounts().components; index++) {
    metadata.push(document.getComponent(index))
  }
  const known = metadata.map((component) => {
    const { type, logicalPath, componentName, selectable, selectableForRestore } =
      component.getComponentInfo()
    const above: KnownComponent | null = null
    return {
      ...{ instanceId, writerId, writerName, componentType: type, logicalPath, componentName },
      ...{
        selectable,
        selectableForRestore,
        selectableAbove: above as KnownComponent | null,
        metadata: component,
      },
    }
  })
  const byPath = new Map<string, KnownComponent>()
  for (const component of known) byPath.set(fullPathOf(component), component)
  for (const component of known) component.selectableAbove = nearestSelectable(component, byPath)
  return known
}

/**
 * Chooses the components of one writer: all that are required, and of those that may be chosen all, or those that
 * `choose` says. It is asked about a component below a chosen one no more: that comes along.
 *
 * Whether the writer takes part at all is decided by calling this or not.
 *
 * @param document - from `getWriterMetadata`
 * @example
 * ```ts
 * for (let i = 0; i < backup.getWriterMetadataCount(); i++) {
 *   const { explicit } = selectComponents(backup.getWriterMetadata(i).metadata)
 *   for (const { instanceId, writerId, componentType, logicalPath, componentName } of explicit) {
 *     backup.addComponent(instanceId, writerId, componentType, logicalPath, componentName)
 *   }
 * }
 * ```
 */
export function selectComponents(
  document: WriterMetadataDocument,
  choose: (component: KnownComponent) => boolean = () => true,
): SelectedComponents {
  const components = componentsOf(document)
  const fates = new Map<KnownComponent, 'explicit' | 'implicit' | 'left'>()
  const fateOf = (component: KnownComponent): 'explicit' | 'implicit' | 'left' => {
    const decided = fates.get(component)
    if (decided !== undefined) return decided
    const fate = decide(component)
    fates.set(component, fate)
    return fate
  }
  const decide = (component: KnownComponent): 'explicit' | 'implicit' | 'left' => {
    const above = component.selectableAbove
    if (above !== null && fateOf(above) !== 'left') return 'implicit'
    if (component.selectable) return choose(component) ? 'explicit' : 'left'
    return above === null ? 'explicit' : 'left'
  }
  const those = (fate: string): KnownComponent[] =>
    components.filter((component) => fateOf(component) === fate)
  return { explicit: those('explicit'), implicit: those('implicit'), left: those('left') }
}

/**
 * The sets that a list of explicitly included components defines. A component is in one set, that of the nearest.
 *
 * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if the document does not have a component
 */
export function componentSets(
  document: WriterMetadataDocument,
  explicit: readonly Pick<ComponentIdentity, 'logicalPath' | 'componentName'>[],
): ComponentSet[] {
  const components = componentsOf(document)
  const byPath = new Map(components.map((component) => [fullPathOf(component), component]))
  const sets = new Map<KnownComponent, KnownComponent[]>()
  for (const wanted of explicit) {
    const defining = byPath.get(fullPathOf(wanted))
    if (defining === undefined) {
      const { writerName } = document.getIdentity()
      throw new VssError(
        'VSS_E_OBJECT_NOT_FOUND',
        `the metadata of writer '${writerName}' has no component ${describeValue(fullPathOf(wanted))}`,
        { culprit: writerName, remedy: 'Use the metadata document that was saved with this backup.' },
      )
    }
    sets.set(defining, [defining])
  }
  for (const component of components) {
    if (sets.has(component)) continue
    let above = component.selectableAbove
    while (above !== null && !sets.has(above)) above = above.selectableAbove
    if (above !== null) sets.get(above)?.push(component)
  }
  return [...sets].map(([defining, members]) => ({ defining, members }))
}

/** Logical path and name in one, without separators at the ends. */
export function fullPathOf({
  logicalPath,
  componentName,
}: Pick<ComponentIdentity, 'logicalPath' | 'componentName'>): string {
  const path = trimmed(logicalPath)
  return path === '' ? componentName : `${path}\\${componentName}`
}

function nearestSelectable(
  component: KnownComponent,
  byPath: ReadonlyMap<string, KnownComponent>,
): KnownComponent | null {
  let path = trimmed(component.logicalPath)
  while (path !== '') {
    const above = byPath.get(path)
    if (above?.selectable && above !== component) return above
    path = path.slice(0, Math.max(0, path.lastIndexOf('\\')))
  }
  return null
}

function trimmed(logicalPath: string | null): string {
  return (logicalPath ?? '').replace(/^\\+|\\+$/g, '')
}
