/**
 * The members of BackupComponents that deal with finished shadow copies: looking for them, showing them,
 * bringing them in from another host, letting them go, and getting a volume or a LUN back from one.
 */
import type { DeletionResult } from '../coordinator/catalogue.ts'
import { isPersistent } from '../coordinator/context.ts'
import type { SetImport } from '../coordinator/import-set.ts'
import { VSS_OBJECT_TYPE } from '../enums.ts'
import { VssError } from '../errors.ts'
import { type Guid, parseGuid } from '../ids.ts'
import type { SnapshotProperties } from '../provider/snapshot-set-description.ts'
import { queryObjects } from './objects.ts'
import type { AsyncOptions, ObjectProperties } from './options.ts'
import { requireImport, requireMask, requireOptionalText, requireText } from './preconditions.ts'
import { RestoreMembers } from './restore-members.ts'

export abstract class SnapshotMembers extends RestoreMembers {
  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND`, also while the shadow copy is being made. */
  getSnapshotProperties(snapshotId: Guid): SnapshotProperties {
    const { context, order, session } = this.operation
    order.check('getSnapshotProperties')
    return session.getSnapshotProperties(parseGuid(snapshotId, 'snapshotId'), context)
  }

  /**
   * The finished shadow copies of this object's context, or the providers.
   *
   * @throws VssError `E_INVALIDARG` for any other object type.
   */
  query(returnedType: VSS_OBJECT_TYPE = VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT): ObjectProperties[] {
    const { context, coordinator, order, session } = this.operation
    order.check('query')
    return queryObjects(returnedType, {
      snapshots: () => session.query(context),
      providers: () => coordinator.queryProviders(),
    })
  }

  /**
   * Deletes a shadow copy or all of a set. Stops at the first that cannot be deleted and says which. A signal
   * that fires after the first was deleted stops it likewise: the result says where, its `error` that it was
   * cancelled.
   *
   * @param forceDelete - also one that is open or exposed
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND`
   */
  async deleteSnapshots(
    id: Guid,
    sourceType: VSS_OBJECT_TYPE = VSS_OBJECT_TYPE.VSS_OBJECT_SNAPSHOT,
    forceDelete: boolean = false,
    options?: AsyncOptions,
  ): Promise<DeletionResult> {
    const { context, order, session } = this.operation
    return order.run('deleteSnapshots', options, (signal) =>
      session.deleteSnapshots(parseGuid(id, 'id'), sourceType, forceDelete, context, signal),
    )
  }

  /**
   * Shows a shadow copy under a name: a mount path of this host, or the name of a share. It stays read-only.
   *
   * @param pathFromRoot - remotely: the part of the volume to share, null for all of it; locally null
   * @param attributes - exactly one of VSS_VOLSNAP_ATTR_EXPOSED_LOCALLY and VSS_VOLSNAP_ATTR_EXPOSED_REMOTELY
   * @param expose - an absolute path that is mounted nowhere yet, or the share's name; null lets the host choose
   *   a name for the share
   * @returns the path or name under which it is exposed
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND`; `E_INVALIDARG` for an argument that does not go with the others, a
   *   name that is taken, or a copy whose context allows no such exposure
   * @example
   * ```ts
   * const { VSS_VOLSNAP_ATTR_EXPOSED_LOCALLY } = VSS_VOLUME_SNAPSHOT_ATTRIBUTES
   * await backup.exposeSnapshot(snapshotId, null, VSS_VOLSNAP_ATTR_EXPOSED_LOCALLY, '/mnt/yesterday')
   * ```
   */
  async exposeSnapshot(
    snapshotId: Guid,
    pathFromRoot: string | null,
    attributes: number,
    expose: string | null = null,
    options?: AsyncOptions,
  ): Promise<string> {
    const { context, order, session } = this.operation
    return order.run('exposeSnapshot', options, async (signal) => {
      requireMask(attributes, 'attributes')
      const request = {
        snapshotId: parseGuid(snapshotId, 'snapshotId'),
        pathFromRoot: requireOptionalText(pathFromRoot, 'pathFromRoot'),
        attributes,
        name: requireOptionalText(expose, 'expose'),
      }
      return session.exposeSnapshot(request, context, signal)
    })
  }

