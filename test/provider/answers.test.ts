// R182 for answers: one that is not as the interface has it is the provider's failure, by its name.
import test from 'ava'
import { VssError } from '../../lib/errors.ts'
import { newGuid } from '../../lib/ids.ts'
import { InProcessConnection } from '../../lib/provider/connection.ts'
import type { Provider, ProviderMethod } from '../../lib/provider/interfaces.ts'
import type { ProviderRegistration } from '../../lib/provider/provider-host.ts'
import { Fabric, lunInformation } from '../helpers/fakes/fabric.ts'
import { FakeProvider } from '../helpers/fakes/fake-provider.ts'
import { World } from '../helpers/fakes/world.ts'

const lun = lunInformation(1, '6001')

/** Wrong whatever is asked. */
const wrongForAll: [what: string, answer: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a text', 'x'],
  ['a list of null', [null]],
  ['a list of an object', [{}]],
  ['a function', (): number => 1],
]
const wrongSupport: [what: string, answer: unknown][] = [
  ['an object', {}],
  ['no luns', { isSupported: true }],
  ['luns that are null', { isSupported: true, luns: null, lun: null }],
  ['a LUN that is null', { isSupported: true, luns: [null], lun: undefined }],
  ['a LUN that is empty', { isSupported: true, luns: [{}], lun: {} }],
  [
    'a LUN without identifiers',
    { isSupported: true, luns: [{ ...lun, deviceIdDescriptor: {} }], lun: { ...lun, interconnects: 5 } },
  ],
  [
    'a LUN that no document can carry',
    { isSupported: true, luns: [{ ...lun, vendorId: 'a\u0000' }], lun: { ...lun, serialNumber: 1 } },
  ],
]
const WRONG: Partial<Record<ProviderMethod, [what: string, answer: unknown][]>> = {
  areLunsSupported: [
    ...wrongForAll,
    ...wrongSupport,
    ['two LUNs for one', { isSupported: true, luns: [lun, lun] }],
  ],
  beginPrepareSnapshot: [...wrongForAll, ...wrongSupport, ['no LUN for one', { luns: [] }]],
  getTargetLuns: [...wrongForAll, ...wrongSupport],
  fillInLunInfo: [...wrongForAll, ...wrongSupport],
  listSnapshotSets: [
    ...wrongForAll,
    ['a description without snapshots', [{ setId: newGuid(), context: 0 }]],
    ['a description of null', [{ setId: newGuid(), context: 0, snapshots: [null] }]],
  ],
}

function registration(provider: Provider, changes: Partial<ProviderRegistration> = {}): ProviderRegistration {
  return {
    providerId: newGuid(),
    providerName: 'bad',
    providerType: 3,
    providerVersion: '1',
    host: { kind: 'inProcess', provider },
    ...changes,
  }
}

for (const [method, answers] of Object.entries(WRONG)) {
  test(`R182: ${method} answering what is none is VSS_E_UNEXPECTED_PROVIDER_ERROR and names provider and member`, async (t) => {
    for (const [what, answer] of answers) {
      const world = new World()
      world.host.addVolume()
      const provider = new FakeProvider('bad', world.fabric, world.faults, world.trace)
      Object.assign(provider, { [method]: async () => answer })
      const making = async (): Promise<void> => {
        await world.coordinator.registerProvider(registration(provider))
        const backup = await world.prepared()
        await world.clock.run(backup.doSnapshotSet())
      }
      const error = await t.throwsAsync<VssError>(making(), { instanceOf: VssError }, what)
      t.like(error, { code: 'VSS_E_UNEXPECTED_PROVIDER_ERROR', culprit: 'bad' }, what)
      t.regex(error?.text ?? '', new RegExp(`provider 'bad' failed in ${method}: `), what)
    }
  })
}

test('a provider that says no need not say more', async (t) => {
  const world = new World()
  world.host.addVolume()
  const provider = new FakeProvider('shy', world.fabric, world.faults)
  Object.assign(provider, { areLunsSupported: async () => ({ isSupported: false }) })
  await world.coordinator.registerProvider(registration(provider))
  await t.throwsAsync(world.prepared(), { code: 'VSS_E_VOLUME_NOT_SUPPORTED' })
})

for (const [how, answer] of [
  [
    'throws at once',
    (): never => {
      throw new Error('the socket is gone')
    },
  ],
  ['gives no promise', (): unknown => 5],
] as const) {
  test(`a connection that ${how} fails like one that rejects, and nothing is left`, async (t) => {
    const world = new World()
    world.host.addVolume()
    const inner = new InProcessConnection(new FakeProvider('bad', world.fabric, world.faults))
    const connection = {
      methods: inner.methods,
      call: (method: ProviderMethod, args: readonly unknown[]): Promise<unknown> =>
        method === 'getTargetLuns' ? (answer() as Promise<unknown>) : inner.call(method, args),
      close: () => inner.close(),
    }
    const host = { kind: 'connection', connection } as const
    await world.coordinator.registerProvider(registration({} as Provider, { host }))
    const backup = await world.prepared()
    await t.throwsAsync(world.clock.run(backup.doSnapshotSet()), {
      code: 'VSS_E_UNEXPECTED_PROVIDER_ERROR',
      message: /provider 'bad' failed in getTargetLuns/,
    })
    t.is(world.fabric.luns.size, 1)
    await world.clock.run(backup.close())
  })
}

const provider = new FakeProvider('p', new Fabric(), new World().faults)
const refused: [what: string, registration: unknown, culprit: string][] = [
  ['undefined', undefined, 'registration'],
  ['null', null, 'registration'],
  ['an empty object', {}, 'providerName'],
  ['without an id', registration(provider, { providerId: undefined as never }), 'providerId'],
  ['with a name that is a number', registration(provider, { providerName: 5 as never }), 'providerName'],
  ['of an unknown type', registration(provider, { providerType: 99 as never }), 'providerType'],
  ['without a version', registration(provider, { providerVersion: '' }), 'providerVersion'],
  ['without a host', registration(provider, { host: undefined as never }), 'host'],
  ['of another kind of host', registration(provider, { host: { kind: 'moon' } as never }), 'host.kind'],
  ['without its provider', registration(null as never), 'host.provider'],
  ['of an object that is no provider', registration({} as never), 'areLunsSupported'],
  [
    'over a connection that is none',
    registration(provider, { host: { kind: 'connection', connection: {} } as never }),
    'host.connection',
  ],
]
for (const [what, given, culprit] of refused) {
  test(`a registration ${what} is refused, naming ${culprit}`, async (t) => {
    const world = new World()
    await t.throwsAsync(world.coordinator.registerProvider(given as ProviderRegistration), {
      instanceOf: VssError,
      code: 'E_INVALIDARG',
    })
    t.deepEqual(world.coordinator.queryProviders(), [])
    const error = await t.throwsAsync<VssError>(world.coordinator.registerProvider(given as never))
    t.is(error?.culprit, culprit)
  })
}
