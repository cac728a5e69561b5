/**
 * The members of BackupComponents that make up a restore (reference 2.11): what is selected, how it is to be
 * restored, and what has become of it. The document is the one that was stored with the backup.
 *
 * Which files there are is not known here: it stands in the writers' documents stored beside it. What the
 * running writers declare is only used to refuse what cannot be meant, where they declare the component at all.
 */
import type { VSS_COMPONENT_TYPE, VSS_FILE_RESTORE_STATUS, VSS_ROLLFORWARD_TYPE } from '../enums.ts'
import { VSS_RESTORE_TYPE } from '../enums.ts'
import { GUID_NULL, type Guid, parseGuid } from '../ids.ts'
import { BackupMembers } from './backup-members.ts'
import { applyGroupEdits, groupData, restoreState } from './component-mapping.ts'
import type { AsyncOptions } from './options.ts'
import { checkEnumValue, requireText } from './preconditions.ts'
import { checkFileSet, checkSubcomponent } from './restore-checks.ts'
import { requireRunning, requireSchema } from './restore-selection.ts'

export abstract class RestoreMembers extends BackupMembers {
  /**
   * @param xml - the Backup Components Document stored with the backup.
   * @throws VssError `VSS_E_BAD_STATE` on an object that was initialised, `VSS_E_CORRUPT_XML_DOCUMENT`,
   *   `VSS_E_INVALID_XML_DOCUMENT`
   */
  initializeForRestore(xml: string): void {
    const { operation } = this
    operation.order.check('initializeForRestore')
    operation.load(xml)
    operation.order.advance('restoreInitialized')
  }

  /** What kind of restore it is going to be; writers take one that was not said for a restore by copying. */
  setRestoreState(restoreType: VSS_RESTORE_TYPE): void {
    this.operation.order.check('setRestoreState')
    checkEnumValue(VSS_RESTORE_TYPE, restoreType, 'restoreType')
    this.operation.document.restoreType = restoreType
  }

  /**
   * Selects a component that the backup included explicitly; whether it is selectable for restore does not
   * matter. Its writer must run.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if it is not in the document or its writer does not run
   */
  setSelectedForRestore(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    selectedForRestore: boolean,
  ): void {
    this.operation.order.check('setSelectedForRestore')
    this.#select(writerId, componentType, logicalPath, componentName, selectedForRestore, GUID_NULL)
  }

  /**
   * The same for another instance of the writer than the one that made the backup: restore with move.
   *
   * @param instanceId - of a writer that runs; GUID_NULL for the instance that setSelectedForRestore takes
   * @throws VssError `VSS_E_NOT_SUPPORTED` if the writer's backup schema lacks
   *   `VSS_BS_WRITER_SUPPORTS_RESTORE_WITH_MOVE`, or the instance has no name by which to tell it from others
   */
  setSelectedForRestoreEx(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    selectedForRestore: boolean,
    instanceId: Guid = GUID_NULL,
  ): void {
    this.operation.order.check('setSelectedForRestoreEx')
    const instance = parseGuid(instanceId, 'instanceId')
    this.#select(writerId, componentType, logicalPath, componentName, selectedForRestore, instance)
  }

  /**
   * Has only this part of a selected component restored: a component that was included with it implicitly and is
   * selectable for restore. Further calls add further parts.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if there is none of that name below the component, or it is not
   *   selectable for restore; `VSS_E_BAD_STATE` if the component is not selected; `VSS_E_OBJECT_ALREADY_EXISTS`
   */
  addRestoreSubcomponent(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    subComponentLogicalPath: string,
    subComponentName: string,
    repair: boolean = false,
  ): void {
    const { operation } = this
    operation.order.check('addRestoreSubcomponent')
    const found = operation.included.findAll(writerId, componentType, logicalPath, componentName)
    const part = { logicalPath: subComponentLogicalPath, componentName: subComponentName, repair }
    for (const included of found) checkSubcomponent(operation, included, part)
    for (const { record } of found) record.addRestoreSubcomponent(part)
  }

