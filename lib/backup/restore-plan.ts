/**
 * The mirror image of the file list: what of a backup is restored, to where, and when (reference 2.11). Worked out
 * from the documents that were saved with the backup, between PreRestore and the writing of files.
 */
import { type AsyncOptions, cancelled } from '../cancellation.ts'
import type { DirectedTarget, RelocatedFiles, RestoreSubcomponent } from '../document/component-items.ts'
import type { RestoreMethodInfo, WriterMetadataDocument } from '../document/writer-metadata.ts'
import {
  VSS_BACKUP_SCHEMA,
  type VSS_BACKUP_TYPE,
  type VSS_RESTORE_TARGET,
  VSS_RESTOREMETHOD_ENUM,
  VSS_WRITERRESTORE_ENUM,
} from '../enums.ts'
import { VssError } from '../errors.ts'
import type { BackupEntry } from './backup-entry.ts'
import { bitsOf } from './backup-type.ts'
import { type ComponentSet, fullPathOf, type KnownComponent } from './component-sets.ts'
import type { LogBackup } from './file-sets.ts'
import { LocationReader } from './location-reader.ts'
import { PatternIndex } from './pattern-index.ts'
import { Relocations } from './relocations.ts'
import { type FilesInBackup, ObstacleSearch } from './restore-obstacles.ts'
import { type RestoreProbe, systemProbe } from './restore-probe.ts'
import { decideRestore, type RestoreDecision } from './restore-ways.ts'
import type { Environment } from './variables.ts'
import { type ExplicitComponent, type ListedSet, setsOfWriter } from './writer-entries.ts'

/** What a Backup Components Document says of a component; a `ComponentRecord` has it. */
export interface RestoreRecord extends ExplicitComponent {
  readonly selectedForRestore: boolean
  readonly restoreTarget: VSS_RESTORE_TARGET
  readonly newTargets: readonly RelocatedFiles[]
  readonly directedTargets: readonly DirectedTarget[]
  readonly restoreSubcomponents: readonly RestoreSubcomponent[]
}

/** A writer of the backup, with the stored metadata. */
export interface WriterToRestore {
  readonly metadata: WriterMetadataDocument
  readonly explicit: readonly RestoreRecord[]
}

export interface RestorePlanOptions {
  /** Of the backup: what it did not take cannot be restored. */
  backupType: VSS_BACKUP_TYPE
  /** For variables in paths; of the system that is restored to. @defaultValue `process.env` */
  environment?: Environment
  /** As in the file list of the backup. @defaultValue `'logFiles'` */
  logBackup?: LogBackup
  /**
   * Components that are restored without being selected: those of writers that take no part in a restore, because
   * they never do or their restore is a custom one. @defaultValue all of them
   */
  withoutWriter?: (component: KnownComponent) => boolean
  /**
   * The normal paths of the files in the backup that came by an entry. Two methods ask whether these exist or can be
   * replaced; without this option all files are looked at that are where the entry's were.
   */
  files?: FilesInBackup
  /** @defaultValue the system that the program runs on */
  probe?: RestoreProbe
}

/** What becomes of one component, whole: no method restores a part of one. */
export interface ComponentRestore extends RestoreDecision {
  readonly component: KnownComponent
  /** The explicitly included component that stands for it in the Backup Components Document. */
  readonly defining: KnownComponent
  /** Of the writer. */
  readonly method: RestoreMethodInfo | null
  readonly target: VSS_RESTORE_TARGET
  /** The writer asks for a reboot after the restore, or files wait for one. */
  readonly rebootRequired: boolean
  /** To be told with addAlternativeLocationMapping once the files are in place. */
  readonly usedMappings: readonly RelocatedFiles[]
}

/**
 * A restore, component by component. Iterate it after PreRestore, when writers have set their targets: whether files
 * are there or can be replaced is looked up when a component is reached.
 *
 * Selected components are restored with all below them, or of those only the subcomponents that were added. A new
 * target goes before method and target of the component; a directed target restores what it names and nothing else.
 *
 * @example
 * ```ts
 * const plan = new RestorePlan(pairDocuments(document, metadata), { backupType: document.backupType })
 * const results = new ComponentResults()
 * for await (const { defining, error, entries } of plan.components({ signal })) {
 *   if (error !== null) results.add({ defining }, false)
 *   for (const entry of entries) {
 *     for (const path of archive.filesOf(entry.backupEntry)) {
 *       results.add({ defining }, await putBack(archive, path, entry.destinationOf(path)))
 *     }
 *   }
 * }
 * // For each of results: setFileRestoreStatus(…, status)
 * ```
 */
export class RestorePlan {
  readonly #writers: Iterable<WriterToRestore>
  readonly #options: RestorePlanOptions
  readonly #reader: LocationReader

  /** @throws VssError `E_INVALIDARG` for a backup type that says nothing */
  constructor(writers: Iterable<WriterToRestore>, options: RestorePlanOptions) {
    bitsOf(options.backupType)
    this.#writers = writers
    this.#options = { ...options }
    this.#reader = new LocationReader(options.environment ?? process.env)
  }

