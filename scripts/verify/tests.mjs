// Which ava tests are run, and with what, by npm run verify and npm run conformance.
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { searchPath } from './packages.mjs'

const fixtures = resolve(dirname(fileURLToPath(import.meta.url)), '../../../shared/fixtures')

/** All but the one that compiles the package. */
export const testFiles = ['test/**/*.test.ts', '!test/package/tarball.test.ts', '!test/release/**']

/** The environment with the folders of system programs and the fixtures, if they are where they usually lie. */
export function testEnv() {
  const env = { ...process.env, PATH: searchPath }
  if (env.HOLDFAST_FIXTURES === undefined && existsSync(fixtures)) env.HOLDFAST_FIXTURES = fixtures
  return env
}
