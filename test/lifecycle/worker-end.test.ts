import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { openOnly, sceneNames } from './scenes.ts'
import { prepareArray, runProgram, startWorker } from './watch.ts'

const codes = { nothing: 0, exit: 7, throw: 1 }

for (const [ending, code] of Object.entries(codes)) {
  test(`a worker may end by "${ending}" in any scene without harm to process or array`, async (t) => {
    t.timeout(60_000)
    const directory = await prepareArray(t)
    const { array, lun } = await openOnly(directory)
    for (const scene of sceneNames) {
      const { ended } = await startWorker(t, scene, directory, ending)
      t.is((await ended).code, code, scene)
      await lun.write(0, Buffer.alloc(4096, 1))
      t.deepEqual((await array.check()).faults, [], scene)
    }
    await array.close()
  })
}

test('a worker that is terminated in any scene harms neither the process nor the array', async (t) => {
  t.timeout(60_000)
  const directory = await prepareArray(t)
  const { array, lun } = await openOnly(directory)
  for (const scene of sceneNames) {
    const { worker } = await startWorker(t, scene, directory, 'wait')
    await worker.terminate()
    await lun.write(0, Buffer.alloc(4096, 1))
    t.deepEqual((await array.check()).faults, [], scene)
  }
  await array.close()
})

test('terminating a worker with 500 writes waiting ends its hold and discards its capture', async (t) => {
  t.timeout(60_000)
  const directory = await prepareArray(t)
  const { array, lun } = await openOnly(directory)
  const { worker } = await startWorker(t, 'held, with 500 writes waiting', directory, 'wait')
  t.true((await lun.inspect()).held)
  const mine = lun.write(8 << 20, Buffer.alloc(4096, 2))
  const before = performance.now()
  await worker.terminate()
  await mine
  t.true(performance.now() - before < 2000, 'the hold had 10 s to go')
  t.false((await lun.inspect()).held)
  // The writes of the worker were accepted, so they are carried out.
  await lun.flush()
  t.deepEqual(await lun.read(699 * 4096, 4096), Buffer.alloc(4096, 0x5a))
  t.deepEqual(
    (await array.listLuns()).map(({ snapshotId }) => snapshotId),
    [null],
  )
  t.deepEqual(await array.listSets(), [])
  await array.close()
})

test('workers terminated in a flood of completions leave process and array whole', async (t) => {
  t.timeout(60_000)
  const directory = await prepareArray(t)
  const { array, lun } = await openOnly(directory)
  for (let round = 0; round < 6; round++) {
    const { worker } = await startWorker(t, 'in a flood of completions', directory, 'wait')
    await sleep(round * 10)
    await worker.terminate()
    await lun.write(0, Buffer.alloc(4096, 1))
    t.deepEqual((await array.check()).faults, [])
  }
  await array.close()
})

test('an array that only a worker had open can be opened again after its end', async (t) => {
  const directory = await prepareArray(t)
  const { worker } = await startWorker(t, 'writing', directory, 'wait')
  await worker.terminate()
  await using array = await StorageArray.open(directory)
  t.deepEqual((await array.check()).faults, [])
})

test('a process whose workers alone have loaded the addon outlives them all', async (t) => {
  const directory = await prepareArray(t)
  const ended = await runProgram('workers-only.mjs', [directory])
  t.like(ended, { code: 0, signal: null, stdout: '10 workers came and went\n' }, ended.stderr)
})
