// A provider that is slow, lies or crashes, in every call of a set: the set may fail, nobody is left frozen or held.
import test from 'ava'
import { newGuid } from '../../lib/ids.ts'
import type { ProviderMethod } from '../../lib/provider/interfaces.ts'
import {
  type FaultyProvider,
  makeFaultyProvider,
  type ProviderMisbehaviour,
} from '../../lib/test-kit/faulty-provider.ts'
import { FakeProvider } from '../helpers/fakes/fake-provider.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { World } from '../helpers/fakes/world.ts'

async function faultyWorld(): Promise<{ world: World; faulty: FaultyProvider; writer: FakeWriter }> {
  const world = new World()
  world.host.addVolume()
  const writer = await world.addWriter(new FakeWriter('w', world.faults))
  const inner = new FakeProvider('inner', world.fabric, world.faults, world.trace)
  const faulty = makeFaultyProvider(inner, { clock: world.clock })
  await world.coordinator.registerProvider({
    providerId: newGuid(),
    providerName: 'faulty',
    providerType: 3,
    providerVersion: '1',
    host: { kind: 'inProcess', provider: faulty.provider },
  })
  return { world, faulty, writer }
}

const CALLS: readonly ProviderMethod[] = [
  'endPrepareSnapshots',
  'preCommitSnapshots',
  'commitSnapshots',
  'postCommitSnapshots',
  'getTargetLuns',
  'locateLuns',
  'preFinalCommitSnapshots',
  'postFinalCommitSnapshots',
]

const MISBEHAVIOURS: Record<string, ProviderMisbehaviour> = {
  'slow by a second': { kind: 'delay', delayMillis: 1000 },
  'slower than any limit': { kind: 'delay', delayMillis: 3_600_000 },
  silent: { kind: 'hang' },
  'a liar': { kind: 'lie' },
  crashed: { kind: 'crash' },
  'failing with a code of its own': { kind: 'fail', code: 'E_FAIL' },
}

for (const method of CALLS) {
  for (const [what, misbehaviour] of Object.entries(MISBEHAVIOURS)) {
    test(`a provider that is ${what} in ${method} leaves nobody frozen and nothing held`, async (t) => {
      const { world, faulty, writer } = await faultyWorld()
      faulty.orders.add({ point: method, misbehaviour, times: 1 })
      const backup = await world.prepared()
      const made = await world.clock.run(
        backup.doSnapshotSet().then(
          () => true,
          () => false,
        ),
      )
      t.true(faulty.calls.includes(method))
      if (misbehaviour.kind === 'delay' && misbehaviour.delayMillis === 1000) t.true(made)
      if (misbehaviour.kind === 'crash' || misbehaviour.kind === 'fail' || misbehaviour.kind === 'hang') {
        t.false(made)
      }
      t.false(writer.frozen)
      if (writer.events.includes('onFreeze')) t.is(writer.closingCalls.length, 1)
      t.deepEqual(world.kernelSupport.heldVolumes, [])
      t.is(world.host.flagged.size, 0)
      t.false(world.coordinator.isSetInProgress)
      t.is(faulty.isCrashed, misbehaviour.kind === 'crash')
      if (!made) await world.clock.run(backup.abortBackup())
      await world.clock.run(backup.close().catch(() => undefined))
    })
  }
}

test('a crashed provider fails every later call too, and says so to whoever asks', async (t) => {
  const { world, faulty } = await faultyWorld()
  faulty.orders.add({ point: 'beginPrepareSnapshot', misbehaviour: { kind: 'crash' } })
  await t.throwsAsync(world.prepared(), { code: 'VSS_E_UNEXPECTED_PROVIDER_ERROR' })
  t.true(faulty.isCrashed)
  await t.throwsAsync(faulty.provider.endPrepareSnapshots(newGuid()), { message: 'the provider has crashed' })
})
