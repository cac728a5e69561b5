import test, { type ExecutionContext } from 'ava'
import type { WriterStatus } from '../../lib/coordinator/backup-session.ts'
import { VSS_APPLICATION_LEVEL, VSS_SNAPSHOT_CONTEXT, VSS_WRITER_STATE } from '../../lib/enums.ts'
import { type VssCode, VssError } from '../../lib/errors.ts'
import type { BackupComponents } from '../../lib/requester/backup-components.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import type { Fault } from '../helpers/fakes/faults.ts'
import { World } from '../helpers/fakes/world.ts'

/** Two volumes of one provider, a front-end and a back-end writer. */
async function smallWorld(): Promise<World> {
  const world = new World()
  world.host.addVolume()
  world.host.addVolume()
  await world.addWriter(new FakeWriter('front', world.faults))
  await world.addWriter(
    new FakeWriter('back', world.faults, {
      level: VSS_APPLICATION_LEVEL.VSS_APP_BACK_END,
      freezeTimeoutMillis: 90_000,
    }),
  )
  await world.addProvider('array')
  return world
}

async function statuses(world: World, backup: BackupComponents): Promise<Record<string, WriterStatus>> {
  await world.clock.run(backup.gatherWriterStatus())
  return Object.fromEntries(
    Array.from({ length: backup.getWriterStatusCount() }, (_, index) => backup.getWriterStatus(index)).map(
      (status) => [status.writerName, status],
    ),
  )
}

/** What has to hold after any failed set, whatever failed. */
async function nothingIsLeft(t: ExecutionContext, world: World, backup: BackupComponents): Promise<void> {
  t.deepEqual(world.kernelSupport.heldVolumes, [], 'no hold is open')
  t.is(world.host.flagged.size, 0, 'no flags are left on originals')
  t.is(world.host.imported.size, 0, 'no copy is left in the host')
  t.is(world.fabric.luns.size, 2, 'only the originals are left')
  t.false(world.coordinator.isSetInProgress)
  t.deepEqual(world.coordinator.catalogue.query(VSS_SNAPSHOT_CONTEXT.VSS_CTX_ALL), [])
  for (const writer of world.writers) {
    t.false(writer.frozen, `${writer.identity.writerName} is not frozen`)
    if (writer.events.includes('onFreeze')) t.is(writer.closingCalls.length, 1, writer.events.join(' '))
  }
  await world.clock.run(backup.abortBackup())
  await world.clock.run(backup.close())
  await world.completeBackup()
}

interface Row {
  title: string
  point: string
  fault: Fault
  code: VssCode
  culprit?: string
  aborts: boolean
  /** The closing call of each writer; undefined if it was not frozen. */
  closing: 'onThaw' | 'onAbort' | undefined
}

const veto: Fault = { kind: 'throw', error: new VssError('VSS_E_PROVIDER_VETO', 'no') }
const unlisted: Fault = { kind: 'throw', error: new Error('S_FALSE') }

