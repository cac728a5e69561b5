// The results of the last run of all tests, for npm run conformance: kept in .cache with a hash of what was tested.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const folder = join(root, '.cache/test-results')
const tap = join(folder, 'ava.tap')
const junit = join(folder, 'native.xml')
const keyFile = join(folder, 'sources.sha256')

/** A hash of everything a result may depend on. */
function sourcesKey() {
  const hash = createHash('sha256')
  const inputs = [
    'package.json',
    'package-lock.json',
    'ava.config.js',
    'lib',
    'native',
    'test',
    'scripts',
    'bench',
  ]
  for (const input of inputs) {
    const path = join(root, input)
    const files = input.includes('.') ? [path] : filesBelow(path)
    for (const file of files)
      hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0')
  }
  return hash.digest('hex')
}

function filesBelow(path) {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** The files of a run of these very sources: `{ tap, junit }`, the latter undefined without native tests; or undefined. */
export function keptResults() {
  const isCurrent = existsSync(keyFile) && existsSync(tap) && readFileSync(keyFile, 'utf8') === sourcesKey()
  return isCurrent ? { tap, junit: existsSync(junit) ? junit : undefined } : undefined
}

/**
 * Forgets the last run and begins another: the native tests leave their results in `junit`, and `finish` is given what
 * ava has written. Until then there are no results, and the key is that of the sources at the beginning.
 */
export function beginResults() {
  const key = sourcesKey()
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const finish = (text) => {
    writeFileSync(tap, text)
    writeFileSync(keyFile, key)
  }
  return { junit, finish }
}
