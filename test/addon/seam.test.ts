// The addon without lib/binding.ts: what it exports, and that no argument whatever gets past its checks.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { isVssCode } from '../../lib/errors.ts'
import { loadNative } from '../../lib/load.ts'
// Attaches: the addon knows where to deliver.
import '../../lib/binding.ts'

const addon = loadNative() as Record<string, (...args: unknown[]) => unknown>

const rubbish: readonly unknown[] = [
  undefined,
  null,
  true,
  -1,
  0.5,
  Number.NaN,
  2 ** 60,
  -1n,
  2n ** 80n,
  '',
  'text',
  'with a \0 in it',
  Symbol('s'),
  {},
  [],
  [[]],
  [{}],
  () => {},
  new Proxy({}, {}),
  Buffer.alloc(0),
  Buffer.alloc(600),
  new Uint32Array(3),
  new DataView(new ArrayBuffer(8)),
  new ArrayBuffer(8),
  new SharedArrayBuffer(8),
]

test('the addon exports exactly what the seam declares', (t) => {
  const source = readFileSync(fileURLToPath(new URL('../../lib/binding.ts', import.meta.url)), 'utf8')
  const used = new Set([...source.matchAll(/\baddon\.(\w+)\(/g)].map(([, name]) => String(name)))
  t.deepEqual(Object.keys(addon).sort(), [...used].sort())
})

for (const name of Object.keys(addon).filter((name) => name !== 'engineInfo' && name !== 'monotonicMicros')) {
  test(`${name} refuses whatever is not its argument with a plain record`, (t) => {
    const call = addon[name] as (...args: unknown[]) => unknown
    let refused = 0
    // The first argument of most is a slot: one that nobody waits for, and that is never accepted below.
    const attempts = [[], ...rubbish.map((one) => [one]), ...rubbish.map((one) => Array(6).fill(one))].concat(
      rubbish.map((one) => [1_000_000, one, one, one, one, one]),
    )
    for (const args of attempts) {
      try {
        call(...args)
      } catch (thrown) {
        refused++
        const record = thrown as { code: string; message: string }
        t.is(Object.getPrototypeOf(record), Object.prototype)
        t.true(isVssCode(record.code), record.code)
        t.true(record.message.length > 0)
      }
    }
    t.true(refused >= attempts.length - 4, `${refused} of ${attempts.length}`)
  })
}

test('a throwing getter among the arguments is what the caller sees', (t) => {
  const error = t.throws(() =>
    addon['readDiskLayout']?.({
      get head(): never {
        throw new RangeError('from the getter')
      },
    }),
  )
  t.is(error?.message, 'from the getter')
})

test('the settle function can be given once', (t) => {
  const thrown = t.throws(() => addon['attach']?.(() => {}, new Int32Array(1024)), { any: true })
  t.like(thrown, { code: 'VSS_E_BAD_STATE' })
})

test('the clock of the addon runs with the one of performance.now(), in microseconds', async (t) => {
  const now = (): number => addon['monotonicMicros']?.() as number
  const outerStart = performance.now()
  const from = now()
  const innerStart = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const inner = performance.now() - innerStart
  const passed = (now() - from) / 1000
  const outer = performance.now() - outerStart
  t.true(inner <= passed + 1 && passed <= outer + 1, `${inner} ms, ${passed} ms, ${outer} ms`)
})