const ROWS: Row[] = [
  {
    title: 'EndPrepareSnapshots vetoes',
    point: 'array.endPrepareSnapshots',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: undefined,
  },
  {
    title: 'R182: EndPrepareSnapshots fails with an unlisted code',
    point: 'array.endPrepareSnapshots',
    fault: unlisted,
    code: 'VSS_E_UNEXPECTED_PROVIDER_ERROR',
    culprit: 'array',
    aborts: true,
    closing: undefined,
  },
  {
    title: 'the flags cannot be set',
    point: 'host.setPendingFlags',
    fault: unlisted,
    code: 'VSS_E_UNEXPECTED',
    aborts: true,
    closing: undefined,
  },
  {
    title: 'PreCommitSnapshots vetoes',
    point: 'array.preCommitSnapshots',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: 'onAbort',
  },
  {
    title: 'the flush takes longer than the limit',
    point: 'kernel.hold',
    fault: { kind: 'delay', millis: 10_000 },
    code: 'VSS_E_FLUSH_WRITES_TIMEOUT',
    aborts: true,
    closing: 'onAbort',
  },
  {
    title: 'kernel support never answers the hold',
    point: 'kernel.hold',
    fault: { kind: 'hang' },
    code: 'VSS_E_FLUSH_WRITES_TIMEOUT',
    culprit: 'kernel support',
    aborts: true,
    closing: 'onAbort',
  },
  {
    title: 'R181: CommitSnapshots vetoes',
    point: 'array.commitSnapshots',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: 'onAbort',
  },
  {
    title: 'R96, R97: CommitSnapshots takes 11 s',
    point: 'array.commitSnapshots',
    fault: { kind: 'delay', millis: 11_000 },
    code: 'VSS_E_HOLD_WRITES_TIMEOUT',
    culprit: 'array',
    aborts: true,
    closing: 'onAbort',
  },
  {
    title: 'R104: CommitSnapshots waits for its own write and never returns',
    point: 'array.commitSnapshots',
    fault: { kind: 'hang' },
    code: 'VSS_E_HOLD_WRITES_TIMEOUT',
    culprit: 'array',
    aborts: true,
    closing: 'onAbort',
  },
  {
    title: 'the event loop is blocked for 15 s during CommitSnapshots',
    point: 'array.commitSnapshots',
    fault: { kind: 'block', millis: 15_000 },
    code: 'VSS_E_HOLD_WRITES_TIMEOUT',
    culprit: 'array',
    aborts: true,
    closing: 'onAbort',
  },
  {
    title: 'the release gives no verdict',
    point: 'kernel.release',
    fault: { kind: 'throw', error: new Error('gone') },
    code: 'VSS_E_HOLD_WRITES_TIMEOUT',
    culprit: 'kernel support',
    aborts: true,
    closing: 'onAbort',
  },
  {
    title: 'PostCommitSnapshots vetoes',
    point: 'array.postCommitSnapshots',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: 'onAbort',
  },
  {
    title: 'GetTargetLuns vetoes',
    point: 'array.getTargetLuns',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: 'onThaw',
  },
  {
    title: 'LocateLuns vetoes',
    point: 'array.locateLuns',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: 'onThaw',
  },
  {
    title: 'the rescan fails',
    point: 'host.rescan',
    fault: unlisted,
    code: 'VSS_E_UNEXPECTED',
    aborts: true,
    closing: 'onThaw',
  },
  {
    title: 'the host cannot bring the copies in',
    point: 'host.importVolumes',
    fault: unlisted,
    code: 'VSS_E_UNEXPECTED',
    aborts: true,
    closing: 'onThaw',
  },
  {
    title: 'PreFinalCommitSnapshots vetoes',
    point: 'array.preFinalCommitSnapshots',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: 'onThaw',
  },
  {
    title: 'PostFinalCommitSnapshots vetoes',
    point: 'array.postFinalCommitSnapshots',
    fault: veto,
    code: 'VSS_E_PROVIDER_VETO',
    culprit: 'array',
    aborts: true,
    closing: 'onThaw',
  },
]

for (const row of ROWS) {
  test(`${row.title}: the set fails with ${row.code} and nothing is left of it`, async (t) => {
    const world = await smallWorld()
    world.faults.set(row.point, row.fault)
    const backup = await world.prepared()
    const error = await t.throwsAsync<VssError>(world.clock.run(backup.doSnapshotSet()), {
      instanceOf: VssError,
    })
    t.is(error?.code, row.code, error?.message)
    if (row.culprit !== undefined) t.is(error?.culprit, row.culprit)
    t.is(world.providers[0]?.calls.includes('abortSnapshots'), row.aborts)
    for (const writer of world.writers)
      t.deepEqual(writer.closingCalls, row.closing === undefined ? [] : [row.closing])
    t.is(backup.report?.timeline.at(-1)?.party === undefined, false, 'a failed set leaves its time line')
    await nothingIsLeft(t, world, backup)
  })
}

