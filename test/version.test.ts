import { readFileSync } from 'node:fs'
import test from 'ava'
import { VERSION } from '../lib/version.ts'

test('the version in the code is the one of the package', (t) => {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  t.is(VERSION, (JSON.parse(manifest) as { version: string }).version)
})
