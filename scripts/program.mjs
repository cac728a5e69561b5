// Runs one of the TypeScript programs of a folder by name: benches, long campaigns.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureDist } from './dist.mjs'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** The file of the program NAME; ends this process with the list of names where there is none. */
export function findProgram(folder, name) {
  const file = join(root, folder, `${name}.ts`)
  if (name && /^[\w-]+$/.test(name) && existsSync(file)) return file
  const names = existsSync(join(root, folder))
    ? readdirSync(join(root, folder)).flatMap((entry) => (entry.endsWith('.ts') ? [entry.slice(0, -3)] : []))
    : []
  const problem = name ? `no ${name} in ${folder}/` : 'a name is needed'
  console.error(`${problem}; there is: ${names.join(', ') || 'nothing'}`)
  process.exit(2)
}

/**
 * Runs a program with arguments and takes over its exit code.
 * dist/ is brought up to date first: worker threads and child processes run from there.
 */
export function runProgram(file, args, env = {}) {
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