test('an error of a second provider aborts the one that has committed', async (t) => {
  const world = new World()
  const first = world.host.addVolume()
  world.host.addVolume()
  const one = await world.addProvider('one')
  one.supports = (lun): boolean => lun.serialNumber === first.luns[0]?.lunInformation.serialNumber
  const two = await world.addProvider('two')
  world.faults.set('two.commitSnapshots', { kind: 'throw', error: new VssError('VSS_E_PROVIDER_VETO', 'no') })
  const backup = await world.prepared()
  await t.throwsAsync(world.clock.run(backup.doSnapshotSet()))
  t.deepEqual(
    [one, two].map((provider) => [...provider.sets.values()].map(({ state }) => state)),
    [['aborted'], ['aborted']],
  )
  t.true(
    world.trace.indexOf('kernel.release') < world.trace.indexOf('one.abortSnapshots'),
    'writes flow first',
  )
  await nothingIsLeft(t, world, backup)
})

test('a failing abort hides nothing and stops nothing', async (t) => {
  const world = await smallWorld()
  world.faults.set('array.commitSnapshots', {
    kind: 'throw',
    error: new VssError('VSS_E_INSUFFICIENT_STORAGE', 'full'),
  })
  world.faults.set('array.abortSnapshots', { kind: 'throw', error: new Error('also broken') })
  world.faults.set('front.onAbort', { kind: 'throw', error: new Error('and this') })
  const backup = await world.prepared()
  const error = await t.throwsAsync<VssError>(world.clock.run(backup.doSnapshotSet()))
  t.is(error?.code, 'VSS_E_INSUFFICIENT_STORAGE')
  t.regex(backup.report?.warnings.join('\n') ?? '', /abortSnapshots of provider 'array'.*also broken/)
  await nothingIsLeft(t, world, backup)
})

test('R75: a volume whose BeginPrepareSnapshot fails is not in the set, which stays open', async (t) => {
  const world = await smallWorld()
  const [first, second] = world.host.volumes
  world.host.volumes.length = 0
  const backup = await world.prepared()
  await world.clock.run(backup.abortBackup())
  await world.clock.run(backup.close())
  if (first === undefined || second === undefined) return t.fail()
  world.host.volumes.push(first, second)

  const again = await startedSet(world)
  world.faults.set('array.beginPrepareSnapshot', {
    kind: 'throw',
    error: new VssError('VSS_E_INSUFFICIENT_STORAGE', 'x'),
  })
  const error = await t.throwsAsync<VssError>(world.clock.run(again.addToSnapshotSet(first.volumeName)))
  t.is(error?.code, 'VSS_E_INSUFFICIENT_STORAGE')
  await world.clock.run(again.addToSnapshotSet(second.volumeName))
  await world.clock.run(again.prepareForBackup())
  const { description } = await world.clock.run(again.doSnapshotSet())
  t.deepEqual(
    description.snapshots.map(({ properties }) => properties.originalVolumeName),
    [second.volumeName],
  )
  await world.clock.run(again.close())
})

async function startedSet(world: World): Promise<BackupComponents> {
  const { BackupComponents: Requester } = await import('../../lib/requester/backup-components.ts')
  const backup = new Requester(world.coordinator)
  backup.initializeForBackup()
  backup.setBackupState(false, false, 1)
  await world.clock.run(backup.gatherWriterMetadata())
  backup.startSnapshotSet()
  return backup
}

test('R180: a set given up before DoSnapshotSet sends no AbortSnapshots; the next set id says it all', async (t) => {
  const world = await smallWorld()
  const backup = await world.prepared()
  await world.clock.run(backup.abortBackup())
  for (const writer of world.writers) t.deepEqual(writer.events.slice(1), ['onPrepareBackup', 'onAbort'])
  await world.clock.run(backup.close())
  t.false(world.providers[0]?.calls.includes('abortSnapshots'))
  for (const writer of world.writers) t.is(writer.events.at(-1), 'onBackupShutdown')
  await world.completeBackup()
  t.deepEqual([...(world.providers[0]?.sets.values() ?? [])].map(({ state }) => state).sort(), [
    'aborted',
    'created',
  ])
})

