// prebuilds/manifest.json: what lies beside it, for whoever wants to check a binary before loading it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from './inspect.mjs'

export const manifestName = 'manifest.json'

/** Paths below `folder` of the binaries there, sorted. */
export function binariesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((path) => path.endsWith('.node'))
    .sort()
}

export function describe(folder) {
  const files = binariesIn(folder).map((path) => {
    const { arch, glibcFloor, libraries, nodeApiVersion, sizeBytes, sha256 } = inspect(join(folder, path))
    return [
      path,
      {
        arch,
        libc: path.includes('.musl.') ? 'musl' : 'glibc',
        glibcFloor,
        libraries,
        nodeApiVersion,
        sizeBytes,
        sha256,
      },
    ]
  })
  return { format: 1, files: Object.fromEntries(files) }
}

export function writeManifest(folder) {
  writeFileSync(join(folder, manifestName), `${JSON.stringify(describe(folder), null, 2)}\n`)
}

export function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, manifestName), 'utf8'))
}
