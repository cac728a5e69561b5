// npm run sources            writes native/sources.gypi from the tree
// node scripts/sources.mjs --check    fails if it is not current
//
// Both builds read that file, so a new .cc is in all of them or in none.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const target = join(root, 'native/sources.gypi')

function sourcesBelow(folder) {
  let entries
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true })
  } catch {
    return []
  }
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return sourcesBelow(path)
    return entry.name.endsWith('.cc') ? [path] : []
  })
}

const byBytes = (a, b) => (a < b ? -1 : a > b ? 1 : 0)

/** What native/sources.gypi has to say about the tree as it is. */
export function currentSources() {
  const native = sourcesBelow('native').sort(byBytes)
  const inAddon = (path) => path.startsWith('native/addon/')
  const variables = {
    core_sources: native.filter((path) => !inAddon(path)),
    addon_sources: native.filter(inAddon),
    test_sources: sourcesBelow('test/native').sort(byBytes),
    fuzz_sources: sourcesBelow('test/fuzz').sort(byBytes),
    bench_sources: sourcesBelow('bench/native').sort(byBytes),
  }
  return `${JSON.stringify({ variables }, null, 2)}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = currentSources()
  let found = ''
  try {
    found = readFileSync(target, 'utf8')
  } catch {
    // Absent is the same as out of date.
  }
  if (process.argv.includes('--check')) {
    if (found !== wanted) {
      console.error('native/sources.gypi is not current: run "npm run sources"')
      process.exit(1)
    }
  } else if (found !== wanted) {
    writeFileSync(target, wanted)
    console.log('native/sources.gypi written')
  }
}
