// npm run prebuilds:check [-- --twice | --remark] [DIR]    are the binaries in prebuilds/, or DIR, what a release ships?
//
// All four targets are there and nothing else; the manifest describes each of them, and each was made of the sources as
// they are checked out; none asks a system for more than release/targets.mjs allows or is unfit for one
// (release/faults.mjs).
//
// --twice builds all of them once more, in another folder and with nothing kept from an earlier build, and compares byte
// by byte. --remark looks at the manifest and the hashes only, and fails for nothing: npm pack (prepack) also packs a
// checkout with the binary of one machine, or none, and whoever does should know that this is no release.
//
// Exit code 0 if nothing is wrong. One line a file, and one for each fault.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { buildTarget } from './release/build.mjs'
import { faultsOf } from './release/faults.mjs'
import { inspect } from './release/inspect.mjs'
import { describe, manifestFaults, readManifest } from './release/manifest.mjs'
import { muslSymbols } from './release/musl.mjs'
import { root, sourcesSha256 } from './release/sources.mjs'
import { targets } from './release/targets.mjs'
import { ensureReleaseTools } from './release/tools.mjs'

function printLine(file, facts, isGood) {
  const floor = facts.glibcFloor === null ? 'no glibc' : `glibc ${facts.glibcFloor}`
  const size = `${(facts.sizeBytes / 1024).toFixed(0)} KiB`
  const columns = [isGood ? 'ok ' : 'BAD', file.padEnd(34), floor.padEnd(10), size.padStart(8)]
  console.log([...columns, `Node-API ${facts.nodeApiVersion}`, facts.sha256.slice(0, 16)].join('  '))
}

function check(folder, sources) {
  const faults = manifestFaults(folder, sources)
  const { files } = readManifest(folder)
  for (const target of Object.values(targets)) {
    const { file, arch } = target
    if (!existsSync(join(folder, file))) continue
    const facts = inspect(join(folder, file))
    const wrong = faultsOf(target, facts, muslSymbols(arch)).map((fault) => `${file} ${fault}`)
    const told = files[file]
    const described = told && describe(folder, file, told.sourcesSha256)
    if (told?.sha256 === facts.sha256 && !isDeepStrictEqual(told, described))
      wrong.push(`${file} is described otherwise by the manifest`)
    faults.push(...wrong)
    printLine(file, facts, !faults.some((fault) => fault.startsWith(`${file} `)))
  }
  console.log(`sources ${sources.slice(0, 16)}`)
  return faults
}

/** Builds everything once more, from nothing, and compares. */
function checkAgain(folder) {
  // Where it is built must not show either; with a space, because a checkout may lie below one.
  const again = mkdtempSync(join(tmpdir(), 'holdfast prebuilds-'))
  try {
    return Object.entries(targets).flatMap(([name, { file }]) => {
      // A kept object would be compared with itself.
      const zigCache = join(again, 'cache', name)
      buildTarget(name, join(again, 'prebuilds'), { folder: join(again, name), zigCache })
      if (!existsSync(join(zigCache, 'global')))
        throw new Error('the compiler did not use the empty cache that it was given')
      rmSync(zigCache, { recursive: true })
      const same = readFileSync(join(again, 'prebuilds', file)).equals(readFileSync(join(folder, file)))
      console.log(`${same ? 'ok ' : 'BAD'}  ${file} built twice`)
      return same ? [] : [`${file} is not the same when it is built again`]
    })
  } finally {
    rmSync(again, { recursive: true, force: true })
  }
}

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { twice: { type: 'boolean', default: false }, remark: { type: 'boolean', default: false } },
  })
  const folder = resolve(positionals[0] ?? join(root, 'prebuilds'))
  const sources = sourcesSha256()
  if (values.remark) {
    const faults = manifestFaults(folder, sources)
    if (faults.length > 0)
      console.error(`this package is no release:\n${faults.map((fault) => `  ${fault}\n`).join('')}`)
    return 0
  }
  ensureReleaseTools()
  const faults = check(folder, sources)
  if (values.twice && faults.length === 0) faults.push(...checkAgain(folder))
  for (const fault of faults) console.error(`✗ ${fault}`)
  return faults.length > 0 ? 1 : 0
}

try {
  process.exitCode = main()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
