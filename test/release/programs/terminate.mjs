// Worker threads are terminated in the middle of writing and of taking shadow copies; the process goes on, and the
// array that they had open is whole.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import * as holdfast from 'holdfast'
import { take } from './take.mjs'

const { BackupComponents, openLocalService, StorageArray, VSS_SNAPSHOT_CONTEXT } = holdfast

/** Writes and takes shadow copies until somebody stops it. */
async function work(arrayPath) {
  const service = await openLocalService({ arrayPath })
  const [{ name }] = service.host.volumes()
  const volume = service.host.openVolume(name)
  const write = async () => {
    for (let count = 0; ; count++) await volume.write((count % 256) * 4096, Buffer.alloc(4096, `${count}`))
  }
  for (let lane = 0; lane < 8; lane++) write()
  for (let count = 1; ; count++) {
    const backup = new BackupComponents(service.coordinator)
    backup.initializeForBackup()
    backup.setContext(VSS_SNAPSHOT_CONTEXT.VSS_CTX_FILE_SHARE_BACKUP)
    backup.startSnapshotSet()
    await backup.addToSnapshotSet(name)
    await backup.doSnapshotSet()
    await backup.close()
    parentPort.postMessage(count)
  }
}

if (isMainThread) {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-terminate-'))
  const arrayPath = join(directory, 'array')
  const made = await StorageArray.create(arrayPath)
  await made.createLun(1_048_576)
  await made.close()
  let terminated = 0
  for (let round = 0; round < 8; round++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: arrayPath })
    await once(worker, 'message')
    // Each at another moment of the sets that follow one another.
    await sleep(round * 3)
    if ((await worker.terminate()) === 1) terminated++
  }
  const array = await StorageArray.open(arrayPath)
  const { faults, lunCount } = await array.check()
  await array.close()
  // What a terminated worker had open is closed behind it, soon but not at once.
  rmSync(directory, { recursive: true, maxRetries: 20, retryDelay: 100 })
  console.log(JSON.stringify({ ...(await take(holdfast)), faults, lunCount, terminated }))
} else {
  await work(workerData)
}
