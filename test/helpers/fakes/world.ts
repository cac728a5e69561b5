/**
 * Everything a backup needs, faked, under one clock and with one list of faults.
 */
import { Coordinator } from '../../../lib/coordinator/coordinator.ts'
import { VSS_BACKUP_TYPE, VSS_PROVIDER_TYPE } from '../../../lib/enums.ts'
import { newGuid } from '../../../lib/ids.ts'
import { BackupComponents } from '../../../lib/requester/backup-components.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { Fabric } from './fabric.ts'
import { FakeHost } from './fake-host.ts'
import { FakeKernelSupport } from './fake-kernel-support.ts'
import { FakeProvider } from './fake-provider.ts'
import type { FakeWriter } from './fake-writer.ts'
import { Faults } from './faults.ts'

export class World {
  readonly clock: VirtualClock = new VirtualClock()
  readonly trace: string[] = []
  readonly faults: Faults = new Faults(this.clock)
  readonly fabric: Fabric = new Fabric()
  readonly host: FakeHost = new FakeHost(this.fabric, this.faults, this.trace)
  readonly kernelSupport: FakeKernelSupport = new FakeKernelSupport(this.clock, this.faults, this.trace)
  readonly coordinator: Coordinator = new Coordinator({
    kernelSupport: this.kernelSupport,
    host: this.host,
    clock: this.clock,
  })
  readonly providers: FakeProvider[] = []
  readonly writers: FakeWriter[] = []

  /** Registers a provider in this process. */
  async addProvider(
    name: string,
    options: { type?: VSS_PROVIDER_TYPE; needsQuiescedWrites?: boolean } = {},
  ): Promise<FakeProvider> {
    const provider = new FakeProvider(name, this.fabric, this.faults, this.trace)
    await this.coordinator.registerProvider({
      providerId: newGuid(),
      providerName: name,
      providerType: options.type ?? VSS_PROVIDER_TYPE.VSS_PROV_HARDWARE,
      providerVersion: '1',
      host: { kind: 'inProcess', provider },
      needsQuiescedWrites: options.needsQuiescedWrites ?? false,
    })
    this.providers.push(provider)
    return provider
  }

  async addWriter(writer: FakeWriter): Promise<FakeWriter> {
    await writer.subscribe(this.coordinator)
    this.writers.push(writer)
    return writer
  }

  /** A requester object ready for doSnapshotSet, with every volume of the host. */
  async prepared(
    options: { context?: number; selectComponents?: boolean; partialFileSupport?: boolean } = {},
  ): Promise<BackupComponents> {
    const backup = new BackupComponents(this.coordinator)
    backup.initializeForBackup()
    if (options.context !== undefined) backup.setContext(options.context)
    const { selectComponents = false, partialFileSupport = false } = options
    backup.setBackupState(selectComponents, false, VSS_BACKUP_TYPE.VSS_BT_FULL, partialFileSupport)
    await this.clock.run(backup.gatherWriterMetadata())
    if (selectComponents) includeEverything(backup)
    backup.startSnapshotSet()
    for (const { volumeName } of this.host.volumes) await this.clock.run(backup.addToSnapshotSet(volumeName))
    await this.clock.run(backup.prepareForBackup())
    return backup
  }

  /** A whole backup, as it would follow a failed one. */
  async completeBackup(): Promise<void> {
    this.faults.clear()
    const backup = await this.prepared()
    await this.clock.run(backup.doSnapshotSet())
    await this.clock.run(backup.backupComplete())
    await this.clock.run(backup.close())
  }
}

export function includeEverything(backup: BackupComponents): void {
  for (let index = 0; index < backup.getWriterMetadataCount(); index++) {
    const { instanceId, metadata } = backup.getWriterMetadata(index)
    const { writerId } = metadata.getIdentity()
    for (let component = 0; component < metadata.getFileCounts().components; component++) {
      const info = metadata.getComponent(component).getComponentInfo()
      backup.addComponent(instanceId, writerId, info.type, info.logicalPath, info.componentName)
    }
  }
}

export function volumeNames(world: World): string[] {
  return world.host.volumes.map(({ volumeName }) => volumeName)
}
