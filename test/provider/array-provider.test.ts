// What the array provider supports, the copies it makes and what it keeps of them.
import test from 'ava'
import type { StorageArray } from '../../lib/array/storage-array.ts'
import type { LunInfo } from '../../lib/binding.ts'
import { systemClock } from '../../lib/clock.ts'
import { isSameLun } from '../../lib/document/lun-identity.ts'
import type { VdsLunInformation } from '../../lib/document/lun-information.ts'
import { VSS_VOLUME_SNAPSHOT_ATTRIBUTES as ATTR, VSS_SNAPSHOT_CONTEXT as CTX } from '../../lib/enums.ts'
import { arrayLunInformation } from '../../lib/host/lun-information.ts'
import { LunMasking } from '../../lib/host/lun-masking.ts'
import { ALL_VSS_FLAGS } from '../../lib/host/volume.ts'
import { GUID_NULL, newGuid } from '../../lib/ids.ts'
import {
  ARRAY_PROVIDER_ID,
  ArrayProvider,
  arrayProviderRegistration,
} from '../../lib/provider/array-provider.ts'
import { ProviderHost } from '../../lib/provider/provider-host.ts'
import { bareLun, copyLuns, newArray, rejectsWith } from '../host/machine.ts'
import { BACKUP, hold, machine, release, runThrough, steps } from './array-machine.ts'

test('R72, R74, R75: what it can serve is supported, a client-accessible copy is not', async (t) => {
  const { provider, sources, devices } = await machine(t)
  const contexts: [number, boolean][] = [
    [BACKUP, true],
    [BACKUP | ATTR.VSS_VOLSNAP_ATTR_DIFFERENTIAL, true],
    [BACKUP | ATTR.VSS_VOLSNAP_ATTR_TRANSPORTABLE, true],
    [CTX.VSS_CTX_APP_ROLLBACK | ATTR.VSS_VOLSNAP_ATTR_NO_AUTORECOVERY, true],
    [BACKUP | ATTR.VSS_VOLSNAP_ATTR_PLEX, true],
    [CTX.VSS_CTX_CLIENT_ACCESSIBLE, false],
    [CTX.VSS_CTX_CLIENT_ACCESSIBLE_WRITERS, false],
  ]
  for (const [context, isSupported] of contexts) {
    t.is(
      (await provider.areLunsSupported(context, devices, sources)).isSupported,
      isSupported,
      `0x${context.toString(16)}`,
    )
  }
})

test('all LUNs of a volume must be originals in one open array, or none is supported', async (t) => {
  const { array, sources, devices, luns } = await machine(t)
  const other = await newArray(t)
  const foreign = arrayLunInformation((await bareLun(other)).guid, false)
  const provider = new ArrayProvider({ arrays: [array, other], masking: new LunMasking() })
  const isSupported = async (given: VdsLunInformation[]): Promise<boolean> =>
    (await provider.areLunsSupported(BACKUP, devices, given)).isSupported
  t.true(await isSupported(sources))
  t.true(await isSupported([foreign]))
  const [first] = sources
  if (first === undefined) return t.fail()
  t.false(await isSupported([first, foreign]), 'two arrays')
  t.false(await isSupported([first, arrayLunInformation(newGuid(), false)]), 'nobody knows it')
  t.false(await isSupported([{ ...first, serialNumber: 'a disk of somebody else' }]))
  t.false(await isSupported([]))
  for (const lun of luns) await lun.close()
  await array.close()
  t.false(await isSupported(sources), 'a closed array')
})

test('R112: a LUN described without a unique identifier of association 0 is not supported', async (t) => {
  const { provider, sources, devices } = await machine(t)
  const vague = sources.map((lun) => ({
    ...lun,
    deviceIdDescriptor: {
      version: 1,
      identifiers: lun.deviceIdDescriptor.identifiers.map((each) => ({ ...each, type: 0 as const })),
    },
  }))
  t.false((await provider.areLunsSupported(BACKUP, devices, vague)).isSupported)
})

test('interconnects and signatures are the host’s to know and come back as given', async (t) => {
  const { provider, sources, devices } = await machine(t)
  const given = sources.map((lun) => ({
    ...lun,
    productRevision: '?',
    diskSignature: 'cafe0001-0000-0000-0000-000000000000',
    interconnects: [{ addressType: 5 as const, port: '01', address: '02' }],
  }))
  const { luns } = await provider.areLunsSupported(BACKUP, devices, given)
  t.deepEqual(
    luns,
    given.map((lun, index) => ({ ...lun, productRevision: sources[index]?.productRevision ?? '' })),
  )
})

