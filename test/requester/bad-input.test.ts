// Whatever a requester passes in is refused with a code and the argument's name, or does what it says.
import test from 'ava'
import { VssError } from '../../lib/errors.ts'
import { GUID_NULL } from '../../lib/ids.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { World } from '../helpers/fakes/world.ts'

const values: unknown[] = [undefined, null, 5, Number.NaN, 9n, {}, [], Symbol('x'), (): number => 1]
const isText = (value: unknown): boolean => typeof value === 'string'

async function gathered(): Promise<BackupComponents> {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  const backup = new BackupComponents(world.coordinator)
  backup.initializeForBackup()
  await world.clock.run(backup.gatherWriterMetadata())
  return backup
}

type Call = (backup: BackupComponents, value: never) => unknown

/** `undefined` is the default of some arguments, and an empty list is a list. */
const calls: [member: string, call: Call, isFine?: (value: unknown) => boolean][] = [
  ['enableWriterClasses', (backup, value) => backup.enableWriterClasses(value), Array.isArray],
  ['enableWriterClasses of one', (backup, value) => backup.enableWriterClasses([value])],
  ['disableWriterClasses', (backup, value) => backup.disableWriterClasses(value), Array.isArray],
  ['disableWriterInstances', (backup, value) => backup.disableWriterInstances([value])],
  ['getWriterMetadata', (backup, value) => backup.getWriterMetadata(value)],
  ['getWriterComponents', (backup, value) => backup.getWriterComponents(value)],
  ['addComponent', (backup, value) => backup.addComponent(value, value, value, value, value)],
  ['setBackupOptions', (backup, value) => backup.setBackupOptions(value, 1, null, 'x', 'y')],
  ['isVolumeSupported', (backup, value) => backup.isVolumeSupported(value)],
  [
    'isVolumeSupported by a provider',
    (backup, value) => backup.isVolumeSupported('/vol1', value),
    (value) => value === undefined,
  ],
  [
    'addToSnapshotSet',
    (backup, value) => {
      if (backup.state === 'gathered') backup.startSnapshotSet()
      return backup.addToSnapshotSet(value)
    },
  ],
  ['getSnapshotProperties', (backup, value) => backup.getSnapshotProperties(value)],
  ['deleteSnapshots', (backup, value) => backup.deleteSnapshots(value)],
  [
    'deleteSnapshots of a type',
    (backup, value) => backup.deleteSnapshots(GUID_NULL, value),
    (value) => value === undefined,
  ],
  ['query', (backup, value) => backup.query(value), (value) => value === undefined],
]

for (const [member, call, isFine = isText] of calls) {
  test(`${member} refuses what it cannot use with a code`, async (t) => {
    for (const value of values.filter((each) => !isFine(each))) {
      const backup = await gathered()
      const error = await t.throwsAsync<VssError>(
        async () => call(backup, value as never),
        undefined,
        typeof value,
      )
      t.true(error instanceof VssError, `${member} with ${String(value)}: ${String(error)}`)
      t.true(['E_INVALIDARG', 'VSS_E_OBJECT_NOT_FOUND'].includes(error?.code ?? ''), error?.message)
      await backup.close()
    }
  })
}

for (const coordinator of [undefined, null, {}, 'coordinator']) {
  test(`a BackupComponents for ${JSON.stringify(coordinator)} is refused, and says what it is made for`, (t) => {
    t.throws(() => new BackupComponents(coordinator as never), {
      code: 'E_INVALIDARG',
      message: /a BackupComponents is made for a Coordinator/,
    })
  })
}

test('a provider that is let go by an id in braces or capitals takes its copies out of the catalogue', async (t) => {
  const world = new World()
  world.host.addVolume()
  await world.addProvider('array')
  const backup = await world.prepared()
  await world.clock.run(backup.doSnapshotSet())
  const [provider] = world.coordinator.queryProviders()
  await world.coordinator.unregisterProvider(`{${provider?.providerId.toUpperCase()}}`)
  t.deepEqual([backup.query(), world.coordinator.queryProviders()], [[], []])
  await t.throwsAsync(world.coordinator.unregisterProvider(Symbol('x') as never), { code: 'E_INVALIDARG' })
})
