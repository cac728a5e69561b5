/**
 * The inside of a load's thread: one step after the other, with orders from the main thread between
 * the steps.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { Lun } from '../array/lun.ts'
import { StorageArray } from '../array/storage-array.ts'
import { asVssError, VssError } from '../errors.ts'
import type { BlockDevice } from './ledger-store.ts'
import { LoadProgress } from './load-progress.ts'
import {
  type LoadAnswer,
  type LoadOrder,
  type LoadThreadData,
  type LoadVolume,
  READY_ID,
} from './load-thread.ts'

export interface Load {
  /** Does one thing; what it promised is done when this resolves. */
  step(): Promise<void>
  /** The load stands still until the next step; gives the last number it acknowledged. */
  settle(): Promise<number>
}

export interface LoadSite {
  data: BlockDevice
  log: BlockDevice
  places: LoadThreadData
  progress: LoadProgress
}

/** Runs a load in this worker thread until it is told to stop, or fails. */
export async function runLoad(prepare: (site: LoadSite) => Promise<Load>): Promise<void> {
  const port = parentPort
  if (port === null) throw new VssError('ERR_INTERNAL', 'a load runs in a worker thread only')
  const places = workerData as LoadThreadData
  const orders: LoadOrder[] = []
  let wake: (() => void) | undefined
  port.on('message', (order: LoadOrder) => {
    orders.push(order)
    wake?.()
  })
  const answer = (message: LoadAnswer): void => port.postMessage(message)
  try {
    await using array = await StorageArray.open(places.arrayPath)
    const load = await prepare({
      data: deviceOf(await array.openLun(places.data.lun), places.data),
      log: deviceOf(await array.openLun(places.log.lun), places.log),
      places,
      progress: new LoadProgress(places.progress),
    })
    answer({ id: READY_ID, number: 0 })
    let running = true
    for (;;) {
      const order = orders.shift()
      if (order !== undefined) {
        answer({ id: order.id, number: await load.settle() })
        if (order.command === 'stop') return
        running = order.command === 'resume'
      } else if (running) {
        await load.step()
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } catch (thrown) {
    answer({ failure: asVssError(thrown).toJSON() })
  } finally {
    port.close()
  }
}

function deviceOf(lun: Lun, { offsetBytes }: LoadVolume): BlockDevice {
  return {
    write: (at, bytes) => lun.write(offsetBytes + at, bytes),
    flush: () => lun.flush(),
  }
}
