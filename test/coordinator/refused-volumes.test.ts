// Volumes that cannot be added to a set, and the set that goes on without them.
import test from 'ava'
import { VssError } from '../../lib/errors.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { World } from '../helpers/fakes/world.ts'
import { smallWorld, startedSet } from './small-world.ts'

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
  const backup = new BackupComponents(world.coordinator)
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
