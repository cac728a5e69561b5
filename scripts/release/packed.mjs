// Whether a tarball holds what was checked: the binaries that prebuilds/manifest.json describes, and the sources they were
// made of, since a user's compiler may be asked to make one too.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manifestFaults, readManifest } from './manifest.mjs'
import { filesSha256, root, sourcesSha256 } from './sources.mjs'

/** Calls `use` with the unpacked package, which is gone afterwards. */
export function withUnpacked(tarball, use) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-packed-'))
  try {
    const { status, stderr } = spawnSync('tar', ['-xzf', tarball, '-C', folder], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${tarball} cannot be unpacked: ${stderr}`)
    return use(join(folder, 'package'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const built = ['native', 'binding.gyp']

/** What differs between an unpacked package and the checkout it was packed from, one sentence each. */
export function unpackedFaults(unpacked, checkout = root) {
  const faults = manifestFaults(join(unpacked, 'prebuilds'), sourcesSha256(checkout))
  const manifests = [unpacked, checkout].map((folder) => readManifest(join(folder, 'prebuilds')))
  if (JSON.stringify(manifests[0]) !== JSON.stringify(manifests[1]))
    faults.push('the manifest in the package is not the one that was checked')
  const isThere = built.every((path) => existsSync(join(unpacked, path)))
  if (!isThere || filesSha256(unpacked, built) !== filesSha256(checkout, built))
    faults.push('the sources of the addon in the package are not those of the checkout')
  return faults
}

export const packedFaults = (tarball, checkout = root) =>
  withUnpacked(tarball, (unpacked) => unpackedFaults(unpacked, checkout))

export const readPackage = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/** The one tarball in a folder; undefined where npm pack left none. */
export const tarballIn = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => join(folder, name))[0]
