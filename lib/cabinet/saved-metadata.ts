/**
 * The documents of a backup in one place, to be kept with it: what DiskShadow puts into its cabinet, as a zip file or
 * a directory (reference 5.3, R131).
 */
import { Buffer } from 'node:buffer'
import { stat } from 'node:fs/promises'
import { type AsyncOptions, cancellable } from '../cancellation.ts'
import { BackupComponentsDocument } from '../document/backup-components.ts'
import { WriterMetadataDocument } from '../document/writer-metadata.ts'
import { decodeXml } from '../document/xml-encoding.ts'
import { DEFAULT_XML_LIMITS } from '../document/xml-scan.ts'
import { describeValue, VssError } from '../errors.ts'
import { bracedGuid, parseGuid } from '../ids.ts'
import { REMEDIES_OF_OUTPUT, systemErrorAbout } from '../system-error.ts'
import { openArchive, writeArchive } from './archive.ts'
import { type Cabinet, type CabinetFile, REMEDIES_OF_INPUT } from './cabinet.ts'
import { openDirectory, writeDirectory } from './directory.ts'
import {
  MANIFEST_FILE,
  type Manifest,
  readManifest,
  type SavedAlias,
  type SavedSnapshotSet,
  writeManifest,
} from './manifest.ts'

export type { SavedAlias, SavedShadowCopy, SavedSnapshotSet } from './manifest.ts'

/** What {@link loadMetadata} answers. */
export interface SavedMetadata {
  backupComponents: BackupComponentsDocument
  /** Of every writer that was gathered, in that order. */
  writers: WriterMetadataDocument[]
  /** The shadow copies the backup was made from; `null` if it was made without any. */
  set: SavedSnapshotSet | null
  /** Names of the alias environment; those of the shadow copies and `VSS_SHADOW_SET` are among them. */
  aliases: SavedAlias[]
  /** The name of a log, as the manifest gives it. */
  logFile: string | null
}

/** What {@link saveMetadata} takes: documents, or their text as `saveAsXML` gives it. */
export interface MetadataToSave {
  backupComponents: BackupComponentsDocument | string
  writers: readonly (WriterMetadataDocument | string)[]
  /** @defaultValue `null` */
  set?: SavedSnapshotSet | null
  /** Added to those that follow from the set. @defaultValue none */
  aliases?: readonly SavedAlias[]
  /** @defaultValue `null` */
  logFile?: string | null
}

export interface SaveMetadataOptions extends AsyncOptions {
  /** @defaultValue `zip` for a path that ends in `.zip`, else `directory` */
  format?: 'zip' | 'directory'
}

/** How much is read of metadata that anybody may have written. At the defaults it stays within about 800 MB. */
export interface MetadataLimits {
  /** Bytes of all documents together, unpacked. @defaultValue 32 MiB */
  maxBytes: number
  /** Documents of writers. @defaultValue 4,096 */
  maxWriters: number
  /** Elements, comments and the like of all documents together. @defaultValue 200,000 */
  maxNodes: number
}

export interface LoadMetadataOptions extends AsyncOptions {
  limits?: Partial<MetadataLimits>
}

const DEFAULT_LIMITS: Readonly<MetadataLimits> = {
  maxBytes: 32 * 1024 * 1024,
  maxWriters: 4096,
  maxNodes: 200_000,
}

const BACKUP_COMPONENTS_FILE = 'BCDocument.xml'
const SET_ALIAS = 'VSS_SHADOW_SET'

