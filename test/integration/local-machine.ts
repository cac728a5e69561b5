/**
 * One Node service with everything real: an array, two LUNs with partition tables, a writer that keeps
 * records on them, and a requester.
 */
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { ArrayKernelSupport } from '../../lib/array/kernel-support.ts'
import { StorageArray } from '../../lib/array/storage-array.ts'
import { Coordinator } from '../../lib/coordinator/coordinator.ts'
import type { CoordinatorLimits } from '../../lib/coordinator/limits.ts'
import type { CreateWriterMetadata } from '../../lib/document/create-writer-metadata.ts'
import { VSS_BACKUP_TYPE, VSS_COMPONENT_TYPE, VSS_SOURCE_TYPE, VSS_USAGE_TYPE } from '../../lib/enums.ts'
import { Host } from '../../lib/host/host.ts'
import { LunMasking } from '../../lib/host/lun-masking.ts'
import type { VolumeHandle } from '../../lib/host/volume.ts'
import type { Guid } from '../../lib/ids.ts'
import { ArrayProvider, arrayProviderRegistration } from '../../lib/provider/array-provider.ts'
import type { ProviderMethod } from '../../lib/provider/interfaces.ts'
import { BackupComponents } from '../../lib/requester/backup-components.ts'
import { LocalService } from '../../lib/service/local-service.ts'
import { Writer } from '../../lib/writer/writer.ts'
import type { WriterComponents } from '../../lib/writer/writer-components.ts'
import { copyLuns, gptLun, mbrLun, temporaryDirectory } from '../host/machine.ts'

export const RECORD_BYTES = 512
export const WRITER_ID: Guid = '0a8f6a44-6d0e-4b9c-8a53-3f6ea6d9d0c1'

/** An array with a GPT LUN and an MBR LUN, closed again. Gives its path. */
export async function newArrayPath(t: ExecutionContext): Promise<string> {
  const path = join(temporaryDirectory(t), 'array')
  await using array = await StorageArray.create(path)
  await gptLun(array, [{ name: 'data', lengthBytes: 2_097_152 }, { name: 'log' }])
  await mbrLun(array)
  return path
}

/**
 * Numbered records, each written to the log before the data. Between onFreeze and the closing call it
 * writes none.
 */
export class LedgerWriter extends Writer {
  readonly events: string[] = []
  readonly devices: string[] = []
  /** What a handler throws or does, by its name. */
  readonly faults: Map<string, () => unknown> = new Map()
  /** Records acknowledged. */
  count = 0
  readonly #data: VolumeHandle
  readonly #log: VolumeHandle
  readonly #volumeNames: string[]
  #frozen = false
  #appending: Promise<void> | undefined

  constructor(data: VolumeHandle, log: VolumeHandle) {
    super({
      writerId: WRITER_ID,
      writerName: 'Ledger',
      usageType: VSS_USAGE_TYPE.VSS_UT_USERDATA,
      sourceType: VSS_SOURCE_TYPE.VSS_ST_TRANSACTEDDB,
    })
    this.#data = data
    this.#log = log
    this.#volumeNames = [data.name, log.name]
  }

  /** Gives false while frozen. */
  async append(): Promise<boolean> {
    if (this.#frozen) return false
    this.#appending = this.#append()
    await this.#appending
    return true
  }

  async #append(): Promise<void> {
    const record = Buffer.alloc(RECORD_BYTES)
    record.writeUInt32LE(this.count + 1)
    await this.#log.write(this.count * RECORD_BYTES, record)
    await this.#data.write(this.count * RECORD_BYTES, record)
    this.count++
  }

  get closingCalls(): string[] {
    return this.events.filter((event) => event === 'onThaw' || event === 'onAbort')
  }

  override onIdentify(metadata: CreateWriterMetadata): void {
    metadata.addComponent({
      type: VSS_COMPONENT_TYPE.VSS_CT_DATABASE,
      componentName: 'ledger',
      selectable: true,
    })
    metadata.addDatabaseFiles({ databaseName: 'ledger', path: '/data', filespec: '*' })
  }

  onPrepareSnapshot(): void {
    this.#handle('onPrepareSnapshot')
    if (!this.isPathAffected('/data/ledger.db')) throw new Error('/data lies on no volume of the set')
  }

  async onFreeze(): Promise<void> {
    this.#frozen = true
    await this.#appending
    this.#handle('onFreeze')
  }

  onThaw(): void {
    this.#frozen = false
    this.#handle('onThaw')
  }

  onAbort(): void {
    this.#frozen = false
    this.#handle('onAbort')
  }

  override onPostSnapshot(_components: WriterComponents | null): void {
    for (const volumeName of this.#volumeNames) this.devices.push(this.getSnapshotDeviceName(volumeName))
    this.#handle('onPostSnapshot')
  }

  override onBackupComplete(): void {
    this.#handle('onBackupComplete')
  }

  #handle(name: string): void {
    this.events.push(name)
    this.faults.get(name)?.()
  }
}

