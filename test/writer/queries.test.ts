// What a writer may ask and say, member by member and handler by handler: one table, every cell of it.
import test from 'ava'
import { DEFAULT_LIMITS } from '../../lib/coordinator/limits.ts'
import { OperationWriters } from '../../lib/coordinator/operation-writers.ts'
import { VSS_BACKUP_TYPE } from '../../lib/enums.ts'
import { VssError } from '../../lib/errors.ts'
import { newGuid } from '../../lib/ids.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { World } from '../helpers/fakes/world.ts'

const SNAPSHOT = ['onPrepareSnapshot', 'onFreeze', 'onThaw', 'onPostSnapshot']
const BACKUP = ['onPrepareBackup', ...SNAPSHOT, 'onBackupComplete', 'onAbort']
const RESTORE = ['onPreRestore', 'onPostRestore']
const HANDLERS = ['onIdentify', ...BACKUP, 'onBackupShutdown', ...RESTORE, 'outside']

/** Each member, a call of it, and the handlers in which it is legal; VSS_E_BAD_STATE in all others. */
const MEMBERS: Record<string, [(writer: FakeWriter, volumeName: string) => unknown, string[]]> = {
  isPathAffected: [(w) => w.isPathAffected('/vol1/data'), ['onPrepareBackup', ...SNAPSHOT]],
  getCurrentVolumeArray: [(w) => w.getCurrentVolumeArray(), SNAPSHOT],
  getCurrentVolumeCount: [(w) => w.getCurrentVolumeCount(), SNAPSHOT],
  getCurrentSnapshotSetId: [(w) => w.getCurrentSnapshotSetId(), SNAPSHOT],
  getContext: [(w) => w.getContext(), SNAPSHOT],
  getCurrentLevel: [(w) => w.getCurrentLevel(), SNAPSHOT],
  getSnapshotDeviceName: [(w, volume) => w.getSnapshotDeviceName(volume), ['onPostSnapshot']],
  getBackupType: [(w) => w.getBackupType(), [...BACKUP, ...RESTORE]],
  areComponentsSelected: [(w) => w.areComponentsSelected(), [...BACKUP, ...RESTORE]],
  isBootableSystemStateBackedUp: [(w) => w.isBootableSystemStateBackedUp(), [...BACKUP, ...RESTORE]],
  isPartialFileSupportEnabled: [(w) => w.isPartialFileSupportEnabled(), [...BACKUP, ...RESTORE]],
  getRestoreType: [(w) => w.getRestoreType(), RESTORE],
  getSessionId: [(w) => w.getSessionId(), [...BACKUP, 'onBackupShutdown', ...RESTORE]],
  setWriterFailureEx: [(w) => w.setWriterFailureEx('S_OK', 0), [...BACKUP, 'onBackupShutdown', ...RESTORE]],
}

/** A world whose writer asks everything in each handler that is run. */
async function asking(): Promise<{
  world: World
  writer: FakeWriter
  ask: (where: string) => boolean
  answered: Map<string, string[]>
  refusals: string[]
}> {
  const world = new World()
  const { volumeName } = world.host.addVolume()
  await world.addProvider('array')
  const writer = await world.addWriter(new FakeWriter('w', world.faults))
  const answered = new Map<string, string[]>()
  const refusals: string[] = []
  const ask = (where: string): boolean => {
    const names = Object.entries(MEMBERS).flatMap(([name, [call]]) => {
      try {
        call(writer, volumeName)
        return name
      } catch (thrown) {
        refusals.push(thrown instanceof VssError ? thrown.code : String(thrown))
        return []
      }
    })
    answered.set(where, names)
    return true
  }
  for (const handler of HANDLERS) writer.answers.set(handler, () => ask(handler))
  return { world, writer, ask, answered, refusals }
}

