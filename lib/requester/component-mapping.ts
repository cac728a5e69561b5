/**
 * Between the Backup Components Document, which the requester owns, and the plain data that travels
 * to the writers and back.
 */

import type { WriterComponentsData } from '../coordinator/backup-session.ts'
import type { BackupComponentsDocument, WriterComponentsRecord } from '../document/backup-components.ts'
import type { ComponentRecord } from '../document/component-record.ts'
import type { TransportableSet } from '../document/transportable-set.ts'
import type { SnapshotSetDescription } from '../provider/snapshot-set-description.ts'
import type { ComponentData } from '../writer/component-data.ts'
import type { BackupState } from '../writer/events.ts'

function toData(record: ComponentRecord): ComponentData {
  const data: ComponentData = {
    componentType: record.componentType,
    logicalPath: record.logicalPath ?? '',
    componentName: record.componentName,
    backupSucceeded: record.backupSucceeded,
    differencedFiles: record.differencedFiles.map((file) => ({ ...file })),
    partialFiles: record.partialFiles.map((file) => ({ ...file })),
  }
  if (record.backupOptions !== null) data.backupOptions = record.backupOptions
  if (record.previousBackupStamp !== null) data.previousBackupStamp = record.previousBackupStamp
  if (record.backupMetadata !== null) data.backupMetadata = record.backupMetadata
  if (record.backupStamp !== null) data.backupStamp = record.backupStamp
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

/**
 * Takes over what writers changed. Only what belongs to a writer is taken; identity, options and
 * stamps of the requester stay as they are, whatever came back.
 */
export function applyWriterEdits(
  document: BackupComponentsDocument,
  edited: readonly WriterComponentsData[],
): void {
  for (const { instanceId, components } of edited) {
    const writer = document.findWriter(instanceId)
    for (const component of components) {
      const record = writer?.findComponent(component.logicalPath, component.componentName)
      if (record === undefined) continue
      if (component.backupMetadata !== undefined) record.backupMetadata = component.backupMetadata
      if (component.backupStamp !== undefined) record.backupStamp = component.backupStamp
      for (const file of component.differencedFiles.slice(record.differencedFiles.length)) {
        record.addDifferencedFile(file)
      }
      for (const file of component.partialFiles.slice(record.partialFiles.length)) record.addPartialFile(file)
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
