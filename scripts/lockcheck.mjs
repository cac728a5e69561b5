// Fails if package-lock.json names an optional dependency that it does not contain: npm writes such a
// lockfile when a registry lacks one platform's package, and every later "npm ci" refuses it.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
const nameOf = (path) => path.replace(/^.*node_modules\//, '')
const present = new Set(Object.keys(lock.packages).map(nameOf))
const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
  Object.entries(entry.optionalDependencies ?? {})
    .filter(([name]) => !present.has(name))
    .map(([name, range]) => `${nameOf(path)}@${entry.version} wants ${name}@${range}`),
)
for (const line of missing) console.error(line)
process.exit(missing.length > 0 ? 1 : 0)