test('R25, R45, R46, R136, R158: every query is answered in its handlers and VSS_E_BAD_STATE in every other', async (t) => {
  const { world, writer, ask, answered, refusals } = await asking()
  const backup = await world.prepared()
  await world.clock.run(backup.doSnapshotSet())
  await world.clock.run(backup.backupComplete())
  await world.clock.run(backup.close())
  const aborted = await world.prepared()
  await world.clock.run(aborted.abortBackup())
  await world.clock.run(aborted.close())
  const never = new AbortController().signal
  const restore = new OperationWriters(newGuid(), world.clock, DEFAULT_LIMITS)
  const filter = { enabledClasses: [], disabledClasses: [], disabledInstances: [] }
  await restore.gather(world.coordinator.writers, filter, never)
  const state = {
    restoreType: 1,
    selectComponents: false,
    backupBootableSystemState: false,
    backupType: VSS_BACKUP_TYPE.VSS_BT_FULL,
    partialFileSupport: false,
  } as const
  await world.clock.run(restore.preRestore(state, [], never))
  await world.clock.run(restore.postRestore(state, [], never))
  ask('outside')
  t.deepEqual([...answered.keys()].sort(), [...HANDLERS].sort(), 'every handler was run')
  for (const handler of HANDLERS) {
    const legal = Object.keys(MEMBERS).filter((name) => MEMBERS[name]?.[1].includes(handler))
    t.deepEqual(answered.get(handler), legal, handler)
  }
  t.deepEqual([...new Set(refusals)], ['VSS_E_BAD_STATE'])
  t.is(writer.events.filter((event) => event === 'onAbort').length, 1)
})

test('the session id is that of the requester, the same in each of its handlers and another for another', async (t) => {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  const writer = await world.addWriter(new FakeWriter('w', world.faults))
  const ids: string[] = []
  for (const handler of ['onPrepareBackup', 'onFreeze', 'onBackupShutdown']) {
    writer.answers.set(handler, () => {
      ids.push(writer.getSessionId())
      return true
    })
  }
  await world.completeBackup()
  await world.completeBackup()
  t.is(ids.length, 6)
  t.is(new Set(ids).size, 2)
  t.is(new Set(ids.slice(0, 3)).size, 1)
})

test('isPathAffected in onPrepareBackup knows the volumes that were added before, and without a set none', async (t) => {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  const writer = await world.addWriter(new FakeWriter('w', world.faults))
  const affected: boolean[] = []
  writer.answers.set('onPrepareBackup', () => {
    affected.push(writer.isPathAffected('/vol1/data'), writer.isPathAffected('/elsewhere'))
    return true
  })
  const backup = await world.prepared()
  await world.clock.run(backup.close())
  t.deepEqual(affected, [true, false])
})

test('getIdentityInformation gives the own metadata, in and outside of handlers, but not in onIdentify', async (t) => {
  const world = new World()
  const writer = await world.addWriter(new FakeWriter('w', world.faults))
  const inside: unknown[] = []
  writer.answers.set('onPrepareBackup', () => {
    inside.push(writer.getIdentityInformation())
    return true
  })
  const own = await writer.getIdentityInformation()
  t.is(own.getIdentity().instanceId, writer.identity.instanceId)
  t.is(own.getFileCounts().components, 1)
  const backup = await world.prepared()
  await t.notThrowsAsync(Promise.all(inside))
  await world.clock.run(backup.close())
  writer.answers.set('onIdentify', () => {
    inside.push(writer.getIdentityInformation())
    return true
  })
  await writer.getIdentityInformation()
  await t.throwsAsync(async () => inside.at(-1), { code: 'VSS_E_BAD_STATE' })
  writer.answers.set('onIdentify', () => false)
  await t.throwsAsync(writer.getIdentityInformation(), { code: 'VSS_E_WRITERERROR_NONRETRYABLE' })
})

test('the reserved members do nothing: their handlers succeed, and an alternate writer is not installed', (t) => {
  const writer = new FakeWriter('w', new World().faults)
  t.true(writer.onBackOffIOOnVolume('v', newGuid(), newGuid()))
  t.true(writer.onContinueIOOnVolume('v', newGuid(), newGuid()))
  t.true(writer.onVSSShutdown())
  t.true(writer.onVSSApplicationStartup())
  t.throws(() => writer.installAlternateWriter(newGuid(), newGuid()), { code: 'E_NOTIMPL' })
})

test('a writer knows in the onAbort of its own unsubscribe that it is shutting down, and not in another', async (t) => {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  const writer = await world.addWriter(new FakeWriter('w', world.faults))
  const seen: boolean[] = []
  writer.answers.set('onAbort', () => {
    seen.push(writer.isWriterShuttingDown())
    return true
  })
  const backup = await world.prepared()
  await world.clock.run(backup.abortBackup())
  await world.clock.run(backup.close())
  const second = await world.prepared()
  world.faults.set('array.commitSnapshots', { kind: 'call', call: () => writer.unsubscribe() })
  await t.throwsAsync(world.clock.run(second.doSnapshotSet()))
  await world.clock.run(second.close())
  t.deepEqual(seen, [false, true])
  await writer.subscribe(world.coordinator)
  t.false(writer.isWriterShuttingDown())
})
