import test from 'ava'
import { VSS_COMPONENT_TYPE, VSS_SNAPSHOT_CONTEXT } from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'
import { GUID_NULL, newGuid } from '../../lib/ids.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { type RequesterMember, type RequesterState, RULES, STATES } from '../../lib/requester/order.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { includeEverything, World } from '../helpers/fakes/world.ts'

/** A call of each member with arguments that are fine in themselves. */
const CALLS: Record<RequesterMember, (backup: BackupComponents) => unknown> = {
  initializeForBackup: (backup) => backup.initializeForBackup(),
  setContext: (backup) => backup.setContext(VSS_SNAPSHOT_CONTEXT.VSS_CTX_BACKUP),
  setBackupState: (backup) => backup.setBackupState(false, false, 1),
  enableWriterClasses: (backup) => backup.enableWriterClasses([newGuid()]),
  disableWriterClasses: (backup) => backup.disableWriterClasses([newGuid()]),
  disableWriterInstances: (backup) => backup.disableWriterInstances([newGuid()]),
  gatherWriterMetadata: (backup) => backup.gatherWriterMetadata(),
  getWriterMetadataCount: (backup) => backup.getWriterMetadataCount(),
  getWriterMetadata: (backup) => backup.getWriterMetadata(0),
  addComponent: (backup) =>
    backup.addComponent(newGuid(), newGuid(), VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP, null, 'files'),
  setBackupOptions: (backup) =>
    backup.setBackupOptions(newGuid(), VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP, null, 'files', 'x'),
  getWriterComponentsCount: (backup) => backup.getWriterComponentsCount(),
  getWriterComponents: (backup) => backup.getWriterComponents(0),
  isVolumeSupported: (backup) => backup.isVolumeSupported('/vol1'),
  startSnapshotSet: (backup) => backup.startSnapshotSet(),
  addToSnapshotSet: (backup) => backup.addToSnapshotSet('/nowhere'),
  prepareForBackup: (backup) => backup.prepareForBackup(),
  doSnapshotSet: (backup) => backup.doSnapshotSet(),
  gatherWriterStatus: (backup) => backup.gatherWriterStatus(),
  getWriterStatusCount: (backup) => backup.getWriterStatusCount(),
  getWriterStatus: (backup) => backup.getWriterStatus(0),
  getSnapshotProperties: (backup) => backup.getSnapshotProperties(GUID_NULL),
  query: (backup) => backup.query(),
  deleteSnapshots: (backup) => backup.deleteSnapshots(GUID_NULL),
  setBackupSucceeded: (backup) =>
    backup.setBackupSucceeded(newGuid(), newGuid(), VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP, null, 'files', true),
  backupComplete: (backup) => backup.backupComplete(),
  saveAsXML: (backup) => backup.saveAsXML(),
  abortBackup: (backup) => backup.abortBackup(),
}

async function objectIn(state: RequesterState): Promise<{ world: World; backup: BackupComponents }> {
  const world = new World()
  world.host.addVolume()
  await world.addWriter(new FakeWriter('w', world.faults))
  await world.addProvider('array')
  const run = <T>(work: Promise<T>): Promise<T> => world.clock.run(work)
  const backup = new BackupComponents(world.coordinator)
  const order: (() => unknown)[] = [
    () => undefined,
    () => backup.initializeForBackup(),
    async () => {
      backup.setBackupState(false, false, 1)
      await run(backup.gatherWriterMetadata())
    },
    async () => {
      backup.startSnapshotSet()
      await run(backup.addToSnapshotSet('/vol1'))
    },
    () => run(backup.prepareForBackup()),
    () => run(backup.doSnapshotSet()),
    () => run(backup.backupComplete()),
  ]
  const straight = ['new', 'initialized', 'gathered', 'setStarted', 'prepared', 'snapped', 'done']
  const steps = straight.includes(state) ? straight.indexOf(state) : 4
  for (const step of order.slice(0, steps + 1)) await step()
  if (state === 'failed') {
    world.faults.set('array.commitSnapshots', { kind: 'throw', error: new Error('x') })
    await run(backup.doSnapshotSet().catch(() => undefined))
  }
  if (state === 'aborted') await run(backup.abortBackup())
  if (state === 'closed') await run(backup.close())
  return { world, backup }
}

async function outcomeOf(world: World, call: () => unknown): Promise<unknown> {
  try {
    await world.clock.run(Promise.resolve(call()))
    return undefined
  } catch (thrown) {
    return thrown
  }
}

/** Legal by the table, refused by a condition beyond it: the advice then names another call. */
const CONDITIONS: Partial<Record<RequesterMember, Partial<Record<RequesterState, RegExp>>>> = {
  doSnapshotSet: { setStarted: /Call prepareForBackup first/ },
  getWriterStatusCount: Object.fromEntries(STATES.map((state) => [state, /Call gatherWriterStatus first/])),
  getWriterStatus: Object.fromEntries(STATES.map((state) => [state, /Call gatherWriterStatus first/])),
}

for (const state of STATES) {
  test(`R17: in state '${state}' every member is accepted or refused as the table says`, async (t) => {
    for (const member of Object.keys(CALLS) as RequesterMember[]) {
      const { world, backup } = await objectIn(state)
      t.is(backup.state, state)
      const outcome = await outcomeOf(world, () => CALLS[member](backup))
      const legal = RULES[member].legalIn.includes(state)
      const refusedForOrder = outcome instanceof VssError && outcome.code === 'VSS_E_BAD_STATE'
      const condition = CONDITIONS[member]?.[state]
      if (legal && condition === undefined) {
        t.false(refusedForOrder, `${member}: ${String(outcome)}`)
      } else {
        t.true(refusedForOrder, `${member} was not refused: ${String(outcome)}`)
        if (!legal) t.regex(String(outcome), new RegExp(`${member} was called in state '${state}'`))
        t.is((outcome as VssError).remedy.length > 10, true)
        if (legal && condition !== undefined) t.regex(String(outcome), condition)
      }
      await world.clock.run(backup.close().catch(() => undefined))
    }
  })
}

test('R37: a member called while an asynchronous one is under way is refused, abortBackup excepted', async (t) => {
  const { world, backup } = await objectIn('setStarted')
  world.faults.set('w.onPrepareBackup', { kind: 'delay', millis: 5000 })
  const preparing = backup.prepareForBackup()
  await world.clock.settle()
  for (const member of Object.keys(CALLS) as RequesterMember[]) {
    if (member === 'abortBackup') continue
    const outcome = await outcomeOf(world, () => {
      const result = CALLS[member](backup)
      return result
    })
    t.like(outcome, { code: 'VSS_E_BAD_STATE' }, member)
    t.regex(String(outcome), /while prepareForBackup was under way.*Await prepareForBackup first/)
    if (world.clock.timerCount === 0) break
  }
  await world.clock.run(preparing)
  t.is(backup.state, 'prepared')
  await world.clock.run(backup.close())
})

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