test('a LUN with as many copies as it can have is supported, and refused with the maximum when it joins a set', async (t) => {
  const guid = newGuid()
  const info = { guid, snapshotId: null, sourceGuid: null, copyCount: 512 } as LunInfo
  const full = { findLun: async () => info } as unknown as StorageArray
  const provider = new ArrayProvider({ arrays: [full], masking: new LunMasking() })
  const lun = arrayLunInformation(guid, false)
  t.true((await provider.areLunsSupported(BACKUP, [''], [lun])).isSupported)
  await rejectsWith(
    t,
    'VSS_E_MAXIMUM_NUMBER_OF_SNAPSHOTS_REACHED',
    provider.beginPrepareSnapshot(newGuid(), newGuid(), BACKUP, [''], [lun]),
  )
  info.copyCount = 511
  t.is((await provider.beginPrepareSnapshot(newGuid(), newGuid(), BACKUP, [''], [lun])).luns.length, 1)
})

test('the copies are named one to one, with identifiers of their own and without a signature', async (t) => {
  const at = await machine(t)
  const { provider, devices, sources, array, masking } = at
  const setId = newGuid()
  await runThrough(at, setId, 'postCommit')
  const reversed = [...sources].reverse()
  const targets = await provider.getTargetLuns(devices, reversed)
  t.is(targets.length, 2)
  const copies = (await array.listLuns()).filter(({ snapshotId }) => snapshotId !== null)
  for (const [index, target] of targets.entries()) {
    t.is(target.version, 1)
    t.is(target.diskSignature, GUID_NULL)
    t.false(sources.some((source) => isSameLun(source, target)))
    const copy = copies.find(({ guid }) => isSameLun(arrayLunInformation(guid, true), target))
    t.is(arrayLunInformation(copy?.sourceGuid ?? '', false).serialNumber, reversed[index]?.serialNumber ?? '')
  }
  t.deepEqual(masking.list(), [], 'no host sees a copy before locateLuns')
  await provider.locateLuns(targets)
  t.is(masking.list().length, 2)
  t.true(masking.list().every(({ readOnly }) => !readOnly))
})

test('onLunEmpty takes a copy from its hosts and deletes it; fillInLunInfo knows the rest', async (t) => {
  const at = await machine(t)
  const { provider, devices, sources, array, masking } = at
  await runThrough(at, newGuid(), 'getTargetLuns')
  const targets = await provider.getTargetLuns(devices, sources)
  await provider.locateLuns(targets)
  const [first, second] = targets
  if (!first || !second) return t.fail()
  const given = { ...first, productRevision: '?', diskSignature: newGuid() }
  t.deepEqual(await provider.fillInLunInfo('', given), {
    isSupported: true,
    lun: { ...first, diskSignature: given.diskSignature },
  })
  await provider.onLunEmpty('', first)
  t.is((await copyLuns(array)).length, 1)
  t.is(masking.list().length, 1)
  t.deepEqual(await provider.fillInLunInfo('', first), { isSupported: false, lun: first })
  await rejectsWith(t, 'VSS_E_OBJECT_NOT_FOUND', provider.onLunEmpty('', first))
  await rejectsWith(t, 'VSS_E_OBJECT_NOT_FOUND', provider.onLunEmpty('', sources[0] ?? second))
  await rejectsWith(t, 'VSS_E_OBJECT_NOT_FOUND', provider.locateLuns([first]))
  await provider.onLunEmpty('', second)
  t.deepEqual(await copyLuns(array), [])
})

test('two volumes on one LUN make one copy of it', async (t) => {
  const at = await machine(t)
  const { provider, devices, sources, array } = at
  const setId = newGuid()
  const one = [sources.slice(0, 1), devices.slice(0, 1)] as const
  await provider.beginPrepareSnapshot(setId, newGuid(), BACKUP, [...one[1]], [...one[0]])
  await provider.beginPrepareSnapshot(setId, newGuid(), BACKUP, [...one[1]], [...one[0]])
  await provider.endPrepareSnapshots(setId)
  await provider.preCommitSnapshots(setId)
  const lease = await hold(at, setId)
  await provider.commitSnapshots(setId)
  await release(lease)
  await provider.postCommitSnapshots(setId, 2)
  t.is((await provider.getTargetLuns([...one[1]], [...one[0]])).length, 1)
  t.is((await copyLuns(array)).length, 1)
})

