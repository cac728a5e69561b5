import test from 'ava'
import { engineInfo } from '../../lib/index.ts'

test('the addon loads and says what it is', (t) => {
  t.is(typeof engineInfo(), 'object')
  t.deepEqual(engineInfo(), structuredClone(engineInfo()), 'plain values')
})
