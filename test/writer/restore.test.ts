// Restores as the writers of an operation see them: PreRestore and PostRestore, through sessions and handlers.
import test from 'ava'
import { DEFAULT_LIMITS } from '../../lib/coordinator/limits.ts'
import { OperationWriters } from '../../lib/coordinator/operation-writers.ts'
import { VSS_BACKUP_TYPE, VSS_COMPONENT_TYPE, VSS_RESTORE_TYPE, VSS_WRITER_STATE } from '../../lib/enums.ts'
import { newGuid } from '../../lib/ids.ts'
import type { ComponentData } from '../../lib/writer/component-data.ts'
import type { RestoreState } from '../../lib/writer/events.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { World } from '../helpers/fakes/world.ts'

const STATE: RestoreState = {
  restoreType: VSS_RESTORE_TYPE.VSS_RTYPE_BY_COPY,
  partialFileSupport: true,
  selectComponents: true,
  backupBootableSystemState: true,
  backupType: VSS_BACKUP_TYPE.VSS_BT_DIFFERENTIAL,
}
const NEVER = new AbortController().signal

function files(extra: Partial<ComponentData> = {}): ComponentData {
  return {
    componentType: VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP,
    logicalPath: '',
    componentName: 'files',
    selectedForRestore: true,
    differencedFiles: [],
    partialFiles: [],
    ...extra,
  }
}

/** Two writers that have answered Identify; only the first has a component selected. */
async function gathered(): Promise<{
  world: World
  restore: OperationWriters
  chosen: FakeWriter
  other: FakeWriter
  components: (extra?: Partial<ComponentData>) => { instanceId: string; components: ComponentData[] }[]
}> {
  const world = new World()
  const chosen = await world.addWriter(new FakeWriter('chosen', world.faults))
  const other = await world.addWriter(new FakeWriter('other', world.faults))
  const restore = new OperationWriters(newGuid(), world.clock, DEFAULT_LIMITS)
  const filter = { enabledClasses: [], disabledClasses: [], disabledInstances: [] }
  await restore.gather(world.coordinator.writers, filter, NEVER)
  const components = (
    extra: Partial<ComponentData> = {},
  ): { instanceId: string; components: ComponentData[] }[] => [
    { instanceId: chosen.identity.instanceId, components: [files(extra)] },
  ]
  return { world, restore, chosen, other, components }
}

test('R140: PreRestore and PostRestore reach the writers with a selected component, and nobody else', async (t) => {
  const { world, restore, chosen, other, components } = await gathered()
  const seen: unknown[] = []
  const look = (): boolean => {
    seen.push([
      chosen.getRestoreType(),
      chosen.getBackupType(),
      chosen.areComponentsSelected(),
      chosen.isBootableSystemStateBackedUp(),
      chosen.isPartialFileSupportEnabled(),
      chosen.components?.getComponent(0).getComponentName(),
    ])
    return true
  }
  chosen.answers.set('onPreRestore', look)
  chosen.answers.set('onPostRestore', look)
  await world.clock.run(restore.preRestore(STATE, components(), NEVER))
  await world.clock.run(restore.postRestore(STATE, components(), NEVER))
  await world.clock.run(restore.abort())
  await world.clock.run(restore.shutdown(null))
  t.deepEqual(
    chosen.events,
    ['onIdentify', 'onPreRestore', 'onPostRestore'],
    'no Abort and no BackupShutdown',
  )
  t.deepEqual(other.events, ['onIdentify'])
  const told = [STATE.restoreType, STATE.backupType, true, true, true, 'files']
  t.deepEqual(seen, [told, told])
})

test('a restore that does not go by component reaches every writer, without components', async (t) => {
  const { world, restore, chosen, other } = await gathered()
  await world.clock.run(restore.preRestore({ ...STATE, selectComponents: false }, [], NEVER))
  await world.clock.run(restore.postRestore({ ...STATE, selectComponents: false }, [], NEVER))
  for (const writer of [chosen, other]) {
    t.deepEqual(writer.events, ['onIdentify', 'onPreRestore', 'onPostRestore'])
    t.is(writer.components, null)
  }
})

for (const [handler, state] of [
  ['onPreRestore', VSS_WRITER_STATE.VSS_WS_FAILED_AT_PRE_RESTORE],
  ['onPostRestore', VSS_WRITER_STATE.VSS_WS_FAILED_AT_POST_RESTORE],
] as const) {
  test(`a writer that fails in ${handler} says so in its status, and still gets onPostRestore`, async (t) => {
    const { world, restore, chosen, components } = await gathered()
    chosen.answers.set(handler, () => {
      chosen.setWriterFailure('VSS_E_WRITERERROR_RETRYABLE', 'busy')
      return false
    })
    await world.clock.run(restore.preRestore(STATE, components(), NEVER))
    await world.clock.run(restore.postRestore(STATE, components(), NEVER))
    const [status] = await world.clock.run(restore.statuses(NEVER))
    t.like(status, { writerName: 'chosen', state, failure: 'VSS_E_WRITERERROR_RETRYABLE', message: 'busy' })
    t.deepEqual(chosen.events.slice(1), ['onPreRestore', 'onPostRestore'])
  })
}

test('a writer that hangs in onPreRestore does not respond, and is not called again beside itself', async (t) => {
  const { world, restore, chosen, components } = await gathered()
  world.faults.set('chosen.onPreRestore', { kind: 'hang' })
  await world.clock.run(restore.preRestore(STATE, components(), NEVER))
  await world.clock.run(restore.postRestore(STATE, components(), NEVER))
  const [status] = await world.clock.run(restore.statuses(NEVER))
  t.like(status, {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_PRE_RESTORE,
    failure: 'VSS_E_WRITER_NOT_RESPONDING',
  })
  t.deepEqual(chosen.events.slice(1), ['onPreRestore'])
})

test('R146: a writer that started anew after PreRestore is another instance and gets no PostRestore', async (t) => {
  const { world, restore, chosen, components } = await gathered()
  await world.clock.run(restore.preRestore(STATE, components(), NEVER))
  await chosen.unsubscribe()
  const again = await world.addWriter(
    new FakeWriter('chosen', world.faults, { writerId: chosen.identity.writerId }),
  )
  await world.clock.run(restore.postRestore(STATE, components(), NEVER))
  t.deepEqual(again.events, [])
  t.deepEqual(chosen.events, ['onIdentify', 'onPreRestore'])
  const [status] = await world.clock.run(restore.statuses(NEVER))
  t.like(status, {
    state: VSS_WRITER_STATE.VSS_WS_FAILED_AT_POST_RESTORE,
    failure: 'VSS_E_WRITER_NOT_RESPONDING',
  })
})
