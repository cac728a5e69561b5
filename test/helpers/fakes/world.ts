/**
 * Everything a backup needs, faked, under one clock and with one list of faults.
 */
import type { Clock } from '../../../lib/clock.ts'
import { Coordinator, type CoordinatorOptions } from '../../../lib/coordinator/coordinator.ts'
import type { VolumeHost } from '../../../lib/coordinator/host.ts'
import type { KernelSupport } from '../../../lib/coordinator/kernel-support.ts'
import { VSS_BACKUP_TYPE, VSS_PROVIDER_TYPE } from '../../../lib/enums.ts'
import { newGuid } from '../../../lib/ids.ts'
import { InProcessConnection, type ProviderConnection } from '../../../lib/provider/connection.ts'
import { BackupComponents } from '../../../lib/requester/backup-components.ts'
import type { WriterConnection } from '../../../lib/writer/events.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { Fabric } from './fabric.ts'
import { FakeHost } from './fake-host.ts'
import { FakeKernelSupport } from './fake-kernel-support.ts'
import { FakeProvider } from './fake-provider.ts'
import type { FakeWriter } from './fake-writer.ts'
import { Faults } from './faults.ts'

/** What a test puts between the coordinator and the parties. Without it they meet directly. */
export interface Between {
  coordinator?: new (options: CoordinatorOptions) => Coordinator
  host?: (host: VolumeHost) => VolumeHost
  kernelSupport?: (kernelSupport: KernelSupport) => KernelSupport
  writer?: (connection: WriterConnection) => WriterConnection
  provider?: (connection: ProviderConnection, name: string) => ProviderConnection
  /** The clock that writers keep their windows by. */
  writerClock?: (clock: Clock) => Clock
}

export class World {
  readonly clock: VirtualClock = new VirtualClock()
  readonly trace: string[] = []
  readonly faults: Faults = new Faults(this.clock)
  readonly fabric: Fabric = new Fabric()
  readonly host: FakeHost = new FakeHost(this.fabric, this.faults, this.trace)
  readonly kernelSupport: FakeKernelSupport = new FakeKernelSupport(this.clock, this.faults, this.trace)
  readonly coordinator: Coordinator
  readonly providers: FakeProvider[] = []
  readonly writers: FakeWriter[] = []
  readonly #between: Between

  constructor(between: Between = {}) {
    this.#between = between
    this.coordinator = new (between.coordinator ?? Coordinator)({
      kernelSupport: between.kernelSupport?.(this.kernelSupport) ?? this.kernelSupport,
      host: between.host?.(this.host) ?? this.host,
      clock: this.clock,
    })
  }

  /** Registers a provider in this process. */
  async addProvider(
    name: string,
    options: { type?: VSS_PROVIDER_TYPE; needsQuiescedWrites?: boolean } = {},
  ): Promise<FakeProvider> {
    const provider = new FakeProvider(name, this.fabric, this.faults, this.trace)
    const connect = this.#between.provider
    await this.coordinator.registerProvider({
      providerId: newGuid(),
      providerName: name,
      providerType: options.type ?? VSS_PROVIDER_TYPE.VSS_PROV_HARDWARE,
      providerVersion: '1',
      host:
        connect === undefined
          ? { kind: 'inProcess', provider }
          : { kind: 'connection', connection: connect(new InProcessConnection(provider), name) },
      needsQuiescedWrites: options.needsQuiescedWrites ?? false,
    })
    this.providers.push(provider)
    return provider
  }

  async addWriter(writer: FakeWriter): Promise<FakeWriter> {
    const { writer: connect, writerClock } = this.#between
    await writer.subscribe({
      clock: writerClock?.(this.clock) ?? this.clock,
      subscribeWriter: (connection) => this.coordinator.subscribeWriter(connect?.(connection) ?? connection),
    })
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