test('R166: a failing onPrepareSnapshot raises no Abort; that writer is not frozen and the set comes about', async (t) => {
  const world = await smallWorld()
  world.faults.set('front.onPrepareSnapshot', { kind: 'throw', error: 'not even an Error' })
  const backup = await world.prepared()
  await world.clock.run(backup.doSnapshotSet())
  const [front, back] = world.writers
  t.deepEqual(front?.events.slice(2), ['onPrepareSnapshot'])
  t.deepEqual(back?.events.slice(2), ['onPrepareSnapshot', 'onFreeze', 'onThaw', 'onPostSnapshot'])
  const status = await statuses(world, backup)
  t.like(status['front'], {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_PREPARE_SNAPSHOT,
    failure: 'VSS_E_WRITERERROR_NONRETRYABLE',
  })
  t.regex(status['front']?.message ?? '', /not even an Error/)
  t.like(status['back'], { state: VSS_WRITER_STATE.VSS_WS_WAITING_FOR_BACKUP_COMPLETE, failure: 'S_OK' })
  await world.clock.run(backup.backupComplete())
  t.false(front?.events.includes('onBackupComplete'), 'a failed writer does not take its backup for complete')
  await world.clock.run(backup.close())
})

test('R63: onFreeze returning false ends the set; the writers frozen by then are aborted, the others left alone', async (t) => {
  const world = await smallWorld()
  world.writers[0]?.answers.set('onFreeze', () => {
    world.writers[0]?.setWriterFailure('VSS_E_WRITERERROR_RETRYABLE', 'busy')
    return false
  })
  const backup = await world.prepared()
  const error = await t.throwsAsync<VssError>(world.clock.run(backup.doSnapshotSet()))
  t.like(error, { code: 'VSS_E_UNEXPECTED_WRITER_ERROR', culprit: 'front' })
  t.like(error?.cause, { code: 'VSS_E_WRITERERROR_RETRYABLE', text: 'busy' })
  t.false(world.writers[1]?.events.includes('onFreeze'))
  const status = await statuses(world, backup)
  t.like(status['front'], {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_FREEZE,
    failure: 'VSS_E_WRITERERROR_RETRYABLE',
  })
  world.writers[0]?.answers.clear()
  await nothingIsLeft(t, world, backup)
})

test('R163: a veto in onFreeze that returns true leaves the decision to the requester, and the writer gets onThaw', async (t) => {
  const world = await smallWorld()
  world.writers[0]?.answers.set('onFreeze', () => {
    world.writers[0]?.setWriterFailure('VSS_E_WRITERERROR_INCONSISTENTSNAPSHOT')
    return true
  })
  const backup = await world.prepared()
  await world.clock.run(backup.doSnapshotSet())
  t.deepEqual(world.writers[0]?.closingCalls, ['onThaw'])
  t.like((await statuses(world, backup))['front'], {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_FREEZE,
    failure: 'VSS_E_WRITERERROR_INCONSISTENTSNAPSHOT',
  })
  await world.clock.run(backup.close())
})

test('R160: onFreeze that hangs is aborted by the writer itself when its window ends', async (t) => {
  const world = await smallWorld()
  world.faults.set('back.onFreeze', { kind: 'hang' })
  const backup = await world.prepared()
  const startMillis = world.clock.nowMillis()
  const error = await t.throwsAsync<VssError>(world.clock.run(backup.doSnapshotSet()))
  t.like(
    error,
    { code: 'VSS_E_UNEXPECTED_WRITER_ERROR', culprit: 'front' },
    'the front end had the shorter window',
  )
  // The back end is still in onFreeze; it is aborted beside it after the patience of the abort.
  t.is(world.clock.nowMillis() - startMillis, 70_000)
  const status = await statuses(world, backup)
  t.is(status['front']?.failure, 'VSS_E_WRITERERROR_TIMEOUT')
  t.is(status['front']?.state, VSS_WRITER_STATE.VSS_WS_FAILED_AT_THAW)
  await nothingIsLeft(t, world, backup)
})

