// What keeps a binary out of a release, judged by its facts (inspect.mjs).
import { createRequire } from 'node:module'
import { glibcFloor } from './targets.mjs'

const require = createRequire(import.meta.url)
const entries = ['napi_register_module_v1', 'node_api_module_get_api_version_v1']
const nodeApi = 8
const largestPageBytes = { x64: 4096, arm64: 65_536 }

function nodeApiFunctions() {
  const { node_api_symbols: node, js_native_api_symbols: js } =
    require('node-api-headers').symbols[`v${nodeApi}`]
  return new Set([...node, ...js])
}

/** Whether it is a plain version of glibc up to the floor; GLIBC_PRIVATE and GLIBC_ABI_DT_RELR are none. */
function isInFloor(version) {
  const [, major, minor] = /^GLIBC_(\d+)\.(\d+)(?:\.\d+)?$/.exec(version) ?? []
  const [floorMajor, floorMinor] = glibcFloor.split('.').map(Number)
  return Number(major) === floorMajor && Number(minor) <= floorMinor
}

function symbolFaults(libc, { exported, imported }, muslSymbols) {
  const ofNode = nodeApiFunctions()
  const faults = []
  for (const name of exported) if (!entries.includes(name)) faults.push(`exports ${name}`)
  for (const name of entries) if (!exported.includes(name)) faults.push(`does not export ${name}`)
  for (const { name, version, isWeak } of imported) {
    // Weak or not: what a later Node has is bound there, and is a null pointer in an earlier one.
    if (/^(napi|node_api)_/.test(name)) {
      if (!ofNode.has(name)) faults.push(`uses ${name}, which Node-API ${nodeApi} has not`)
    } else if (isWeak) continue
    else if (libc === 'musl' && !muslSymbols.has(name)) faults.push(`uses ${name}, which musl has not`)
    // Everything glibc offers has a version, which is judged by itself.
    else if (libc === 'glibc' && version === null) faults.push(`uses ${name}, which nothing it needs has`)
  }
  return faults
}

/**
 * One sentence for each fault of a target's binary. `muslSymbols` is what musl offers on that architecture; a target for
 * glibc does without.
 */
export function faultsOf({ arch, libc, libraries }, facts, muslSymbols = new Set()) {
  const faults = symbolFaults(libc, facts, muslSymbols)
  const fault = (isSo, sentence) => isSo && faults.push(sentence)
  fault(facts.arch !== arch, `was built for ${facts.arch ?? 'an unknown machine'}`)
  fault(
    facts.nodeApiVersion !== nodeApi,
    `was made for ${facts.nodeApiVersion === undefined ? 'an unknown Node-API' : `Node-API ${facts.nodeApiVersion}`}`,
  )
  for (const { library, version } of facts.versions) {
    const newest =
      libc === 'musl' ? 'and musl has no versions' : `and a release asks for glibc ${glibcFloor} at most`
    fault(libc === 'musl' || !isInFloor(version), `asks for ${version} of ${library}, ${newest}`)
  }
  fault(libc === 'glibc' && facts.versions.length === 0, 'asks for no glibc at all')
  for (const name of facts.libraries) fault(!libraries.test(name), `needs ${name}`)
  // A path of the machine that built it, where somebody else may put a library on the user's.
  for (const path of facts.searchPaths) fault(true, `searches ${path} for libraries`)
  fault(facts.hasExecutableStack, 'asks for an executable stack, which hardened systems refuse to give')
  fault(facts.hasTextRelocations, 'has relocations in its code, which SELinux and musl refuse')
  fault(facts.hasPackedRelocations, 'has packed relocations, which need glibc 2.36')
  fault(
    facts.hasStaticTls,
    'wants static thread-local storage, of which a process has little left for what it loads',
  )
  fault(facts.relro !== 'full', 'is writable where its relocations were (-z relro -z now)')
  fault(
    facts.segmentAlignmentBytes < largestPageBytes[arch],
    `cannot be mapped with pages of ${largestPageBytes[arch] / 1024} KiB`,
  )
  fault(!facts.isStripped, 'is not stripped')
  return faults
}
