// Several hosts on one array: who may have a LUN beside whom, who sees what, and being told of it.
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { arrayLunInformation } from '../../lib/host/lun-information.ts'
import { type AttachedLun, Host, LunMasking } from '../../lib/index.ts'
import { takeCopies } from '../array/take-copies.ts'
import { bareLun, gptLun, newArray, rejectsWith } from './machine.ts'

test('a LUN that one host may write to is refused to a second one by the name of the first', async (t) => {
  const array = await newArray(t)
  const lun = await gptLun(array)
  const [alpha, beta] = [new Host({ machineName: 'alpha' }), new Host({ machineName: 'beta' })]
  const [volume] = await alpha.map(lun)
  const error = await rejectsWith(t, 'ERR_LUN_IN_USE', beta.map(lun))
  t.regex(error.text, /mapped to host alpha/)
  t.regex(error.text, /unmap it there|read-only|shared/)
  t.is(error.culprit, lun.guid)
  t.deepEqual(beta.volumes(), [])
  t.like((await array.findLun(lun.guid)).mappings, [{ hostName: 'alpha', readOnly: false, shared: false }])

  await alpha.unmap(lun)
  const [same] = await beta.map(lun)
  t.is(same?.name, volume?.name)
})

test('whoever opened the array, and with whatever handle, it is one LUN that is refused', async (t) => {
  const array = await newArray(t)
  const lun = await gptLun(array)
  await using again = await StorageArray.open(array.path)
  await using other = await again.openLun(lun.guid)
  await new Host({ machineName: 'alpha' }).map(lun)
  await rejectsWith(t, 'ERR_LUN_IN_USE', new Host({ machineName: 'beta' }).map(other))
  // Two hosts of one name are two hosts.
  await rejectsWith(t, 'ERR_LUN_IN_USE', new Host({ machineName: 'alpha' }).map(other))
})

test('another thread of the process is refused too, and what it had is free when it ends', async (t) => {
  const array = await newArray(t)
  const lun = await bareLun(array)
  const worker = new Worker(new URL('mapping-worker.mjs', import.meta.url), {
    workerData: { path: array.path, guid: lun.guid },
    execArgv: [],
  })
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  const host = new Host({ machineName: 'here' })
  const error = await rejectsWith(t, 'ERR_LUN_IN_USE', host.map(lun))
  t.regex(error.text, /host in-a-worker/)
  await worker.terminate()
  t.is((await host.map(lun)).length, 1)
})

test('beside a writer a LUN may be mapped read-only, and nothing is written through that', async (t) => {
  const array = await newArray(t)
  const lun = await gptLun(array)
  const [alpha, beta] = [new Host({ machineName: 'alpha' }), new Host({ machineName: 'beta' })]
  const [volume] = await alpha.map(lun)
  const [reader] = await beta.map(lun, { readOnly: true })
  t.true(reader?.readOnly)
  using writing = alpha.openVolume(String(volume?.name))
  using reading = beta.openVolume(String(reader?.name))
  await writing.write(0, Buffer.alloc(512, 7))
  t.deepEqual(await reading.read(0, 512), Buffer.alloc(512, 7))
  await rejectsWith(t, 'E_ACCESSDENIED', reading.write(0, Buffer.alloc(512, 8)))
  t.deepEqual(await reading.read(0, 512), Buffer.alloc(512, 7))
})

test('a cluster that asks for it by name has the LUN on all its members', async (t) => {
  const array = await newArray(t)
  const lun = await gptLun(array)
  const [alpha, beta, gamma] = ['alpha', 'beta', 'gamma'].map((machineName) => new Host({ machineName }))
  await alpha?.map(lun, { shared: true })
  const [volume] = (await beta?.map(lun, { shared: true })) ?? []
  t.false(volume?.readOnly)
  const error = await rejectsWith(t, 'ERR_LUN_IN_USE', gamma?.map(lun) ?? Promise.resolve())
  t.regex(error.text, /host alpha/)
  await alpha?.unmap(lun)
  await beta?.unmap(lun)
  await gamma?.map(lun)
})

test('a mapping that comes to nothing leaves the LUN to others', async (t) => {
  const array = await newArray(t)
  const lun = await gptLun(array)
  const [alpha, beta] = [new Host({ machineName: 'alpha' }), new Host({ machineName: 'beta' })]
  await lun.write(512, Buffer.alloc(512))
  await lun.write(lun.sizeBytes - 512, Buffer.alloc(512))
  await rejectsWith(t, 'ERR_DISK_DAMAGED', alpha.map(lun))
  const controller = new AbortController()
  const bare = await bareLun(array)
  const mapping = alpha.map(bare, { signal: controller.signal })
  // By now it has begun.
  await new Promise((resolve) => process.nextTick(resolve))
  controller.abort()
  await rejectsWith(t, 'VSS_S_ASYNC_CANCELLED', mapping)
  await beta.map(bare)
  t.deepEqual((await array.findLun(lun.guid)).mappings, [])
})

