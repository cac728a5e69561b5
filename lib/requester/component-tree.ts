/**
 * ComponentTree: the components of one writer as their logical paths arrange them, and which of them a backup
 * may include by themselves (reference 2.3.6).
 *
 * A is an ancestor of C if A's full path, `logicalPath\componentName`, is C's logical path or a prefix of it that
 * ends at a backslash. A selectable component defines a set: itself and everything below it.
 */
import type { ComponentInfo, WMComponent, WMFiledesc } from '../document/wm-component.ts'
import type { WriterMetadataDocument } from '../document/writer-metadata.ts'
import type { VSS_COMPONENT_TYPE } from '../enums.ts'

/**
 * How a component gets into a backup.
 *
 *   required    not selectable, below nothing selectable: explicitly, whenever anything of its writer is backed up
 *   optional    selectable, below nothing selectable: explicitly, if it is wanted
 *   implicit    not selectable, below something selectable: with that one, never by itself
 *   either      selectable, below something selectable: with that one, or explicitly by itself
 */
export type Inclusion = 'required' | 'optional' | 'implicit' | 'either'

export class ComponentTree {
  readonly #components: ReadonlyMap<string, { info: ComponentInfo; component: WMComponent }>

  private constructor(document: WriterMetadataDocument) {
    const { components } = document.getFileCounts()
    this.#components = new Map(
      Array.from({ length: components }, (_, index) => {
        const component = document.getComponent(index)
        const info = component.getComponentInfo()
        return [fullPathOf(info.logicalPath, info.componentName), { info, component }]
      }),
    )
  }

  /** Of a writer's document, which never changes; made once. */
  static of(document: WriterMetadataDocument): ComponentTree {
    const tree = known.get(document) ?? new ComponentTree(document)
    known.set(document, tree)
    return tree
  }

  /** Undefined if the writer declared no such component. */
  find(
    type: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
  ): ComponentInfo | undefined {
    const found = this.#components.get(fullPathOf(logicalPath, componentName))?.info
    return found?.type === type && found.componentName === componentName ? found : undefined
  }

  /** A component below another, of whichever type. */
  findBelow(
    ancestor: ComponentInfo,
    logicalPath: string | null,
    componentName: string,
  ): ComponentInfo | undefined {
    const found = this.#components.get(fullPathOf(logicalPath, componentName))?.info
    return found !== undefined && isAncestor(ancestor, found) ? found : undefined
  }

  inclusionOf(info: ComponentInfo): Inclusion {
    const isBelow = this.definingAncestor(info) !== undefined
    if (info.selectable) return isBelow ? 'either' : 'optional'
    return isBelow ? 'implicit' : 'required'
  }

  /** The nearest selectable ancestor, with which a component is included implicitly. */
  definingAncestor({ logicalPath }: ComponentInfo): ComponentInfo | undefined {
    for (
      let path = bare(logicalPath);
      path !== '';
      path = path.slice(0, Math.max(path.lastIndexOf('\\'), 0))
    ) {
      const found = this.#components.get(path)?.info
      if (found?.selectable === true) return found
    }
    return undefined
  }

  /** The component itself and, if it is selectable, all that are included with it. */
  setOf(info: ComponentInfo): ComponentInfo[] {
    if (!info.selectable) return [info]
    const below = [...this.#components.values()].filter((other) => isAncestor(info, other.info))
    return [info, ...below.map((other) => other.info)]
  }

  /** Whether a component, or one that is included with it, has exactly this file set. */
  hasFileSet(info: ComponentInfo, path: string, filespec: string, recursive: boolean): boolean {
    return this.setOf(info).some(({ logicalPath, componentName }) => {
      const component = this.#components.get(fullPathOf(logicalPath, componentName))?.component
      return component !== undefined && fileSetsOf(component).some((fileSet) => isSame(fileSet))
    })

    function isSame(fileSet: WMFiledesc): boolean {
      return (
        withoutSeparator(fileSet.getPath()) === withoutSeparator(path) &&
        fileSet.getFilespec() === filespec &&
        fileSet.getRecursive() === recursive
      )
    }
  }
}

const known = new WeakMap<WriterMetadataDocument, ComponentTree>()

/** `logicalPath\componentName`; no path, and one with backslashes at its ends, mean the same as without. */
export function fullPathOf(logicalPath: string | null, componentName: string): string {
  const path = bare(logicalPath)
  return path === '' ? componentName : `${path}\\${componentName}`
}

function isAncestor(above: ComponentInfo, below: ComponentInfo): boolean {
  const path = bare(below.logicalPath)
  const ancestor = fullPathOf(above.logicalPath, above.componentName)
  return path === ancestor || path.startsWith(`${ancestor}\\`)
}

function bare(logicalPath: string | null): string {
  return (logicalPath ?? '').replace(/^\\+|\\+$/g, '')
}

function fileSetsOf(component: WMComponent): WMFiledesc[] {
  const { fileCount, databases, logFiles } = component.getComponentInfo()
  return [
    ...Array.from({ length: fileCount }, (_, index) => component.getFile(index)),
    ...Array.from({ length: databases }, (_, index) => component.getDatabaseFile(index)),
    ...Array.from({ length: logFiles }, (_, index) => component.getDatabaseLogFile(index)),
  ]
}

/** The separator at the end of a path is optional. */
function withoutSeparator(path: string): string {
  return path.length > 1 ? path.replace(/[/\\]+$/, '') : path
}
