// Runs one of the TypeScript programs of a folder by name: benches, long campaigns.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureDist } from './dist.mjs'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/**
 * Runs FOLDER/NAME.ts with the rest of the arguments and takes over its exit code.
 * dist/ is brought up to date first: worker threads and child processes run from there.
 */
export function runProgram(folder, [name, ...args], env = {}) {
  const file = join(root, folder, `${name}.ts`)
  if (!name || !/^[\w-]+$/.test(name) || !existsSync(file)) {
    const names = existsSync(join(root, folder))
      ? readdirSync(join(root, folder)).flatMap((entry) =>
          entry.endsWith('.ts') ? [entry.slice(0, -3)] : [],
        )
      : []
    console.error(
      `${name ? `no ${name} in ${folder}/` : 'a name is needed'}; there is: ${names.join(', ') || 'nothing'}`,
    )
    process.exit(2)
  }
  ensureDist()
  const loader = process.features.typescript ? [] : ['--import=tsx']
  const child = spawn(process.execPath, [...loader, file, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code) => process.exit(code ?? 1))
}
