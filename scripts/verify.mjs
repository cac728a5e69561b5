// npm run verify [-- --quick | --sanitizers]    everything that has to hold, on this machine
//
// --quick leaves out the installation of the packed package; --sanitizers adds the native tests under ASan and UBSan,
// whose build alone takes as long as everything else.
//
// The last line is "N passed, M failed", with ", K skipped" where something was: the native tests and the ava
// tests, a step that failed without a test of its own being one failure. The exit code is 0 if M is 0.
//
// CI=true makes a judge that cannot be had a failure instead of a skip.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readJUnit, readTap } from './verify/counts.mjs'
import { installMissing, verifyPackages } from './verify/packages.mjs'
import { beginResults } from './verify/results.mjs'
import { Verification } from './verify/steps.mjs'
import { testEnv, testFiles } from './verify/tests.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)
const quick = process.argv.includes('--quick')
const sanitizers = process.argv.includes('--sanitizers')
const ci = process.env.CI === 'true'
const scratch = mkdtempSync(join(tmpdir(), 'holdfast-verify-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

const env = testEnv()
if (ci) env.HOLDFAST_REQUIRE_JUDGES = '1'

const started = performance.now()
const verification = new Verification(root, env)
const kept = beginResults()
const node = process.execPath
const script = (name, ...args) => [node, join(root, 'scripts', name), ...args]
const tool = (path, ...args) => [node, require.resolve(path), ...args]
const biome = [node, join(dirname(require.resolve('@biomejs/biome/package.json')), 'bin/biome')]
const eslint = [node, join(dirname(require.resolve('eslint/package.json')), 'bin/eslint.js')]
const ava = [node, join(root, 'node_modules/ava/entrypoints/cli.mjs'), '--tap']
const tap = { results: (run) => readTap(run.stdout) }
const nativeTests = (file, ...args) => {
  return {
    argv: script('native-tests.mjs', '--junit', file, ...args),
    results: () => (existsSync(file) ? readJUnit(readFileSync(file, 'utf8')) : undefined),
  }
}

console.log('▸ packages')
const { missing, reason } = installMissing(verifyPackages)
if (missing.length > 0) {
  const message = `missing: ${missing.join(', ')} (${reason})`
  if (ci) verification.fail(message)
  else console.log(`  ${message}; what needs it is skipped`)
}

await verification.step('lockfile', script('lockcheck.mjs'))
await verification.step('addon by node-gyp', script('native.mjs', 'gyp'), { limitMinutes: 20 })
await verification.step('library', script('dist.mjs'))
await verification.step('types', tool('typescript/bin/tsc', '-p', 'tsconfig.json'))
await verification.step('biome', [...biome, 'check', '--error-on-warnings', '.'])
await verification.step('eslint', [...eslint, '.'])
await verification.step('clang-format', script('clang-format.mjs', '--check'))

if (!missing.includes('cmake')) {
  await verification.step('addon by cmake-js', script('native.mjs', 'cmake'), { limitMinutes: 20 })
  await verification.step('that addon loads', [...ava, 'test/package/smoke.test.ts'], {
    ...tap,
    env: { HOLDFAST_PREBUILD: join(root, 'build-cmake') },
    repeats: true,
  })
  if (!missing.includes('libgtest-dev')) {
    const plain = nativeTests(kept.junit)
    await verification.step('native tests', plain.argv, { results: plain.results, limitMinutes: 20 })
    if (sanitizers) {
      const asan = nativeTests(join(scratch, 'asan.xml'), '--sanitize', 'address,undefined')
      await verification.step('native tests under ASan and UBSan', asan.argv, {
        results: asan.results,
        repeats: true,
        limitMinutes: 20,
      })
    }
  }
}

await verification.step('tests', [...ava, ...testFiles], {
  results: (run) => {
    kept.finish(run.stdout)
    return readTap(run.stdout)
  },
  limitMinutes: 30,
})
// Alone, because it compiles: the deadlines in the other tests want the processors.
if (!quick)
  await verification.step('package', [...ava, '--timeout=15m', 'test/package/tarball.test.ts'], {
    ...tap,
    limitMinutes: 20,
  })

console.log(`▸ done in ${((performance.now() - started) / 60_000).toFixed(1)} minutes`)
console.log(verification.summary())
process.exitCode = verification.failed > 0 ? 1 : 0
