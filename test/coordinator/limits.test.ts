// The limits a coordinator is given: none may be a value that ends every wait at once, or never is compared.
import test from 'ava'
import { Coordinator, type CoordinatorOptions } from '../../lib/coordinator/coordinator.ts'
import { DEFAULT_LIMITS } from '../../lib/coordinator/limits.ts'
import type { VssError } from '../../lib/errors.ts'
import { DEFAULT_PROVIDER_LIMITS } from '../../lib/provider/provider-host.ts'
import { FakeWriter } from '../helpers/fakes/fake-writer.ts'
import { World } from '../helpers/fakes/world.ts'

function coordinator(options: object): Coordinator {
  const { kernelSupport, host, clock } = new World()
  return new Coordinator({ kernelSupport, host, clock, ...options } as CoordinatorOptions)
}

const NO_LIMITS: unknown[] = [Number.NaN, -1, Number.POSITIVE_INFINITY, '1000', null, 5n]

for (const [kind, names] of [
  ['limits', Object.keys(DEFAULT_LIMITS)],
  ['providerLimits', Object.keys(DEFAULT_PROVIDER_LIMITS)],
] as const) {
  for (const name of names) {
    test(`${kind}.${name} is refused by its name if it is not a number of milliseconds`, (t) => {
      for (const value of NO_LIMITS) {
        const error = t.throws<VssError>(() => coordinator({ [kind]: { [name]: value } }))
        t.is(error?.code, 'E_INVALIDARG', String(value))
        t.regex(error?.message ?? '', new RegExp(`\\b${name}\\b`))
      }
    })
  }
}

test('a limit that is left undefined has its default', (t) => {
  const { limits } = coordinator({ limits: { handlerMillis: undefined, statusMillis: 5 } })
  t.deepEqual(limits, { ...DEFAULT_LIMITS, statusMillis: 5 })
})

test('the limit of a hold is above 0 and at most 10 s', (t) => {
  for (const holdMillis of [0, 10_001]) {
    const error = t.throws<VssError>(() => coordinator({ limits: { holdMillis } }))
    t.is(error?.code, 'E_INVALIDARG')
    t.regex(error?.message ?? '', /holdMillis/)
  }
  t.notThrows(() => coordinator({ limits: { holdMillis: 10_000 } }))
})

test('a freeze window is a finite number above 0, of any length', (t) => {
  const { faults } = new World()
  for (const freezeTimeoutMillis of [...NO_LIMITS.filter((value) => value !== null), 0]) {
    const error = t.throws<VssError>(
      () => new FakeWriter('w', faults, { freezeTimeoutMillis: freezeTimeoutMillis as number }),
      undefined,
      String(freezeTimeoutMillis),
    )
    t.is(error?.code, 'E_INVALIDARG')
    t.regex(error?.message ?? '', /freezeTimeoutMillis/)
  }
  t.is(new FakeWriter('w', faults, { freezeTimeoutMillis: 2 ** 31 }).identity.freezeTimeoutMillis, 2 ** 31)
})

test('a coordinator without options, or without one of its parts, is refused by the name of what is missing', (t) => {
  const { kernelSupport, host } = new World()
  for (const [options, culprit] of [
    [undefined, 'options'],
    [Symbol('options'), 'options'],
    [{ kernelSupport }, 'host'],
    [{ host, kernelSupport: 7 }, 'kernelSupport'],
  ] as const) {
    const error = t.throws<VssError>(() => new Coordinator(options as unknown as CoordinatorOptions))
    t.like(error, { code: 'E_INVALIDARG', culprit })
  }
})
