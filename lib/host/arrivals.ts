/**
 * Arrivals: waiting for LUNs that a provider unmasks, and letting go of those it masks again.
 */
import { type Clock, sleep } from '../clock.ts'
import type { ArrivedLun } from '../coordinator/host.ts'
import type { VdsLunInformation } from '../document/lun-information.ts'
import type { Serial } from '../serial.ts'
import type { HostDisk } from './disk.ts'
import type { DiskTable } from './disk-table.ts'
import { arrayLunInformation, isArrivalOf } from './lun-information.ts'
import type { LunMasking } from './lun-masking.ts'

export class Arrivals {
  readonly #machineName: string
  readonly #masking: LunMasking
  readonly #clock: Clock
  readonly #disks: DiskTable
  readonly #changes: Serial
  readonly #unwatch: () => void
  /** Fired, and replaced, when something has been unmasked. */
  #unmasked: AbortController = new AbortController()
  #stopped = false

  constructor(machineName: string, masking: LunMasking, clock: Clock, disks: DiskTable, changes: Serial) {
    this.#machineName = machineName
    this.#masking = masking
    this.#clock = clock
    this.#disks = disks
    this.#changes = changes
    this.#unwatch = masking.watch({
      machineName,
      unmasked: () => this.#wake(),
      masked: (guid) =>
        changes.run(async () => {
          const disk = disks.find(guid)
          if (disk !== undefined && disk.origin !== 'mapped') await disks.takeOut(disk)
        }),
    })
  }

  /**
   * The LUNs among those expected that have come when all have, or when the limit has run out. Rejects with the
   * signal's reason if that fires first; what has come by then stays.
   */
  async wait(
    expected: readonly VdsLunInformation[],
    limitMillis: number,
    cancelled?: AbortSignal,
  ): Promise<ArrivedLun[]> {
    const endMillis = this.#clock.nowMillis() + limitMillis
    for (;;) {
      // Taken before looking: what is unmasked while we look wakes us.
      const { signal } = this.#unmasked
      const disks = await this.#changes.run(() => this.#look(expected), cancelled)
      const leftMillis = endMillis - this.#clock.nowMillis()
      if (disks.length === expected.length || leftMillis <= 0 || this.#stopped) {
        return disks.map(({ lunId, deviceName, lunInformation, readOnly }) => ({
          lunId,
          deviceName,
          lunInformation,
          readOnly,
        }))
      }
      const wakes = cancelled === undefined ? signal : AbortSignal.any([signal, cancelled])
      await sleep(this.#clock, leftMillis, wakes).catch(() => undefined)
      cancelled?.throwIfAborted()
    }
  }

  /** Nothing arrives any more; whoever waits gets what has come. */
  stop(): void {
    this.#stopped = true
    this.#unwatch()
    this.#wake()
  }

  #wake(): void {
    this.#unmasked.abort()
    this.#unmasked = new AbortController()
  }

  async #look(expected: readonly VdsLunInformation[]): Promise<HostDisk[]> {
    const found: HostDisk[] = []
    for (const promised of expected) {
      const disk =
        this.#disks
          .list()
          .find(
            ({ origin, lunInformation }) => origin === 'arrived' && isArrivalOf(lunInformation, promised),
          ) ?? (await this.#attach(promised))
      if (disk !== undefined) found.push(disk)
    }
    return found
  }

  async #attach(promised: VdsLunInformation): Promise<HostDisk | undefined> {
    const entry = this.#masking
      .list(this.#machineName)
      .find(
        ({ guid }) =>
          this.#disks.find(guid) === undefined && isArrivalOf(arrayLunInformation(guid, true), promised),
      )
    if (entry === undefined || this.#stopped) return undefined
    const lun = await entry.array.openLun(entry.guid)
    try {
      const disk = await this.#disks.open(lun, { readOnly: entry.readOnly, shared: false }, 'arrived')
      this.#disks.add(disk)
      return disk
    } catch (thrown) {
      await lun.close()
      throw thrown
    }
  }
}
