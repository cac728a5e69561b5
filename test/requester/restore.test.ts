// A restore from the stored document: what is selected, what the writers are sent, what comes back, what is refused.
import test from 'ava'
import { BackupComponentsDocument } from '../../lib/document/backup-components.ts'
import {
  VSS_COMPONENT_TYPE,
  VSS_FILE_RESTORE_STATUS,
  VSS_RESTORE_TARGET,
  VSS_RESTORE_TYPE,
  VSS_ROLLFORWARD_TYPE,
} from '../../lib/enums.ts'
import { hresultOf } from '../../lib/errors.ts'
import { newGuid } from '../../lib/ids.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { backedUp, type Key, newScene, restoring, ScriptedWriter } from './scene.ts'

test('R3, R15, R137: the stored document drives a restore without a shadow copy, and writers change it on the way', async (t) => {
  const { world, writer } = await newScene()
  const { backup } = await restoring(world, writer)
  const key = writer.key()
  backup.setRestoreState(VSS_RESTORE_TYPE.VSS_RTYPE_BY_COPY)
  backup.addRestoreSubcomponent(...key, 'set', 'part')
  backup.addNewTarget(...key, '/srv/set', '*', true, '/srv/elsewhere')
  backup.setRestoreOptions(...key, '"Authoritative"="All"')
  backup.setRestoreName(...key, 'again')
  backup.setAuthoritativeRestore(...key, true)
  backup.setRollForward(...key, VSS_ROLLFORWARD_TYPE.VSS_RF_PARTIAL, 'noon')
  backup.setAdditionalRestores(...key, true)
  backup.setPreviousBackupStamp(...key, 'yesterday')
  writer.edits.set('PreRestore', ([component]) => {
    if (component === undefined) return
    component.restoreTarget = VSS_RESTORE_TARGET.VSS_RT_DIRECTED
    component.restoreMetadata = 'mine'
    component.restoreName = 'a writer has no say in that'
    const range = { sourceRanges: '0:1', destinationRanges: '0:1' }
    const places = { sourcePath: '/a', sourceFilespec: 'x', destinationPath: '/b', destinationFilespec: 'y' }
    component.directedTargets = [{ ...places, ...range }]
  })
  await world.clock.run(backup.preRestore())
  const told = writer.last('PreRestore')
  t.like(told?.state, { restoreType: VSS_RESTORE_TYPE.VSS_RTYPE_BY_COPY, selectComponents: true })
  t.like(told?.components?.[0], {
    componentName: 'set',
    selectedForRestore: true,
    restoreOptions: '"Authoritative"="All"',
    restoreName: 'again',
    authoritativeRestore: true,
    rollForwardType: VSS_ROLLFORWARD_TYPE.VSS_RF_PARTIAL,
    rollForwardPoint: 'noon',
    additionalRestores: true,
    previousBackupStamp: 'yesterday',
  })
  t.deepEqual(told?.components?.[0]?.restoreSubcomponents, [
    { logicalPath: 'set', componentName: 'part', repair: false },
  ])
  t.is(told?.components?.[0]?.newTargets?.[0]?.alternatePath, '/srv/elsewhere')

  const document = (): ReturnType<BackupComponentsDocument['findWriter']> =>
    BackupComponentsDocument.fromXml(backup.saveAsXML()).writers[0]
  const changed = document()?.findComponent(null, 'set')
  t.like(changed, { restoreMetadata: 'mine', restoreTarget: VSS_RESTORE_TARGET.VSS_RT_DIRECTED })
  t.like(changed, { restoreName: 'again', directedTargets: { length: 1 } })

  backup.setFileRestoreStatus(...key, VSS_FILE_RESTORE_STATUS.VSS_RS_ALL)
  backup.addAlternativeLocationMapping(...key, '/srv/set/', '*', true, '/srv/mapped')
  backup.setRangesFilePath(...key, 0, '/tmp/ranges')
  backup.setAdditionalRestores(...key, false)
  writer.edits.set('PostRestore', ([component]) => {
    if (component === undefined) return
    component.postRestoreFailureMsg = 'no room'
    component.failure = { code: 'VSS_E_WRITERERROR_OUTOFRESOURCES', applicationHresult: 28, message: 'full' }
  })
  await world.clock.run(backup.postRestore())
  const finished = writer.last('PostRestore')?.components?.[0]
  t.like(finished, {
    fileRestoreStatus: VSS_FILE_RESTORE_STATUS.VSS_RS_ALL,
    additionalRestores: false,
    restoreMetadata: 'mine',
  })
  t.is(finished?.alternateLocationMappings?.[0]?.alternatePath, '/srv/mapped')
  t.is(finished?.partialFiles[0]?.ranges, '/tmp/ranges')
  const record = document()?.findComponent(null, 'set')
  t.is(record?.postRestoreFailureMsg, 'no room')
  t.deepEqual(record?.failure, {
    hresult: hresultOf('VSS_E_WRITERERROR_OUTOFRESOURCES'),
    applicationHresult: 28,
    message: 'full',
  })
  await world.clock.run(backup.close())
  t.deepEqual(writer.told, ['PreRestore', 'PostRestore', 'RestoreOver'])
  t.deepEqual(world.kernelSupport.heldVolumes, [])
})

