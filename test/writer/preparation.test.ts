// What writers use the events for: a small store that drains, pauses, makes spit files, stamps and truncates, in a
// whole backup of a real coordinator.
import test from 'ava'
import { sleep } from '../../lib/clock.ts'
import type { CreateWriterMetadata } from '../../lib/document/create-writer-metadata.ts'
import { VSS_COMPONENT_TYPE, VSS_WRITER_STATE } from '../../lib/enums.ts'
import { newGuid } from '../../lib/ids.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { Writer } from '../../lib/writer/writer.ts'
import type { WriterComponents } from '../../lib/writer/writer-components.ts'
import { statuses } from '../coordinator/small-world.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { includeEverything, World } from '../helpers/fakes/world.ts'

/** Writes when it is told to, queues while it is paused, and prepares in the background. */
class Store extends Writer {
  written: string[] = []
  queued: string[] = []
  log: string[] = ['a', 'b']
  files: Set<string> = new Set(['data'])
  paused = false
  /** How long the background work begun in onPrepareBackup takes. */
  syncMillis = 0
  synced = true
  prepareSnapshotMillis = 0
  stamps: (string | undefined)[] = []
  readonly world: World

  constructor(world: World, options: { freezeTimeoutMillis?: number } = {}) {
    super({ writerId: newGuid(), writerName: 'store', usageType: 3, sourceType: 2, ...options })
    this.world = world
  }

  write(text: string): void {
    ;(this.paused ? this.queued : this.written).push(text)
  }

  override onIdentify(metadata: CreateWriterMetadata): void {
    const componentName = 'books'
    metadata.addComponent({ type: VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP, componentName, selectable: true })
    metadata.addFilesToFileGroup({
      groupName: componentName,
      path: '/vol1/books',
      filespec: '*',
      recursive: true,
      alternateLocation: '/vol1/spit',
    })
    metadata.addComponent({
      type: VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP,
      logicalPath: componentName,
      componentName: 'index',
      selectable: false,
    })
  }

  override onPrepareBackup(components: WriterComponents | null): void {
    if (this.syncMillis > 0) {
      this.synced = false
      void sleep(this.world.clock, this.syncMillis).then(() => {
        this.synced = true
      })
    }
    for (const component of components ?? [])
      component.setBackupMetadata(`meta ${component.getComponentName()}`)
  }

  async onPrepareSnapshot(): Promise<void> {
    this.files.add('spit')
    await sleep(this.world.clock, this.prepareSnapshotMillis)
  }

  onFreeze(): boolean {
    if (!this.synced) {
      this.setWriterFailure('VSS_E_WRITERERROR_RETRYABLE', 'the background work is not done')
      return false
    }
    this.paused = true
    return true
  }

  onThaw(): void {
    this.paused = false
    for (const text of this.queued.splice(0)) this.write(text)
  }

  onAbort(): void {
    this.onThaw()
    this.files.delete('spit')
  }

  override onPostSnapshot(components: WriterComponents | null): void {
    this.files.delete('spit')
    for (const component of components ?? []) {
      this.stamps.push(component.getPreviousBackupStamp())
      component.setBackupStamp('stamp 1')
      component.addDifferencedFilesByLastModifyTime('/vol1/books', '*', true, 0n)
    }
  }

  override onBackupComplete(components: WriterComponents | null): void {
    for (const component of components ?? []) if (component.getBackupSucceeded()) this.log = []
  }
}

async function storeWorld(
  options: { freezeTimeoutMillis?: number } = {},
): Promise<{ world: World; store: Store }> {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  const store = new Store(world, options)
  await store.subscribe(world.coordinator)
  return { world, store }
}

/** Includes only the top component, and gets as far as prepareForBackup. */
async function prepared(world: World): Promise<BackupComponents> {
  const backup = new BackupComponents(world.coordinator)
  backup.initializeForBackup()
  backup.setBackupState(true, false, 1, true)
  await world.clock.run(backup.gatherWriterMetadata())
  const { instanceId, metadata } = backup.getWriterMetadata(0)
  backup.addComponent(instanceId, metadata.getIdentity().writerId, 2, null, 'books')
  backup.startSnapshotSet()
  await world.clock.run(backup.addToSnapshotSet('/vol1'))
  await world.clock.run(backup.prepareForBackup())
  return backup
}

