// Runs the holdfast command as a process of its own, as a shell would: compiled if dist/ is up to date,
// which is three times as quick, else from its sources.
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'

const root = fileURLToPath(new URL('../..', import.meta.url))
const compiled = join(root, 'dist/cli/main.js')
const preload = new URL('typescript.mjs', import.meta.url).href
// As ava.config.js does it: newer versions of Node need no help with TypeScript.
const isHelpNeeded = !('typescript' in process.features && process.features.typescript)
const command = isCompiled()
  ? [compiled]
  : [...(isHelpNeeded ? [`--import=${preload}`] : []), join(root, 'lib/cli/main.ts')]

function isCompiled(): boolean {
  if (!existsSync(compiled)) return false
  const lib = join(root, 'lib')
  const sources = readdirSync(lib, { recursive: true, encoding: 'utf8' }).map((name) => join(lib, name))
  return statSync(compiled).mtimeMs > Math.max(...sources.map((path) => statSync(path).mtimeMs))
}

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  env?: NodeJS.ProcessEnv
  /** Sent the signal when stderr contains this for the first time. */
  interruptAt?: string
  /** @defaultValue SIGINT */
  signal?: NodeJS.Signals
  /** Nobody reads stderr any more when it contains this. */
  closeStderrAt?: string
  /** No file can be made larger. */
  fileSizeKiB?: number
}

export function holdfast(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const limit = options.fileSizeKiB
    const argv = [process.execPath, ...command, ...args]
    const limited = limit === undefined ? argv : ['prlimit', `--fsize=${limit * 1024}`, ...argv]
    const child = spawn(limited[0] ?? '', limited.slice(1), {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    let interrupted = false
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
      if (options.closeStderrAt !== undefined && stderr.includes(options.closeStderrAt))
        child.stderr.destroy()
      if (options.interruptAt === undefined || interrupted || !stderr.includes(options.interruptAt)) return
      interrupted = true
      child.kill(options.signal ?? 'SIGINT')
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** The JSON object on the last line of stdout, which must be there. */
export function lastLine<T>({ stdout, stderr }: Ended): T {
  const line = stdout.trimEnd().split('\n').at(-1) ?? ''
  try {
    return JSON.parse(line) as T
  } catch {
    throw new Error(`the last line is no JSON: '${line}'; stderr: ${stderr}`)
  }
}

/** Runs a command with --json that must succeed, and gives its result. */
export async function result<T>(t: ExecutionContext, ...args: string[]): Promise<T> {
  const ended = await holdfast([...args, '--json'])
  t.is(ended.code, 0, ended.stderr)
  return lastLine<T>(ended)
}

export interface ErrorResult {
  error: { code: string; message: string }
}

/** Runs a command with --json that must fail, and gives its exit code and the code of its error. */
export async function failure(...args: string[]): Promise<[number | null, string]> {
  const ended = await holdfast([...args, '--json'])
  return [ended.code, lastLine<ErrorResult>(ended).error.code]
}

export function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A program of the system; undefined if it is not installed. */
export function tool(program: string, ...args: string[]): Promise<string | undefined> {
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` }
  return new Promise((resolve, reject) => {
    execFile(program, args, { env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else if (error.code === 'ENOENT') resolve(undefined)
      else reject(new Error(`${program} ${args.join(' ')}: ${error.message} ${stderr}`))
    })
  })
}