  /**
   * Has files restored to a place that the writer does not know of.
   *
   * @throws VssError `VSS_E_NOT_SUPPORTED` if the writer's backup schema lacks
   *   `VSS_BS_WRITER_SUPPORTS_NEW_TARGET`; `VSS_E_OBJECT_NOT_FOUND` if path, file name and `recursive` are
   *   together no file set of the component
   */
  addNewTarget(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    path: string,
    fileName: string,
    recursive: boolean,
    alternatePath: string,
  ): void {
    const { operation } = this
    operation.order.check('addNewTarget')
    const found = operation.included.findAll(writerId, componentType, logicalPath, componentName)
    for (const included of found) {
      requireSchema(included.writer, 'VSS_BS_WRITER_SUPPORTS_NEW_TARGET', 'new targets')
      checkFileSet(operation, included, path, fileName, recursive)
    }
    for (const { record } of found) {
      record.addNewTarget({ path, filespec: fileName, recursive, alternatePath })
    }
  }

  /**
   * `"Name"="Value"`, with `"Subcomponent":` in front where it is for that one only, and commas between.
   *
   * @throws VssError `VSS_E_BAD_STATE` on a second call for a component
   */
  setRestoreOptions(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    restoreOptions: string,
  ): void {
    const { order, included, restoring } = this.operation
    order.check('setRestoreOptions')
    for (const record of included.find(writerId, componentType, logicalPath, componentName)) {
      restoring.setOptions(record, restoreOptions)
    }
  }

  /** @throws VssError `VSS_E_NOT_SUPPORTED` without `VSS_BS_RESTORE_RENAME` in the writer's backup schema */
  setRestoreName(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    restoreName: string,
  ): void {
    const { order, included } = this.operation
    order.check('setRestoreName')
    requireText(restoreName, 'restoreName')
    const found = included.findAll(writerId, componentType, logicalPath, componentName)
    for (const { writer } of found)
      requireSchema(writer, 'VSS_BS_RESTORE_RENAME', 'a restore by another name')
    for (const { record } of found) record.restoreName = restoreName
  }

  /** @throws VssError `VSS_E_NOT_SUPPORTED` without `VSS_BS_AUTHORITATIVE_RESTORE` in the backup schema */
  setAuthoritativeRestore(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    authoritative: boolean,
  ): void {
    const { order, included } = this.operation
    order.check('setAuthoritativeRestore')
    const found = included.findAll(writerId, componentType, logicalPath, componentName)
    for (const { writer } of found) {
      requireSchema(writer, 'VSS_BS_AUTHORITATIVE_RESTORE', 'an authoritative restore')
    }
    for (const { record } of found) record.authoritativeRestore = authoritative
  }

  /**
   * How far the writer is to roll its logs forward.
   *
   * @param rollForwardPoint - in the writer's own format; means something with VSS_RF_PARTIAL only
   * @throws VssError `VSS_E_NOT_SUPPORTED` without `VSS_BS_ROLLFORWARD_RESTORE` in the backup schema
   */
  setRollForward(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    rollForwardType: VSS_ROLLFORWARD_TYPE,
    rollForwardPoint: string | null = null,
  ): void {
    const { order, included } = this.operation
    order.check('setRollForward')
    const found = included.findAll(writerId, componentType, logicalPath, componentName)
    for (const { writer } of found) requireSchema(writer, 'VSS_BS_ROLLFORWARD_RESTORE', 'a roll-forward')
    for (const { record } of found) {
      record.rollForwardType = rollForwardType
      record.rollForwardPoint = rollForwardPoint
    }
  }

  /** True in all but the last of a sequence of restores: the writer must not recover yet (R143). */
  setAdditionalRestores(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    additionalRestores: boolean,
  ): void {
    const { order, included } = this.operation
    order.check('setAdditionalRestores')
    const records = included.find(writerId, componentType, logicalPath, componentName)
    for (const record of records) record.additionalRestores = additionalRestores
  }

