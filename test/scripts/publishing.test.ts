// What has to be so before anything is built or published, and where a release finds what it needs.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { scripts } from './release.ts'

const { debianMirrors, identityFaults, nodeVersions, npmCli, readStubs, refuseOtherHosts } = scripts

const root = fileURLToPath(new URL('../..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  repository?: unknown
  engines: { node: string }
  scripts: Record<string, string>
}
const publishConfig = { access: 'public', provenance: true }

function scratch(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-scripts-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('without a repository in package.json nothing is published, and the message says what to set', (t) => {
  const [fault, ...others] = identityFaults({ publishConfig })
  t.deepEqual(others, [])
  t.regex(String(fault), /names no repository: set "repository" to the public address/)
})

for (const repository of [
  'github:owner/name',
  'https://git.example.org/owner/name.git',
  { type: 'git', url: 'git+https://git.example.org/owner/name.git' },
]) {
  test(`${JSON.stringify(repository)} is a repository that npm can compare`, (t) => {
    t.deepEqual(identityFaults({ repository, publishConfig }), [])
  })
}

for (const repository of [
  'git@git.example.org:owner/name.git',
  'https://localhost/name.git',
  '/srv/git/name',
  {},
]) {
  test(`${JSON.stringify(repository)} is no public address`, (t) => {
    t.is(identityFaults({ repository, publishConfig }).length, 1)
  })
}

test('a private package, and one that asks for no provenance, are not published', (t) => {
  const repository = 'github:owner/name'
  t.deepEqual(identityFaults({ repository, publishConfig, private: true }), ['package.json is private'])
  t.regex(String(identityFaults({ repository })[0]), /does not ask npm for provenance/)
})

test('npm asks before it publishes this folder, first for the repository and then for the binaries', (t) => {
  const [identity, binaries] = String(manifest.scripts['prepublishOnly']).split(' && ')
  t.is(identity, 'node scripts/release/publishable.mjs')
  t.is(binaries, 'node scripts/check-prebuilds.mjs')
  const run = spawnSync(process.execPath, [join(root, 'scripts/release/publishable.mjs')], {
    encoding: 'utf8',
  })
  if (manifest.repository === undefined) {
    t.is(run.status, 1)
    t.regex(run.stderr, /✗ package\.json names no repository/)
  } else t.is(run.status, 0, run.stderr)
})

test('a release is refused on other machines than Linux x64, with what can be made there', (t) => {
  t.notThrows(() => refuseOtherHosts('linux', 'x64'))
  for (const [platform, arch] of [
    ['linux', 'arm64'],
    ['darwin', 'x64'],
  ] as const) {
    const { message } = t.throws(() => refuseOtherHosts(platform, arch))
    t.true(message.includes(`this is ${platform} ${arch}`))
    t.true(message.includes('npm run prebuilds:host'))
  }
})

test('npm is found without npm saying where it is, and another package manager is not taken for it', (t) => {
  const PATH = process.env['PATH'] ?? ''
  t.is(basename(npmCli({ PATH })), 'npm-cli.js')
  const yarn = join(scratch(t), 'yarn.js')
  writeFileSync(yarn, '')
  t.is(basename(npmCli({ PATH, npm_execpath: yarn })), 'npm-cli.js')
})

test('the npm that runs us is preferred', (t) => {
  const folder = scratch(t)
  mkdirSync(join(folder, 'npm/bin'), { recursive: true })
  const cli = join(folder, 'npm/bin/npm-cli.js')
  writeFileSync(cli, '')
  chmodSync(cli, 0o755)
  t.is(npmCli({ PATH: '', npm_execpath: cli }), cli)
  symlinkSync(cli, join(folder, 'npm/bin/npm'))
  t.true(existsSync(npmCli({ PATH: join(folder, 'npm/bin') })))
})

test('a Debian is asked for Debian 11 at its own mirror first, an Ubuntu never', (t) => {
  const own = 'http://mirror.example.org/debian'
  t.is(debianMirrors('PRETTY_NAME="Debian"\nID=debian\n', own)[0], own)
  const ubuntu = debianMirrors('ID=ubuntu\nID_LIKE=debian\n', 'http://mirror.example.org/ubuntu')
  t.true(ubuntu.length > 0)
  t.false(ubuntu.some((mirror) => mirror.includes('ubuntu')))
  t.deepEqual(debianMirrors('ID=debian\n', ''), ubuntu)
})

test('consumers are tried on every oldest Node that package.json promises with its patch', (t) => {
  const oldest = [...manifest.engines.node.matchAll(/\^(\d+\.\d+\.\d+)/g)].map(([, version]) =>
    String(version),
  )
  t.true(oldest.length > 0)
  for (const version of oldest) t.true(nodeVersions.includes(version), version)
  for (const major of ['20', '22', '24', '26']) t.true(nodeVersions.includes(major), major)
})

const stubs = `
#ifdef PTR64
#define WEAK64 .weak
#else
#define WEAK64 .globl
#endif
.globl malloc
.weak environ
WEAK64 pread
#ifdef TIME32
WEAKTIME64 __clock_gettime64
#endif
#ifdef FAMILY_x86
.globl arch_prctl
#else
.globl only_elsewhere
#endif
#if !defined(ARCH_aarch64) && !defined(ARCH_arm)
.globl __longjmp_asm
#endif
.type malloc, %function;
`

test('the symbols of a C library are read with the conditions of their architecture', (t) => {
  t.deepEqual(
    [...readStubs(stubs, ['ARCH_x86_64', 'FAMILY_x86', 'PTR64'])],
    ['malloc', 'environ', 'pread', 'arch_prctl', '__longjmp_asm'],
  )
  t.deepEqual(
    [...readStubs(stubs, ['ARCH_aarch64', 'PTR64'])],
    ['malloc', 'environ', 'pread', 'only_elsewhere'],
  )
  t.throws(() => readStubs('#elif defined(X)\n', []), { message: /not understood/ })
  t.throws(() => readStubs('#if X > 3\n', []), { message: /not understood/ })
})
