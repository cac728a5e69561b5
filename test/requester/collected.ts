// node --expose-gc collected.ts DIRECTORY: takes a persistent and an auto-release copy, and forgets the requester of
// the second.
import { setTimeout as sleep } from 'node:timers/promises'
import { VSS_SNAPSHOT_CONTEXT } from '../../lib/enums.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { openLocalService } from '../../lib/service/local-service.ts'
import { copyLuns } from '../host/machine.ts'

const collect = globalThis.gc as () => void
const warned: string[] = []
process.on('warning', (warning) => {
  if (warning.name === 'HoldfastWarning') warned.push(warning.message)
})
const service = await openLocalService({ arrayPath: String(process.argv[2]) })
const [volume] = service.host.volumes()

async function take(context: number): Promise<BackupComponents> {
  const backup = new BackupComponents(service.coordinator)
  backup.initializeForBackup()
  backup.setContext(context)
  backup.startSnapshotSet()
  await backup.addToSnapshotSet(String(volume?.name))
  await backup.doSnapshotSet()
  return backup
}

async function takeBoth(): Promise<void> {
  await (await take(VSS_SNAPSHOT_CONTEXT.VSS_CTX_NAS_ROLLBACK)).close()
  await take(VSS_SNAPSHOT_CONTEXT.VSS_CTX_FILE_SHARE_BACKUP)
}

await takeBoth()
console.log((await copyLuns(service.array)).length, 'copies')
for (let i = 0; i < 250 && (warned.length === 0 || (await copyLuns(service.array)).length > 1); i++) {
  await sleep(20)
  collect()
}
console.log(warned.length, 'warnings')
console.log((await copyLuns(service.array)).length, 'copies')
// No close: the process ends as if it had been ended.
process.exit(0)