  /**
   * Tells the writers with selected components that a restore is coming; resolves when all have answered. They
   * may change targets meanwhile: read the components again, then restore the files. A writer with nothing
   * selected hears nothing, now and later.
   *
   * Cancelled half-way, writers may have been told: postRestore is owed to them all the same.
   */
  async preRestore(options?: AsyncOptions): Promise<void> {
    const { document, order, restoring, running, session } = this.operation
    await order.run('preRestore', options, async (signal) => {
      restoring.decide(document, running ?? [])
      const { groups } = restoring
      try {
        const edited = await session.preRestore(restoreState(document), groupData(groups), signal)
        applyGroupEdits(groups, edited)
      } finally {
        order.advance('preRestored')
      }
    })
  }

  /**
   * What became of the files of a component and of those restored with it.
   *
   * @param status - VSS_RS_ALL if every file was restored, VSS_RS_FAILED if some were not and are now unusable,
   *   VSS_RS_NONE if none was touched
   */
  setFileRestoreStatus(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    status: VSS_FILE_RESTORE_STATUS,
  ): void {
    const { order, included } = this.operation
    order.check('setFileRestoreStatus')
    const records = included.find(writerId, componentType, logicalPath, componentName)
    for (const record of records) record.fileRestoreStatus = status
  }

  /**
   * Says that files were restored to the alternate location that the writer had mapped for them.
   *
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if path, file specification and `recursive` are together no file
   *   set of the component
   */
  addAlternativeLocationMapping(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    path: string,
    filespec: string,
    recursive: boolean,
    destination: string,
  ): void {
    const { operation } = this
    operation.order.check('addAlternativeLocationMapping')
    const found = operation.included.findAll(writerId, componentType, logicalPath, componentName)
    for (const included of found) checkFileSet(operation, included, path, filespec, recursive)
    for (const { record } of found) {
      record.addAlternateLocationMapping({ path, filespec, recursive, alternatePath: destination })
    }
  }

  /**
   * Says that the ranges file of a partial file was restored elsewhere.
   *
   * @param partialFileIndex - as getPartialFile counts
   * @throws VssError `VSS_E_OBJECT_NOT_FOUND` if there is no such partial file
   */
  setRangesFilePath(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    partialFileIndex: number,
    rangesFile: string,
  ): void {
    const { order, included } = this.operation
    order.check('setRangesFilePath')
    requireText(rangesFile, 'rangesFile')
    for (const record of included.find(writerId, componentType, logicalPath, componentName)) {
      record.setPartialFileRanges(partialFileIndex, rangesFile)
    }
  }

  /**
   * Tells the same writers as preRestore that the files are in place; resolves when all have answered. Only then
   * may the object be closed (R147). Look at the writers' status: one that was restarted meanwhile is another
   * instance and could not be told.
   */
  async postRestore(options?: AsyncOptions): Promise<void> {
    const { document, order, restoring, session } = this.operation
    await order.run('postRestore', options, async (signal) => {
      const { groups } = restoring
      try {
        const edited = await session.postRestore(restoreState(document), groupData(groups), signal)
        applyGroupEdits(groups, edited)
      } finally {
        order.advance('postRestored')
      }
    })
  }

  #select(
    writerId: Guid,
    componentType: VSS_COMPONENT_TYPE,
    logicalPath: string | null,
    componentName: string,
    selected: boolean,
    instanceId: Guid,
  ): void {
    const { included, restoring, running = [] } = this.operation
    const found = included.findAll(writerId, componentType, logicalPath, componentName)
    const chosen = requireRunning(found, instanceId, running)
    for (const { record } of chosen) {
      record.selectedForRestore = selected
      restoring.move(record, instanceId === GUID_NULL ? undefined : instanceId)
    }
  }
}
