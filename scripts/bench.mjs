// npm run bench -- NAME [--json] [arguments]    runs bench/NAME.ts, compiled
//
// Native drivers (bench/native/*.cc) are built first; HOLDFAST_DRIVERS names the folder they lie in.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, root, runProgram } from './program.mjs'

const [name, ...args] = process.argv.slice(2)
findProgram('bench', name)
const env = {}
if (existsSync(join(root, 'bench/native'))) {
  const out = 'build-cmake/bench/build'
  const { status } = spawnSync(
    process.execPath,
    [
      ...[join(root, 'scripts/native.mjs'), 'cmake', '--out', out],
      ...['--CDHOLDFAST_BENCH=ON', '--CDHOLDFAST_TESTS=OFF', '--CDHOLDFAST_ADDON=OFF'],
    ],
    // The result is what goes to stdout.
    { cwd: root, stdio: ['ignore', 2, 2] },
  )
  if (status !== 0) process.exit(status ?? 1)
  env.HOLDFAST_DRIVERS = join(root, out)
}
runProgram(join(root, 'dist/bench', `${name}.js`), args, env)
