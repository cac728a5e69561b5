// The main thread never loads the addon. Node unloads an addon with the last worker that loaded it; the I/O thread
// goes on, so its code has to stay.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

for (let i = 0; i < 10; i++) {
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), {
    workerData: { scene: 'writing', directory: process.argv[2], ending: i % 2 === 0 ? 'wait' : 'exit' },
    execArgv: [],
  })
  const exited = once(worker, 'exit')
  await once(worker, 'message')
  if (i % 2 === 0) await worker.terminate()
  await exited
}
await sleep(200)
console.log('10 workers came and went')