test('R138, R139: what was included explicitly can be selected while its writer runs; all else is not found', async (t) => {
  const { world, writer } = await newScene()
  const { xml } = await backedUp(world, writer)
  const restore = new BackupComponents(world.coordinator)
  restore.initializeForRestore(xml)
  await world.clock.run(restore.gatherWriterMetadata())
  const select =
    (key: Key): (() => void) =>
    () =>
      restore.setSelectedForRestore(...key, true)
  const notFound = { code: 'VSS_E_OBJECT_NOT_FOUND' } as const
  t.throws(select(writer.key('other')), notFound, 'it was not in the backup')
  t.throws(select([writer.identity.writerId, VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP, 'set', 'part']), notFound)
  t.throws(select([newGuid(), VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP, null, 'set']), notFound)
  const part =
    (path: string, name: string): (() => void) =>
    () =>
      restore.addRestoreSubcomponent(...writer.key(), path, name)
  t.throws(part('set', 'part'), { code: 'VSS_E_BAD_STATE', message: /Call setSelectedForRestore/ })
  t.notThrows(select(writer.key()))
  t.throws(part('set', 'rest'), { ...notFound, message: /not selectable for restore/ })
  t.throws(part('set', 'absent'), { ...notFound, message: /has no component/ })
  t.throws(part('elsewhere', 'part'), { ...notFound, message: /does not lie below/ })
  t.throws(() => restore.addRestoreSubcomponent(...writer.key(), null as never, 'part'), {
    code: 'E_INVALIDARG',
  })
  t.notThrows(part('set', 'part'))
  t.throws(part('set', 'part'), { code: 'VSS_E_OBJECT_ALREADY_EXISTS' })
  await world.clock.run(restore.close())

  const { world: elsewhere } = await newScene()
  const late = new BackupComponents(elsewhere.coordinator)
  late.initializeForRestore(xml)
  await elsewhere.clock.run(late.gatherWriterMetadata())
  t.throws(() => late.setSelectedForRestore(...writer.key(), true), {
    ...notFound,
    message: /no writer runs/,
  })
  await elsewhere.clock.run(late.close())
})

test('R140: a writer with nothing selected hears nothing of a restore', async (t) => {
  const { world, writer } = await newScene()
  const { backup } = await restoring(world, writer)
  backup.setSelectedForRestore(...writer.key(), false)
  await world.clock.run(backup.preRestore())
  await world.clock.run(backup.postRestore())
  await world.clock.run(backup.close())
  t.deepEqual(writer.told, [])
})

test('R146: a writer that was restarted has another instance id, and restores the component all the same', async (t) => {
  const { world, writer } = await newScene()
  const { xml } = await backedUp(world, writer)
  const { writerId } = writer.identity
  const again = new ScriptedWriter({ writerId })
  const { world: after } = await newScene()
  await after.coordinator.subscribeWriter(again)
  const restore = new BackupComponents(after.coordinator)
  restore.initializeForRestore(xml)
  await after.clock.run(restore.gatherWriterMetadata())
  restore.setSelectedForRestore(...writer.key(), true)
  await after.clock.run(restore.preRestore())
  t.deepEqual(again.told, ['PreRestore'])
  t.is(restore.getWriterComponentsCount(), 1)
  await after.clock.run(restore.postRestore())
  t.deepEqual(again.told, ['PreRestore', 'PostRestore'])
  await after.clock.run(restore.close())
})

