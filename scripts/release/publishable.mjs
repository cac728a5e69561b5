// node scripts/release/publishable.mjs [TARBALL]    may this be published?
//
// npm runs it before it publishes this folder (prepublishOnly). It runs nothing before it publishes a tarball, so whoever
// publishes one names it here first: then it is that package which is looked into, and its binaries have to be those of
// prebuilds/, made of the sources as they are checked out.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readPackage, unpackedFaults, withUnpacked } from './packed.mjs'
import { root } from './sources.mjs'

const isPublicAddress = (text) => {
  if (/^(github:|gitlab:|bitbucket:)?[\w.-]+\/[\w.-]+$/.test(text)) return true
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^(git\+)?https:$/.test(url.protocol) && url.hostname.includes('.')
}

/** What a package.json lacks for npm to sign where the package comes from. */
export function identityFaults({ repository, private: isPrivate, publishConfig }) {
  const address = typeof repository === 'string' ? repository : repository?.url
  const faults = []
  if (address === undefined) {
    faults.push(
      'package.json names no repository: set "repository" to the public address that the release is built from. ' +
        'npm signs where a package comes from and compares',
    )
  } else if (!isPublicAddress(address)) {
    faults.push(`"repository" in package.json is ${address}, which is no public https address`)
  }
  if (isPrivate) faults.push('package.json is private')
  if (publishConfig?.provenance !== true)
    faults.push('"publishConfig" in package.json does not ask npm for provenance')
  return faults
}

function faultsOfTarball(tarball) {
  return withUnpacked(tarball, (unpacked) => [
    ...identityFaults(readPackage(unpacked)),
    ...unpackedFaults(unpacked),
  ])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [tarball] = process.argv.slice(2)
  const faults = tarball === undefined ? identityFaults(readPackage(root)) : faultsOfTarball(resolve(tarball))
  for (const fault of faults) console.error(`✗ ${fault}`)
  process.exitCode = faults.length > 0 ? 1 : 0
}
