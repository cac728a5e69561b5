/**
 * The load of a bench, in a thread of its own: 4 KiB random writes at a queue depth on every LUN, at a
 * rate in all. See {@link LoadOptions} for what it is started with; `report` is answered with a
 * {@link LoadReport} of the time since the last one, `stop` ends it.
 */
import { createHistogram, performance } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import { type Lun, StorageArray } from 'holdfast'
import type { LoadOptions, LoadReport } from './load.ts'

const pageBytes = 4096
const port = parentPort
if (port === null) throw new Error('the load of a bench runs in a worker thread only')
const { arrayPath, guids, depth, rangeBytes, bytesPerSecond } = workerData as LoadOptions
const array = await StorageArray.open(arrayPath)
const luns = await Promise.all(guids.map((guid) => array.openLun(guid)))

const histogram = createHistogram()
let writes = 0
let since = performance.now()
let stopping = false

// Tokens come every millisecond, to whoever has waited longest.
const waiting: (() => void)[] = []
let tokens = 0
let granted = performance.now()
const pacer = setInterval(() => {
  const now = performance.now()
  tokens = Math.min(tokens + ((now - granted) / 1000) * (bytesPerSecond / pageBytes), depth * luns.length)
  granted = now
  while (tokens >= 1 && waiting.length > 0) {
    tokens--
    waiting.shift()?.()
  }
}, 1)

async function chain(lun: Lun): Promise<void> {
  const page = Buffer.alloc(pageBytes, 0xa5)
  while (!stopping) {
    await new Promise<void>((resolve) => {
      waiting.push(resolve)
    })
    // stop() wakes whoever waits, too.
    if (stopping) return
    const start = performance.now()
    await lun.write(Math.floor(Math.random() * (rangeBytes / pageBytes)) * pageBytes, page)
    histogram.record(Math.max(1, Math.round((performance.now() - start) * 1000)))
    writes++
  }
}
const chains = luns.flatMap((lun) => Array.from({ length: depth }, () => chain(lun)))

function report(): LoadReport {
  const now = performance.now()
  const result = {
    writes,
    seconds: (now - since) / 1000,
    p99Us: histogram.percentile(99),
    maxUs: histogram.max,
  }
  histogram.reset()
  writes = 0
  since = now
  return result
}

async function stop(): Promise<void> {
  stopping = true
  clearInterval(pacer)
  for (const wake of waiting.splice(0)) wake()
  await Promise.all(chains)
  await Promise.all(luns.map((lun) => lun.close()))
  await array.close()
  port?.close()
}

port.on('message', (message: 'report' | 'stop') => {
  if (message === 'report') port.postMessage(report())
  else void stop()
})
port.postMessage('ready')
