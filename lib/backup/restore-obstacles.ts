/** What stands in the way of a restore: files that are there, or cannot be replaced. */
import type { BackupEntry } from './backup-entry.ts'
import { findFiles } from './find-files.ts'
import { Placement } from './placement.ts'
import type { RestoreProbe } from './restore-probe.ts'
import { VolumeMap } from './volume-map.ts'

/** Normal paths of the files in the backup that came by an entry. */
export type FilesInBackup = (entry: BackupEntry) => Iterable<string> | AsyncIterable<string>

export class ObstacleSearch {
  readonly #probe: RestoreProbe
  readonly #files: FilesInBackup
  readonly #check: () => void

  constructor(probe: RestoreProbe, files: FilesInBackup | undefined, check: () => void) {
    this.#probe = probe
    this.#files = files ?? filesOnSystem
    this.#check = check
  }

  /** The first file of some entries that exists. */
  existing(entries: readonly BackupEntry[]): Promise<string | undefined> {
    return this.#first(entries, (path) => this.#probe.exists(path))
  }

  /** The first file of some entries that cannot be replaced. */
  irreplaceable(entries: readonly BackupEntry[]): Promise<string | undefined> {
    return this.#first(entries, async (path) => !(await this.#probe.canReplace(path)))
  }

  async #first(
    entries: readonly BackupEntry[],
    isObstacle: (path: string) => Promise<boolean>,
  ): Promise<string | undefined> {
    for (const entry of entries) {
      for await (const path of this.#files(entry)) {
        this.#check()
        if (await isObstacle(path)) return path
      }
    }
    return undefined
  }
}

const onSystem = new Placement(new VolumeMap([]), undefined)

/** Without a list of what is in the backup: a named file, and whatever matches wildcards where the files were. */
async function* filesOnSystem(entry: BackupEntry): AsyncGenerator<string> {
  if (entry.isNamed && !entry.recursive) {
    yield entry.location.pathOf(entry.filespec)
    return
  }
  const { location } = entry
  const part = {
    ...{ entry, path: location.path, volumeName: null, source: location.path, isCopy: false, problem: null },
    ...{ location, sourceLocation: location },
  }
  for await (const item of findFiles([part], { placement: onSystem, links: 'keep', signal: undefined })) {
    if (item.type === 'problem' && item.error.code !== 'VSS_E_OBJECT_NOT_FOUND') throw item.error
    if (item.type !== 'problem' && item.type !== 'directory') yield item.path
  }
}
