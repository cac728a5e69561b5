/**
 * MountTable: which path belongs to which volume. Names only: nothing is mounted by an entry, and
 * nothing need be. It lets writers and requesters speak of paths where VSS speaks of volumes.
 */
import { posix } from 'node:path'
import type { MountPoint } from '../coordinator/host.ts'
import { describeValue, VssError } from '../errors.ts'
import { guidOfVolumeName, volumeNameOf } from './volume-name.ts'

export class MountTable {
  readonly #volumeNames: Map<string, string> = new Map()

  /** Enters a path, or gives it to another volume. The volume need not be there. */
  set(path: string, volumeName: string): void {
    const guid = guidOfVolumeName(volumeName)
    if (guid === undefined) {
      throw new VssError('E_INVALIDARG', `${describeValue(volumeName)} is not a volume name`, {
        culprit: 'volumeName',
      })
    }
    this.#volumeNames.set(mountPath(path), volumeNameOf(guid))
  }

  /** Gives false if the path was not in the table. */
  delete(path: string): boolean {
    return this.#volumeNames.delete(mountPath(path))
  }

  list(): MountPoint[] {
    return [...this.#volumeNames].map(([path, volumeName]) => ({ path, volumeName }))
  }

  pathsOf(volumeName: string): string[] {
    return this.list().flatMap((mount) => (mount.volumeName === volumeName ? mount.path : []))
  }

  /** The volume of the longest mount path at or above an absolute path. */
  volumeOf(path: string): string | undefined {
    if (typeof path !== 'string' || !posix.isAbsolute(path)) return undefined
    for (let at = mountPath(path); ; at = posix.dirname(at)) {
      const volumeName = this.#volumeNames.get(at)
      if (volumeName !== undefined || at === '/') return volumeName
    }
  }
}

function mountPath(path: string): string {
  if (typeof path !== 'string' || !posix.isAbsolute(path)) {
    throw new VssError('E_INVALIDARG', `mount path ${describeValue(path)} is not an absolute path`, {
      culprit: 'path',
    })
  }
  const normal = posix.normalize(path)
  return normal === '/' ? normal : normal.replace(/\/$/, '')
}
