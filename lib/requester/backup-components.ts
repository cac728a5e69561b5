/**
 * BackupComponents: the requester's object (IVssBackupComponents, Ex to Ex4). It owns the Backup Components
 * Document, sees to the order of calls, and leaves the work to the coordinator. Its members stand in the files
 * beside this one, by what they are for.
 */
import { forgetOpen, watchOpen } from '../collected.ts'
import type { Coordinator } from '../coordinator/coordinator.ts'
import { SnapshotMembers } from './snapshot-members.ts'

/**
 * One backup or one restore, from its preparation to its end. Not reusable: a second one takes a second object.
 *
 * Members that talk to writers, providers or the host return promises, take an AbortSignal, and run
 * one at a time. A call that comes in the wrong order is `VSS_E_BAD_STATE`, with advice what to call
 * first. Closing the object deletes its auto-release shadow copies and tells the writers; an object that is
 * garbage-collected while open is closed, with a process warning, because that hides a mistake.
 *
 * @example
 * ```ts
 * await using backup = new BackupComponents(coordinator)
 * backup.initializeForBackup()
 * backup.setBackupState(false, false, VSS_BACKUP_TYPE.VSS_BT_FULL)
 * await backup.gatherWriterMetadata()
 * backup.startSnapshotSet()
 * const snapshotId = await backup.addToSnapshotSet('/data')
 * await backup.prepareForBackup()
 * await backup.doSnapshotSet()
 * const { snapshotDeviceObject } = backup.getSnapshotProperties(snapshotId)
 * // copy the files, then
 * await backup.backupComplete()
 * ```
 *
 * @example
 * ```ts
 * await using restore = new BackupComponents(coordinator)
 * restore.initializeForRestore(await readFile('BCDocument.xml', 'utf8'))
 * await restore.gatherWriterMetadata()
 * restore.setSelectedForRestore(writerId, VSS_COMPONENT_TYPE.VSS_CT_DATABASE, null, 'ledger', true)
 * await restore.preRestore()
 * // restore the files, then
 * restore.setFileRestoreStatus(writerId, VSS_COMPONENT_TYPE.VSS_CT_DATABASE, null, 'ledger', VSS_RS_ALL)
 * await restore.postRestore()
 * ```
 */
export class BackupComponents extends SnapshotMembers {
  #closing: Promise<void> | undefined

  constructor(coordinator: Coordinator) {
    super(coordinator)
    const { session } = this.operation
    watchOpen(this, `a requester of session ${session.sessionId}`, session, (open) => open.close())
  }

  /** Releases the object: see {@link BackupComponents}. Idempotent; every later call is refused. */
  close(): Promise<void> {
    const { order, session } = this.operation
    order.advance('closed')
    forgetOpen(this)
    this.#closing ??= session.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
