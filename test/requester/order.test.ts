import test from 'ava'
import { VSS_COMPONENT_TYPE, VSS_SNAPSHOT_CONTEXT } from '../../lib/enums.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { includeEverything, World } from '../helpers/fakes/world.ts'

test('R5, R117: only enabled writers are asked, and a first enableWriterClasses disables all others', async (t) => {
  const world = new World()
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new FakeWriter(name, world.faults))
  if (a === undefined || b === undefined || c === undefined) return t.fail()
  for (const writer of [a, b, c]) await world.addWriter(writer)
  const names = async (choose: (backup: BackupComponents) => void): Promise<string[]> => {
    const backup = new BackupComponents(world.coordinator)
    backup.initializeForBackup()
    choose(backup)
    await world.clock.run(backup.gatherWriterMetadata())
    const found = Array.from({ length: backup.getWriterMetadataCount() }, (_, index) =>
      backup.getWriterMetadata(index).metadata.getIdentity(),
    ).map(({ writerName }) => writerName)
    await world.clock.run(backup.close())
    return found
  }
  t.deepEqual(await names(() => undefined), ['a', 'b', 'c'])
  t.deepEqual(await names((backup) => backup.enableWriterClasses([b.identity.writerId])), ['b'])
  t.deepEqual(
    await names((backup) => {
      backup.enableWriterClasses([a.identity.writerId])
      backup.enableWriterClasses([c.identity.writerId])
      backup.disableWriterClasses([a.identity.writerId.toUpperCase()])
    }),
    ['c'],
  )
  t.deepEqual(await names((backup) => backup.disableWriterInstances([b.identity.instanceId])), ['a', 'c'])
})

test('R118: a writer that fails or hangs in Identify is missing from the list, and only that', async (t) => {
  const world = new World()
  for (const name of ['good', 'failing', 'silent']) await world.addWriter(new FakeWriter(name, world.faults))
  world.faults.set('failing.onIdentify', { kind: 'throw', error: new Error('x') })
  world.faults.set('silent.onIdentify', { kind: 'hang' })
  const backup = new BackupComponents(world.coordinator)
  backup.initializeForBackup()
  await world.clock.run(backup.gatherWriterMetadata())
  t.is(backup.getWriterMetadataCount(), 1)
  t.is(backup.getWriterMetadata(0).metadata.getIdentity().writerName, 'good')
  t.throws(() => backup.getWriterMetadata(1), { message: /VSS_E_OBJECT_NOT_FOUND/ })
  await world.clock.run(backup.close())
})

test('R14, R22, R47, R51, R31: options reach the writer, and what the writer notes is in the document', async (t) => {
  const world = new World()
  world.host.addVolume()
  const writer = await world.addWriter(new FakeWriter('w', world.faults))
  const idle = await world.addWriter(new FakeWriter('idle', world.faults))
  await world.addProvider('array')
  const backup = new BackupComponents(world.coordinator)
  backup.initializeForBackup()
  backup.setBackupState(true, false, 1, true)
  await world.clock.run(backup.gatherWriterMetadata())
  const { writerId, instanceId } = writer.identity
  const key = [writerId, VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP, null, 'files'] as const
  t.throws(() => backup.addComponent(instanceId, key[0], key[1], null, 'absent'), {
    message: /OBJECT_NOT_FOUND/,
  })
  backup.addComponent(instanceId, ...key)
  t.throws(() => backup.addComponent(instanceId, ...key), { message: /OBJECT_ALREADY_EXISTS/ })
  backup.setBackupOptions(...key, '"Mode"="Fast"')
  backup.startSnapshotSet()
  await world.clock.run(backup.addToSnapshotSet('/vol1'))
  let seen: unknown
  writer.answers.set('onPrepareBackup', () => {
    const component = writer.components?.getComponent(0)
    seen = [
      writer.components?.getComponentCount(),
      component?.getBackupOptions(),
      writer.isPathAffected('/vol1/x'),
    ]
    component?.setBackupMetadata('<private & "quoted">')
    return true
  })
  await world.clock.run(backup.prepareForBackup())
  t.deepEqual(seen, [1, '"Mode"="Fast"', true])
  t.deepEqual(idle.events, ['onIdentify'], 'R124: a writer with nothing included hears nothing more')
  writer.answers.set('onPostSnapshot', () => {
    const component = writer.components?.getComponent(0)
    component?.setBackupStamp('stamp 1')
    component?.addDifferencedFilesByLastModifyTime('/vol1', 'a', false, 5n)
    component?.addPartialFile('/vol1', 'b', '0:512', '')
    return true
  })
  await world.clock.run(backup.doSnapshotSet())
  const component = backup.getWriterComponents(0).getComponent(0)
  t.is(component.getBackupMetadata(), '<private & "quoted">')
  t.is(component.getBackupStamp(), 'stamp 1')
  t.is(component.getDifferencedFile(0).lastModifyTime, 5n)
  t.is(component.getPartialFile(0).ranges, '0:512')
  t.throws(() => component.setBackupStamp('x'), { message: /BAD_STATE/ })
  backup.setBackupSucceeded(instanceId, ...key, true)
  let succeeded: boolean | undefined
  writer.answers.set('onBackupComplete', () => {
    succeeded = writer.components?.getComponent(0).getBackupSucceeded()
    t.throws(
      () => writer.components?.getComponent(0).setBackupStamp('late'),
      { message: /BAD_STATE/ },
      'R132',
    )
    return true
  })
  await world.clock.run(backup.backupComplete())
  t.true(succeeded)
  t.regex(backup.saveAsXML(), /stamp 1/)
  await world.clock.run(backup.close())
  t.deepEqual(writer.events.slice(-2), ['onBackupComplete', 'onBackupShutdown'])
  t.deepEqual(world.writers[1]?.events, ['onIdentify'])
})

