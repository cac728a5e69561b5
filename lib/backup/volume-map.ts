/** Which volume a location lies on, by the longest mount path above it; only names are looked at. */
import type { MountPoint } from '../coordinator/host.ts'
import { Location } from './location.ts'

/** Of `\\?\Volume{GUID}\…`, which needs no mount table. */
const VOLUME_ROOT = /^\\\\\?\\Volume\{[0-9a-f-]{36}\}$/i

export interface MountedVolume {
  readonly volumeName: string
  readonly mount: Location
}

export class VolumeMap {
  readonly #byKey: Map<string, MountedVolume>

  /** @throws VssError `E_INVALIDARG` for a mount path that is not absolute */
  constructor(mounts: readonly MountPoint[]) {
    this.#byKey = new Map(
      mounts.map(({ path, volumeName }) => {
        const mount = Location.parse(path)
        return [mount.key, { volumeName, mount }]
      }),
    )
  }

  volumeOf(location: Location): MountedVolume | undefined {
    const { rootKey, separator } = location
    for (let at = location.key; ; at = at.slice(0, at.lastIndexOf(separator))) {
      const mounted = this.#byKey.get(at)
      if (mounted !== undefined && mounted.mount.isWindows === location.isWindows) return mounted
      if (at.length <= rootKey.length) break
    }
    if (!VOLUME_ROOT.test(location.root)) return undefined
    return { volumeName: `${location.root}\\`, mount: Location.parse(location.root) }
  }

  /** Mount points inside a directory, where what is there belongs to another volume. */
  below(location: Location): MountedVolume[] {
    const found: MountedVolume[] = []
    for (const mounted of this.#byKey.values()) {
      if (mounted.mount.key !== location.key && mounted.mount.isAtOrBelow(location)) found.push(mounted)
    }
    return found
  }

  isMount(location: Location): boolean {
    return this.#byKey.get(location.key)?.mount.isWindows === location.isWindows
  }
}

/** Equal for the names of one volume, in either case and with or without the trailing backslash. */
export function volumeKey(volumeName: string): string {
  return volumeName.replace(/\\+$/, '').toLowerCase()
}
