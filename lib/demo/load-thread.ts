/**
 * LoadThread: a load in a worker thread of its own, as the main thread sees it.
 *
 * A load begins by itself when it is started. It answers `pause`, `resume` and `stop`; what it answers
 * is the number of the last thing it has acknowledged.
 */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { VssError, type VssErrorRecord } from '../errors.ts'
import type { Guid } from '../ids.ts'
import { LoadProgress } from './load-progress.ts'

export interface LoadVolume {
  lun: Guid
  /** Where the volume begins on the LUN. */
  offsetBytes: number
}

/** What a load's thread is started with. */
export interface LoadPlaces {
  run: Guid
  arrayPath: string
  data: LoadVolume
  log: LoadVolume
}

export type LoadCommand = 'pause' | 'resume' | 'stop'

export interface LoadOrder {
  id: number
  command: LoadCommand
}

/** From the thread. A failure without an id is of the load itself, which has ended then. */
export type LoadAnswer = { id: number; number: number } | { id?: number; failure: VssErrorRecord }

export interface LoadThreadData extends LoadPlaces {
  progress: SharedArrayBuffer
}

interface Waiting {
  resolve(number: number): void
  reject(reason: VssError): void
}

/** The first answer of a thread: it is set up and running. */
export const READY_ID = 0

export class LoadThread {
  readonly name: string
  readonly progress: LoadProgress
  readonly #worker: Worker
  readonly #waiting: Map<number, Waiting> = new Map()
  readonly #exited: Promise<void>
  #lastId = READY_ID
  #failure: VssError | undefined

  private constructor(name: string, worker: Worker, progress: LoadProgress) {
    this.name = name
    this.progress = progress
    this.#worker = worker
    worker.on('message', (answer: LoadAnswer) => this.#answered(answer))
    worker.on('error', (thrown: unknown) =>
      this.#fail(
        new VssError('ERR_INTERNAL', `the thread of the ${name} ended by an error`, { cause: thrown }),
      ),
    )
    this.#exited = new Promise((resolve) => {
      worker.on('exit', () => {
        this.#fail(new VssError('ERR_INTERNAL', `the thread of the ${name} has ended`))
        resolve()
      })
    })
  }

  /** Resolves when the load is running. */
  static async start(name: 'ledger' | 'bystander', places: LoadPlaces): Promise<LoadThread> {
    const progress = new LoadProgress()
    const workerData: LoadThreadData = { ...places, progress: progress.buffer }
    // Beside this file, compiled or not as this file is.
    const entry = new URL(`./${name}-thread${extname(new URL(import.meta.url).pathname)}`, import.meta.url)
    const thread = new LoadThread(name, new Worker(entry, { workerData }), progress)
    try {
      await thread.#wait(READY_ID)
    } catch (thrown) {
      await thread.#worker.terminate()
      throw thrown
    }
    return thread
  }

  /** What ended the load before it was told to stop. */
  get failure(): VssError | undefined {
    return this.#failure
  }

  /** Resolves when nothing of the load is under way, with the last number it acknowledged. */
  pause(): Promise<number> {
    return this.#send('pause')
  }

  resume(): Promise<number> {
    return this.#send('resume')
  }

  /** Resolves when the load has let go of its LUNs and its thread has come to its end. Idempotent. */
  async stop(): Promise<void> {
    // A load that has failed, or was stopped before, has nothing left to answer.
    await this.#send('stop').catch(() => undefined)
    await this.#exited
  }

  #send(command: LoadCommand): Promise<number> {
    const order: LoadOrder = { id: ++this.#lastId, command }
    const answer = this.#wait(order.id)
    this.#worker.postMessage(order)
    return answer
  }

  #wait(id: number): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure)
      else this.#waiting.set(id, { resolve, reject })
    })
  }

  #answered(answer: LoadAnswer): void {
    if ('failure' in answer) {
      this.#fail(VssError.fromRecord(answer.failure))
      return
    }
    this.#waiting.get(answer.id)?.resolve(answer.number)
    this.#waiting.delete(answer.id)
  }

  #fail(failure: VssError): void {
    this.#failure ??= failure
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
  }
}
