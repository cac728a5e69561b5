// resyncLuns of the array provider: shadow copies that come back into LUNs, as IVssHardwareSnapshotProviderEx has it.
import test from 'ava'
import { systemClock } from '../../lib/clock.ts'
import { Host } from '../../lib/host/host.ts'
import { arrayLunInformation } from '../../lib/host/lun-information.ts'
import { newGuid } from '../../lib/ids.ts'
import { ArrayProvider, arrayProviderRegistration } from '../../lib/provider/array-provider.ts'
import { ProviderHost } from '../../lib/provider/provider-host.ts'
import { bareLun, MiB, newArray, rejectsWith } from '../host/machine.ts'
import { machine, runThrough } from './array-machine.ts'

test('each target gets the bytes of its source and answers INQUIRY as before; a larger one ends in zeroes', async (t) => {
  const at = await machine(t)
  const { array, devices, sources, luns } = at
  const [gpt, bare] = luns
  if (gpt === undefined || bare === undefined) return t.fail()
  await bare.write(0, Buffer.alloc(4096, 5))
  await runThrough(at, newGuid(), 'getTargetLuns')
  const copies = await at.provider.getTargetLuns(devices, sources)
  await bare.write(0, Buffer.alloc(4096, 6))
  await gpt.write(4 * MiB, Buffer.alloc(4096, 7))
  const larger = await bareLun(array, 4 * MiB)
  await larger.write(2 * MiB, Buffer.alloc(4096, 8))
  const targets = [sources[0], arrayLunInformation(larger.guid, false)].flatMap((lun) => lun ?? [])

  const provider = new ArrayProvider({ arrays: [array], masking: at.masking })
  const host = new ProviderHost(arrayProviderRegistration(provider), systemClock)
  t.true(host.offers('resyncLuns'))
  await host.call('resyncLuns', [copies, targets])
  t.deepEqual(await gpt.read(4 * MiB, 4096), Buffer.alloc(4096))
  t.deepEqual(await larger.read(0, 4096), Buffer.alloc(4096, 5))
  t.deepEqual(await larger.read(2 * MiB, 4096), Buffer.alloc(4096))
  t.deepEqual(arrayLunInformation(larger.guid, false), targets[1])
})

test('what cannot be resynchronized is refused with the code of a provider, and nothing is changed', async (t) => {
  const at = await machine(t)
  const { array, devices, sources, luns, masking } = at
  await runThrough(at, newGuid(), 'getTargetLuns')
  const copies = await at.provider.getTargetLuns(devices, sources)
  const [ofGpt, ofBare] = copies
  const [gpt, bare] = luns
  if (!ofGpt || !ofBare || !gpt || !bare || !sources[0] || !sources[1]) return t.fail()
  const provider = new ArrayProvider({ arrays: [array], masking })
  await bare.write(0, Buffer.alloc(4096, 6))
  const elsewhere = await bareLun(await newArray(t))
  const unknown = arrayLunInformation(elsewhere.guid, false)
  await rejectsWith(t, 'E_INVALIDARG', provider.resyncLuns([ofBare], []))
  await rejectsWith(t, 'E_INVALIDARG', provider.resyncLuns([ofBare, ofBare], [sources[1], sources[1]]))
  await rejectsWith(t, 'VSS_E_OBJECT_NOT_FOUND', provider.resyncLuns([sources[1]], [sources[1]]))
  await rejectsWith(t, 'VSS_E_OBJECT_NOT_FOUND', provider.resyncLuns([ofBare], [unknown]))
  const ontoCopy = provider.resyncLuns([ofBare], [ofGpt])
  await rejectsWith(t, 'VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER', ontoCopy)
  await rejectsWith(t, 'E_INVALIDARG', provider.resyncLuns([ofGpt], [sources[1]]))
  const host = new Host()
  await host.map(bare)
  await rejectsWith(t, 'E_ACCESSDENIED', provider.resyncLuns([ofBare], [sources[1]]))
  t.deepEqual(await bare.read(0, 4096), Buffer.alloc(4096, 6))
})