test('the LUNs of one set must lie in one array', async (t) => {
  const { array, devices, sources } = await machine(t)
  const other = await newArray(t)
  const foreign = arrayLunInformation((await bareLun(other)).guid, false)
  const provider = new ArrayProvider({ arrays: [array, other], masking: new LunMasking() })
  const setId = newGuid()
  await provider.beginPrepareSnapshot(setId, newGuid(), BACKUP, devices, sources)
  await rejectsWith(
    t,
    'VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER',
    provider.beginPrepareSnapshot(setId, newGuid(), BACKUP, [''], [foreign]),
  )
  await provider.beginPrepareSnapshot(newGuid(), newGuid(), BACKUP, [''], [foreign])
})

test('the flags are pending on the originals from endPrepareSnapshots to the instant', async (t) => {
  const at = await machine(t)
  const pending = async (): Promise<bigint[]> =>
    Promise.all(at.luns.map(async (lun) => (await lun.inspect()).pendingVssFlags))
  const setId = newGuid()
  for (const [name, step] of steps(at, setId)) {
    await step()
    const expected = name === 'endPrepare' || name === 'preCommit' ? ALL_VSS_FLAGS : 0n
    t.deepEqual(await pending(), [expected, expected], name)
  }
})

test('a description is kept with a persistent set, and shrinks with its copies', async (t) => {
  const at = await machine(t)
  const { provider, devices, sources, array } = at
  const context = CTX.VSS_CTX_APP_ROLLBACK
  const setId = newGuid()
  await runThrough(at, setId, 'locateLuns', context)
  const targets = await provider.getTargetLuns(devices, sources)
  for (const [, step] of steps(at, setId, context).slice(-2)) await step()
  t.deepEqual(await provider.listSnapshotSets?.(), [], 'not CREATED yet')
  const snapshots = sources.map((source, index) => ({
    properties: {
      snapshotId: newGuid(),
      snapshotSetId: setId,
      snapshotsCount: 2,
      snapshotDeviceObject: '',
      originalVolumeName: '',
      originatingMachine: '',
      serviceMachine: '',
      exposedName: undefined,
      exposedPath: undefined,
      providerId: ARRAY_PROVIDER_ID,
      snapshotAttributes: 0,
      creationTimestampMillis: 0,
      status: 12 as const,
    },
    sourceLuns: [source],
    targetLuns: targets.slice(index, index + 1),
    extents: [{ lunIndex: 0, offsetBytes: 0, lengthBytes: 512 }],
  }))
  const description = { setId, context, snapshots }
  await provider.storeSnapshotSet?.(description)
  t.deepEqual(await provider.listSnapshotSets?.(), [JSON.parse(JSON.stringify(description))])
  t.true((await array.listSets())[0]?.created)
  const later = new ArrayProvider({ arrays: [array], masking: new LunMasking() })
  await later.onLunEmpty('', targets[0] ?? t.fail())
  await later.storeSnapshotSet({ ...description, snapshots: snapshots.slice(1) })
  t.deepEqual(
    (await later.listSnapshotSets())[0]?.snapshots.map(({ properties }) => properties.snapshotId),
    [snapshots[1]?.properties.snapshotId],
  )
  await later.onLunEmpty('', targets[1] ?? t.fail())
  await later.storeSnapshotSet({ ...description, snapshots: [] })
  t.deepEqual(await later.listSnapshotSets(), [])
  await rejectsWith(t, 'VSS_E_OBJECT_NOT_FOUND', later.storeSnapshotSet(description))
})

test('the registration is that of a hardware provider which needs no quiesced writes', async (t) => {
  const { provider } = await machine(t)
  const registration = arrayProviderRegistration(provider as ArrayProvider)
  const host = new ProviderHost(registration, systemClock)
  t.is(host.providerId, ARRAY_PROVIDER_ID)
  t.false(host.needsQuiescedWrites)
  t.regex(registration.providerVersion, /^\d+\.\d+\.\d+/)
  t.deepEqual(await host.call('listSnapshotSets', []), [])
})