function succeed(backup: BackupComponents, succeeded: boolean): void {
  const { instanceId, metadata } = backup.getWriterMetadata(0)
  backup.setBackupSucceeded(instanceId, metadata.getIdentity().writerId, 2, null, 'books', succeeded)
}

test('R10, R11, R60, R64, R66, R127: a writer writes nothing from Freeze to Thaw, and at once again after it', async (t) => {
  const { world, store } = await storeWorld()
  store.write('before')
  const atTheInstant: string[][] = []
  world.faults.set('array.commitSnapshots', {
    kind: 'call',
    call: () => {
      store.write('during')
      atTheInstant.push([...store.written])
    },
  })
  const backup = await prepared(world)
  store.write('prepared')
  await world.clock.run(backup.doSnapshotSet())
  store.write('after')
  t.deepEqual(atTheInstant, [['before', 'prepared']])
  t.deepEqual(store.written, ['before', 'prepared', 'during', 'after'])
  t.false(store.paused)
  await world.clock.run(backup.close())
})

test('R61, R67: spit files are named in the metadata, there at the instant, and gone after PostSnapshot', async (t) => {
  const { world, store } = await storeWorld()
  const there: boolean[] = []
  world.faults.set('array.commitSnapshots', {
    kind: 'call',
    call: () => void there.push(store.files.has('spit')),
  })
  const backup = await prepared(world)
  const file = backup.getWriterMetadata(0).metadata.getComponent(0).getFile(0)
  t.is(file.getAlternateLocation(), '/vol1/spit')
  t.is(file.getPath(), '/vol1/books')
  await world.clock.run(backup.doSnapshotSet())
  t.deepEqual(there, [true])
  t.deepEqual([...store.files], ['data'])
  await world.clock.run(backup.close())
})

test('R53: slow work begun in onPrepareBackup holds nothing up', async (t) => {
  const { world, store } = await storeWorld()
  store.syncMillis = 5_000
  const startMillis = world.clock.nowMillis()
  const backup = await prepared(world)
  t.is(world.clock.nowMillis(), startMillis, 'PrepareForBackup did not wait for it')
  await world.clock.advance(5_000)
  await world.clock.run(backup.doSnapshotSet())
  await world.clock.run(backup.close())
})

test('R54, R62: an onFreeze that finds the background work undone vetoes the shadow copy, and nothing is left of it', async (t) => {
  const { world, store } = await storeWorld()
  store.syncMillis = 5_000
  const backup = await prepared(world)
  await t.throwsAsync(world.clock.run(backup.doSnapshotSet()), { code: 'VSS_E_UNEXPECTED_WRITER_ERROR' })
  t.like((await statuses(world, backup))['store'], {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_FREEZE,
    failure: 'VSS_E_WRITERERROR_RETRYABLE',
    message: 'the background work is not done',
  })
  t.deepEqual([...store.files], ['data'])
  await world.clock.run(backup.abortBackup())
  await world.clock.run(backup.close())
})

test('R58: a long onPrepareSnapshot does not count against the freeze window', async (t) => {
  const { world, store } = await storeWorld({ freezeTimeoutMillis: 1_000 })
  store.prepareSnapshotMillis = 120_000
  const backup = await prepared(world)
  await world.clock.run(backup.doSnapshotSet())
  t.true((backup.report?.freezeMicros ?? Number.NaN) < 1_000_000)
  await world.clock.run(backup.close())
})

