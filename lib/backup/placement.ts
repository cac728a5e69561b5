/**
 * From where a path leads every day to where its files are read: on the shadow copy of its volume (reference 2.3.4,
 * R19), or on the volume itself where no copy is asked for.
 *
 * A mounted folder shows on a copy but leads nowhere there (R126). So an entry for a whole hierarchy has a part for
 * each volume that is mounted in it, and each part is read on the copy of its own volume.
 */
import { VssError } from '../errors.ts'
import type { BackupEntry } from './backup-entry.ts'
import { Location } from './location.ts'
import { type VolumeMap, volumeKey } from './volume-map.ts'

/** A shadow copy of a volume and where this program reads it. */
export interface VolumeCopy {
  /** Of the original, `\\?\Volume{GUID}\` as in the mount table. */
  readonly volumeName: string
  /** A directory where the copy is mounted or exposed, or its device object. */
  readonly root: string
}

/** The part of an entry that lies on one volume. */
export interface PlacedEntry {
  readonly entry: BackupEntry
  /** The normal directory: that of the entry, or a mounted folder inside it. */
  readonly path: string
  /** Of the volume that is read; `null` where the mount table knows none. */
  readonly volumeName: string | null
  /** The directory to read; `null` if there is a {@link problem}. */
  readonly source: string | null
  /** Whether {@link source} is on a shadow copy. */
  readonly isCopy: boolean
  /** Why there is nothing to read: no volume, or no shadow copy of it. */
  readonly problem: VssError | null
  /** @internal */
  readonly location: Location
  /** @internal */
  readonly sourceLocation: Location
}

const KEPT_PLACES = 4096

/** What is known of a directory: its volume, and where that has it on its copy. */
interface Place {
  readonly volumeName: string | null
  readonly onCopy: Location | undefined
}

/** Where everything is, on copies or without them. */
export class Placement {
  readonly volumes: VolumeMap
  readonly #roots: ReadonlyMap<string, Location> | undefined
  readonly #kept: Map<string, Place> = new Map()

  /** @throws VssError `E_INVALIDARG` for a root that is not absolute */
  constructor(volumes: VolumeMap, copies: readonly VolumeCopy[] | undefined) {
    this.volumes = volumes
    this.#roots =
      copies && new Map(copies.map(({ volumeName, root }) => [volumeKey(volumeName), Location.parse(root)]))
  }

  /** An entry that is not recursive is in one place. */
  partOf(entry: BackupEntry): PlacedEntry {
    return this.#part(entry, entry.location, entry.sourceLocation)
  }

  /** A recursive one has a part more for each volume that is mounted inside. */
  *partsOf(entry: BackupEntry): Generator<PlacedEntry> {
    const { location, sourceLocation } = entry
    yield this.#part(entry, location, sourceLocation)
    for (const { mount } of this.volumes.below(sourceLocation)) {
      yield this.#part(entry, sourceLocation.rebase(mount, location), mount)
    }
  }

  /** A normal location on the copy of its volume; undefined if there is none. */
  onCopy(location: Location): Location | undefined {
    return this.#placeOf(location).onCopy
  }

  #part(entry: BackupEntry, location: Location, sourceLocation: Location): PlacedEntry {
    const { volumeName, onCopy } = this.#placeOf(sourceLocation)
    const isCopy = this.#isReadFromCopy(entry)
    const source = isCopy ? onCopy : sourceLocation
    return {
      entry,
      path: location.path,
      volumeName,
      source: source?.path ?? null,
      isCopy,
      problem: source === undefined ? nowhere(sourceLocation.path, volumeName) : null,
      location,
      sourceLocation,
    }
  }

  /** If it has to be, and otherwise if there is a copy. */
  #isReadFromCopy(entry: BackupEntry): boolean {
    if (this.#roots === undefined || entry.createdDuringBackup) return false
    return entry.snapshotRequired || this.onCopy(entry.sourceLocation) !== undefined
  }

  #placeOf(location: Location): Place {
    const kept = this.#kept.get(location.key)
    if (kept !== undefined) return kept
    const mounted = this.volumes.volumeOf(location)
    const root = mounted && this.#roots?.get(volumeKey(mounted.volumeName))
    const place = {
      volumeName: mounted?.volumeName ?? null,
      onCopy: root && mounted?.mount.rebase(location, root),
    }
    if (this.#kept.size >= KEPT_PLACES) this.#kept.clear()
    this.#kept.set(location.key, place)
    return place
  }
}

function nowhere(path: string, volumeName: string | null): VssError {
  return new VssError(
    'VSS_E_OBJECT_NOT_FOUND',
    volumeName === null
      ? `${path} lies on no volume of the mount table`
      : `there is no shadow copy of ${volumeName}, where ${path} lies`,
    {
      culprit: volumeName ?? path,
      remedy:
        volumeName === null
          ? 'Give the mount table of the host that was backed up.'
          : 'Add the volume to the shadow copy set.',
    },
  )
}
