// npm run prebuilds:check [-- --twice] [DIR]    are the binaries in prebuilds/, or DIR, what a release may ship?
//
// All four targets are there and nothing else; none asks for a glibc newer than 2.28 or for a library beyond the C
// runtime; none shows a symbol but the two entries of Node-API or uses a function of a later Node-API; the manifest says
// what lies there. --twice builds all of them once more, elsewhere, and compares byte by byte.
//
// Exit code 0 if nothing is wrong. One line a file, and one for each fault.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { buildTarget } from './prebuilds.mjs'
import { inspect } from './release/inspect.mjs'
import { binariesIn, describe, manifestName, readManifest } from './release/manifest.mjs'
import { glibcFloor, targets } from './release/targets.mjs'
import { ensureReleaseTools } from './release/tools.mjs'

const require = createRequire(import.meta.url)
const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const entries = ['napi_register_module_v1', 'node_api_module_get_api_version_v1']
const nodeApi = 8

const isNewer = (version, floor) => {
  const [a, b] = [version, floor].map((text) => text.split('.').map(Number))
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1])
}

function nodeApiFunctions() {
  const { node_api_symbols: node, js_native_api_symbols: js } =
    require('node-api-headers').symbols[`v${nodeApi}`]
  return new Set([...node, ...js])
}

/** What is wrong with the binary of a target, one sentence each. */
export function faultsOf({ arch, libc, libraries }, facts) {
  const known = nodeApiFunctions()
  const faults = []
  if (facts.arch !== arch) faults.push(`was built for ${facts.arch ?? 'an unknown machine'}`)
  if (libc === 'musl' && facts.glibcFloor !== null) faults.push(`asks for glibc ${facts.glibcFloor}`)
  if (libc === 'glibc') {
    if (facts.glibcFloor === null) faults.push('asks for no glibc at all')
    else if (isNewer(facts.glibcFloor, glibcFloor))
      faults.push(`asks for glibc ${facts.glibcFloor}, newer than ${glibcFloor}`)
  }
  for (const name of facts.libraries) if (!libraries.test(name)) faults.push(`needs ${name}`)
  for (const name of facts.exported) if (!entries.includes(name)) faults.push(`exports ${name}`)
  for (const name of entries) if (!facts.exported.includes(name)) faults.push(`does not export ${name}`)
  for (const name of facts.nodeApiImports)
    if (!known.has(name)) faults.push(`uses ${name}, which Node-API ${nodeApi} has not`)
  if (facts.nodeApiVersion !== nodeApi) faults.push(`was made for Node-API ${facts.nodeApiVersion}`)
  return faults
}

function check(folder) {
  const faults = []
  for (const [name, target] of Object.entries(targets)) {
    const path = join(folder, target.file)
    if (!existsSync(path)) {
      faults.push(`${target.file} is missing: npm run prebuilds -- ${name}`)
      continue
    }
    const facts = inspect(path)
    const wrong = faultsOf(target, facts)
    faults.push(...wrong.map((fault) => `${target.file} ${fault}`))
    const floor = facts.glibcFloor === null ? 'musl' : `glibc ${facts.glibcFloor}`
    const size = `${(facts.sizeBytes / 1024).toFixed(0)} KiB`
    const columns = [
      wrong.length > 0 ? 'BAD' : 'ok',
      target.file.padEnd(34),
      floor.padEnd(11),
      size.padStart(9),
    ]
    console.log([...columns, `Node-API ${facts.nodeApiVersion}`, facts.sha256.slice(0, 16)].join('  '))
  }
  const expected = Object.values(targets).map(({ file }) => file)
  for (const path of binariesIn(folder))
    if (!expected.includes(path)) faults.push(`${path} is no target of a release`)
  if (!existsSync(join(folder, manifestName))) faults.push(`${manifestName} is missing: npm run prebuilds`)
  else if (!isDeepStrictEqual(readManifest(folder), describe(folder)))
    faults.push(`${manifestName} does not describe what lies there`)
  return faults
}

/** Builds everything once more and compares. */
function checkAgain(folder) {
  const again = mkdtempSync(join(tmpdir(), 'holdfast-prebuilds-'))
  try {
    return Object.entries(targets).flatMap(([name, { file }]) => {
      // In another folder: where it is built must not show either.
      buildTarget(name, join(again, 'prebuilds'), join(again, name))
      const same = readFileSync(join(again, 'prebuilds', file)).equals(readFileSync(join(folder, file)))
      console.log(`${same ? 'ok ' : 'BAD'}  ${file} built twice`)
      return same ? [] : [`${file} is not the same when it is built again`]
    })
  } finally {
    rmSync(again, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { twice: { type: 'boolean', default: false } },
  })
  const folder = resolve(positionals[0] ?? join(root, 'prebuilds'))
  const faults = check(folder)
  if (values.twice && faults.length === 0) {
    ensureReleaseTools()
    faults.push(...checkAgain(folder))
  }
  for (const fault of faults) console.error(`✗ ${fault}`)
  process.exitCode = faults.length > 0 ? 1 : 0
}
