// Where the tests of a release install the packed package, and how they put it to work.
import { spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** The packed package under test; scripts/verify-prebuilds.mjs makes it and says where it is. */
export function tarball(): string {
  const path = process.env['HOLDFAST_TARBALL']
  if (path === undefined) throw new Error('these tests are run by npm run verify:prebuilds')
  return path
}

export interface Ended {
  status: number | null
  signal: string | null
  stdout: string
  stderr: string
}

/** Runs a program to its end, whatever that is. */
export function run(
  program: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const result = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        result[name] += text
      })
    }
    child.on('error', reject)
    child.on('close', (status, signal) => resolve({ status, signal, ...result }))
  })
}

/** The same for a program that has to succeed; gives what it printed. */
export async function succeed(
  program: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<string> {
  const { status, signal, stdout, stderr } = await run(program, args, options)
  if (status === 0) return stdout
  throw new Error(
    `${program} ${args.join(' ')} ended with ${signal ?? String(status)}\n${stdout.slice(-4000)}\n${stderr.slice(-4000)}`,
  )
}

export function scratch(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-release-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The environment of somebody who has no checkout: nothing of npm or of ours. */
export function cleanEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|HOLDFAST_|NODE_|INIT_CWD)/i.test(name))
  return { ...Object.fromEntries(kept), ...extra }
}

/** A PATH with node and a shell on it and nothing that compiles. */
export function pathWithoutCompiler(folder: string): string {
  mkdirSync(folder)
  symlinkSync(process.execPath, join(folder, 'node'))
  symlinkSync(realpathSync('/bin/sh'), join(folder, 'sh'))
  return folder
}

export const npm: string = realpathSync(
  process.env['npm_execpath'] ?? join(process.execPath, '../../lib/node_modules/npm/bin/npm-cli.js'),
)

/** An empty project with the package installed into it. */
export async function install(
  folder: string,
  args: readonly string[] = ['--ignore-scripts'],
  env: NodeJS.ProcessEnv = cleanEnv(),
  packed: string = tarball(),
): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const manifest = join(folder, 'package.json')
  if (!existsSync(manifest))
    writeFileSync(manifest, '{ "name": "consumer", "private": true, "type": "module" }\n')
  const options = ['--prefer-offline', '--no-audit', '--no-fund']
  await succeed(process.execPath, [npm, 'install', packed, ...args, ...options], { cwd: folder, env })
  return folder
}

/** A program of this folder, put into the project; gives its path. */
export function program(folder: string, name: string): string {
  const path = join(folder, name)
  cpSync(fileURLToPath(new URL(`programs/${name}`, import.meta.url)), path)
  return path
}

/** What a consumer program prints on its last line: the shadow copy that it took. */
export interface Taken {
  engine: { engine: string; why: string; nodeApiVersion: number }
  node: string
  arch: string
  kept: boolean
  live: boolean
}

export function takenFrom(stdout: string): Taken {
  return JSON.parse(String(stdout.trim().split('\n').at(-1))) as Taken
}

export function binaryOf(folder: string, file: string): Buffer {
  return readFileSync(join(folder, 'node_modules/holdfast/prebuilds', file))
}

export function filesOf(folder: string): string[] {
  return readdirSync(join(folder, 'node_modules/holdfast'), { recursive: true, encoding: 'utf8' }).sort()
}
