// Every member of array, LUN, host and coordinator that may wait takes a signal, and ends alike when it fires.
import { existsSync, readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { ArrayKernelSupport } from '../../lib/array/kernel-support.ts'
import type { Lun } from '../../lib/array/lun.ts'
import { StorageArray } from '../../lib/array/storage-array.ts'
import type { AsyncOptions } from '../../lib/cancellation.ts'
import { Coordinator } from '../../lib/coordinator/coordinator.ts'
import type { VssError } from '../../lib/errors.ts'
import { Host } from '../../lib/host/host.ts'
import { arrayLunInformation } from '../../lib/host/lun-information.ts'
import { LunMasking } from '../../lib/host/lun-masking.ts'
import type { VolumeHandle } from '../../lib/host/volume.ts'
import { newGuid } from '../../lib/ids.ts'
import { ArrayProvider, arrayProviderRegistration } from '../../lib/provider/array-provider.ts'
import { bareLun, gptLun, MiB, newArray, temporaryDirectory } from '../host/machine.ts'

interface Scene {
  array: StorageArray
  /** Of bytes; not mapped. */
  lun: Lun
  mapped: Lun
  host: Host
  volume: VolumeHandle
  coordinator: Coordinator
  image: string
  directory: string
  kernelSupport: ArrayKernelSupport
}

async function scene(t: ExecutionContext): Promise<Scene> {
  const array = await newArray(t)
  const [lun, mapped] = [await bareLun(array, 40 * MiB), await gptLun(array)]
  const host = new Host()
  const [volume] = await host.map(mapped)
  t.teardown(async () => {
    await host.close()
    for (const open of [lun, mapped]) await open.close()
  })
  const directory = temporaryDirectory(t)
  const image = join(directory, 'disk.img')
  await writeFile(image, Buffer.alloc(MiB))
  const kernelSupport = new ArrayKernelSupport((name) => ({ lun, lunName: name }))
  const coordinator = new Coordinator({ host, kernelSupport })
  return {
    array,
    lun,
    mapped,
    host,
    volume: host.openVolume(volume?.name ?? ''),
    coordinator,
    image,
    directory,
    kernelSupport,
  }
}

type Call = (scene: Scene, options: AsyncOptions) => Promise<unknown>

const calls: Record<string, Call> = {
  'StorageArray.create': ({ directory }, options) => StorageArray.create(join(directory, 'new'), options),
  'StorageArray.open': ({ array }, options) => StorageArray.open(array.path, options),
  createLun: ({ array }, options) => array.createLun(MiB, options),
  adoptLun: ({ array, image }, options) => array.adoptLun(image, options),
  detachLun: ({ array, lun }, options) => array.detachLun(lun.guid, options),
  deleteLun: ({ array, lun }, options) => array.deleteLun(lun.guid, options),
  growLun: ({ array, lun }, options) => array.growLun(lun.guid, 64 * MiB, options),
  revertLun: ({ array, lun, mapped }, options) => array.revertLun(lun.guid, mapped.guid, options),
  breakCopies: ({ array }, options) => array.breakCopies([newGuid()], options),
  openLun: ({ array, lun }, options) => array.openLun(lun.guid, options),
  deleteCopies: ({ array }, options) => array.deleteCopies([newGuid()], options),
  check: ({ array }, options) => array.check(options),
  checkpoint: ({ array }, options) => array.checkpoint(options),
  'Lun.read': ({ lun }, options) => lun.read(0, 4096, options),
  'Lun.readInto': ({ lun }, options) => lun.readInto(0, Buffer.alloc(40 * MiB), options),
  'Lun.write': ({ lun }, options) => lun.write(0, Buffer.alloc(4096, 1), options),
  'Lun.write in pieces': ({ lun }, options) => lun.write(0, Buffer.alloc(40 * MiB, 1), options),
  'Lun.flush': ({ lun }, options) => lun.flush(options),
  'VolumeHandle.read': ({ volume }, options) => volume.read(0, 512, options),
  'VolumeHandle.write': ({ volume }, options) => volume.write(0, Buffer.alloc(512, 1), options),
  'VolumeHandle.flush': ({ volume }, options) => volume.flush(options),
  'Host.map': ({ host, lun }, options) => host.map(lun, options),
  'Host.unmap': ({ host, mapped }, options) => host.unmap(mapped, options),
  'Host.rescan': ({ host }, options) => host.rescan(undefined, 0, options),
  'Host.rescan for arrivals': ({ host }, options) =>
    host.rescan([arrayLunInformation(newGuid(), true)], 60_000, options),
  'Host.importVolumes': ({ host }, options) => host.importVolumes(newGuid(), [], options),
  registerProvider: ({ array, coordinator }, options) =>
    coordinator.registerProvider(
      arrayProviderRegistration(new ArrayProvider({ arrays: [array], masking: new LunMasking() })),
      options,
    ),
}

/** Everything that a call above could change. */
async function stateOf({ array, lun, host, coordinator, directory, volume }: Scene): Promise<unknown> {
  return {
    luns: (await array.listLuns()).map(({ guid, basePath }) => ({ guid, basePath })),
    volumes: host.volumes(),
    files: readdirSync(directory),
    providers: coordinator.queryProviders(),
    bytes: [(await lun.read(0, 4096)).every((byte) => byte === 0), (await volume.read(0, 512))[0]],
  }
}

for (const [member, call] of Object.entries(calls)) {
  test(`${member} with a signal that has fired rejects with VSS_S_ASYNC_CANCELLED and does nothing`, async (t) => {
    const at = await scene(t)
    const before = await stateOf(at)
    const reason = new Error('enough')
    const error = await t.throwsAsync<VssError>(call(at, { signal: AbortSignal.abort(reason) }))
    t.is(error?.code, 'VSS_S_ASYNC_CANCELLED', error?.message)
    t.is(error?.cause, reason)
    t.deepEqual(await stateOf(at), before)
  })

  test(`${member} refuses a signal that is none, by name`, async (t) => {
    const at = await scene(t)
    const error = await t.throwsAsync<VssError>(call(at, { signal: 'now' as never }))
    t.like(error, { code: 'E_INVALIDARG', culprit: 'signal' })
  })
}

test('what the array makes although nobody waits any more is undone', async (t) => {
  const at = await scene(t)
  const code = 'VSS_S_ASYNC_CANCELLED'
  for (const member of ['createLun', 'adoptLun', 'openLun']) {
    const controller = new AbortController()
    const calling = calls[member]?.(at, { signal: controller.signal })
    controller.abort()
    await t.throwsAsync(calling as Promise<unknown>, { code }, member)
  }
  // Closing waits for what is undone in the background.
  await at.array.close()
  t.is(readdirSync(join(at.array.path, 'base')).length, 2, 'no file of the LUN that was made is left')
  await using again = await StorageArray.open(at.array.path)
  t.deepEqual((await again.listLuns()).map(({ guid }) => guid).sort(), [at.lun.guid, at.mapped.guid].sort())
  t.true(existsSync(at.image))
  const guid = await again.adoptLun(at.image)
  t.is(await again.detachLun(guid), at.image)
})

test('a held write and the flush behind it can be left waiting: both are carried out after the release', async (t) => {
  const { lun, kernelSupport } = await scene(t)
  const lease = await kernelSupport.hold(newGuid(), ['v'], {
    limitMillis: 10_000,
    awaitWritesInFlight: false,
  })
  const controller = new AbortController()
  const { signal } = controller
  const writing = lun.write(0, Buffer.alloc(4096, 7), { signal })
  setImmediate(() => controller.abort())
  await t.throwsAsync(writing, { code: 'VSS_S_ASYNC_CANCELLED' })
  t.is((await lun.read(0, 512))[0], 0, 'it is held still')
  t.true((await kernelSupport.release(lease)).heldThroughout)
  await lun.flush()
  t.is((await lun.read(0, 512))[0], 7)
})

test('a large read that is cancelled meanwhile puts nothing into its target afterwards', async (t) => {
  const { lun } = await scene(t)
  await lun.write(0, Buffer.alloc(40 * MiB, 5))
  const target = Buffer.alloc(40 * MiB)
  const controller = new AbortController()
  const reading = lun.readInto(0, target, { signal: controller.signal })
  controller.abort()
  await t.throwsAsync(reading, { code: 'VSS_S_ASYNC_CANCELLED' })
  const there = Buffer.from(target)
  t.true(there.includes(0), 'the last piece was not begun')
  await lun.flush()
  t.true(target.equals(there))
})

test('a host that waits for arrivals, or for its turn, lets go; its other work goes on', async (t) => {
  const { host, lun, mapped } = await scene(t)
  const controller = new AbortController()
  const { signal } = controller
  const arrivals = host.rescan([arrayLunInformation(newGuid(), true)], 60_000, { signal })
  const mapping = host.map(lun)
  const behind = host.unmap(lun, { signal })
  controller.abort()
  await t.throwsAsync(arrivals, { code: 'VSS_S_ASYNC_CANCELLED' })
  await t.throwsAsync(behind, { code: 'VSS_S_ASYNC_CANCELLED' })
  t.is((await mapping).length, 1)
  t.is(host.volumes().length, 2)
  await host.unmap(lun)
  t.is(mapped.isCopy, false)
})
