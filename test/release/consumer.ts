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
  renameSync,
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

/** The environment of somebody who has no checkout: nothing of npm or of ours, but the certificates of the network. */
export function cleanEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|HOLDFAST_|NODE_(?!EXTRA_CA_CERTS$)|INIT_CWD)/i.test(name),
  )
  return { ...Object.fromEntries(kept), ...extra }
}

/** A PATH with that node and a shell on it and nothing that compiles. */
export function pathWithoutCompiler(folder: string, node: string = process.execPath): string {
  mkdirSync(folder)
  symlinkSync(node, join(folder, 'node'))
  symlinkSync(realpathSync('/bin/sh'), join(folder, 'sh'))
  return folder
}

/** Version, major or whole → the path of that node; scripts/verify-prebuilds.mjs says where they are. */
export const nodes: Record<string, string> = JSON.parse(process.env['HOLDFAST_NODES'] ?? '{}') as Record<
  string,
  string
>

/** A package manager, as users start it: a program for a Node. */
export interface Manager {
  node: string
  cli: string
}

export const npm: string = realpathSync(
  process.env['npm_execpath'] ?? join(process.execPath, '../../lib/node_modules/npm/bin/npm-cli.js'),
)

/** The registry that npm is configured for. */
export async function npmRegistry(): Promise<string> {
  const argv = [npm, 'config', 'get', 'registry']
  return (await succeed(process.execPath, argv, { cwd: root, env: cleanEnv() })).trim()
}

/** The program of a package manager, by the name of its package, its version and where the program lies in it. */
async function fetched(name: string, version: string, program: string): Promise<string> {
  const cache = join(root, '.cache')
  const folder = join(cache, `${name.replaceAll('/', '+')}-${version}`)
  const cli = join(folder, 'node_modules', name, program)
  if (existsSync(cli)) return cli
  mkdirSync(cache, { recursive: true })
  const fresh = mkdtempSync(join(cache, 'manager-'))
  const options = ['--prefix', fresh, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund']
  const argv = [npm, 'install', `${name}@${version}`, ...options]
  await succeed(process.execPath, argv, { cwd: fresh, env: cleanEnv() })
  try {
    renameSync(fresh, folder)
  } catch (thrown) {
    // Another test was faster.
    rmSync(fresh, { recursive: true })
    if (!existsSync(cli)) throw thrown
  }
  return cli
}

/** Of npm the last two majors: 11 runs install scripts and warns of them, 12 runs those that the project approves. */
export const managers = {
  npm11: async (): Promise<Manager> => ({
    node: process.execPath,
    cli: await fetched('npm', '11.19.1', 'bin/npm-cli.js'),
  }),
  npm12: async (): Promise<Manager> => ({
    node: String(nodes['24']),
    cli: await fetched('npm', '12.2.0', 'bin/npm-cli.js'),
  }),
  pnpm: async (): Promise<Manager> => ({
    node: process.execPath,
    cli: await fetched('pnpm', '10.34.9', 'bin/pnpm.cjs'),
  }),
  yarn: async (): Promise<Manager> => ({
    node: process.execPath,
    cli: await fetched('@yarnpkg/cli-dist', '4.18.1', 'bin/yarn.js'),
  }),
} as const

/** A folder with a package.json; what stands there already is kept. */
export function project(folder: string, fields: object = {}): string {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'package.json')
  const described = { name: 'consumer', private: true, type: 'module', ...fields }
  if (!existsSync(path)) writeFileSync(path, `${JSON.stringify(described)}\n`)
  return folder
}

const quietly = ['--prefer-offline', '--no-audit', '--no-fund']

/** `npm install` in a project, whatever comes of it. */
export function npmInstall(
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { node, cli }: Manager = { node: process.execPath, cli: npm },
): Promise<Ended> {
  return run(node, [cli, 'install', ...args, ...quietly], { cwd: folder, env })
}

/** An empty project with the package installed into it. */
export async function install(
  folder: string,
  args: readonly string[] = ['--ignore-scripts'],
  env: NodeJS.ProcessEnv = cleanEnv(),
  packed: string = tarball(),
): Promise<string> {
  const { status, stdout, stderr } = await npmInstall(project(folder), [packed, ...args], env)
  if (status !== 0) throw new Error(`npm install ended with ${status}\n${stdout}\n${stderr}`)
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

/** `More` is what a program says besides. */
export function takenFrom<More = unknown>(stdout: string): Taken & More {
  return JSON.parse(String(stdout.trim().split('\n').at(-1))) as Taken & More
}

export function binaryOf(folder: string, file: string): Buffer {
  return readFileSync(join(folder, 'node_modules/holdfast/prebuilds', file))
}

export function filesOf(folder: string): string[] {
  return readdirSync(join(folder, 'node_modules/holdfast'), { recursive: true, encoding: 'utf8' }).sort()
}