/**
 * Saves the documents of a backup as one zip file, or as one directory: Manifest.xml, BCDocument.xml and WM0.xml,
 * WM1.xml … It appears under its name only when it is whole and on disk.
 *
 * @param path - of what is to be made; its directory has to exist
 * @throws VssError `VSS_E_OBJECT_ALREADY_EXISTS` if the path is taken; `E_INVALIDARG` or one of the two codes of
 *   documents for what cannot be saved; `VSS_E_OBJECT_NOT_FOUND`, `E_ACCESSDENIED`, `ERR_NO_SPACE` or `ERR_IO` for
 *   what the system says; `VSS_S_ASYNC_CANCELLED`. Nothing is left behind.
 *
 * @example
 * ```ts
 * const length = backup.getWriterMetadataCount()
 * const writers = Array.from({ length }, (_, index) => backup.getWriterMetadata(index).metadata)
 * await saveMetadata('/backups/monday.zip', { backupComponents: backup.saveAsXML(), writers })
 * ```
 */
export async function saveMetadata(
  path: string,
  metadata: MetadataToSave,
  options: SaveMetadataOptions = {},
): Promise<void> {
  checkPath(path)
  await cancellable('saveMetadata', options, async (signal) => {
    const format = options.format ?? (path.toLowerCase().endsWith('.zip') ? 'zip' : 'directory')
    if (format !== 'zip' && format !== 'directory') {
      throw new VssError('E_INVALIDARG', `format ${describeValue(format)} is neither zip nor directory`)
    }
    const files = filesOf(metadata)
    try {
      await (format === 'zip' ? writeArchive : writeDirectory)(path, files, signal)
    } catch (thrown) {
      throw signal?.aborted ? signal.reason : systemErrorAbout(path, thrown, REMEDIES_OF_OUTPUT)
    }
  })
}

function filesOf(metadata: MetadataToSave): CabinetFile[] {
  if (typeof metadata !== 'object' || metadata === null || !Array.isArray(metadata.writers)) {
    throw new VssError('E_INVALIDARG', 'metadata to save are a backupComponents and a list of writers')
  }
  const { backupComponents, set = null, aliases = [], logFile = null } = metadata
  const components =
    backupComponents instanceof BackupComponentsDocument
      ? backupComponents
      : BackupComponentsDocument.fromXml(backupComponents)
  const writers = metadata.writers.map((writer: WriterMetadataDocument | string) =>
    writer instanceof WriterMetadataDocument ? writer : WriterMetadataDocument.fromXml(writer),
  )
  const manifest: Manifest = {
    set,
    backupComponentsFile: BACKUP_COMPONENTS_FILE,
    aliases: [...aliasesOfSet(set), ...aliases],
    writers: writers.map((writer, index) => ({
      name: writer.getIdentity().writerName,
      metadataFile: metadataFile(index),
    })),
    logFile,
  }
  return [
    // In UTF-16 like DiskShadow's, but with the mark that other readers of XML ask for.
    { name: MANIFEST_FILE, bytes: Buffer.from(`\ufeff${writeManifest(manifest)}`, 'utf16le') },
    { name: BACKUP_COMPONENTS_FILE, bytes: Buffer.from(components.toXml()) },
    ...writers.map((writer, index) => ({ name: metadataFile(index), bytes: Buffer.from(writer.toXml()) })),
  ]
}

function metadataFile(index: number): string {
  return `WM${index}.xml`
}

function aliasesOfSet(set: SavedSnapshotSet | null): SavedAlias[] {
  if (set === null) return []
  const copies = set.shadowCopies.flatMap(({ alias, snapshotId }) =>
    alias === null ? [] : { name: alias, value: bracedGuid(parseGuid(snapshotId, 'snapshotId')) },
  )
  return [...copies, { name: SET_ALIAS, value: bracedGuid(parseGuid(set.snapshotSetId, 'snapshotSetId')) }]
}

/**
 * Loads what {@link saveMetadata} has saved, or what DiskShadow has, unpacked from its cabinet.
 *
 * It may come from anybody: archive and documents are read within limits, links in a directory are not followed, and
 * nothing is written.
 *
 * @param path - of the zip file or directory
 * @throws VssError `VSS_E_CORRUPT_XML_DOCUMENT` if the archive or a document is damaged;
 *   `VSS_E_INVALID_XML_DOCUMENT` if it is another kind of archive or document, a document is missing or a limit is
 *   passed; `VSS_E_OBJECT_NOT_FOUND`, `E_ACCESSDENIED` or `ERR_IO` for what the system says;
 *   `VSS_S_ASYNC_CANCELLED`
 *
 * @example
 * ```ts
 * const { backupComponents, writers } = await loadMetadata('/backups/monday.zip')
 * restore.initializeForRestore(backupComponents.toXml())
 * ```
 */
