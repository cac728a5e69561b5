import test from 'ava'
import { type VssCode, VssError } from '../../lib/errors.ts'
import { newGuid } from '../../lib/ids.ts'
import { InProcessConnection } from '../../lib/provider/connection.ts'
import { PROVIDER_CODES } from '../../lib/provider/interfaces.ts'
import { type ProviderCallRecord, ProviderHost } from '../../lib/provider/provider-host.ts'
import { Fabric } from '../helpers/fakes/fabric.ts'
import { FakeProvider } from '../helpers/fakes/fake-provider.ts'
import { Faults } from '../helpers/fakes/faults.ts'
import { VirtualClock } from '../helpers/virtual-clock.ts'

function bench(): {
  clock: VirtualClock
  faults: Faults
  provider: FakeProvider
  host: ProviderHost
  calls: ProviderCallRecord[]
} {
  const clock = new VirtualClock()
  const faults = new Faults(clock)
  const provider = new FakeProvider('p', new Fabric(), faults)
  const host = new ProviderHost(
    {
      providerId: newGuid(),
      providerName: 'p',
      providerType: 3,
      providerVersion: '1',
      host: { kind: 'inProcess', provider },
    },
    clock,
  )
  const calls: ProviderCallRecord[] = []
  host.onCall((record) => calls.push(record))
  return { clock, faults, provider, host, calls }
}

test('R182: codes a provider may use pass, everything else becomes VSS_E_UNEXPECTED_PROVIDER_ERROR', async (t) => {
  const { faults, host, clock } = bench()
  const outcome = async (error: unknown): Promise<VssError | undefined> => {
    faults.set('p.locateLuns', { kind: 'throw', error })
    return t.throwsAsync<VssError>(clock.run(host.call('locateLuns', [[]])))
  }
  for (const code of PROVIDER_CODES) {
    const error = await outcome(new VssError(code, 'because', { errno: 28 }))
    t.is(error?.code, code)
    t.regex(error?.message ?? '', /provider 'p' failed in locateLuns: because/)
    t.like(error?.cause, { code, errno: 28 })
  }
  const others: unknown[] = [new Error('E_FAIL'), 'a text', undefined, null, { hresult: 1 }]
  for (const code of ['S_FALSE', 'E_FAIL', 'E_UNEXPECTED', 'E_ABORT', 'ERR_IO'] satisfies VssCode[]) {
    others.push(new VssError(code, 'because'))
  }
  for (const thrown of others) {
    const error = await outcome(thrown)
    t.is(error?.code, 'VSS_E_UNEXPECTED_PROVIDER_ERROR')
    t.is(error?.culprit, 'p')
    t.true(error?.cause !== undefined)
  }
})

test('R182: a failing abortSnapshots or onUnload is recorded and thrown at nobody', async (t) => {
  const { faults, host, calls, clock } = bench()
  faults.set('p.abortSnapshots', { kind: 'throw', error: new Error('broken') })
  const failure = await clock.run(host.abort(newGuid()))
  t.regex(failure?.message ?? '', /abortSnapshots: broken/)
  t.is(calls.at(-1)?.code, 'VSS_E_UNEXPECTED_PROVIDER_ERROR')
  t.true(await host.unload(false))
})

test("a call gets its method's deadline, and its late answer changes nothing", async (t) => {
  const { faults, host, calls, clock } = bench()
  faults.set('p.preCommitSnapshots', { kind: 'delay', millis: 61_000 })
  const error = await t.throwsAsync<VssError>(clock.run(host.call('preCommitSnapshots', [newGuid()])))
  t.is(error?.code, 'VSS_E_UNEXPECTED_PROVIDER_ERROR')
  t.regex(error?.message ?? '', /no answer within 60000 ms/)
  t.is(clock.nowMillis(), 60_000)
  t.deepEqual(
    host.inFlight.map(({ method }) => method),
    ['preCommitSnapshots'],
    'the provider is still at it',
  )
  await clock.advance(10_000)
  t.deepEqual(host.inFlight, [])
  t.is(calls.length, 1)
  t.is(calls[0]?.durationMillis, 60_000)
})

test('arguments and results are copies both ways', async (t) => {
  const { host, provider, clock } = bench()
  const { lun } = new Fabric().add(true)
  let received: unknown
  provider.supports = (given): boolean => {
    received = given
    given.vendorId = 'CHANGED'
    return true
  }
  const { luns } = await clock.run(host.call('areLunsSupported', [0, [], [lun]]))
  t.not(received, lun)
  t.is(lun.vendorId, 'FAKE')
  t.is(luns[0]?.vendorId, 'CHANGED')
  t.not(luns[0] as unknown, received)
})

test('a signal ends the wait for a call with its reason', async (t) => {
  const { host, faults, clock } = bench()
  faults.set('p.endPrepareSnapshots', { kind: 'hang' })
  const controller = new AbortController()
  const calling = t.throwsAsync(host.call('endPrepareSnapshots', [newGuid()], controller.signal))
  await clock.settle()
  controller.abort(new RangeError('enough'))
  t.is((await calling)?.message, 'enough')
  t.is(clock.timerCount, 0)
})

test('an object that lacks a required call is no provider, and an optional call that is not offered is E_NOTIMPL', async (t) => {
  t.throws(() => new InProcessConnection({} as never), {
    code: 'E_INVALIDARG',
    message: /a provider must implement areLunsSupported/,
  })
  const { host } = bench()
  t.false(host.offers('onLoad'))
  t.true(host.offers('storeSnapshotSet'))
  const { provider } = bench()
  const connection = new InProcessConnection(provider)
  await t.throwsAsync(connection.call('onLoad', []), { message: /E_NOTIMPL/ })
})

test('a provider whose onLoad fails is not registered, and one that asks to stay is kept unless forced', async (t) => {
  const clock = new VirtualClock()
  const provider = new FakeProvider('p', new Fabric(), new Faults(clock))
  const stubborn = Object.assign(provider, { onUnload: async (force: boolean): Promise<boolean> => force })
  const host = new ProviderHost(
    {
      providerId: newGuid(),
      providerName: 'p',
      providerType: 3,
      providerVersion: '1',
      host: { kind: 'inProcess', provider: stubborn },
    },
    clock,
  )
  t.false(await clock.run(host.unload(false)))
  t.true(await clock.run(host.unload(true)))
})
