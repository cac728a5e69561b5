/**
 * From entries to files: reads the directories of a file list and gives, one by one, what is in them.
 *
 * Kept in memory are the directories that are still to be read, and nothing for each file. The order is that in which
 * the system gives names.
 */
import { cancelled } from '../cancellation.ts'
import type { VssError } from '../errors.ts'
import type { BackupEntry } from './backup-entry.ts'
import type { PlacedEntry, Placement } from './placement.ts'
import { RealPlaces } from './real-place.ts'
import { findPart } from './walk.ts'

/**
 * What becomes of symbolic links.
 *
 * - `keep`: each is listed as a link, like a file.
 * - `follow`: besides, the files of a directory behind a link are listed, under the path of the link, unless the entry
 *   has them anyway; a link to a file elsewhere is listed as that file (R197). Links are taken as they are meant on
 *   the system that is backed up. One to a directory above the entry, or that must not be read, is a link only.
 */
export type LinkPolicy = 'keep' | 'follow'

interface Found {
  readonly entry: BackupEntry
  /** The normal path, which the file has after a restore. Bytes that are not UTF-8 show as U+FFFD. */
  readonly path: string
}

/**
 * - `file`: to be copied from `source`.
 * - `link`: to be made again, with `target`.
 * - `directory`: an empty one of a recursive entry, to be made again.
 * - `special`: a socket, pipe or device, which has no data.
 * - `problem`: something that should be there cannot be read; its component has not succeeded (R128).
 */
export type FoundItem =
  | (Found & {
      readonly type: 'file'
      /** For the system; the bytes of the path where they are not UTF-8. */
      readonly source: string | Buffer
      /** Whether the source is on a shadow copy. */
      readonly isCopy: boolean
    })
  | (Found & {
      readonly type: 'directory' | 'special'
      readonly source: string | Buffer
      readonly isCopy: boolean
    })
  | (Found & {
      readonly type: 'link'
      readonly source: string | Buffer
      readonly isCopy: boolean
      /** As it stands in the link. */
      readonly target: string | Buffer
    })
  | (Found & { readonly type: 'problem'; readonly error: VssError })

/** @internal */
export interface FindRules {
  readonly placement: Placement
  readonly links: LinkPolicy
  readonly signal: AbortSignal | undefined
}

/** @internal See `BackupFileList.files`. */
export async function* findFiles(
  parts: Iterable<PlacedEntry>,
  { placement, links, signal }: FindRules,
): AsyncGenerator<FoundItem, void, undefined> {
  const check = (): void => {
    if (signal?.aborted) throw cancelled('files', signal.reason)
  }
  const onCopies = new RealPlaces(placement, true)
  const onVolumes = new RealPlaces(placement, false)
  for (const part of parts) {
    check()
    if (part.problem !== null) {
      yield { type: 'problem', entry: part.entry, path: part.path, error: part.problem }
      continue
    }
    const places = part.isCopy ? onCopies : onVolumes
    yield* findPart(part, { places, volumes: placement.volumes, links, check })
  }
}