/** What a provider does beside its work: before or after one of its calls. */
export type ProviderFaults = Map<`${'before' | 'after'} ${ProviderMethod}`, () => unknown>

/** The array provider with faults. */
export function faultyProvider(provider: ArrayProvider, faults: ProviderFaults): ArrayProvider {
  return new Proxy(provider, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return async (...args: unknown[]) => {
        await faults.get(`before ${name as ProviderMethod}`)?.()
        const outcome: unknown = await member.apply(target, args)
        await faults.get(`after ${name as ProviderMethod}`)?.()
        return outcome
      }
    },
  })
}

/** As openLocalService, with a provider that can be disturbed. */
export async function openFaultyService(
  path: string,
  faults: ProviderFaults,
  limits: Partial<CoordinatorLimits> = {},
): Promise<LocalService> {
  const array = await StorageArray.open(path)
  const masking = new LunMasking()
  const host = new Host({ masking })
  const kernelSupport = new ArrayKernelSupport((name) => host.heldVolume(name))
  const coordinator = new Coordinator({ host, kernelSupport, limits })
  const provider = new ArrayProvider({ arrays: [array], masking })
  await coordinator.registerProvider(arrayProviderRegistration(faultyProvider(provider, faults)))
  const service = new LocalService(array, host, coordinator)
  for (const { guid, snapshotId } of await array.listLuns()) if (snapshotId === null) await service.map(guid)
  return service
}

export interface Scene {
  service: LocalService
  writer: LedgerWriter
  /** Of the data volume (GPT LUN), the log volume on the same LUN, and the volume of the MBR LUN. */
  names: [string, string, string]
}

/** A writer with data on the GPT LUN and its log on the MBR LUN. */
export async function withWriter(service: LocalService): Promise<Scene> {
  const { host } = service
  const nameOf = (kind: string): string => {
    const found = host
      .volumes()
      .find(({ partition }) => (kind === 'mbr' ? partition?.mbrType === 7 : partition?.name === kind))
    if (found === undefined) throw new Error(`no volume ${kind}`)
    return found.name
  }
  const names: Scene['names'] = [nameOf('data'), nameOf('log'), nameOf('mbr')]
  host.mounts.set('/data', names[0])
  host.mounts.set('/log', names[2])
  const writer = new LedgerWriter(host.openVolume('/data'), host.openVolume('/log'))
  await writer.subscribe(service.coordinator)
  return { service, writer, names }
}

/** A requester ready for doSnapshotSet. */
export async function prepared(
  { service }: Pick<Scene, 'service'>,
  volumes: readonly string[],
  context?: number,
): Promise<{ backup: BackupComponents; snapshotIds: Guid[] }> {
  const backup = new BackupComponents(service.coordinator)
  backup.initializeForBackup()
  if (context !== undefined) backup.setContext(context)
  backup.setBackupState(true, false, VSS_BACKUP_TYPE.VSS_BT_FULL)
  await backup.gatherWriterMetadata()
  for (let index = 0; index < backup.getWriterMetadataCount(); index++) {
    const { instanceId, metadata } = backup.getWriterMetadata(index)
    const { writerId } = metadata.getIdentity()
    backup.addComponent(instanceId, writerId, VSS_COMPONENT_TYPE.VSS_CT_DATABASE, null, 'ledger')
  }
  backup.startSnapshotSet()
  const snapshotIds: Guid[] = []
  for (const volume of volumes) snapshotIds.push(await backup.addToSnapshotSet(volume))
  await backup.prepareForBackup()
  return { backup, snapshotIds }
}

/** The records a volume holds, up to the first that is not there. */
export async function recordsOn(volume: VolumeHandle): Promise<number> {
  const bytes = await volume.read(0, 262_144)
  let count = 0
  while (bytes.readUInt32LE(count * RECORD_BYTES) === count + 1) count++
  return count
}

/** Nothing of a set is left anywhere, and nobody is frozen. */
export async function assertNothingLeft(t: ExecutionContext, scene: Scene, message?: string): Promise<void> {
  const { service, writer } = scene
  t.deepEqual(await copyLuns(service.array), [], message)
  t.deepEqual(await service.array.listSets(), [], message)
  const volumes = service.host.volumes()
  t.is(volumes.length, 3, message)
  t.true(
    volumes.every(({ pendingFlags, flags }) => pendingFlags === 0n && flags === 0n),
    message,
  )
  for (const { guid, pendingVssFlags, held } of await service.array.listLuns()) {
    t.deepEqual([pendingVssFlags, held], [0n, false], `${message} ${guid}`)
  }
  t.true(await writer.append(), message)
}
