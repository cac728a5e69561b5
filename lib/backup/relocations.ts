/**
 * Places other than the original that files of a component set are restored to: alternate location mappings of the
 * writer, new targets of the requester, directed targets of the writer. Mappings and new targets belong to a file set
 * with exactly their path, specification and recursion (R144); files that the writer has named in another way go
 * where their file set goes.
 */
import type { DirectedTarget, RelocatedFiles } from '../document/component-items.ts'
import type { WriterMetadataDocument } from '../document/writer-metadata.ts'
import type { BackupEntry } from './backup-entry.ts'
import { tripleKey } from './file-sets.ts'
import type { Location } from './location.ts'
import type { LocationReader } from './location-reader.ts'
import { RestoreEntry } from './restore-entry.ts'
import { Filespec } from './wildcard.ts'

export class Relocations {
  readonly #mappings: Map<string, RelocatedFiles>
  readonly #newTargets: Map<string, RelocatedFiles>
  readonly #directed: readonly DirectedTarget[]
  readonly #reader: LocationReader

  constructor(
    metadata: WriterMetadataDocument,
    record: {
      readonly newTargets: readonly RelocatedFiles[]
      readonly directedTargets: readonly DirectedTarget[]
    },
    reader: LocationReader,
  ) {
    this.#reader = reader
    this.#mappings = this.#byTriple(mappingsOf(metadata))
    this.#newTargets = this.#byTriple(record.newTargets)
    this.#directed = record.directedTargets
  }

  /** To the place that the requester has chosen; undefined where it has chosen none. */
  toNewTarget(entry: BackupEntry): RestoreEntry | undefined {
    const to = this.#placeIn(this.#newTargets, entry)
    return to && new RestoreEntry(entry, to, { reason: 'newTarget' })
  }

  /** To the alternate location; undefined where the writer has none for the file set. */
  toMapping(entry: BackupEntry): RestoreEntry | undefined {
    const to = this.#placeIn(this.#mappings, entry)
    return to && new RestoreEntry(entry, to, { reason: 'mapping' })
  }

  get hasDirected(): boolean {
    return this.#directed.length > 0
  }

  /** What directed targets make of the files of some entries. */
  *directed(entries: readonly BackupEntry[]): Generator<RestoreEntry> {
    for (const directedTarget of this.#directed) {
      const from = this.#reader.directory(directedTarget.sourcePath)
      const path = from.pathOf(directedTarget.sourceFilespec)
      const entry = entries.find((one) => one.includes(path))
      const to = this.#reader.directory(directedTarget.destinationPath)
      if (entry !== undefined) yield new RestoreEntry(entry, to, { reason: 'directed', directedTarget, from })
    }
  }

  /** The mappings that restored files have gone by, each once. */
  used(entries: readonly RestoreEntry[]): RelocatedFiles[] {
    const used = new Set<RelocatedFiles>()
    for (const { reason, backupEntry } of entries) {
      const mapping = reason === 'mapping' ? this.#mappings.get(keyOf(backupEntry)) : undefined
      if (mapping !== undefined) used.add(mapping)
    }
    return [...used]
  }

  #placeIn(places: ReadonlyMap<string, RelocatedFiles>, entry: BackupEntry): Location | undefined {
    const place = places.get(keyOf(entry))
    if (place === undefined) return undefined
    const to = this.#reader.directory(place.alternatePath)
    return entry.fileSet === null ? to : entry.fileSet.location.rebase(entry.location, to)
  }

  #byTriple(places: Iterable<RelocatedFiles>): Map<string, RelocatedFiles> {
    const byTriple = new Map<string, RelocatedFiles>()
    for (const place of places) {
      const location = this.#reader.directory(place.path)
      byTriple.set(tripleKey(location, new Filespec(place.filespec, location), place.recursive), place)
    }
    return byTriple
  }
}

function keyOf(entry: BackupEntry): string {
  const { location, filespec, recursive } = entry.fileSet ?? {
    ...{ location: entry.location, filespec: entry.spec, recursive: entry.recursive },
  }
  return tripleKey(location, filespec, recursive)
}

function* mappingsOf(metadata: WriterMetadataDocument): Generator<RelocatedFiles> {
  const count = metadata.getRestoreMethod()?.mappings ?? 0
  for (let index = 0; index < count; index++) {
    const mapping = metadata.getAlternateLocationMapping(index)
    const alternatePath = mapping.getAlternateLocation()
    if (alternatePath === null) continue
    yield {
      path: mapping.getPath(),
      filespec: mapping.getFilespec(),
      recursive: mapping.getRecursive(),
      alternatePath,
    }
  }
}
