/** Finds the files of one part of an entry: see find-files.ts for what it gives. */
import { type Buffer, isUtf8 } from 'node:buffer'
import type { BigIntStats, Dirent } from 'node:fs'
import { lstat, opendir, readlink } from 'node:fs/promises'
import { describeThrown, type VssCode, VssError } from '../errors.ts'
import type { FoundItem, LinkPolicy } from './find-files.ts'
import type { Location } from './location.ts'
import type { PlacedEntry } from './placement.ts'
import { codeOf, joinPath, nameInAnyCase, type RealPlace, type RealPlaces, targetOf } from './real-place.ts'
import type { VolumeMap } from './volume-map.ts'

export interface WalkRules {
  readonly places: RealPlaces
  readonly volumes: VolumeMap
  readonly links: LinkPolicy
  /** Throws once the caller has given up. */
  readonly check: () => void
}

/** Directory entries that are read at once. */
const BATCH = 256
/** From 1601 to 1970 in units of FILETIME. */
const FILETIME_OF_UNIX_EPOCH = 116_444_736_000_000_000n

/** A directory that is being read, by its three names. */
interface Reading {
  /** For the system. */
  path: string | Buffer
  /** In everyday use. */
  normal: Location
  /** The same, but in the alternate path where there is one, and behind links that were followed. */
  source: Location
  /** It was reached through a link. */
  isLinked: boolean
}

export function findPart(part: PlacedEntry, rules: WalkRules): AsyncGenerator<FoundItem, void, undefined> {
  const walk = new Walk(part, rules)
  return part.entry.isNamed && !part.entry.recursive ? walk.named() : walk.everything()
}

class Walk {
  readonly #part: PlacedEntry
  readonly #rules: WalkRules
  /** Real directories whose files are listed by this walk. */
  readonly #covered: Location[] = []
  readonly #pending: Reading[] = []
  /** Behind links; read when all else has been, so that a directory is listed by its own name if it can be. */
  readonly #linked: Reading[] = []
  #isFound = false

  constructor(part: PlacedEntry, rules: WalkRules) {
    this.#part = part
    this.#rules = rules
  }

  /** The one file of an entry without wildcards. */
  async *named(): AsyncGenerator<FoundItem, void, undefined> {
    const { entry, location, sourceLocation } = this.#part
    try {
      const real = await this.#rules.places.of(sourceLocation)
      this.#covered.push(real.location)
      const reading = { path: real.path, normal: location, source: real.location, isLinked: false }
      const { isWindows } = location
      const name = isWindows ? await nameInAnyCase(real.path, entry.filespec) : entry.filespec
      const stats = await lstat(joinPath(real.path, name), { bigint: true })
      if (entry.isListedBefore) return
      if (stats.isDirectory()) throw new VssError('VSS_E_OBJECT_NOT_FOUND', `${name} is a directory`)
      yield* this.#item(stats, name, joinPath(real.path, name), reading)
    } catch (thrown) {
      yield this.#problem(location.pathOf(entry.filespec), thrown)
    }
  }

  async *everything(): AsyncGenerator<FoundItem, void, undefined> {
    const { entry, location, sourceLocation } = this.#part
    let real: RealPlace | undefined
    try {
      real = await this.#rules.places.of(sourceLocation)
    } catch (thrown) {
      if (codeOf(thrown) !== 'ENOENT') yield this.#problem(location.path, thrown)
    }
    if (real !== undefined) {
      this.#covered.push(real.location)
      this.#pending.push({ path: real.path, normal: location, source: real.location, isLinked: false })
      for (let next = this.#next(); next !== undefined; next = this.#next()) yield* this.#directory(next)
    }
    // Wildcards may match nothing; a name has to be somewhere, and a folder mounted inside may be that place.
    const isWhole =
      location.key === entry.location.key && this.#rules.volumes.below(entry.sourceLocation).length === 0
    if (entry.isNamed && !this.#isFound && isWhole) {
      yield this.#problem(location.pathOf(entry.filespec), noSuchFile(entry.filespec, location.path))
    }
  }

  #next(): Reading | undefined {
    return this.#pending.pop() ?? this.#linked.pop()
  }

