// Takes a shadow copy with the package `holdfast` as it is installed beside this file: a volume is written, copied and
// written again, and the copy must show what was there before.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export async function take({
  BackupComponents,
  engineInfo,
  openLocalService,
  StorageArray,
  VSS_SNAPSHOT_CONTEXT,
}) {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-consumer-'))
  try {
    const arrayPath = join(directory, 'array')
    const array = await StorageArray.create(arrayPath)
    await array.createLun(1_048_576)
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
    await backup.doSnapshotSet()
    await original.write(4096, Buffer.alloc(4096, 'after!'))

    const copy = service.host.openVolume(backup.getSnapshotProperties(snapshotId).snapshotDeviceObject)
    const kept = (await copy.read(4096, 4096)).equals(Buffer.alloc(4096, 'before'))
    const live = (await original.read(4096, 4096)).equals(Buffer.alloc(4096, 'after!'))
    await copy.close()
    await original.close()
    await backup.close()
    await service.close()
    return { engine: engineInfo(), node: process.version, arch: process.arch, kept, live }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