export async function loadMetadata(path: string, options: LoadMetadataOptions = {}): Promise<SavedMetadata> {
  checkPath(path)
  return cancellable('loadMetadata', options, async (signal) => {
    const limits = { ...DEFAULT_LIMITS, ...options.limits }
    try {
      await using cabinet = await openCabinet(path, limits)
      return await load(cabinet, limits, signal)
    } catch (thrown) {
      throw signal?.aborted ? signal.reason : systemErrorAbout(path, thrown, REMEDIES_OF_INPUT)
    }
  })
}

async function openCabinet(path: string, limits: Readonly<MetadataLimits>): Promise<Cabinet> {
  const about = await stat(path)
  if (about.isDirectory()) return openDirectory(path)
  // Opening a pipe would wait for somebody to write into it.
  if (!about.isFile()) {
    throw new VssError('VSS_E_INVALID_XML_DOCUMENT', `${path} is neither a directory nor a file`, {
      culprit: path,
    })
  }
  // Beside the documents of writers: manifest, components, a log, and some that are nobody's business.
  return openArchive(path, limits.maxWriters + 16)
}

async function load(
  cabinet: Cabinet,
  limits: Readonly<MetadataLimits>,
  signal: AbortSignal | undefined,
): Promise<SavedMetadata> {
  const left = { bytes: limits.maxBytes, nodes: limits.maxNodes }
  const xmlLimits = {
    maxBytes: limits.maxBytes,
    maxNodes: Math.min(limits.maxNodes, DEFAULT_XML_LIMITS.maxNodes),
  }
  const read = async <T>(name: string, parse: (text: string) => T): Promise<T> => {
    signal?.throwIfAborted()
    const bytes = await cabinet.read(name, left.bytes, signal)
    left.bytes -= bytes.length
    return inFile(name, () => {
      const text = decodeXml(bytes, limits.maxBytes)
      left.nodes -= countNodes(text)
      if (left.nodes < 0) {
        throw new VssError(
          'VSS_E_INVALID_XML_DOCUMENT',
          `the documents have more than ${limits.maxNodes} nodes, which is not read`,
        )
      }
      return parse(text)
    })
  }
  const manifest = await read(MANIFEST_FILE, (text) => readManifest(text, xmlLimits))
  if (manifest.writers.length > limits.maxWriters) {
    throw new VssError(
      'VSS_E_INVALID_XML_DOCUMENT',
      `the manifest names ${manifest.writers.length} writers, of which ${limits.maxWriters} may be read`,
    )
  }
  const backupComponents = await read(manifest.backupComponentsFile, (text) =>
    BackupComponentsDocument.fromXml(text, xmlLimits),
  )
  const writers: WriterMetadataDocument[] = []
  for (const { metadataFile: name } of manifest.writers) {
    writers.push(await read(name, (text) => WriterMetadataDocument.fromXml(text, xmlLimits)))
  }
  const { set, aliases, logFile } = manifest
  return { backupComponents, writers, set, aliases, logFile }
}

/** As many as a document can have at most: what begins with `<` and is no end tag. */
function countNodes(text: string): number {
  let count = 0
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) {
    if (text[at + 1] !== '/') count += 1
  }
  return count
}

/** Errors of a document say which of the many it was. */
function inFile<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    if (!(thrown instanceof VssError)) throw thrown
    throw new VssError(thrown.code, `${name}: ${thrown.text}`, { culprit: name, cause: thrown })
  }
}

function checkPath(path: string): void {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return
  throw new VssError('E_INVALIDARG', `path ${describeValue(path)} is no path of a file`, { culprit: 'path' })
}