test('R160: a window that ends before the commit fails the set, and nobody is frozen any more', async (t) => {
  const world = await smallWorld()
  world.faults.set('array.preCommitSnapshots', { kind: 'delay', millis: 59_000 })
  world.faults.set('kernel.hold', { kind: 'delay', millis: 5_000 })
  const backup = await world.prepared()
  const error = await t.throwsAsync<VssError>(world.clock.run(backup.doSnapshotSet()))
  t.like(error, { code: 'VSS_E_UNEXPECTED_WRITER_ERROR', culprit: 'front' })
  t.is((error?.cause as VssError | undefined)?.code, 'VSS_E_WRITERERROR_TIMEOUT')
  await nothingIsLeft(t, world, backup)
})

test('onThaw returning false fails the set although its instant was reached; everybody has one closing call', async (t) => {
  const world = await smallWorld()
  world.writers[1]?.answers.set('onThaw', () => false)
  const backup = await world.prepared()
  const error = await t.throwsAsync<VssError>(world.clock.run(backup.doSnapshotSet()))
  t.like(error, { code: 'VSS_E_UNEXPECTED_WRITER_ERROR', culprit: 'back' })
  t.deepEqual(world.writers[1]?.closingCalls, ['onThaw'])
  t.deepEqual(world.writers[0]?.closingCalls, ['onAbort'], 'its level had not been thawed yet')
  t.like((await statuses(world, backup))['back'], {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_THAW,
    failure: 'VSS_E_WRITERERROR_NONRETRYABLE',
  })
  world.writers[1]?.answers.clear()
  await nothingIsLeft(t, world, backup)
})

test('a failing onPostSnapshot is a status only, and the set is kept', async (t) => {
  const world = await smallWorld()
  world.writers[0]?.answers.set('onPostSnapshot', () => false)
  const backup = await world.prepared()
  const { description } = await world.clock.run(backup.doSnapshotSet())
  t.is(description.snapshots.length, 2)
  t.like((await statuses(world, backup))['front'], { state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_POST_SNAPSHOT })
  await world.clock.run(backup.close())
})

test('a writer that is silent in PrepareForSnapshot is left out, and its status says so', async (t) => {
  const world = await smallWorld()
  world.faults.set('front.onPrepareSnapshot', { kind: 'hang' })
  const backup = await world.prepared()
  await world.clock.run(backup.doSnapshotSet())
  t.like((await statuses(world, backup))['front'], { failure: 'VSS_E_WRITER_NOT_RESPONDING' })
  t.false(world.writers[0]?.events.includes('onFreeze'))
  await world.clock.run(backup.close())
})

for (const phase of [
  'array.endPrepareSnapshots',
  'front.onPrepareSnapshot',
  'back.onFreeze',
  'array.preCommitSnapshots',
  'array.commitSnapshots',
  'array.postCommitSnapshots',
  'array.getTargetLuns',
  'host.rescan',
  'front.onPostSnapshot',
]) {
  test(`cancelling while ${phase} runs undoes the set`, async (t) => {
    const world = await smallWorld()
    const controller = new AbortController()
    const backup = await world.prepared()
    world.faults.set(phase, {
      kind: 'call',
      call: () => {
        controller.abort(new Error('user'))
        return new Promise((resolve) => world.clock.setTimer(resolve, 3000))
      },
    })
    const error = await t.throwsAsync<VssError>(
      world.clock.run(backup.doSnapshotSet({ signal: controller.signal })),
    )
    t.is(error?.code, 'VSS_S_ASYNC_CANCELLED', error?.message)
    await nothingIsLeft(t, world, backup)
  })
}

test('closing the object while the set is being made undoes the set', async (t) => {
  const world = await smallWorld()
  const backup = await world.prepared()
  world.faults.set('array.commitSnapshots', { kind: 'delay', millis: 5000 })
  const making = t.throwsAsync<VssError>(backup.doSnapshotSet())
  await world.clock.advance(1000)
  await world.clock.run(backup.close())
  t.is((await making)?.code, 'VSS_S_ASYNC_CANCELLED')
  for (const writer of world.writers) {
    t.deepEqual(writer.closingCalls, ['onAbort'])
    t.is(writer.events.at(-1), 'onBackupShutdown')
  }
  t.deepEqual(world.kernelSupport.heldVolumes, [])
  await world.completeBackup()
})

