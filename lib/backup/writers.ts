/** Where a file list gets its writers and copies from: the documents of a backup, or the requester's object. */
import { BackupComponentsDocument, type WriterComponentsRecord } from '../document/backup-components.ts'
import type { WriterMetadataDocument } from '../document/writer-metadata.ts'
import { VSS_VOLUME_SNAPSHOT_ATTRIBUTES } from '../enums.ts'
import { VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { SnapshotProperties } from '../provider/snapshot-set-description.ts'
import type { VolumeCopy } from './placement.ts'

/** What is needed of a requester's object; a `BackupComponents` has it. */
export interface RequesterDocuments {
  getWriterMetadataCount(): number
  getWriterMetadata(index: number): { metadata: WriterMetadataDocument }
  saveAsXML(): string
}

/** A writer of a Backup Components Document with its metadata, for a backup and for a restore. */
export interface WriterWithRecords {
  readonly metadata: WriterMetadataDocument
  readonly explicit: WriterComponentsRecord['components']
}

/**
 * The writers that take part in a backup, as they stand now: from prepareForBackup on, with what writers have added
 * in their handlers. A writer of which nothing is included explicitly takes no part (R124).
 *
 * @throws VssError `VSS_E_BAD_STATE` before prepareForBackup
 */
export function writersOf(backup: RequesterDocuments): WriterWithRecords[] {
  const metadata: WriterMetadataDocument[] = []
  const document = BackupComponentsDocument.fromXml(backup.saveAsXML())
  for (let index = 0; index < backup.getWriterMetadataCount(); index++) {
    metadata.push(backup.getWriterMetadata(index).metadata)
  }
  return pairDocuments(document, metadata)
}

/**
 * The writers of a stored Backup Components Document, each with its stored metadata (R3, R137).
 *
 * @param metadata - all that were saved with the backup, in any order; more are no harm
 * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if that of a writer is missing
 * @example
 * ```ts
 * const document = BackupComponentsDocument.fromXml(await readFile('BCDocument.xml'))
 * const metadata = [WriterMetadataDocument.fromXml(await readFile('WM0.xml'))]
 * const list = new BackupFileList(pairDocuments(document, metadata), { backupType: document.backupType })
 * ```
 */
export function pairDocuments(
  document: BackupComponentsDocument,
  metadata: Iterable<WriterMetadataDocument>,
): WriterWithRecords[] {
  const byInstance = new Map<Guid, WriterMetadataDocument>()
  for (const one of metadata) byInstance.set(one.getIdentity().instanceId, one)
  return document.writers.map(({ instanceId, writerId, components }) => {
    const found = byInstance.get(instanceId)
    if (found !== undefined && found.getIdentity().writerId === writerId)
      return { metadata: found, explicit: components }
    throw new VssError(
      'VSS_E_OBJECT_NOT_FOUND',
      `the metadata of writer ${writerId}, instance ${instanceId}, is missing`,
      {
        culprit: writerId,
        remedy: 'Give every metadata document that was saved with the backup.',
      },
    )
  })
}

/**
 * Where the shadow copies of a set are read: where they are exposed locally, else at their device objects. One that
 * is not surfaced on this host is left out.
 *
 * @param snapshots - from getSnapshotProperties or query
 */
export function copiesOf(snapshots: Iterable<SnapshotProperties>): VolumeCopy[] {
  const copies: VolumeCopy[] = []
  const exposedLocally = VSS_VOLUME_SNAPSHOT_ATTRIBUTES.VSS_VOLSNAP_ATTR_EXPOSED_LOCALLY
  for (const { originalVolumeName, exposedName, snapshotDeviceObject, snapshotAttributes } of snapshots) {
    const isExposed = exposedName !== undefined && (snapshotAttributes & exposedLocally) !== 0
    const root = isExposed ? exposedName : snapshotDeviceObject
    if (root !== '') copies.push({ volumeName: originalVolumeName, root })
  }
  return copies
}
