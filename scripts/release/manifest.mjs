// prebuilds/manifest.json: what lies beside it and what each file was made of, for whoever publishes it and for whoever
// wants to check a binary before loading it. An entry is written when its binary has been built, never for what merely
// lies there.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from './inspect.mjs'
import { targets } from './targets.mjs'

const manifestName = 'manifest.json'
const format = 1

/** An unreadable or foreign manifest says nothing of any file. */
export function readManifest(folder) {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, manifestName), 'utf8'))
    if (manifest.format === format && typeof manifest.files === 'object') return manifest
  } catch {
    // Not there, or cut short by whoever copied it.
  }
  return { format, files: {} }
}

/** What the manifest says of a binary that was made of `sourcesSha256`. */
export function describe(folder, file, sourcesSha256) {
  const { arch, glibcFloor, libraries, nodeApiVersion, sizeBytes, sha256 } = inspect(join(folder, file))
  const libc = file.includes('.musl.') ? 'musl' : 'glibc'
  return { arch, libc, glibcFloor, libraries, nodeApiVersion, sizeBytes, sha256, sourcesSha256 }
}

/** Puts the entry of a binary that has just been built; those of the others stay, and are checked for themselves. */
export function recordBinary(folder, file, sourcesSha256) {
  const files = { ...readManifest(folder).files, [file]: describe(folder, file, sourcesSha256) }
  const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)))
  const next = join(folder, `${manifestName}.new`)
  writeFileSync(next, `${JSON.stringify({ format, files: sorted }, null, 2)}\n`)
  renameSync(next, join(folder, manifestName))
}

/** What keeps `folder` from being those of a release by its hashes alone, one sentence each. */
export function manifestFaults(folder, sourcesSha256) {
  const { files } = readManifest(folder)
  const faults = []
  for (const [name, { file }] of Object.entries(targets)) {
    const remedy = `npm run prebuilds -- ${name}`
    if (!existsSync(join(folder, file))) {
      faults.push(`${file} is missing: ${remedy}`)
      continue
    }
    const sha256 = createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex')
    if (files[file] === undefined) faults.push(`${file} is not in ${manifestName}: ${remedy}`)
    else if (files[file].sha256 !== sha256)
      faults.push(`${file} is not the file that ${manifestName} describes: ${remedy}`)
    else if (files[file].sourcesSha256 !== sourcesSha256)
      faults.push(`${file} was made of other sources: ${remedy}`)
  }
  const binaries = Object.values(targets).map(({ file }) => file)
  for (const file of Object.keys(files))
    if (!binaries.includes(file))
      faults.push(`${manifestName} names ${file}, which is no target of a release`)
  const expected = [...binaries, manifestName, 'README.md']
  for (const path of existsSync(folder) ? readdirSync(folder, { recursive: true }) : []) {
    const isFolder = expected.some((file) => file.startsWith(`${path}/`))
    if (!isFolder && !expected.includes(path)) faults.push(`${path} is no part of a release: remove it`)
  }
  return faults
}
