// Copies that are filled in full, asked for with an attribute of the context or chosen by rule.
import { Buffer } from 'node:buffer'
import test from 'ava'
import { VSS_VOLUME_SNAPSHOT_ATTRIBUTES as ATTR } from '../../lib/enums.ts'
import { newGuid } from '../../lib/ids.ts'
import { chosenMethod, requestedMethod } from '../../lib/provider/copy-method.ts'
import type { BegunSnapshot } from '../../lib/provider/interfaces.ts'
import { copyLuns } from '../host/machine.ts'
import { assertNothingLeft, BACKUP, machine, runThrough, steps } from './array-machine.ts'

const PLEX = BACKUP | ATTR.VSS_VOLSNAP_ATTR_PLEX
const TRANSPORTABLE = BACKUP | ATTR.VSS_VOLSNAP_ATTR_TRANSPORTABLE

test('a set of plexes shares nothing with its sources in the end', async (t) => {
  const at = await machine(t)
  for (const lun of at.luns) await lun.write(64 << 10, Buffer.alloc(64 << 10, 'before'))
  const setId = newGuid()
  await runThrough(at, setId, 'postFinalCommit', PLEX)
  const copies = await copyLuns(at.array)
  t.is(copies.length, 2)
  const seen: number[] = []
  for (const guid of copies) {
    await at.array.whenFilled(guid, { onProgress: ({ filledBytes }) => seen.push(filledBytes) })
    t.like(await at.array.findLun(guid), { isPlex: true, plex: null })
  }
  for (const lun of at.luns) await lun.write(64 << 10, Buffer.alloc(64 << 10, 'after!'))
  for (const info of await at.array.listLuns()) t.is(info.areaBytes, 0, 'nothing was redirected')
  for (const guid of copies) {
    await using copy = await at.array.openLun(guid)
    t.deepEqual(await copy.read(64 << 10, 64 << 10), Buffer.alloc(64 << 10, 'before'))
  }
})

test('a set of plexes that is aborted leaves nothing', async (t) => {
  for (const last of ['begin', 'endPrepare', 'hold', 'postCommit', 'locateLuns']) {
    const at = await machine(t)
    await at.luns[0]?.write(0, Buffer.alloc(1 << 20, 'x'))
    const setId = newGuid()
    await runThrough(at, setId, last, PLEX)
    await at.provider.abortSnapshots(setId)
    await assertNothingLeft(t, at, last)
    await at.array.growLun(at.luns[0]?.guid ?? '', 64 << 20)
  }
})

test('what the provider chose is said: a plex for a copy that is taken away', async (t) => {
  const begin = async (context: number): Promise<BegunSnapshot> => {
    const at = await machine(t)
    const [, step] = steps(at, newGuid(), context)[0] ?? []
    return (await step?.()) as BegunSnapshot
  }
  t.is((await begin(BACKUP)).method, 'differential')
  t.is((await begin(TRANSPORTABLE)).method, 'plex')
  t.is((await begin(TRANSPORTABLE | ATTR.VSS_VOLSNAP_ATTR_DIFFERENTIAL)).method, 'differential')
})

test('the rule: a plex is for a transportable copy, the first of its LUN, that leaves a fifth of the disk', (t) => {
  t.is(requestedMethod(PLEX), 'plex')
  t.is(requestedMethod(BACKUP | ATTR.VSS_VOLSNAP_ATTR_DIFFERENTIAL), 'differential')
  t.is(requestedMethod(BACKUP), undefined)
  const facts = {
    context: TRANSPORTABLE,
    allocatedBytes: 300,
    freeBytes: 500,
    totalBytes: 1000,
    plexCount: 0,
  }
  t.is(chosenMethod(facts), 'plex')
  t.is(chosenMethod({ ...facts, context: BACKUP }), 'differential')
  t.is(chosenMethod({ ...facts, plexCount: 1 }), 'differential')
  t.is(chosenMethod({ ...facts, allocatedBytes: 301 }), 'differential')
})

test('a signal ends the waiting for a plex and not the plex', async (t) => {
  const at = await machine(t)
  await at.luns[0]?.write(0, Buffer.alloc(1 << 20, 'x'))
  await runThrough(at, newGuid(), 'postFinalCommit', PLEX)
  const [guid = ''] = await copyLuns(at.array)
  const walk = at.array.allocatedBlocks(guid)
  const info = await at.array.findLun(guid)
  if (!info.isPlex) {
    // A walk that has begun keeps the copy where it is.
    await walk.next()
    await t.throwsAsync(at.array.whenFilled(guid, { signal: AbortSignal.timeout(20) }), {
      code: 'VSS_S_ASYNC_CANCELLED',
    })
  }
  await walk.return()
  await at.array.whenFilled(guid)
  t.true((await at.array.findLun(guid)).isPlex)
})
