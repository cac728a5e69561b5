/**
 * Exposures: the names under which shadow copies of this host are to be seen. Names only, like the mount table:
 * a path is entered there; a share is a line that whoever serves shares can read.
 */
import { posix } from 'node:path'
import type { Exposure } from '../coordinator/host.ts'
import { describeValue, VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { MountTable } from './mount-table.ts'

/** A shadow copy that is to be served to other machines, read-only. */
export interface Share {
  name: string
  snapshotId: Guid
  deviceObject: string
  /** The part of the volume that is shared, null for all of it. */
  pathFromRoot: string | null
}

interface Exposed {
  mountPath: string | undefined
  share: Share | undefined
}

export class Exposures {
  readonly #mounts: MountTable
  readonly #exposed: Map<Guid, Exposed> = new Map()

  constructor(mounts: MountTable) {
    this.#mounts = mounts
  }

  get shares(): Share[] {
    return [...this.#exposed.values()].flatMap(({ share }) => (share === undefined ? [] : { ...share }))
  }

  /** @throws VssError `E_INVALIDARG` for a name that is taken or cannot be one */
  add(exposure: Exposure, volume: { name: string; deviceObject: string }): string {
    const { snapshotId, kind, name, pathFromRoot } = exposure
    if (kind === 'mount') {
      const mountPath = this.#freePath(name)
      this.#mounts.set(mountPath, volume.name)
      this.#exposed.set(snapshotId, { mountPath, share: undefined })
      return mountPath
    }
    const shareName = this.#freeShare(name ?? `shadow@{${snapshotId}}`)
    const share = { name: shareName, snapshotId, deviceObject: volume.deviceObject, pathFromRoot }
    this.#exposed.set(snapshotId, { mountPath: undefined, share })
    return shareName
  }

  /** Those that are not exposed are left as they are. */
  remove(snapshotIds: readonly Guid[]): void {
    for (const snapshotId of snapshotIds) {
      const mountPath = this.#exposed.get(snapshotId)?.mountPath
      if (mountPath !== undefined) this.#mounts.delete(mountPath)
      this.#exposed.delete(snapshotId)
    }
  }

  #freePath(path: string | null): string {
    if (path === null || !posix.isAbsolute(path)) {
      throw refuse(`a shadow copy is exposed at an absolute path, not at ${describeValue(path)}`)
    }
    const normal = posix.normalize(path).replace(/(?<=.)\/$/, '')
    if (!this.#mounts.list().some((mount) => mount.path === normal)) return normal
    throw refuse(`a volume is mounted at '${normal}' already`)
  }

  #freeShare(name: string): string {
    if (name === '' || /[\\/:*?"<>|]/.test(name)) throw refuse(`'${name}' cannot be the name of a share`)
    if (!this.shares.some((share) => share.name === name)) return name
    throw refuse(`there is a share '${name}' already`)
  }
}

function refuse(why: string): VssError {
  return new VssError('E_INVALIDARG', why, { culprit: 'expose', remedy: 'Choose another name.' })
}
