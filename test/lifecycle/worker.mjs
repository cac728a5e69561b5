// Entry of a worker thread: runs a named scene of scenes.ts, which needs a loader where Node has none of its own.
import { workerData } from 'node:worker_threads'

if (!process.features.typescript) {
  const { register } = await import('tsx/esm/api')
  register()
}
const { runScene } = await import('./scenes.ts')
await runScene(workerData.scene, workerData.directory, workerData.ending)
