// npm run build:ts    compiles lib/ into dist/ and bench/ into dist/bench
//
// ensureDist() does the same only if something in lib/ or bench/ is newer. The result is swapped in whole, so a program
// that starts meanwhile sees the old dist/ or the new one.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)

function newestMtimeMs(folder) {
  return Math.max(
    ...readdirSync(folder, { withFileTypes: true }).map((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? newestMtimeMs(path) : statSync(path).mtimeMs
    }),
  )
}

function distIsCurrent() {
  const built = join(root, 'dist/index.js')
  if (!existsSync(built)) return false
  if (!existsSync(join(root, 'lib'))) return true
  const inputs = ['tsconfig.json', 'tsconfig.build.json', 'tsconfig.bench.json', 'package.json']
  const newest = Math.max(
    newestMtimeMs(join(root, 'lib')),
    newestMtimeMs(join(root, 'bench')),
    ...inputs.map((path) => statSync(join(root, path)).mtimeMs),
  )
  return statSync(built).mtimeMs >= newest
}

export function buildDist() {
  const next = join(root, 'dist.next')
  rmSync(next, { recursive: true, force: true })
  let tsc
  try {
    tsc = require.resolve('typescript/bin/tsc')
  } catch {
    console.error('dist/ has to be built and typescript is not installed: run "npm ci" without --omit=dev')
    process.exit(1)
  }
  // The benches see the library as its users do, through its declarations.
  for (const project of ['tsconfig.build.json', 'tsconfig.bench.json']) {
    const argv = [tsc, '-p', project, '--pretty', 'false']
    const { status } = spawnSync(process.execPath, argv, { cwd: root, stdio: ['ignore', 2, 2] })
    if (status === 0) continue
    rmSync(next, { recursive: true, force: true })
    process.exit(status ?? 1)
  }
  const command = join(next, 'cli/main.js')
  if (existsSync(command)) chmodSync(command, 0o755)
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  renameSync(next, join(root, 'dist'))
}

/** Builds dist/ where it is missing or older than lib/; says so on stderr. */
export function ensureDist() {
  if (distIsCurrent()) return
  console.error('building dist/ …')
  buildDist()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildDist()
