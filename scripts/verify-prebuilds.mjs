// npm run verify:prebuilds [-- --keep]    the binaries of a release and the package around them, proved
//
// Builds the four binaries twice, checks what each of them asks for, packs the package and puts it to work as its users
// do: test/release, in which every test installs the tarball and takes a shadow copy. As root on Debian it installs
// what that needs. --keep takes the binaries that lie in prebuilds/ and does not build them.
//
// An hour on two processors, most of it compilers; so it is no part of "npm run verify". The last line is
// "N passed, M failed".
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { npmCli } from './release/npm.mjs'
import { packedFaults, tarballIn } from './release/packed.mjs'
import { root } from './release/sources.mjs'
import {
  ensureArm64Musl,
  ensureArm64Node,
  ensureDebian11,
  ensureMuslBun,
  ensureNodes,
  nodeVersions,
} from './release/systems.mjs'
import { ensureReleaseTools } from './release/tools.mjs'
import { readTap } from './verify/counts.mjs'
import { installMissing, releasePackages, searchPath } from './verify/packages.mjs'
import { Verification } from './verify/steps.mjs'

const keep = process.argv.includes('--keep')
const packed = join(root, '.cache/packed')
const verification = new Verification(root, { ...process.env, PATH: searchPath })
const script = (name, ...args) => [process.execPath, join(root, 'scripts', name), ...args]
const npm = (...args) => [process.execPath, npmCli(), ...args]

/** Something a test needs and a step of its own prepares; a failure is counted and the value is empty. */
async function prepare(name, make) {
  console.log(`▸ ${name}`)
  try {
    return await make()
  } catch (error) {
    verification.fail(`${name}: ${error.message}`)
    return ''
  }
}

const { missing, reason } = installMissing(releasePackages)
if (missing.length > 0) verification.fail(`missing: ${missing.join(', ')} (${reason})`)

const nodes = await prepare(`Node ${nodeVersions.join(', ')}`, ensureNodes)
const arm64 = await prepare('Node for arm64', ensureArm64Node)
const arm64Musl = await prepare('musl for arm64', ensureArm64Musl)
const bun = await prepare('Bun for musl', ensureMuslBun)
const debian11 = await prepare('Debian 11', ensureDebian11)
await prepare('tools/release', ensureReleaseTools)

await verification.step('addon by node-gyp', script('native.mjs', 'gyp'), { limitMinutes: 20 })
await verification.step('library', script('dist.mjs'))
if (!keep) {
  for (const name of existsSync(join(root, 'prebuilds')) ? readdirSync(join(root, 'prebuilds')) : []) {
    if (name !== 'README.md') rmSync(join(root, 'prebuilds', name), { recursive: true })
  }
  await verification.step('prebuilds', script('prebuilds.mjs'), { limitMinutes: 60 })
}
await verification.step('prebuilds:check', script('check-prebuilds.mjs', ...(keep ? [] : ['--twice'])), {
  limitMinutes: 60,
})

rmSync(packed, { recursive: true, force: true })
mkdirSync(packed, { recursive: true })
await verification.step('npm pack', npm('pack', '--pack-destination', packed))
const tarball = tarballIn(packed)
if (tarball !== undefined) {
  console.log(`  ${tarball}: ${(statSync(tarball).size / 2 ** 20).toFixed(2)} MiB`)
  // Between the check and the packing something may have rebuilt a binary.
  for (const fault of packedFaults(tarball)) verification.fail(fault)
  const ava = [process.execPath, join(root, 'node_modules/ava/entrypoints/cli.mjs'), '--tap', '--timeout=15m']
  await verification.step('test/release', [...ava, 'test/release/*.test.ts'], {
    results: (run) => readTap(run.stdout),
    limitMinutes: 45,
    env: {
      HOLDFAST_RELEASE: '1',
      HOLDFAST_TARBALL: tarball,
      HOLDFAST_NODES: JSON.stringify(nodes || {}),
      HOLDFAST_NODE_ARM64: arm64,
      HOLDFAST_MUSL_ARM64: arm64Musl,
      HOLDFAST_BUN_MUSL: bun,
      HOLDFAST_DEBIAN11: debian11,
    },
  })
}
console.log(verification.summary())
process.exitCode = verification.failed > 0 ? 1 : 0
