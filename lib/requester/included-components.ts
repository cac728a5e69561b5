/**
 * The components a requester has included explicitly: checked against what the writers declared, and
 * kept in the Backup Components Document.
 */
import type { BackupComponentsDocument } from '../document/backup-components.ts'
import type { ComponentRecord } from '../document/component-record.ts'
import type { WriterMetadataDocument } from '../document/writer-metadata.ts'
import type { VSS_COMPONENT_TYPE } from '../enums.ts'
import { describeValue, VssError } from '../errors.ts'
import { type Guid, parseGuid } from '../ids.ts'
import type { WriterIdentity } from '../writer/events.ts'
import { WriterComponents } from '../writer/writer-components.ts'
import { componentsOf } from './component-mapping.ts'

/** A writer that answered Identify, with its document. */
export interface GatheredMetadata {
  identity: WriterIdentity
  document: WriterMetadataDocument
}

/** For views that are read outside a handler. */
const READ_ONLY = { eventType: 'Status', running: false, partialFileSupport: false } as const

export class IncludedComponents {
  readonly #document: BackupComponentsDocument

  constructor(document: BackupComponentsDocument) {
    this.#document = document
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` if no writer declared it, `VSS_E_OBJECT_ALREADY_EXISTS`. */
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
    if (!declares(document, componentType, logicalPath, componentName)) {
      throw new VssError(
        'VSS_E_OBJECT_NOT_FOUND',
        `writer '${identity.writerName}' has no component '${componentName}' below '${logicalPath ?? ''}'`,
        { culprit: identity.writerName },
      )
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
    const wanted = parseGuid(writerId, 'writerId')
    const instance = instanceId === undefined ? undefined : parseGuid(instanceId, 'instanceId')
    const records = this.#document.writers
      .filter(
        (writer) => writer.writerId === wanted && (instance === undefined || writer.instanceId === instance),
      )
      .flatMap((writer) => writer.findComponent(logicalPath, componentName) ?? [])
      .filter((record) => record.componentType === componentType)
    if (records.length === 0) {
      throw new VssError('VSS_E_OBJECT_NOT_FOUND', `the component '${componentName}' is not included`, {
        remedy: 'Include it with addComponent first.',
      })
    }
    return records
  }

  /** The components of one writer as they stand, to be read only. */
  view(index: number): WriterComponents {
    const writer = at(this.#document.writers, index, 'writer with components')
    return new WriterComponents(writer, componentsOf(writer), READ_ONLY)
  }
}

function declares(
  document: WriterMetadataDocument,
  type: VSS_COMPONENT_TYPE,
  logicalPath: string | null,
  name: string,
): boolean {
  const { components } = document.getFileCounts()
  for (let index = 0; index < components; index++) {
    const info = document.getComponent(index).getComponentInfo()
    if (
      info.type === type &&
      (info.logicalPath ?? '') === (logicalPath ?? '') &&
      info.componentName === name
    ) {
      return true
    }
  }
  return false
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
