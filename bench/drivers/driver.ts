/** The native drivers of bench/native: programs that print one line of JSON, or answer line by line. */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'

const execFileAsync = promisify(execFile)

function driverPath(name: string): string {
  const folder = process.env['HOLDFAST_DRIVERS']
  if (folder === undefined)
    throw new Error('a bench with a native driver is started with npm run bench -- NAME')
  return join(folder, name)
}

/** Runs a driver to its end; its last line, parsed. A driver that prints nothing gives an empty object. */
export async function runDriver<T>(name: string, args: readonly (string | number)[]): Promise<T> {
  const { stdout } = await execFileAsync(driverPath(name), args.map(String), { maxBuffer: 2 ** 26 })
  return JSON.parse(stdout.trim().split('\n').at(-1) || '{}') as T
}

/** A driver that answers each line it is sent with one line of JSON. */
export class DriverSession {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #answers: AsyncIterator<string>
  readonly #lines: Interface

  private constructor(name: string, args: readonly (string | number)[]) {
    this.#child = spawn(driverPath(name), args.map(String), { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout })
    this.#answers = this.#lines[Symbol.asyncIterator]()
  }

  /** Starts a driver; `hello` is its first line. */
  static async start<T>(
    name: string,
    args: readonly (string | number)[],
  ): Promise<{ session: DriverSession; hello: T }> {
    const session = new DriverSession(name, args)
    return { session, hello: await session.#answer<T>(name) }
  }

  async ask<T>(...words: readonly (string | number)[]): Promise<T> {
    this.#child.stdin.write(`${words.join(' ')}\n`)
    return this.#answer<T>(words.join(' '))
  }

  async #answer<T>(asked: string): Promise<T> {
    const { done, value } = await this.#answers.next()
    if (done) throw new Error(`the driver ended at: ${asked}`)
    return JSON.parse(value) as T
  }

  async close(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.stdin.end()
    await exited
    this.#lines.close()
  }
}
