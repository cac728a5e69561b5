/**
 * RestoreSelection: which running writer restores which component of the stored document.
 *
 * A writer has another instance id at each start. The component goes to the running instance of its class that
 * has the stored instance name, or, where the stored instance had none, to the first of the class; unless the
 * requester named another instance: restore with move.
 */
import type { BackupComponentsDocument, WriterComponentsRecord } from '../document/backup-components.ts'
import type { ComponentRecord } from '../document/component-record.ts'
import { VSS_BACKUP_SCHEMA } from '../enums.ts'
import { VssError } from '../errors.ts'
import { bracedGuid, GUID_NULL, type Guid } from '../ids.ts'
import type { WriterIdentity } from '../writer/events.ts'
import type { IncludedComponent } from './included-components.ts'

/** A running writer and the components it is to restore. */
export interface RestoreGroup {
  instanceId: Guid
  records: ComponentRecord[]
}

export class RestoreSelection {
  /** Where the requester named an instance itself. */
  readonly #moved: Map<ComponentRecord, Guid> = new Map()
  readonly #withOptions: Set<ComponentRecord> = new Set()
  /** What PreRestore was sent with; PostRestore goes to the same. */
  groups: readonly RestoreGroup[] = []

  /** From now on the component is restored by this instance, or by its own again. */
  move(record: ComponentRecord, instanceId: Guid | undefined): void {
    if (instanceId === undefined) this.#moved.delete(record)
    else this.#moved.set(record, instanceId)
  }

  /** @throws VssError `VSS_E_BAD_STATE` for a second set of restore options: writers take one string */
  setOptions(record: ComponentRecord, restoreOptions: string): void {
    if (this.#withOptions.has(record)) {
      throw new VssError(
        'VSS_E_BAD_STATE',
        `setRestoreOptions was called twice for the component '${record.componentName}'`,
        { remedy: 'Put all options of a component into one string.' },
      )
    }
    record.restoreOptions = restoreOptions
    this.#withOptions.add(record)
  }

  /** Decides who takes part: writers that run and have a component selected. */
  decide(document: BackupComponentsDocument, running: readonly WriterIdentity[]): void {
    const groups = new Map<Guid, RestoreGroup>()
    for (const writer of document.writers) {
      const own = instanceFor(writer, running)?.instanceId
      for (const record of writer.components) {
        const instanceId = this.#moved.get(record) ?? own
        if (instanceId === undefined) continue
        const group = groups.get(instanceId) ?? { instanceId, records: [] }
        group.records.push(record)
        groups.set(instanceId, group)
      }
    }
    this.groups = [...groups.values()].filter(({ records }) =>
      records.some(({ selectedForRestore }) => selectedForRestore),
    )
  }
}

/** The running instance that a stored one is taken to be. */
export function instanceFor(
  stored: WriterComponentsRecord,
  running: readonly WriterIdentity[],
): WriterIdentity | undefined {
  const ofClass = running.filter(({ writerId }) => writerId === stored.writerId)
  if (stored.instanceName === null) return ofClass[0]
  return ofClass.find(({ instanceName }) => instanceName === stored.instanceName)
}

/**
 * Those of the components that a running writer can restore: the instance named, or with GUID_NULL its own.
 *
 * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if there is none; `VSS_E_NOT_SUPPORTED` if the instance named cannot
 *   stand in for the one that made the backup
 */
export function requireRunning(
  found: readonly IncludedComponent[],
  instanceId: Guid,
  running: readonly WriterIdentity[],
): readonly IncludedComponent[] {
  const named = instanceId !== GUID_NULL
  if (named) for (const { writer } of found) requireMovable(writer, instanceId, running)
  const chosen = named ? found : found.filter(({ writer }) => instanceFor(writer, running) !== undefined)
  if (chosen.length > 0) return chosen
  throw new VssError(
    'VSS_E_OBJECT_NOT_FOUND',
    `no writer runs that could restore '${found[0]?.record.componentName}'`,
    { remedy: 'Start the writer, then make a new object: writers are gathered once.' },
  )
}

function requireMovable(
  stored: WriterComponentsRecord,
  instanceId: Guid,
  running: readonly WriterIdentity[],
): void {
  const target = running.find((writer) => writer.instanceId === instanceId)
  if (target === undefined || target.writerId !== stored.writerId) {
    throw new VssError(
      'VSS_E_OBJECT_NOT_FOUND',
      `no writer of class ${bracedGuid(stored.writerId)} runs as instance ${bracedGuid(instanceId)}`,
    )
  }
  if (target.instanceId === instanceFor(stored, running)?.instanceId) return
  requireSchema(stored, 'VSS_BS_WRITER_SUPPORTS_RESTORE_WITH_MOVE', 'a restore by another instance')
  if (target.instanceName !== '') return
  throw new VssError('VSS_E_NOT_SUPPORTED', `writer '${target.writerName}' has no instance name`, {
    culprit: target.writerName,
    remedy: 'Restore with the instance that made the backup.',
  })
}

/** @throws VssError `VSS_E_NOT_SUPPORTED` if the writer's backup schema, as stored, lacks the bit */
export function requireSchema(
  stored: WriterComponentsRecord,
  bit: keyof typeof VSS_BACKUP_SCHEMA,
  what: string,
): void {
  if ((stored.backupSchema & VSS_BACKUP_SCHEMA[bit]) !== 0) return
  throw new VssError(
    'VSS_E_NOT_SUPPORTED',
    `writer ${bracedGuid(stored.writerId)} does not support ${what}: ${bit} is not in its backup schema`,
    { culprit: stored.writerId, remedy: 'Restore without it.' },
  )
}