test('R84, R87: a cluster member and an old host with dynamic disks refuse what they cannot import', async (t) => {
  for (const [identity, dynamicDisk] of [
    [{ machineName: 'x', clusterMember: true, generation: 'current' }, false],
    [{ machineName: 'x', clusterMember: false, generation: 'beforeServer2008' }, true],
  ] as const) {
    const world = await smallWorld()
    world.host.hostIdentity = identity
    for (const volume of world.host.volumes) for (const lun of volume.luns) lun.dynamicDisk = dynamicDisk
    const backup = await startedSet(world)
    const error = await t.throwsAsync<VssError>(backup.addToSnapshotSet('/vol1/file'))
    t.is(error?.code, 'VSS_E_VOLUME_NOT_SUPPORTED')
    await world.clock.run(backup.close())
  }
})

test('R82, R111, R112: read-only sources and LUNs without an identifier of their own are refused', async (t) => {
  const world = await smallWorld()
  const [first, second] = world.host.volumes
  const [one] = first?.luns ?? []
  const [two] = second?.luns ?? []
  if (one === undefined || two === undefined) return t.fail()
  const backup = await startedSet(world)
  const refused = async (volume: string): Promise<string | undefined> =>
    (await t.throwsAsync<VssError>(world.clock.run(backup.addToSnapshotSet(volume))))?.message
  one.readOnly = true
  t.regex((await refused('/vol1')) ?? '', /mapped read-only/)
  one.readOnly = false
  const identifiers = one.lunInformation.deviceIdDescriptor.identifiers
  one.lunInformation = {
    ...one.lunInformation,
    deviceIdDescriptor: { version: 1, identifiers: identifiers.map((id) => ({ ...id, type: 0 })) },
  }
  t.regex((await refused('/vol1')) ?? '', /no unique storage identifier/)
  one.lunInformation = { ...one.lunInformation, deviceIdDescriptor: { version: 1, identifiers } }
  await world.clock.run(backup.addToSnapshotSet('/vol1'))
  two.lunInformation = { ...two.lunInformation, deviceIdDescriptor: { version: 1, identifiers } }
  t.regex((await refused('/vol2')) ?? '', /same storage identifier/)
  await world.clock.run(backup.close())
})

test('R74: a provider that cannot serve the context is passed over, or refused by name', async (t) => {
  const world = new World()
  world.host.addVolume()
  const provider = await world.addProvider('array')
  provider.unsupportedContext = 0x40000
  const { BackupComponents: Requester } = await import('../../lib/requester/backup-components.ts')
  const backup = new Requester(world.coordinator)
  backup.initializeForBackup()
  backup.setContext(0x40000)
  await world.clock.run(backup.gatherWriterMetadata())
  t.false(await world.clock.run(backup.isVolumeSupported('/vol1')))
  backup.startSnapshotSet()
  const any = await t.throwsAsync<VssError>(world.clock.run(backup.addToSnapshotSet('/vol1')))
  t.is(any?.code, 'VSS_E_VOLUME_NOT_SUPPORTED')
  const [{ providerId } = { providerId: '' }] = world.coordinator.queryProviders()
  const named = await t.throwsAsync<VssError>(world.clock.run(backup.addToSnapshotSet('/vol1', providerId)))
  t.is(named?.code, 'VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER')
  await world.clock.run(backup.close())
})

test('a hold that is granted after the requester has cancelled is let go at once', async (t) => {
  const world = await smallWorld()
  const controller = new AbortController()
  const backup = await world.prepared()
  world.faults.set('kernel.hold', {
    kind: 'call',
    call: () => {
      controller.abort()
      return new Promise((resolve) => world.clock.setTimer(resolve, 3000))
    },
  })
  await t.throwsAsync(world.clock.run(backup.doSnapshotSet({ signal: controller.signal })), {
    message: /VSS_S_ASYNC_CANCELLED/,
  })
  await world.clock.advance(3000)
  t.is(world.kernelSupport.holds.size, 1)
  t.deepEqual(world.kernelSupport.heldVolumes, [])
  t.is([...world.kernelSupport.holds.values()][0]?.verdict?.endedBy, 'release')
  await nothingIsLeft(t, world, backup)
})
