/**
 * Being told of the disks that come to a host and leave it.
 */
import type { VdsLunInformation } from '../document/lun-information.ts'
import type { Guid } from '../ids.ts'
import type { HostDisk } from './disk.ts'

/** A LUN that a host has got, or had. */
export interface AttachedLun {
  lunGuid: Guid
  /** `\\\\.\\PHYSICALDRIVEn`; a number is never given to another disk of the host. */
  deviceName: string
  lunInformation: VdsLunInformation
  /** By hand, or because a provider unmasked it. */
  by: 'map' | 'unmask'
  readOnly: boolean
  /** Other hosts may write to it too. */
  shared: boolean
}

/**
 * Both are called when it has happened, in the order in which it happens. What one throws is an uncaught
 * exception, and changes nothing for the host.
 */
export interface HostWatcher {
  /** The host has the LUN. One mapped by hand has its volumes too, one unmasked gets them when it is imported. */
  attached?(lun: AttachedLun): void
  /** The LUN is not mapped to the host any more, and another host may have it. */
  detached?(lun: AttachedLun): void
}

export class HostWatchers {
  readonly #watchers: Set<HostWatcher> = new Set()

  /** Gives a function that takes the watcher away. */
  add(watcher: HostWatcher): () => void {
    // One of its own, so that who watches twice is told twice and can leave once.
    const own: HostWatcher = {
      attached: (lun) => watcher.attached?.(lun),
      detached: (lun) => watcher.detached?.(lun),
    }
    this.#watchers.add(own)
    return () => void this.#watchers.delete(own)
  }

  attached(disk: HostDisk): void {
    this.#tell((watcher) => watcher.attached?.(describe(disk)))
  }

  detached(disk: HostDisk): void {
    this.#tell((watcher) => watcher.detached?.(describe(disk)))
  }

  #tell(call: (watcher: HostWatcher) => void): void {
    for (const watcher of [...this.#watchers]) {
      try {
        call(watcher)
      } catch (thrown) {
        process.nextTick(() => {
          throw thrown
        })
      }
    }
  }
}

function describe({ lun, deviceName, lunInformation, origin, readOnly, shared }: HostDisk): AttachedLun {
  const by = origin === 'mapped' ? 'map' : 'unmask'
  return { lunGuid: lun.guid, deviceName, lunInformation, by, readOnly, shared }
}
