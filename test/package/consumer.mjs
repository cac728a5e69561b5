// Runs in an empty project that has nothing but the installed package: no compiler, no install scripts.
// Takes a shadow copy, and prints one JSON object on its last line for tarball.test.ts.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BackupComponents, engineInfo, openLocalService, StorageArray, VSS_SNAPSHOT_CONTEXT } from 'holdfast'

const directory = mkdtempSync(join(tmpdir(), 'holdfast-consumer-'))
try {
  const arrayPath = join(directory, 'array')
  const array = await StorageArray.create(arrayPath)
  const guid = await array.createLun(1_048_576)
  await array.close()

  const service = await openLocalService({ arrayPath })
  const [volume] = service.host.volumes()
  const original = service.host.openVolume(volume.name)
  await original.write(4096, Buffer.alloc(4096, 'before'))

  const backup = new BackupComponents(service.coordinator)
  backup.initializeForBackup()
  backup.setContext(VSS_SNAPSHOT_CONTEXT.VSS_CTX_FILE_SHARE_BACKUP)
  backup.startSnapshotSet()
  const snapshotId = await backup.addToSnapshotSet(volume.name)
  const { report } = await backup.doSnapshotSet()
  await original.write(4096, Buffer.alloc(4096, 'after!'))

  const copy = service.host.openVolume(backup.getSnapshotProperties(snapshotId).snapshotDeviceObject)
  const kept = await copy.read(4096, 4096)
  const live = await original.read(4096, 4096)
  await copy.close()
  await original.close()
  await backup.close()
  await service.close()
  console.log(
    JSON.stringify({
      engine: engineInfo(),
      lun: guid,
      holdMicros: report.hold.holdMicros,
      kept: kept.equals(Buffer.alloc(4096, 'before')),
      live: live.equals(Buffer.alloc(4096, 'after!')),
    }),
  )
} finally {
  rmSync(directory, { recursive: true, force: true })
}