  /**
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` for a variable without a value or a component that the metadata does not
   *   have, `E_INVALIDARG` for a subcomponent that is not selectable for restore, `ERR_IO` if the system cannot say
   *   what is there, `VSS_S_ASYNC_CANCELLED`
   */
  async *components({ signal }: AsyncOptions = {}): AsyncGenerator<ComponentRestore, void, undefined> {
    const check = (): void => {
      if (signal?.aborted) throw cancelled('components', signal.reason)
    }
    const { files, probe = systemProbe } = this.#options
    const obstacles = new ObstacleSearch(probe, files, check)
    for (const writer of this.#writers) {
      for (const listed of setsOfWriter(writer, this.#rules())) {
        check()
        const members = this.#membersToRestore(listed, writer.metadata)
        if (members.size > 0) yield* this.#restoresOf(listed, members, writer.metadata, obstacles)
      }
    }
  }

  async *#restoresOf(
    { set, record, entries }: ListedSet<RestoreRecord>,
    members: ReadonlySet<KnownComponent>,
    metadata: WriterMetadataDocument,
    obstacles: ObstacleSearch,
  ): AsyncGenerator<ComponentRestore, void, undefined> {
    const method = metadata.getRestoreMethod()
    const relocations = new Relocations(metadata, record, this.#reader)
    const byMember = groupByComponent(entries)
    const offersNewTargets =
      (metadata.getBackupSchema() & VSS_BACKUP_SCHEMA.VSS_BS_WRITER_SUPPORTS_NEW_TARGET) !== 0
    const refused = record.newTargets.length > 0 && !offersNewTargets ? noNewTargets(set) : null
    for (const component of members) {
      const decision = await decideRestore({
        component,
        entries: byMember.get(component) ?? [],
        method,
        target: record.restoreTarget,
        refused,
        relocations,
        obstacles,
      })
      yield {
        ...decision,
        component,
        defining: set.defining,
        method,
        target: record.restoreTarget,
        rebootRequired: method?.rebootRequired === true || decision.entries.some(({ atReboot }) => atReboot),
        usedMappings: relocations.used(decision.entries),
      }
    }
  }

  /** R138: the whole set if it is selected, or the subcomponents that were added and what is below them. */
  #membersToRestore(
    { set, record }: ListedSet<RestoreRecord>,
    metadata: WriterMetadataDocument,
  ): ReadonlySet<KnownComponent> {
    const { withoutWriter = () => true } = this.#options
    const isSelected = record.selectedForRestore || (takesNoPart(metadata) && withoutWriter(set.defining))
    if (!isSelected) return new Set()
    if (record.restoreSubcomponents.length === 0) return new Set(set.members)
    const chosen = new Set<KnownComponent>()
    for (const wanted of record.restoreSubcomponents) {
      const path = fullPathOf(wanted)
      const subcomponent = set.members.find((member) => fullPathOf(member) === path)
      if (subcomponent === undefined)
        throw badSubcomponent('VSS_E_OBJECT_NOT_FOUND', 'is not below', path, set)
      if (!subcomponent.selectableForRestore) {
        throw badSubcomponent('E_INVALIDARG', 'cannot be restored without', path, set)
      }
      for (const member of set.members) {
        if (member === subcomponent || fullPathOf(member).startsWith(`${path}\\`)) chosen.add(member)
      }
    }
    return chosen
  }

  #rules(): Parameters<typeof setsOfWriter>[1] {
    return {
      backupType: this.#options.backupType,
      logBackup: this.#options.logBackup ?? 'logFiles',
      // When it was made is long decided; a differenced file that was too old for it is not in the archive.
      lastFullBackupTime: null,
      lastIncrementalBackupTime: null,
      excludeFromSnapshot: false,
      reader: this.#reader,
      filesNotToBackup: new PatternIndex(),
      onWriterError: () => undefined,
    }
  }
}

/** Such a writer cannot be selected, since it gets no event (reference 2.11). */
function takesNoPart(metadata: WriterMetadataDocument): boolean {
  const method = metadata.getRestoreMethod()
  return (
    method?.writerRestore === VSS_WRITERRESTORE_ENUM.VSS_WRE_NEVER ||
    method?.method === VSS_RESTOREMETHOD_ENUM.VSS_RME_CUSTOM
  )
}

function groupByComponent(entries: Iterable<BackupEntry>): Map<KnownComponent | null, BackupEntry[]> {
  const groups = new Map<KnownComponent | null, BackupEntry[]>()
  for (const entry of entries) {
    const group = groups.get(entry.component)
    if (group === undefined) groups.set(entry.component, [entry])
    else group.push(entry)
  }
  return groups
}

function noNewTargets({ defining }: ComponentSet): VssError {
  return new VssError('VSS_E_NOT_SUPPORTED', `writer '${defining.writerName}' takes no new targets`, {
    culprit: defining.writerName,
    remedy: 'Restore to the places that the writer names.',
  })
}

function badSubcomponent(
  code: 'VSS_E_OBJECT_NOT_FOUND' | 'E_INVALIDARG',
  what: string,
  path: string,
  { defining }: ComponentSet,
): VssError {
  return new VssError(code, `subcomponent '${path}' ${what} '${fullPathOf(defining)}'`, {
    culprit: path,
    remedy: 'Restore the whole component, or another subcomponent.',
  })
}