  /** @throws VssError `VSS_E_OBJECT_NOT_FOUND` if there is no such shadow copy, or it is not exposed */
  async unexposeSnapshot(snapshotId: Guid, options?: AsyncOptions): Promise<void> {
    const { context, order, session } = this.operation
    await order.run('unexposeSnapshot', options, async (signal) =>
      session.unexposeSnapshot(parseGuid(snapshotId, 'snapshotId'), context, signal),
    )
  }

  /**
   * Brings the set of the loaded document to this host. It can be done once. What is not persistent goes when
   * this object is closed.
   *
   * @returns which shadow copies came; not all if `code` is `VSS_S_SOME_SNAPSHOTS_NOT_IMPORTED`
   * @throws VssError `VSS_E_BAD_STATE` without a document, or for a set that was imported;
   *   `VSS_E_NONTRANSPORTABLE_BCD` if the document describes no shadow copies; `VSS_E_NO_SNAPSHOTS_IMPORTED` with
   *   the first reason as its cause; `VSS_E_PROVIDER_NOT_REGISTERED`, or what the provider failed with
   */
  async importSnapshots(options?: AsyncOptions): Promise<SetImport> {
    const { operation } = this
    return operation.order.run('importSnapshots', options, async (signal) => {
      const set = requireImport(operation)
      const result = await operation.session.importSnapshots(set, signal)
      operation.wasImported = true
      return result
    })
  }

  /**
   * Ends the management of an imported set: its LUNs become ordinary ones, which live until somebody deletes
   * them. The volumes keep their device objects and stay read-only.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if there is no such set on this host, `VSS_E_PROVIDER_VETO` for one
   *   that no hardware provider made
   */
  async breakSnapshotSet(snapshotSetId: Guid, options?: AsyncOptions): Promise<void> {
    const { context, order, session } = this.operation
    return order.run('breakSnapshotSet', options, async (signal) =>
      session.breakSnapshotSet(parseGuid(snapshotSetId, 'snapshotSetId'), undefined, context, signal),
    )
  }

  /**
   * The same, and says what becomes of the LUNs.
   *
   * @param breakFlags - mask of VSS_HARDWARE_OPTIONS: MASK_LUNS alone, or MAKE_READ_WRITE with one of the
   *   REVERT_IDENTITY flags. With neither of these two the disks become again, where that is possible, the disks
   *   that they were copied from.
   * @throws VssError `E_INVALIDARG` for flags that exclude each other; `VSS_E_BREAK_REVERT_ID_FAILED`, with
   *   REVERT_IDENTITY_ALL, while the original of one is still on this host: nothing was changed then
   */
  async breakSnapshotSetEx(snapshotSetId: Guid, breakFlags: number, options?: AsyncOptions): Promise<void> {
    const { context, order, session } = this.operation
    return order.run('breakSnapshotSetEx', options, async (signal) => {
      requireMask(breakFlags, 'breakFlags')
      return session.breakSnapshotSet(parseGuid(snapshotSetId, 'snapshotSetId'), breakFlags, context, signal)
    })
  }

  /**
   * Has the original volume of a persistent shadow copy hold what the copy holds. Resolves when that has begun;
   * queryRevertStatus waits for the end. It cannot be cancelled. The copy, and others of the volume, stay.
   *
   * @param forceDismount - also while the volume is open; what has it open fails from then on
   * @throws VssError `VSS_E_UNSUPPORTED_CONTEXT` for a copy that is not persistent, `VSS_E_VOLUME_IN_USE`,
   *   `VSS_E_REVERT_IN_PROGRESS`, `VSS_E_VOLUME_NOT_SUPPORTED` if its LUN holds other volumes too,
   *   `E_NOTIMPL` if the provider has no way to do it
   */
  async revertToSnapshot(
    snapshotId: Guid,
    forceDismount: boolean = false,
    options?: AsyncOptions,
  ): Promise<void> {
    const { context, order, session } = this.operation
    await order.run('revertToSnapshot', options, async (signal) => {
      const id = parseGuid(snapshotId, 'snapshotId')
      if (!isPersistent(context)) {
        throw new VssError('VSS_E_UNSUPPORTED_CONTEXT', 'the context of this object is not persistent', {
          remedy: 'Call setContext with that of the shadow copy first.',
        })
      }
      await session.revertToSnapshot(id, forceDismount, context, signal)
    })
  }

