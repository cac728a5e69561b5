// What a TypeScript consumer writes, with a writer of its own: compiled strictly, then run as the module its package
// says it is. So no top-level await: there is none in CommonJS.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  BackupComponents,
  type CreateWriterMetadata,
  engineInfo,
  type LocalService,
  openLocalService,
  StorageArray,
  type VolumeHandle,
  VSS_BACKUP_TYPE,
  VssError,
  Writer,
} from 'holdfast'

class Store extends Writer {
  readonly heard: string[] = []
  constructor() {
    super({
      writerId: '6f1c8a52-3f0e-4c7b-9a55-0d6f2b9e4c11',
      writerName: 'Store',
      usageType: 3,
      sourceType: 1,
    })
  }
  override onIdentify(metadata: CreateWriterMetadata): boolean {
    metadata.setRestoreMethod({ method: 2, writerRestore: 3, rebootRequired: false })
    metadata.addComponent({ type: 1, componentName: 'store', selectable: true })
    metadata.addDatabaseFiles({ databaseName: 'store', path: '/data', filespec: 'store.db' })
    return true
  }
  onPrepareSnapshot(): boolean {
    return this.heard.push('prepare') > 0
  }
  onFreeze(): boolean {
    return this.heard.push('freeze') > 0
  }
  onThaw(): boolean {
    return this.heard.push('thaw') > 0
  }
  onAbort(): boolean {
    return this.heard.push('abort') > 0
  }
}

async function shows(volume: VolumeHandle, text: string): Promise<boolean> {
  return (await volume.read(4096, 4096)).equals(Buffer.alloc(4096, text))
}

async function backUp(service: LocalService): Promise<{ kept: boolean; live: boolean; heard: string[] }> {
  const store = new Store()
  const [disk] = service.host.volumes()
  if (disk === undefined) throw new Error('the array has no volume')
  service.host.mounts.set('/data', disk.name)
  await store.subscribe(service.coordinator)
  const original = service.host.openVolume(disk.name)
  await original.write(4096, Buffer.alloc(4096, 'before'))

  const backup = new BackupComponents(service.coordinator)
  backup.initializeForBackup()
  backup.setBackupState(false, false, VSS_BACKUP_TYPE.VSS_BT_FULL)
  await backup.gatherWriterMetadata()
  backup.startSnapshotSet()
  const snapshotId = await backup.addToSnapshotSet(disk.name)
  await backup.prepareForBackup()
  await backup.doSnapshotSet()
  await original.write(4096, Buffer.alloc(4096, 'after!'))

  const copy = service.host.openVolume(backup.getSnapshotProperties(snapshotId).snapshotDeviceObject)
  const kept = await shows(copy, 'before')
  const live = await shows(original, 'after!')
  copy.close()
  original.close()
  await backup.backupComplete()
  await backup.close()
  return { kept, live, heard: store.heard }
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-types-'))
  const arrayPath = join(directory, 'array')
  try {
    const array = await StorageArray.create(arrayPath)
    await array.createLun(1_048_576)
    await array.close()
    const service = await openLocalService({ arrayPath })
    const taken = await backUp(service)
    await service.close()
    const facts = { engine: engineInfo(), node: process.version, arch: process.arch }
    console.log(JSON.stringify({ ...facts, ...taken }))
  } catch (thrown) {
    // The one class of our errors, whichever way the package was loaded.
    console.error(thrown instanceof VssError ? `${thrown.code} ${String(thrown.hresult)}` : thrown)
    process.exitCode = 1
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

void main()

// @ts-expect-error an abstract handler is missing
export class Incomplete extends Writer {
  onFreeze(): boolean {
    return true
  }
}
