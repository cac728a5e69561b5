// The package is loaded in a worker thread only, and the process outlives it.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url))
  const exited = once(worker, 'exit')
  const [taken] = await once(worker, 'message')
  await exited
  console.log(JSON.stringify(taken))
} else {
  const holdfast = await import('holdfast')
  const { take } = await import('./take.mjs')
  parentPort.postMessage(await take(holdfast))
}