  async *#directory(reading: Reading): AsyncGenerator<FoundItem, void, undefined> {
    const { recursive, spec } = this.#part.entry
    let isEmpty = true
    try {
      // Names as bytes: not every name on Linux is UTF-8. The types know of text only.
      const encoding = 'buffer' as BufferEncoding
      for await (const dirent of await opendir(reading.path, { encoding, bufferSize: BATCH })) {
        this.#rules.check()
        isEmpty = false
        const bytes = dirent.name as unknown as Buffer
        const name = bytes.toString()
        const path = joinPath(reading.path, isUtf8(bytes) ? name : bytes)
        if (dirent.isDirectory()) {
          if (recursive) yield* this.#descend(reading, name, path)
        } else if (spec.matches(reading.normal.fold(name)) || (recursive && dirent.isSymbolicLink())) {
          yield* this.#item(dirent, name, path, reading)
        }
      }
    } catch (thrown) {
      this.#rules.check()
      const code = codeOf(thrown)
      // Gone since its name was read; or a link that denies reading, which is not to be traversed (R197).
      if (code === 'ENOENT' || (reading.isLinked && code === 'EACCES')) return
      yield this.#problem(reading.normal.path, thrown)
      return
    }
    if (isEmpty && recursive) {
      const { entry, isCopy } = this.#part
      yield { type: 'directory', entry, path: reading.normal.path, source: reading.path, isCopy }
    }
  }

  async *#descend(
    { normal, source, isLinked }: Reading,
    name: string,
    path: string | Buffer,
  ): AsyncGenerator<FoundItem, void, undefined> {
    const below = { path, normal: normal.child(name), source: source.child(name), isLinked }
    if (!this.#rules.volumes.isMount(below.source)) {
      this.#pending.push(below)
      return
    }
    const { location, sourceLocation } = this.#part
    // Stated inside the entry: a part of its own. Otherwise it was reached through a link.
    if (this.#rules.volumes.isMount(location.rebase(below.normal, sourceLocation))) return
    try {
      const { path: realPath, location: real } = await this.#rules.places.of(below.source)
      this.#pending.push({ ...below, path: realPath, source: real })
    } catch (thrown) {
      yield this.#problem(below.normal.path, thrown)
    }
  }

  async *#item(
    kind: Dirent | BigIntStats,
    name: string,
    source: string | Buffer,
    reading: Reading,
  ): AsyncGenerator<FoundItem, void, undefined> {
    const { entry, isCopy } = this.#part
    // One that is excluded is there all the same.
    this.#isFound ||= entry.spec.matches(reading.normal.fold(name))
    if (!entry.takes(reading.normal, name)) return
    const path = reading.normal.pathOf(name)
    try {
      if (kind.isSymbolicLink()) {
        yield* this.#link(name, source, path, reading)
        return
      }
      if (entry.modifiedAfter !== null && (await modifiedTimeOf(kind, source)) <= entry.modifiedAfter) return
    } catch (thrown) {
      // Gone since its name was read.
      if (codeOf(thrown) !== 'ENOENT') yield this.#problem(path, thrown)
      return
    }
    yield { type: kind.isFile() ? 'file' : 'special', entry, path, source, isCopy }
  }

  async *#link(
    name: string,
    source: string | Buffer,
    path: string,
    reading: Reading,
  ): AsyncGenerator<FoundItem, void, undefined> {
    const { entry, isCopy } = this.#part
    const bytes = await readlink(source, { encoding: 'buffer' })
    const target = isUtf8(bytes) ? bytes.toString() : bytes
    const isMatch = entry.spec.matches(reading.normal.fold(name))
    const behind = this.#rules.links === 'follow' ? await this.#behind(reading.source, target) : undefined
    if (behind?.isDirectory && entry.recursive && !this.#isListed(behind.place.location)) {
      this.#covered.push(behind.place.location)
      const { location: real, path: realPath } = behind.place
      this.#linked.push({ path: realPath, normal: reading.normal.child(name), source: real, isLinked: true })
      yield { type: 'link', entry, path, source, isCopy, target }
    } else if (isMatch) {
      const parent = behind?.isDirectory === false ? behind.place.location.parent() : undefined
      if (behind === undefined || parent === undefined || this.#isListed(parent)) {
        yield { type: 'link', entry, path, source, isCopy, target }
      } else {
        yield { type: 'file', entry, path, source: behind.place.path, isCopy }
      }
    }
  }

  /** What a link leads to; undefined if that is nothing, cannot be read or has no data. */
  async #behind(
    directory: Location,
    target: string | Buffer,
  ): Promise<{ place: RealPlace; isDirectory: boolean } | undefined> {
    if (typeof target !== 'string') return undefined
    try {
      const place = await this.#rules.places.of(targetOf(directory, target))
      const stats = await lstat(place.path)
      if (!stats.isDirectory() && !stats.isFile()) return undefined
      return { place, isDirectory: stats.isDirectory() }
    } catch (thrown) {
      if (thrown instanceof VssError || codeOf(thrown) !== undefined) return undefined
      throw thrown
    }
  }

  /** Whether the walk lists a directory in another way, or would go round in a circle through it. */
  #isListed(directory: Location): boolean {
    const { recursive } = this.#part.entry
    return this.#covered.some((covered) =>
      recursive
        ? directory.isAtOrBelow(covered) || covered.isAtOrBelow(directory)
        : directory.key === covered.key,
    )
  }

  #problem(path: string, thrown: unknown): FoundItem {
    const { entry } = this.#part
    if (thrown instanceof VssError) return { type: 'problem', entry, path, error: thrown }
    const code = codeOf(thrown)
    if (code === undefined) throw thrown
    return { type: 'problem', entry, path, error: systemError(path, code, thrown) }
  }
}

async function modifiedTimeOf(kind: Dirent | BigIntStats, source: string | Buffer): Promise<bigint> {
  const { mtimeNs } = 'mtimeNs' in kind ? kind : await lstat(source, { bigint: true })
  return mtimeNs / 100n + FILETIME_OF_UNIX_EPOCH
}

function noSuchFile(name: string, directory: string): VssError {
  return new VssError('VSS_E_OBJECT_NOT_FOUND', `there is no file ${name} in ${directory} or below it`, {
    culprit: name,
    remedy: 'Ask the writer why it names a file that is not there.',
  })
}

const CODES: Readonly<Record<string, VssCode>> = {
  ENOENT: 'VSS_E_OBJECT_NOT_FOUND',
  ENOTDIR: 'VSS_E_OBJECT_NOT_FOUND',
  EACCES: 'E_ACCESSDENIED',
  EPERM: 'E_ACCESSDENIED',
}

function systemError(path: string, code: string, thrown: unknown): VssError {
  const text = `${path} cannot be read: ${describeThrown(thrown)}`
  return new VssError(CODES[code] ?? 'ERR_IO', text, { culprit: path, cause: thrown })
}
