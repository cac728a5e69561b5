import test from 'ava'
import { checkContext } from '../../lib/coordinator/context.ts'
import { VSS_SNAPSHOT_CONTEXT, VSS_VOLUME_SNAPSHOT_ATTRIBUTES } from '../../lib/enums.ts'

const { VSS_CTX_ALL, VSS_CTX_BACKUP, VSS_CTX_APP_ROLLBACK } = VSS_SNAPSHOT_CONTEXT

test('a context of 32 bits is taken signed or unsigned', (t) => {
  for (const context of [
    VSS_CTX_ALL,
    VSS_CTX_ALL >>> 0,
    VSS_CTX_ALL | 0,
    VSS_CTX_BACKUP,
    VSS_CTX_APP_ROLLBACK,
  ]) {
    t.notThrows(() => checkContext(context), String(context))
  }
})

for (const context of [
  2 ** 32,
  2 ** 32 + VSS_CTX_APP_ROLLBACK,
  -(2 ** 40),
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
]) {
  test(`context ${context} is refused at once, with the value as given`, (t) => {
    t.throws(() => checkContext(context), {
      code: 'VSS_E_UNSUPPORTED_CONTEXT',
      message: new RegExp(`context ${String(context)} is no whole number of 32 bits`),
    })
  })
}

for (const context of ['x', '0', null, undefined, {}, 9n, Symbol('context')]) {
  test(`a context that is ${String(context)} of type ${typeof context} is an invalid argument`, (t) => {
    t.throws(() => checkContext(context as number), {
      code: 'E_INVALIDARG',
      message: /a context is a number, not/,
    })
  })
}

test('what does not go together is refused with the bits in hexadecimal', (t) => {
  const { VSS_VOLSNAP_ATTR_DIFFERENTIAL, VSS_VOLSNAP_ATTR_PLEX } = VSS_VOLUME_SNAPSHOT_ATTRIBUTES
  t.throws(() => checkContext(VSS_VOLSNAP_ATTR_DIFFERENTIAL | VSS_VOLSNAP_ATTR_PLEX), {
    code: 'VSS_E_UNSUPPORTED_CONTEXT',
    message: /context 0x60000: DIFFERENTIAL and PLEX exclude each other/,
  })
})
