/**
 * Between the Backup Components Document, which the requester owns, and the plain data that travels
 * to the writers and back.
 */

import type { WriterComponentsData } from '../coordinator/backup-session.ts'
import type { BackupComponentsDocument, WriterComponentsRecord } from '../document/backup-components.ts'
import type { ComponentRecord } from '../document/component-record.ts'
import type { TransportableSet } from '../document/transportable-set.ts'
import { codeOfHresult, hresultOf } from '../errors.ts'
import type { SnapshotSetDescription } from '../provider/snapshot-set-description.ts'
import type { ComponentData } from '../writer/component-data.ts'
import type { BackupState, RestoreState } from '../writer/events.ts'
import type { RestoreGroup } from './restore-selection.ts'

/** What a writer may say of its component, in words of its own. */
const WRITERS_TEXTS = [
  'backupMetadata',
  'backupStamp',
  'restoreMetadata',
  'prepareForBackupFailureMsg',
  'postSnapshotFailureMsg',
  'preRestoreFailureMsg',
  'postRestoreFailureMsg',
] as const

const TEXTS = [
  ...WRITERS_TEXTS,
  'backupOptions',
  'previousBackupStamp',
  'restoreOptions',
  'restoreName',
  'rollForwardPoint',
] as const

function toData(record: ComponentRecord): ComponentData {
  const data: ComponentData = {
    componentType: record.componentType,
    logicalPath: record.logicalPath ?? '',
    componentName: record.componentName,
    backupSucceeded: record.backupSucceeded,
    differencedFiles: record.differencedFiles.map((file) => ({ ...file })),
    partialFiles: record.partialFiles.map((file) => ({ ...file })),
    selectedForRestore: record.selectedForRestore,
    additionalRestores: record.additionalRestores,
    authoritativeRestore: record.authoritativeRestore,
    rollForwardType: record.rollForwardType,
    fileRestoreStatus: record.fileRestoreStatus,
    restoreTarget: record.restoreTarget,
    newTargets: record.newTargets.map((files) => ({ ...files })),
    restoreSubcomponents: record.restoreSubcomponents.map((part) => ({ ...part })),
    alternateLocationMappings: record.alternateLocationMappings.map((files) => ({ ...files })),
    directedTargets: record.directedTargets.map((target) => ({ ...target })),
  }
  for (const name of TEXTS) {
    const text = record[name]
    if (text !== null) data[name] = text
  }
  if (record.failure !== null) {
    const { hresult, ...failure } = record.failure
    data.failure = { ...failure, code: codeOfHresult(hresult) ?? 'VSS_E_WRITERERROR_NONRETRYABLE' }
  }
  return data
}

/** What SetBackupState said, as it stands in the document. */
export function backupState(document: BackupComponentsDocument): BackupState {
  const { selectComponents, bootableSystemStateBackup, backupType, partialFileSupport } = document
  return {
    selectComponents,
    backupBootableSystemState: bootableSystemStateBackup,
    backupType,
    partialFileSupport,
  }
}

export function componentsOf(writer: WriterComponentsRecord): ComponentData[] {
  return writer.components.map(toData)
}

/** Every writer of the document, for the coordinator. */
export function writerComponentsData(document: BackupComponentsDocument): WriterComponentsData[] {
  return document.writers.map((writer) => ({
    instanceId: writer.instanceId,
    components: componentsOf(writer),
  }))
}

/** What SetRestoreState said and what stands in the document of the backup. */
export function restoreState(document: BackupComponentsDocument): RestoreState {
  return { ...backupState(document), restoreType: document.restoreType }
}

/** The components of each writer that takes part in a restore, for the coordinator. */
export function groupData(groups: readonly RestoreGroup[]): WriterComponentsData[] {
  return groups.map(({ instanceId, records }) => ({ instanceId, components: records.map(toData) }))
}

/** Takes over what writers changed in a backup. */
export function applyWriterEdits(
  document: BackupComponentsDocument,
  edited: readonly WriterComponentsData[],
): void {
  for (const { instanceId, components } of edited) {
    applyEdits(document.findWriter(instanceId)?.components ?? [], components)
  }
}

/** Takes over what writers changed in a restore; they have other instance ids now than in the document. */
export function applyGroupEdits(
  groups: readonly RestoreGroup[],
  edited: readonly WriterComponentsData[],
): void {
  for (const { instanceId, components } of edited) {
    applyEdits(groups.find((group) => group.instanceId === instanceId)?.records ?? [], components)
  }
}

/**
 * Only what belongs to a writer is taken; identity, options, selection and stamps of the requester stay as they
 * are, whatever came back.
 */
function applyEdits(records: readonly ComponentRecord[], components: readonly ComponentData[]): void {
  for (const component of components) {
    const record = records.find(
      ({ logicalPath, componentName }) =>
        (logicalPath ?? '') === component.logicalPath && componentName === component.componentName,
    )
    if (record === undefined) continue
    for (const name of WRITERS_TEXTS) {
      const text = component[name]
      if (text !== undefined) record[name] = text
    }
    if (component.failure !== undefined) {
      const { code, ...failure } = component.failure
      record.failure = { ...failure, hresult: hresultOf(code) }
    }
    if (component.restoreTarget !== undefined && component.restoreTarget !== record.restoreTarget) {
      record.restoreTarget = component.restoreTarget
    }
    for (const file of component.differencedFiles.slice(record.differencedFiles.length)) {
      record.addDifferencedFile(file)
    }
    for (const file of component.partialFiles.slice(record.partialFiles.length)) record.addPartialFile(file)
    for (const target of component.directedTargets?.slice(record.directedTargets.length) ?? []) {
      record.addDirectedTarget(target)
    }
  }
}

/** What another host needs to import the set (R172). */
export function toTransportableSet(description: SnapshotSetDescription): TransportableSet {
  return {
    snapshotSetId: description.setId,
    context: description.context,
    originatingMachine: description.snapshots[0]?.properties.originatingMachine ?? '',
    metadata: null,
    snapshots: description.snapshots.map(({ properties, sourceLuns, targetLuns, extents }) => ({
      snapshotId: properties.snapshotId,
      originalVolume: properties.originalVolumeName,
      providerId: properties.providerId,
      extents: extents.map((extent) => ({ ...extent })),
      luns: sourceLuns.map((original, index) => ({ original, target: targetLuns[index] ?? null })),
    })),
  }
}
