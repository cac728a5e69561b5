/**
 * Everything that one Node service needs to take shadow copies of LUNs in an array of its own: array,
 * host, kernel support, array provider and coordinator, wired together in this process.
 *
 * The wiring and nothing else: each part is reachable and can be used without the others.
 */

import type { OpenArrayOptions } from '../array/array-options.ts'
import { ArrayKernelSupport } from '../array/kernel-support.ts'
import type { Lun } from '../array/lun.ts'
import { StorageArray } from '../array/storage-array.ts'
import { type Clock, systemClock } from '../clock.ts'
import { Coordinator } from '../coordinator/coordinator.ts'
import type { CoordinatorLimits } from '../coordinator/limits.ts'
import { VssError } from '../errors.ts'
import { ExpressWriterStore } from '../express/store.ts'
import { Host, type HostOptions, type MapOptions } from '../host/host.ts'
import { LunMasking } from '../host/lun-masking.ts'
import type { Volume } from '../host/volume.ts'
import type { Guid } from '../ids.ts'
import { ArrayProvider, arrayProviderRegistration } from '../provider/array-provider.ts'

export interface LocalServiceOptions extends OpenArrayOptions {
  /** The directory of an array that exists. */
  arrayPath: string
  /** LUNs to map, read-write. @defaultValue every LUN that is not a shadow copy */
  luns?: readonly Guid[]
  /** The directory with the metadata of express writers; see `createVssExpressWriter`. @defaultValue none */
  expressWritersPath?: string
  host?: Omit<HostOptions, 'masking' | 'clock'>
  limits?: Partial<CoordinatorLimits>
  clock?: Clock
}

/** Made by {@link openLocalService}. */
export class LocalService {
  readonly array: StorageArray
  readonly host: Host
  readonly coordinator: Coordinator
  readonly #luns: Map<Guid, Lun> = new Map()
  #closing: Promise<void> | undefined

  /** @internal */
  constructor(array: StorageArray, host: Host, coordinator: Coordinator) {
    this.array = array
    this.host = host
    this.coordinator = coordinator
  }

  /** Opens a LUN of the array and maps it to the host. */
  async map(guid: Guid, options: MapOptions = {}): Promise<Volume[]> {
    const lun = await this.array.openLun(guid)
    try {
      const volumes = await this.host.map(lun, options)
      this.#luns.set(lun.guid, lun)
      return volumes
    } catch (thrown) {
      await lun.close()
      throw thrown
    }
  }

  /** Unmaps and closes a LUN that was mapped here. */
  async unmap(guid: Guid): Promise<void> {
    const lun = this.lun(guid)
    await this.host.unmap(lun)
    this.#luns.delete(guid)
    await lun.close()
  }

  /** A LUN that was mapped here; it stays the service's to close. */
  lun(guid: Guid): Lun {
    const lun = this.#luns.get(guid)
    if (lun !== undefined) return lun
    throw new VssError('ERR_LUN_NOT_FOUND', `LUN ${guid} is not mapped by this service`, { culprit: guid })
  }

  /** Ends sets under way and deletes auto-release copies, then closes host and array. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  // Each is closed whatever became of the one before.
  async #close(): Promise<void> {
    try {
      await this.coordinator.close()
    } finally {
      try {
        await this.host.close()
      } finally {
        await this.array.close()
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/**
 * @example
 * ```ts
 * await using service = await openLocalService({ arrayPath: '/srv/array' })
 * service.host.mounts.set('/data', service.host.volumes()[0].name)
 * await using backup = new BackupComponents(service.coordinator)
 * ```
 *
 * @throws VssError what {@link StorageArray.open} and {@link Host.map} say; nothing stays open then
 */
export async function openLocalService(options: LocalServiceOptions): Promise<LocalService> {
  const {
    arrayPath,
    luns,
    host: hostOptions,
    limits,
    expressWritersPath,
    clock = systemClock,
    ...openOptions
  } = options
  const array = await StorageArray.open(arrayPath, openOptions)
  try {
    const masking = new LunMasking()
    const host = new Host({ ...hostOptions, masking, clock })
    const coordinator = new Coordinator({
      host,
      kernelSupport: new ArrayKernelSupport((volumeName) => host.heldVolume(volumeName)),
      clock,
      ...(limits === undefined ? {} : { limits }),
      ...(expressWritersPath === undefined
        ? {}
        : { expressWriters: new ExpressWriterStore(expressWritersPath) }),
    })
    const service = new LocalService(array, host, coordinator)
    for (const guid of luns ?? (await originals(array))) await service.map(guid)
    const provider = new ArrayProvider({ arrays: [array], masking, clock })
    await coordinator.registerProvider(arrayProviderRegistration(provider))
    return service
  } catch (thrown) {
    await array.close()
    throw thrown
  }
}

async function originals(array: StorageArray): Promise<Guid[]> {
  return (await array.listLuns()).flatMap(({ guid, snapshotId }) => (snapshotId === null ? guid : []))
}