test('R44, R48, R49, R69, R154: what a writer sets in PrepareForBackup and PostSnapshot is in the document, for the component that stands for its set', async (t) => {
  const { world, store } = await storeWorld()
  const backup = await prepared(world)
  t.regex(backup.saveAsXML(), /meta books/)
  await world.clock.run(backup.doSnapshotSet())
  const components = backup.getWriterComponents(0)
  t.is(components.getComponentCount(), 1, 'the implicit component has no entry of its own')
  const component = components.getComponent(0)
  t.is(component.getBackupMetadata(), 'meta books')
  t.is(component.getBackupStamp(), 'stamp 1')
  t.is(component.getDifferencedFile(0).path, '/vol1/books')
  t.deepEqual(store.stamps, [undefined])
  await world.clock.run(backup.close())
})

test('R156: logs are truncated in BackupComplete if the backup succeeded, and never by BackupShutdown alone', async (t) => {
  const { world, store } = await storeWorld()
  const crashed = await prepared(world)
  await world.clock.run(crashed.doSnapshotSet())
  await world.clock.run(crashed.close())
  t.deepEqual(store.log, ['a', 'b'], 'a requester that went away')
  for (const succeeded of [false, true]) {
    const backup = await prepared(world)
    await world.clock.run(backup.doSnapshotSet())
    succeed(backup, succeeded)
    await world.clock.run(backup.backupComplete())
    t.deepEqual(store.log, succeeded ? [] : ['a', 'b'])
    await world.clock.run(backup.close())
  }
})

test('R20, R24: prepareForBackup is pending until every selected writer has answered, each asked once', async (t) => {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  const slow = await world.addWriter(new FakeWriter('slow', world.faults))
  const quick = await world.addWriter(new FakeWriter('quick', world.faults))
  world.faults.set('slow.onPrepareBackup', { kind: 'delay', millis: 3_000 })
  const backup = new BackupComponents(world.coordinator)
  backup.initializeForBackup()
  backup.setBackupState(true, false, 1)
  await world.clock.run(backup.gatherWriterMetadata())
  includeEverything(backup)
  let done = false
  const preparing = backup.prepareForBackup().then(() => {
    done = true
  })
  await world.clock.advance(2_999)
  t.false(done)
  t.deepEqual(quick.events, ['onIdentify', 'onPrepareBackup'])
  await world.clock.run(preparing)
  t.true(done)
  t.deepEqual(slow.events, ['onIdentify', 'onPrepareBackup'])
  await world.clock.run(backup.close())
})

test('R28, R29, R30, R159: the events stand around the hold in their order, seven at most and three without a set', async (t) => {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  const writer = await world.addWriter(new FakeWriter('w', world.faults, { trace: world.trace }))
  await world.completeBackup()
  const at = (what: RegExp): number => world.trace.findIndex((entry) => what.test(entry))
  const order = [
    /w.onPrepareSnapshot/,
    /w.onFreeze/,
    /kernel.hold/,
    /kernel.release/,
    /w.onThaw/,
    /w.onPostSnapshot/,
  ].map(at)
  t.false(order.includes(-1), world.trace.join(' '))
  t.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  )
  t.is(writer.events.length, 1 + 7)
  const backup = new BackupComponents(world.coordinator)
  backup.initializeForBackup()
  backup.setBackupState(false, false, 1)
  await world.clock.run(backup.gatherWriterMetadata())
  await world.clock.run(backup.prepareForBackup())
  await world.clock.run(backup.backupComplete())
  await world.clock.run(backup.close())
  t.deepEqual(writer.events.slice(8), [
    'onIdentify',
    'onPrepareBackup',
    'onBackupComplete',
    'onBackupShutdown',
  ])
})

test('R21: a writer none of whose paths are affected does nothing, and succeeds', async (t) => {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  const writer = await world.addWriter(new FakeWriter('elsewhere', world.faults))
  let worked = 0
  for (const handler of ['onPrepareSnapshot', 'onFreeze', 'onThaw']) {
    writer.answers.set(handler, () => {
      if (writer.isPathAffected('/elsewhere/data')) worked++
      return true
    })
  }
  const backup = await world.prepared()
  await world.clock.run(backup.doSnapshotSet())
  t.is(worked, 0)
  t.is((await statuses(world, backup))['elsewhere']?.failure, 'S_OK')
  await world.clock.run(backup.close())
})
