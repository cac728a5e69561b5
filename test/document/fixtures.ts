import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const projectRoot = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(
  process.env['HOLDFAST_FIXTURES'] ?? join(projectRoot, '../shared/fixtures'),
  'windows-2012',
)

/** Why the documents of a real backup cannot be read here, or `undefined` if they can. */
export const missingFixtures: string | undefined = existsSync(folder)
  ? undefined
  : `no folder ${folder}; set HOLDFAST_FIXTURES`

/** File name (without a compression suffix) and bytes of each saved document that matches. */
export function readFixtures(pattern: RegExp): [name: string, bytes: Buffer][] {
  if (missingFixtures !== undefined) return []
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => {
      const path = join(folder, name)
      return name.endsWith('.xz')
        ? [name.slice(0, -3), execFileSync('xz', ['-dc', path], { maxBuffer: 1 << 26 })]
        : [name, readFileSync(path)]
    })
}
