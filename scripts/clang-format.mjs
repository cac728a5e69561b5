// node scripts/clang-format.mjs [--check]    formats the C++, or fails where it is not formatted
//
// One major version only: each lays out a few constructs differently.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const major = 14
const root = join(dirname(fileURLToPath(import.meta.url)), '..')

const program = [`clang-format-${major}`, 'clang-format'].find((name) => {
  const { stdout } = spawnSync(name, ['--version'], { encoding: 'utf8' })
  return new RegExp(`version ${major}\\.`).test(stdout ?? '')
})
if (!program) {
  console.log(`skipped: clang-format ${major} is not installed`)
  process.exit(0)
}
const files = ['native', 'test/native', 'test/fuzz', 'bench/native']
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name)))
  .filter((path) => /\.(cc|h)$/.test(path))
const mode = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i']
const { status } = spawnSync(program, [...mode, ...files], { cwd: root, stdio: 'inherit' })
process.exit(status ?? 1)
