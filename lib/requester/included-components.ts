/**
 * The components a requester has included explicitly: checked against what the writers declared, and
 * kept in the Backup Components Document.
 */
import type { BackupComponentsDocument, WriterComponentsRecord } from '../document/backup-components.ts'
import type { ComponentRecord } from '../document/component-record.ts'
import type { WriterMetadataDocument } from '../document/writer-metadata.ts'
import type { VSS_COMPONENT_TYPE } from '../enums.ts'
import { describeValue, VssError } from '../errors.ts'
import { type Guid, parseGuid } from '../ids.ts'
import type { WriterIdentity } from '../writer/events.ts'
import { WriterComponents } from '../writer/writer-components.ts'
import { componentsOf } from './component-mapping.ts'
import { ComponentTree, fullPathOf } from './component-tree.ts'

/** A writer that answered Identify, with its document. */
export interface GatheredMetadata {
  identity: WriterIdentity
  document: WriterMetadataDocument
}

/** An included component and the writer it belongs to. */
export interface IncludedComponent {
  writer: WriterComponentsRecord
  record: ComponentRecord
}

/** For views that are read outside a handler. */
const READ_ONLY = { eventType: 'Status', running: false, partialFileSupport: false } as const

export class IncludedComponents {
  readonly #document: BackupComponentsDocument

  constructor(document: BackupComponentsDocument) {
    this.#document = document
  }

  /**
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if no writer declared it, `VSS_E_OBJECT_ALREADY_EXISTS`,
   *   `E_INVALIDARG` if it is never included by itself
   */
  add(
    gathered: readonly GatheredMetadata[],
    instanceId: Guid,
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
  ): void {
    const instance = parseGuid(instanceId, 'instanceId')
    const found = gathered.find(({ identity }) => identity.instanceId === instance)
    if (found === undefined || found.identity.writerId !== parseGuid(writerId, 'writerId')) {
      throw new VssError(
        'VSS_E_OBJECT_NOT_FOUND',
        `no writer of class ${writerId} has instance id ${instanceId}`,
      )
    }
    const { identity, document } = found
    const tree = ComponentTree.of(document)
    const info = tree.find(componentType, logicalPath, componentName)
    if (info === undefined) {
      throw new VssError(
        'VSS_E_OBJECT_NOT_FOUND',
        `writer '${identity.writerName}' has no component '${componentName}' below '${logicalPath ?? ''}'`,
        { culprit: identity.writerName },
      )
    }
    if (tree.inclusionOf(info) === 'implicit') {
      const above = tree.definingAncestor(info)
      const name = above === undefined ? '' : fullPathOf(above.logicalPath, above.componentName)
      throw new VssError('E_INVALIDARG', `the component '${componentName}' is not selectable by itself`, {
        culprit: 'componentName',
        remedy: `Include '${name}', with which it comes.`,
      })
    }
    const writer =
      this.#document.findWriter(instance) ??
      this.#document.addWriter({
        instanceId: instance,
        writerId: identity.writerId,
        instanceName: identity.instanceName === '' ? null : identity.instanceName,
        backupSchema: document.getBackupSchema(),
      })
    writer.addComponent(componentType, logicalPath, componentName)
  }

  /** The component of every instance of the class, or of one. At least one, else an error. */
  find(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    instanceId?: Guid,
  ): ComponentRecord[] {
    return this.findAll(writerId, componentType, logicalPath, componentName, instanceId).map(
      ({ record }) => record,
    )
  }

  /** As {@link IncludedComponents.find}, each with its writer. */
  findAll(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    instanceId?: Guid,
  ): IncludedComponent[] {
    const wanted = parseGuid(writerId, 'writerId')
    const instance = instanceId === undefined ? undefined : parseGuid(instanceId, 'instanceId')
    const found = this.#document.writers
      .filter(
        (writer) => writer.writerId === wanted && (instance === undefined || writer.instanceId === instance),
      )
      .flatMap((writer) => {
        const record = writer.findComponent(logicalPath, componentName)
        return record?.componentType === componentType ? { writer, record } : []
      })
    if (found.length === 0) {
      throw new VssError('VSS_E_OBJECT_NOT_FOUND', `the component '${componentName}' is not included`, {
        remedy: 'Include it with addComponent first; a restore takes what was included in the backup.',
      })
    }
    return found
  }

  /** The components of one writer as they stand, to be read only. */
  view(index: number): WriterComponents {
    const writer = at(this.#document.writers, index, 'writer with components')
    return new WriterComponents(writer, componentsOf(writer), READ_ONLY)
  }
}

/** @throws VssError `VSS_E_OBJECT_NOT_FOUND` for an index that is not there. */
export function at<T>(list: readonly T[], index: number, what: string): T {
  const item = list[index]
  if (item === undefined) {
    throw new VssError(
      'VSS_E_OBJECT_NOT_FOUND',
      `there is no ${what} ${describeValue(index)}; there are ${list.length}`,
    )
  }
  return item
}
