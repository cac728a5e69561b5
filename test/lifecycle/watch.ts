// Starting programs and workers, and waiting for their end.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { ExecutionContext } from 'ava'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { lunBytes } from './scenes.ts'

export interface Ended {
  code: number | null
  signal: string | null
  stdout: string
  stderr: string
}

const loader = 'typescript' in process.features && process.features.typescript ? [] : ['--import=tsx']

export async function runProgram(
  name: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; flags?: readonly string[]; timeoutMillis?: number } = {},
): Promise<Ended> {
  const path = fileURLToPath(new URL(name, import.meta.url))
  const child = spawn(process.execPath, [...loader, ...(options.flags ?? []), path, ...args], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMillis ?? 40_000,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { code, signal, stdout, stderr }
}

/** A worker that has reached its scene, and how it will end. */
export interface WatchedWorker {
  worker: Worker
  /** Exit code, and the error that was thrown in it, if any. */
  ended: Promise<{ code: number; error: unknown }>
}

export async function startWorker(
  t: ExecutionContext,
  scene: string,
  directory: string,
  ending: string,
): Promise<WatchedWorker> {
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), {
    workerData: { scene, directory, ending },
    execArgv: [],
  })
  t.teardown(() => worker.terminate())
  let error: unknown
  const ended = new Promise<{ code: number; error: unknown }>((resolve) => {
    worker.on('error', (thrown) => {
      error = thrown
    })
    worker.on('exit', (code) => resolve({ code, error }))
  })
  const reached = new Promise<void>((resolve, reject) => {
    worker.on('message', () => resolve())
    void ended.then(() => reject(new Error(`the worker ended before "${scene}"`, { cause: error })))
  })
  await reached
  return { worker, ended }
}

/** A closed array with one LUN. */
export async function prepareArray(t: ExecutionContext): Promise<string> {
  const parent = mkdtempSync(join(tmpdir(), 'holdfast-lifecycle-'))
  t.teardown(() => rmSync(parent, { recursive: true, force: true }))
  const directory = join(parent, 'array')
  await using array = await StorageArray.create(directory, { mode: 'writeback' })
  await array.createLun(lunBytes)
  return directory
}