test('a LUN that is closed or whose host is closed is free for another host', async (t) => {
  const array = await newArray(t)
  const lun = await bareLun(array)
  const host = new Host({ machineName: 'alpha' })
  const own = await array.openLun(lun.guid)
  await host.map(own)
  await own.close()
  await using second = new Host({ machineName: 'beta' })
  await second.map(lun)
  await second.close()
  await new Host({ machineName: 'gamma' }).map(lun)
  const error = await rejectsWith(t, 'VSS_E_BAD_STATE', second.map(await bareLun(array)))
  t.is(error.culprit, 'beta')
})

test('a LUN that a host has is neither deleted nor detached', async (t) => {
  const array = await newArray(t)
  const lun = await bareLun(array)
  const host = new Host({ machineName: 'alpha' })
  await host.map(lun, { readOnly: true })
  for (const work of [array.deleteLun(lun.guid), array.detachLun(lun.guid)]) {
    const error = await rejectsWith(t, 'ERR_LUN_IN_USE', work)
    t.regex(error.text, /mapped to host alpha/)
  }
  await host.unmap(lun)
  await array.deleteLun(lun.guid)
})

test('a copy is seen by the hosts it is unmasked to, and by one of them at a time', async (t) => {
  const array = await newArray(t)
  const masking = new LunMasking()
  const [alpha, beta] = ['alpha', 'beta'].map((machineName) => new Host({ machineName, masking }))
  if (alpha === undefined || beta === undefined) return t.fail()
  t.teardown(() => Promise.all([alpha.close(), beta.close()]))
  const [copy] = await takeCopies(array, [await gptLun(array)])
  const guid = String(copy?.guid)
  const expected = [arrayLunInformation(guid, true)]

  masking.unmask(array, guid, { hosts: ['beta'] })
  t.deepEqual(await alpha.rescan(expected, 0), [])
  t.is((await beta.rescan(expected, 0)).length, 1)
  masking.unmask(array, guid, { hosts: ['alpha'] })
  const error = await rejectsWith(t, 'ERR_LUN_IN_USE', alpha.rescan(expected, 0))
  t.regex(error.text, /host beta/)
  await masking.mask(guid, { hosts: ['beta'] })
  t.is((await alpha.rescan(expected, 0)).length, 1)
  t.deepEqual(await beta.rescan(expected, 0), [])

  masking.unmask(array, guid)
  await masking.mask(guid, { hosts: ['alpha'] })
  t.deepEqual(await alpha.rescan(expected, 0), [], 'masked from one although unmasked to all')
  t.is((await beta.rescan(expected, 0)).length, 1)
  await masking.mask(guid)
  t.deepEqual(masking.list(), [])
  t.deepEqual((await array.findLun(guid)).mappings, [])
})

test('whoever watches a host is told what comes and goes, in order, with volumes there already', async (t) => {
  const array = await newArray(t)
  const lun = await gptLun(array)
  const masking = new LunMasking()
  const host = new Host({ machineName: 'alpha', masking })
  const told: [string, AttachedLun, number][] = []
  const unwatch = host.watch({
    attached: (attached) => told.push(['attached', attached, host.volumes().length]),
    detached: (detached) => told.push(['detached', detached, host.volumes().length]),
  })
  await host.map(lun, { readOnly: true, shared: true })
  await host.unmap(lun)
  const [copy] = await takeCopies(array, [lun])
  masking.unmask(array, String(copy?.guid))
  await host.rescan([arrayLunInformation(String(copy?.guid), true)], 0)
  await host.close()
  t.deepEqual(
    told.map(([what, { lunGuid, deviceName, by, readOnly, shared }, volumes]) => [
      what,
      lunGuid,
      deviceName.at(-1),
      by,
      readOnly,
      shared,
      volumes,
    ]),
    [
      ['attached', lun.guid, '1', 'map', true, true, 1],
      ['detached', lun.guid, '1', 'map', true, true, 0],
      ['attached', copy?.guid, '2', 'unmask', false, false, 0],
      ['detached', copy?.guid, '2', 'unmask', false, false, 0],
    ],
  )
  t.is(told[0]?.[1].lunInformation.serialNumber, lun.guid.replaceAll('-', ''))
  unwatch()
})
