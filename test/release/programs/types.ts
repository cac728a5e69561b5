// What a TypeScript consumer writes; compiled, not run.
import {
  BackupComponents,
  type LocalService,
  openLocalService,
  StorageArray,
  VSS_SNAPSHOT_CONTEXT,
  VssError,
  Writer,
} from 'holdfast'

class Store extends Writer {
  constructor() {
    super({
      writerId: '6f1c8a52-3f0e-4c7b-9a55-0d6f2b9e4c11',
      writerName: 'Store',
      usageType: 3,
      sourceType: 1,
    })
  }
  onPrepareSnapshot(): boolean {
    return true
  }
  onFreeze(): boolean {
    return true
  }
  onThaw(): boolean {
    return true
  }
  onAbort(): boolean {
    return true
  }
}

export async function backUp(arrayPath: string): Promise<string[]> {
  const array = await StorageArray.create(arrayPath)
  await array.close()
  const service: LocalService = await openLocalService({ arrayPath })
  await new Store().subscribe(service.coordinator)
  const backup = new BackupComponents(service.coordinator)
  backup.initializeForBackup()
  backup.setContext(VSS_SNAPSHOT_CONTEXT.VSS_CTX_BACKUP)
  try {
    backup.startSnapshotSet()
    const ids: string[] = []
    for (const { name } of service.host.volumes()) ids.push(await backup.addToSnapshotSet(name))
    return ids
  } catch (thrown) {
    if (thrown instanceof VssError) return [thrown.code, String(thrown.hresult)]
    throw thrown
  } finally {
    await backup.close()
    await service.close()
  }
}

// @ts-expect-error an abstract handler is missing
export class Incomplete extends Writer {
  onFreeze(): boolean {
    return true
  }
}