  /**
   * Resolves when the revert of a volume is done; rejects with what it failed with. A signal ends the waiting.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if none is under way: also once it is finished
   */
  async queryRevertStatus(volumeName: string, options?: AsyncOptions): Promise<void> {
    const { order, session } = this.operation
    await order.run('queryRevertStatus', options, async (signal) => {
      requireText(volumeName, 'volumeName')
      await session.queryRevertStatus(volumeName, signal)
    })
  }

  /**
   * Says that the LUNs of a volume are to get back what a shadow copy of the loaded document holds.
   *
   * @param flags - reserved, 0
   * @param destinationVolume - null for the volume that was copied
   * @throws VssError `VSS_E_SNAPSHOT_NOT_IN_SET` if the document does not describe the shadow copy,
   *   `VSS_E_OBJECT_ALREADY_EXISTS`
   */
  addSnapshotToRecoverySet(
    snapshotId: Guid,
    flags: number = 0,
    destinationVolume: string | null = null,
  ): void {
    const { document, order, recovering } = this.operation
    order.check('addSnapshotToRecoverySet')
    if (flags !== 0) {
      throw new VssError('E_INVALIDARG', 'flags are reserved and must be 0', { culprit: 'flags' })
    }
    const destination = requireOptionalText(destinationVolume, 'destinationVolume')
    recovering.add(document.transportableSet, parseGuid(snapshotId, 'snapshotId'), destination)
  }

  /**
   * Copies the LUNs of the recovery set back, at the level of the array. Their volumes are dismounted meanwhile,
   * whoever has them open. Afterwards the recovery set is empty.
   *
   * @param flags - mask of VSS_RECOVERY_OPTIONS. REVERT_IDENTITY_ALL has the disks become the disks that were
   *   copied; else they stay the disks they are. NO_VOLUME_CHECK allows other volumes on their LUNs to be lost.
   * @throws VssError `VSS_E_BAD_STATE` for an empty recovery set, `VSS_E_UNSELECTED_VOLUME`,
   *   `VSS_E_LEGACY_PROVIDER`, `VSS_E_VOLUME_NOT_SUPPORTED`, `VSS_E_RESYNC_IN_PROGRESS`,
   *   `VSS_E_CANNOT_REVERT_DISKID`; before the provider is asked nothing has changed
   */
  async recoverSet(flags: number = 0, options?: AsyncOptions): Promise<void> {
    const { order, recovering, session } = this.operation
    await order.run('recoverSet', options, async (signal) => {
      requireMask(flags, 'flags')
      await session.recoverSet(recovering.pairs, flags, signal)
      recovering.clear()
    })
  }

  /** Declared by VSS and not documented. @throws VssError `E_NOTIMPL` always */
  async preFastRecovery(_snapshotSetId: Guid, _flags: number = 0, options?: AsyncOptions): Promise<never> {
    return this.operation.order.run('preFastRecovery', options, () => undocumented('preFastRecovery'))
  }

  /** Declared by VSS and not documented. @throws VssError `E_NOTIMPL` always */
  async fastRecovery(_snapshotSetId: Guid, _flags: number = 0, options?: AsyncOptions): Promise<never> {
    return this.operation.order.run('fastRecovery', options, () => undocumented('fastRecovery'))
  }
}

async function undocumented(member: string): Promise<never> {
  throw new VssError('E_NOTIMPL', `VSS declares ${member} without saying what it does`, {
    remedy: 'Use recoverSet, or break the set and map its LUNs in the place of the originals.',
  })
}