test('a restore goes to the instance of the stored name, and with move to the one that is named', async (t) => {
  const { world } = await newScene()
  const writerId = newGuid()
  const [a, b] = ['a', 'b'].map((instanceName) => new ScriptedWriter({ writerId, instanceName }))
  if (a === undefined || b === undefined) return t.fail()
  for (const writer of [a, b]) await world.coordinator.subscribeWriter(writer)
  const { xml } = await backedUp(world, b)
  const toldAfter = async (select: (restore: BackupComponents) => void): Promise<unknown> => {
    for (const writer of [a, b]) writer.events.length = 0
    const restore = new BackupComponents(world.coordinator)
    restore.initializeForRestore(xml)
    await world.clock.run(restore.gatherWriterMetadata())
    select(restore)
    await world.clock.run(restore.preRestore())
    await world.clock.run(restore.close())
    return [a, b].map((writer) => writer.told.includes('PreRestore'))
  }
  t.deepEqual(await toldAfter((restore) => restore.setSelectedForRestore(...b.key(), true)), [false, true])
  const move = (restore: BackupComponents): void =>
    restore.setSelectedForRestoreEx(...b.key(), true, a.identity.instanceId)
  t.deepEqual(await toldAfter(move), [true, false])
  t.deepEqual(
    await toldAfter((restore) => {
      move(restore)
      restore.setSelectedForRestoreEx(...b.key(), true)
    }),
    [false, true],
  )
})

test('R144: what the schema of a writer does not offer is not supported, and a triple has to match exactly', async (t) => {
  const { world } = await newScene()
  const plain = new ScriptedWriter({}, 0)
  await world.coordinator.subscribeWriter(plain)
  const { backup } = await restoring(world, plain)
  const key = plain.key()
  const refused = { code: 'VSS_E_NOT_SUPPORTED', message: /backup schema/ } as const
  t.throws(() => backup.addNewTarget(...key, '/srv/set', '*', true, '/x'), refused)
  t.throws(() => backup.setRestoreName(...key, 'x'), refused)
  t.throws(() => backup.setAuthoritativeRestore(...key, true), refused)
  t.throws(() => backup.setRollForward(...key, VSS_ROLLFORWARD_TYPE.VSS_RF_ALL), refused)
  await world.clock.run(backup.close())

  const { world: other, writer } = await newScene()
  const { backup: able } = await restoring(other, writer)
  const target = (path: string, spec: string, recursive: boolean) => (): void =>
    able.addNewTarget(...writer.key(), path, spec, recursive, '/x')
  t.notThrows(target('/srv/set', '*', true))
  t.notThrows(target('/srv/part', '*', true), 'a file set of a component that is included implicitly')
  const notFound = { code: 'VSS_E_OBJECT_NOT_FOUND' } as const
  t.throws(target('/srv/set', '*', false), notFound)
  t.throws(target('/srv/set', '*.db', true), notFound)
  t.throws(target('/srv/other', '*', true), notFound)
  able.setRestoreOptions(...writer.key(), 'x')
  t.throws(() => able.setRestoreOptions(...writer.key(), 'y'), {
    code: 'VSS_E_BAD_STATE',
    message: /called twice/,
  })
  await other.clock.run(able.close())
})

test('a cancelled preRestore still owes the writers postRestore, and closing cancels what waits', async (t) => {
  const { world, writer } = await newScene()
  const { backup } = await restoring(world, writer)
  const deliver = writer.deliver.bind(writer)
  writer.deliver = (event) => (event.type === 'PreRestore' ? new Promise(() => undefined) : deliver(event))
  const controller = new AbortController()
  const waiting = backup.preRestore({ signal: controller.signal })
  await world.clock.settle()
  controller.abort()
  await t.throwsAsync(waiting, { code: 'VSS_S_ASYNC_CANCELLED' })
  t.is(backup.state, 'preRestored')
  await world.clock.run(backup.postRestore())
  t.is(backup.state, 'postRestored')
  t.throws(() => backup.setRestoreState(1), { code: 'VSS_E_BAD_STATE' })
  await world.clock.run(backup.close())
})

for (const [what, xml, code] of [
  ['no XML', 'x', 'VSS_E_CORRUPT_XML_DOCUMENT'],
  ['another document', '<A xmlns="x"/>', 'VSS_E_INVALID_XML_DOCUMENT'],
] as const) {
  test(`${what} initializes neither a restore nor a backup, and the object can be initialized after it`, async (t) => {
    const { world } = await newScene()
    const backup = new BackupComponents(world.coordinator)
    t.throws(() => backup.initializeForRestore(xml), { code })
    t.throws(() => backup.initializeForBackup(xml), { code })
    t.is(backup.state, 'new')
    backup.initializeForBackup()
    await backup.close()
  })
}
