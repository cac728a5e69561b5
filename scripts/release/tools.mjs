// The packages of tools/release: installed on first use, exactly as their lockfile says.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const releaseTools = join(dirname(fileURLToPath(import.meta.url)), '../../tools/release')

function isInstalled() {
  const { devDependencies } = JSON.parse(readFileSync(join(releaseTools, 'package.json'), 'utf8'))
  return Object.entries(devDependencies).every(([name, version]) => {
    const manifest = join(releaseTools, 'node_modules', name, 'package.json')
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version
  })
}

export function ensureReleaseTools() {
  if (isInstalled()) return
  console.log('installing tools/release …')
  const argv = ['ci', '--no-audit', '--no-fund']
  const { status } = spawnSync('npm', argv, { cwd: releaseTools, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error('tools/release could not be installed; see above')
}
