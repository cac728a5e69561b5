/** Starts and asks the thread that keeps a bench's LUNs busy. Benches run compiled: a thread has no loader of its own. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Guid } from 'holdfast'

export interface LoadReport {
  writes: number
  seconds: number
  p99Us: number
  maxUs: number
}

export interface LoadOptions {
  arrayPath: string
  guids: readonly Guid[]
  depth: number
  rangeBytes: number
  bytesPerSecond: number
}

export class Load {
  readonly #worker: Worker

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  static async start(options: LoadOptions): Promise<Load> {
    const worker = new Worker(new URL('./load-thread.js', import.meta.url), {
      workerData: options,
      execArgv: [],
    })
    await once(worker, 'message')
    return new Load(worker)
  }

  /** What happened since the last report. */
  async report(): Promise<LoadReport> {
    this.#worker.postMessage('report')
    const [report] = await once(this.#worker, 'message')
    return report as LoadReport
  }

  async stop(): Promise<void> {
    const exited = once(this.#worker, 'exit')
    this.#worker.postMessage('stop')
    await exited
  }
}
