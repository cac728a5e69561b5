// What the verification needs besides node, g++ 10 or newer, make and python3, and how it gets it.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

// Debian package → a file that proves it is there: a program, or a path.
export const verifyPackages = {
  cmake: 'cmake',
  'ninja-build': 'ninja',
  'libgtest-dev': '/usr/include/gtest/gtest.h',
  binutils: 'readelf',
  'clang-format': 'clang-format',
  gdisk: 'sgdisk',
  fdisk: 'sfdisk',
  e2fsprogs: 'debugfs',
  'qemu-utils': 'qemu-img',
  'sg3-utils': 'sg_vpd',
  fio: 'fio',
}

/** What a release is tried with besides. */
export const releasePackages = {
  binutils: 'readelf',
  debootstrap: 'debootstrap',
  'debian-archive-keyring': '/usr/share/keyrings/debian-archive-keyring.gpg',
  'musl-tools': 'musl-gcc',
  'qemu-user-static': 'qemu-aarch64-static',
  'libc6-arm64-cross': '/usr/aarch64-linux-gnu/lib/libc.so.6',
  'libstdc++6-arm64-cross': '/usr/aarch64-linux-gnu/lib/libstdc++.so.6',
}

/** PATH with the folders of system programs: half of the judges live there and users do not search it. */
export const searchPath = [...new Set([...process.env.PATH.split(delimiter), '/usr/sbin', '/sbin'])].join(
  delimiter,
)

function isThere(proof) {
  if (proof.startsWith('/')) return existsSync(proof)
  return searchPath.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, proof), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync('apt-get', args, { env, encoding: 'utf8' }).status === 0
}

/** Installs what is missing where that is allowed. Returns what is still missing, with the reason. */
export function installMissing(needed) {
  const missing = () => Object.keys(needed).filter((name) => !isThere(needed[name]))
  const wanted = missing()
  if (wanted.length === 0) return { missing: [], reason: '' }
  if (process.getuid() !== 0) return { missing: wanted, reason: 'not root' }
  if (!existsSync('/etc/debian_version')) return { missing: wanted, reason: 'not Debian' }
  console.log(`  installing ${wanted.join(', ')}`)
  aptGet('update')
  const install = (...names) => aptGet('install', '-y', '--no-install-recommends', ...names)
  // All at once is fast; one at a time, so that one that cannot be had does not keep out the others.
  if (!install(...wanted)) for (const name of wanted) install(name)
  return { missing: missing(), reason: 'apt-get could not install it' }
}
