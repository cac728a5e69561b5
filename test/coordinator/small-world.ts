/**
 * Two volumes of one provider under a front-end and a back-end writer: the backup that fails in the tests beside this
 * file, and what has to hold when it has failed.
 */
import type { ExecutionContext } from 'ava'
import type { WriterStatus } from '../../lib/coordinator/backup-session.ts'
import { VSS_APPLICATION_LEVEL, VSS_SNAPSHOT_CONTEXT } from '../../lib/enums.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { World } from '../helpers/fakes/world.ts'

export async function smallWorld(): Promise<World> {
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

/** A requester object with an open set that has no volume yet. */
export async function startedSet(world: World): Promise<BackupComponents> {
  const backup = new BackupComponents(world.coordinator)
  backup.initializeForBackup()
  backup.setBackupState(false, false, 1)
  await world.clock.run(backup.gatherWriterMetadata())
  backup.startSnapshotSet()
  return backup
}

/** What each writer says of itself, by its name. */
export async function statuses(
  world: World,
  backup: BackupComponents,
): Promise<Record<string, WriterStatus>> {
  await world.clock.run(backup.gatherWriterStatus())
  return Object.fromEntries(
    Array.from({ length: backup.getWriterStatusCount() }, (_, index) => backup.getWriterStatus(index)).map(
      (status) => [status.writerName, status],
    ),
  )
}

/** What has to hold after any failed set, whatever failed. */
export async function nothingIsLeft(
  t: ExecutionContext,
  world: World,
  backup: BackupComponents,
): Promise<void> {
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
