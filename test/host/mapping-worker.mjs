// A thread that maps a LUN of an array that another thread has open, says so, and stays.
import { parentPort, workerData } from 'node:worker_threads'

if (!process.features.typescript) {
  const { register } = await import('tsx/esm/api')
  register()
}
const { Host, StorageArray } = await import('../../lib/index.ts')
const array = await StorageArray.open(workerData.path)
const host = new Host({ machineName: 'in-a-worker' })
await host.map(await array.openLun(workerData.guid))
parentPort?.postMessage('mapped')
setInterval(() => host.volumes(), 1000)
