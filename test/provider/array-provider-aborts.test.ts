// A set of the array provider that is aborted, abandoned or called out of order, and that nothing is left of it.
import test from 'ava'
import { Host } from '../../lib/host/host.ts'
import { newGuid } from '../../lib/ids.ts'
import { copyLuns, rejectsWith } from '../host/machine.ts'
import { assertNothingLeft, BACKUP, type Machine, machine, runThrough, steps } from './array-machine.ts'

for (const [name] of steps({} as Machine, '')) {
  test(`abortSnapshots after ${name} leaves nothing, and the next set succeeds`, async (t) => {
    const at = await machine(t)
    const setId = newGuid()
    await runThrough(at, setId, name)
    await at.provider.abortSnapshots(setId)
    if (name === 'postFinalCommit') {
      t.is((await copyLuns(at.array)).length, 2, 'a set that is CREATED ignores it')
      return
    }
    await at.provider.abortSnapshots(setId)
    await assertNothingLeft(t, at)
    await runThrough(at, newGuid(), 'postFinalCommit')
    t.is((await copyLuns(at.array)).length, 2)
  })

  test(`a new set after ${name} abandons an unfinished one`, async (t) => {
    const at = await machine(t)
    const old = newGuid()
    await runThrough(at, old, name)
    const next = newGuid()
    await runThrough(at, next, 'postFinalCommit')
    const left = name === 'postFinalCommit' ? [next, old] : [next]
    t.deepEqual((await at.array.listSets()).map(({ setId }) => setId).sort(), left.sort())
    await rejectsWith(t, 'VSS_E_PROVIDER_VETO', at.provider.preCommitSnapshots(old))
  })
}

test('abortSnapshots while endPrepareSnapshots runs ends it, and leaves nothing', async (t) => {
  const at = await machine(t)
  const setId = newGuid()
  await runThrough(at, setId, 'begin')
  const preparing = rejectsWith(t, 'VSS_E_PROVIDER_VETO', at.provider.endPrepareSnapshots(setId))
  await at.provider.abortSnapshots(setId)
  await preparing
  await assertNothingLeft(t, at)
})

test('a call out of order is a veto and the end of the set', async (t) => {
  const order = [
    'begin',
    'endPrepare',
    'preCommit',
    'commit',
    'postCommit',
    'preFinalCommit',
    'postFinalCommit',
  ]
  for (const reached of order.slice(0, -1)) {
    for (const wrong of order.slice(1)) {
      if (order.indexOf(wrong) === order.indexOf(reached) + 1) continue
      const at = await machine(t)
      const setId = newGuid()
      await runThrough(at, setId, reached === 'commit' ? 'release' : reached)
      const call = steps(at, setId).find(([name]) => name === wrong)?.[1]
      await rejectsWith(t, 'VSS_E_PROVIDER_VETO', call?.() ?? Promise.resolve())
      await assertNothingLeft(t, at, `${wrong} after ${reached}`)
    }
  }
})

test('calls with the id of another set are vetoed and change nothing', async (t) => {
  const at = await machine(t)
  const setId = newGuid()
  for (const [, step] of steps(at, setId)) {
    await step()
    for (const [name, wrong] of steps(at, newGuid())) {
      if (['begin', 'hold', 'release', 'getTargetLuns', 'locateLuns'].includes(name)) continue
      await rejectsWith(t, 'VSS_E_PROVIDER_VETO', wrong())
    }
    await at.provider.abortSnapshots(newGuid())
  }
  t.is((await copyLuns(at.array)).length, 2)
})

test('a set that no hold has captured is not made', async (t) => {
  const { provider, devices, sources, ...at } = await machine(t)
  const setId = newGuid()
  await provider.beginPrepareSnapshot(setId, newGuid(), BACKUP, devices, sources)
  await provider.endPrepareSnapshots(setId)
  await provider.preCommitSnapshots(setId)
  await provider.commitSnapshots(setId)
  await provider.postCommitSnapshots(setId, 1)
  await rejectsWith(t, 'VSS_E_BAD_STATE', provider.getTargetLuns(devices, sources))
  await provider.abortSnapshots(setId)
  await assertNothingLeft(t, { provider, devices, sources, ...at })
})

test('a count of volumes that is not the provider’s is a veto', async (t) => {
  const at = await machine(t)
  const setId = newGuid()
  await runThrough(at, setId, 'release')
  await rejectsWith(t, 'VSS_E_PROVIDER_VETO', at.provider.postCommitSnapshots(setId, 2))
  await assertNothingLeft(t, at)
})

test('the provider asks to stay while it makes a set; forced to go, it leaves nothing of it', async (t) => {
  const at = await machine(t)
  await runThrough(at, newGuid(), 'endPrepare')
  t.false(await at.provider.onUnload?.(false))
  t.true(await at.provider.onUnload?.(true))
  await assertNothingLeft(t, at)
  t.true(await at.provider.onUnload?.(false))
})

test('a host that forgets a masked copy lets the array delete it', async (t) => {
  const at = await machine(t)
  await using host = new Host({ masking: at.masking })
  for (const lun of at.luns) await host.map(lun)
  const setId = newGuid()
  await runThrough(at, setId, 'locateLuns')
  const targets = await at.provider.getTargetLuns(at.devices, at.sources)
  t.is((await host.rescan(targets, 1_000)).length, 2)
  await at.provider.abortSnapshots(setId)
  await assertNothingLeft(t, at)
  t.deepEqual(await host.rescan(targets, 0), [])
})
