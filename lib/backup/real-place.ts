/**
 * Where a location really is: symbolic links taken in the world that the documents speak of, not in that of the
 * program. A link to `/srv/data` on a shadow copy means the copy of what is in `/srv/data`; the system would follow
 * it to the live directory.
 *
 * A name of the Windows world is looked for in any case, where a system that tells cases apart holds its files.
 */
import { Buffer } from 'node:buffer'
import { lstat, opendir, readlink } from 'node:fs/promises'
import { VssError } from '../errors.ts'
import { Location } from './location.ts'
import type { Placement } from './placement.ts'

/** A directory or file without links on the way to it. */
export interface RealPlace {
  readonly location: Location
  /** For the system. */
  readonly path: string
}

const KEPT_PLACES = 1024
const MAX_LINKS = 40

export class RealPlaces {
  readonly #placement: Placement
  readonly #isCopy: boolean
  readonly #kept: Map<string, Promise<RealPlace>> = new Map()

  constructor(placement: Placement, isCopy: boolean) {
    this.#placement = placement
    this.#isCopy = isCopy
  }

  /**
   * @throws what the system says of a name on the way, `ENOENT` if there is none; VssError `VSS_E_OBJECT_NOT_FOUND` if
   *   the way leads to a volume without a copy
   */
  of(location: Location): Promise<RealPlace> {
    const kept = this.#kept.get(location.key)
    if (kept !== undefined) return kept
    const place = this.#find(location)
    if (this.#kept.size >= KEPT_PLACES) this.#kept.clear()
    this.#kept.set(location.key, place)
    return place
  }

  async #find(wanted: Location): Promise<RealPlace> {
    let left = [...wanted.parts].reverse()
    let at = this.#startOf(rootOf(wanted))
    for (let links = 0; left.length > 0; ) {
      const name = left.pop() as string
      const next = at.location.child(name)
      if (this.#placement.volumes.isMount(next) || at.path === undefined) {
        at = this.#startOf(next)
        continue
      }
      const found = await entryOf(at.path, name, wanted.isWindows)
      if (found.target === undefined) {
        at = { location: at.location.child(found.name), path: joinPath(at.path, found.name) }
        continue
      }
      if (++links > MAX_LINKS) throw new VssError('ERR_INVALID_ARGUMENT', `${wanted.path} has too many links`)
      const target = targetOf(at.location, found.target)
      left = [...left, ...[...target.parts].reverse()]
      at = this.#startOf(rootOf(target))
    }
    if (at.path !== undefined) return { location: at.location, path: at.path }
    throw new VssError('VSS_E_OBJECT_NOT_FOUND', `there is no shadow copy of what ${wanted.path} leads to`, {
      culprit: wanted.path,
      remedy: 'Add its volume to the shadow copy set.',
    })
  }

  /** A root or mount; above the first volume that is read there may be nothing to look at. */
  #startOf(location: Location): { location: Location; path: string | undefined } {
    const there = this.#isCopy ? this.#placement.onCopy(location) : location
    return { location, path: there?.path }
  }
}

function rootOf(location: Location): Location {
  return Location.parse(location.root + location.separator)
}

/** Where a link in a directory leads. */
export function targetOf(directory: Location, target: string): Location {
  const isAbsolute = directory.isWindows ? /^(?:[A-Za-z]:|[\\/])/.test(target) : target.startsWith('/')
  // A copy that is mounted here has links as this system writes them, whatever world its documents are of.
  return Location.parse(isAbsolute ? target : directory.pathOf(target))
}

async function entryOf(
  directory: string,
  name: string,
  isWindows: boolean,
): Promise<{ name: string; target?: string }> {
  const found = isWindows ? await nameInAnyCase(directory, name) : name
  const path = joinPath(directory, found)
  const stats = await lstat(path)
  return stats.isSymbolicLink() ? { name: found, target: await readlink(path) } : { name: found }
}

/** The name as it is written there; the very same name comes before one in another case. */
export async function nameInAnyCase(directory: string, name: string): Promise<string> {
  try {
    await lstat(joinPath(directory, name))
    return name
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown
  }
  const folded = name.toLowerCase()
  for await (const entry of await opendir(directory)) {
    if (entry.name.toLowerCase() === folded) return entry.name
  }
  return name
}

/** For the system; in bytes as soon as one of the two is. */
export function joinPath(directory: string, name: string): string
export function joinPath(directory: string | Buffer, name: string | Buffer): string | Buffer
export function joinPath(directory: string | Buffer, name: string | Buffer): string | Buffer {
  if (typeof directory !== 'string' || typeof name !== 'string') {
    return Buffer.concat([Buffer.from(directory), Buffer.from('/'), Buffer.from(name)])
  }
  return directory.endsWith('/') || directory.endsWith('\\') ? directory + name : `${directory}/${name}`
}

export function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined
}