test('R39: a backup without a shadow copy runs to BackupComplete', async (t) => {
  const world = new World()
  const writer = await world.addWriter(new FakeWriter('w', world.faults))
  const backup = new BackupComponents(world.coordinator)
  backup.initializeForBackup()
  backup.setBackupState(true, false, 1)
  await world.clock.run(backup.gatherWriterMetadata())
  includeEverything(backup)
  await world.clock.run(backup.prepareForBackup())
  await world.clock.run(backup.backupComplete())
  await world.clock.run(backup.close())
  t.deepEqual(writer.events, ['onIdentify', 'onPrepareBackup', 'onBackupComplete', 'onBackupShutdown'])
})

test('R187: in a context without writers no event is sent and members for writers are refused', async (t) => {
  const world = new World()
  world.host.addVolume()
  const writer = await world.addWriter(new FakeWriter('w', world.faults))
  await world.addProvider('array')
  const backup = new BackupComponents(world.coordinator)
  backup.initializeForBackup()
  backup.setContext(VSS_SNAPSHOT_CONTEXT.VSS_CTX_FILE_SHARE_BACKUP)
  backup.startSnapshotSet()
  await world.clock.run(backup.addToSnapshotSet('/vol1'))
  await t.throwsAsync(world.clock.run(backup.prepareForBackup()), { message: /BAD_STATE.*without writers/ })
  await world.clock.run(backup.doSnapshotSet())
  await t.throwsAsync(world.clock.run(backup.backupComplete()), { message: /BAD_STATE.*without writers/ })
  await world.clock.run(backup.close())
  t.deepEqual(writer.events, [])
})

test('R72, R186: contexts and attributes that do not go together are refused, and VSS_CTX_ALL makes no set', async (t) => {
  const context = (value: number): (() => void) => {
    const backup = new BackupComponents(new World().coordinator)
    backup.initializeForBackup()
    return () => backup.setContext(value)
  }
  for (const good of [0, 0x10, 0x19, 0x9, 0x1d, 0xd, 0xffffffff, 0x20, 0x20000, 0x9 | 0x40000, 2]) {
    t.notThrows(context(good), `0x${good.toString(16)}`)
  }
  for (const bad of [1, 0x60000, 0x1d | 0x20, 0x10000, 2 | 0x800000, 0.5, -2]) {
    t.throws(context(bad), { message: /VSS_E_UNSUPPORTED_CONTEXT/ }, String(bad))
  }
  const backup = new BackupComponents(new World().coordinator)
  backup.initializeForBackup()
  backup.setContext(0xffffffff)
  t.throws(() => backup.startSnapshotSet(), { message: /VSS_E_UNSUPPORTED_CONTEXT/ })
  t.throws(() => backup.setContext(0), { message: /setContext was called twice/ })
})

test('R36: prepareForBackup needs the backup state and the metadata of the writers', async (t) => {
  const world = new World()
  const early = new BackupComponents(world.coordinator)
  early.initializeForBackup()
  early.setBackupState(false, false, 1)
  early.startSnapshotSet()
  await t.throwsAsync(early.prepareForBackup(), {
    message: /Call gatherWriterMetadata before startSnapshotSet/,
  })
  await world.clock.run(early.close())
  const stateless = new BackupComponents(world.coordinator)
  stateless.initializeForBackup()
  await world.clock.run(stateless.gatherWriterMetadata())
  await t.throwsAsync(stateless.prepareForBackup(), { message: /Call setBackupState first/ })
  await world.clock.run(stateless.close())
})
